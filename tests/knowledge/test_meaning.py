"""What a model is given of an article, and how its vectors are kept; the model itself where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

from domain.articles import ArticleLanguage
from knowledge.meaning import (
    DIMENSIONS,
    MOST_PASSAGES,
    PASSAGE_WEIGHT,
    is_installed,
    open_meaning,
    packed,
    passages_of,
    unpacked,
)
from tests.knowledge.articles import an_article


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("", 1),
        ("x" * PASSAGE_WEIGHT, 1),
        ("x" * (PASSAGE_WEIGHT + 1), 2),
        ("冷" * (PASSAGE_WEIGHT // 3), 1),
        ("冷" * (PASSAGE_WEIGHT // 3 + 1), 2),
        ("x" * PASSAGE_WEIGHT * MOST_PASSAGES, MOST_PASSAGES),
        ("x" * (PASSAGE_WEIGHT * MOST_PASSAGES + 1), MOST_PASSAGES),
    ],
)
def test_an_article_is_cut_into_passages(body: str, count: int) -> None:
    passages = passages_of(an_article("art_1", "Title", body, aliases=("Alias",)))
    assert len(passages) == count
    assert passages[0].startswith("Title Alias")
    assert all(passage.startswith("Title") for passage in passages)


@pytest.mark.parametrize("length", [PASSAGE_WEIGHT + 20, 3 * PASSAGE_WEIGHT + 20])
def test_no_passage_is_a_short_rest(length: int) -> None:
    lengths = [len(passage) for passage in passages_of(an_article("art_1", "-", "word " * (length // 5)))]
    assert len(lengths) > 1
    assert min(lengths) > max(lengths) - 20


def test_a_title_without_a_word_is_left_out() -> None:
    assert passages_of(an_article("art_1", "-", "Body")) == ["Body"]
    assert passages_of(an_article("art_1", "- 1", "Body")) == ["- 1 Body"]


def test_passages_are_cut_between_words_and_lose_none() -> None:
    words = [f"word{n}" for n in range(400)]
    passages = passages_of(an_article("art_1", "T", "\n\n".join(words)))
    assert " ".join(passage.removeprefix("T ") for passage in passages).split() == words


def test_vectors_come_back_nearly_as_they_were() -> None:
    vectors = np.random.default_rng(1).normal(size=(3, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    kept = packed(vectors)
    assert len(kept) == 3 * DIMENSIONS * 2
    assert np.abs(unpacked(kept) - vectors).max() < 1e-3
    assert unpacked(b"").shape == (0, DIMENSIONS)


@pytest.mark.skipif(not is_installed(), reason="needs the extra `semantic`")
def test_the_model_brings_languages_together_and_takes_any_text() -> None:
    meaning = open_meaning()
    answer, other = meaning.of_passages(["冷链断了：先安抚客户，再记录温度。", "报销：上传发票，提交主管。"])
    question = meaning.of_question("What do I do when the cold chain is broken?")
    assert question @ answer > question @ other
    assert meaning.of_passages([]).shape == (0, DIMENSIONS)
    for odd in ("", " ", "\x00\ud800", "😀" * 2_000):
        assert meaning.of_question(odd).shape == (DIMENSIONS,)
    assert set(ArticleLanguage) == {"zh-CN", "en"}
