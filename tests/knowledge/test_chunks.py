"""Chunks: size, overlap and where a text is cut."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from domain.articles import Article, ArticleLanguage
from domain.ids import ArticleId, OrgId
from knowledge.chunks import CHUNK_WEIGHT, chunks_of, pieces_of
from knowledge.tokenizer import terms_of


def test_chinese_pieces_have_about_140_characters_and_overlap() -> None:
    text = "".join(chr(0x4E00 + n) for n in range(1000))
    pieces = list(pieces_of(text))
    assert {len(piece) for piece in pieces[:-1]} == {140}
    assert all(before[-28:] == after[:28] for before, after in itertools.pairwise(pieces))
    assert "".join([pieces[0], *(piece[28:] for piece in pieces[1:])]) == text


def test_english_pieces_are_cut_between_words() -> None:
    words = [f"word{n}" for n in range(400)]
    pieces = list(pieces_of(" ".join(words)))
    assert all(set(piece.split()) <= set(words) for piece in pieces)
    assert all(400 <= len(piece) <= 420 for piece in pieces[:-1])
    assert all(len(set(before.split()) & set(after.split())) >= 8 for before, after in itertools.pairwise(pieces))


def test_a_piece_ends_with_a_sentence_when_one_ends_near() -> None:
    text = "测" * 120 + "。" + "试" * 100
    assert next(iter(pieces_of(text))) == "测" * 120 + "。"


def test_a_decimal_point_is_no_end_of_a_sentence() -> None:
    first = next(iter(pieces_of("word " * 70 + "3.5 " + "word " * 30)))
    assert "3.5" in first
    assert not first.endswith("3.")


def test_names_are_chunks_of_their_own_that_show_the_opening() -> None:
    article = Article(
        ArticleId("art_1"), OrgId("org_1"), 1, ArticleLanguage.EN, "The title", "# Head\n\nBody", aliases=("One", "Two")
    )
    chunks = chunks_of(article)
    assert [chunk.searched for chunk in chunks] == ["The title", "One", "Two", "Head Body"]
    assert {chunk.text for chunk in chunks} == {"Head Body"}
    assert [chunk.is_body for chunk in chunks] == [False, False, False, True]


@given(st.text(alphabet=st.sampled_from("ab cd。.,冷链事故\n1"), max_size=1500))
def test_no_term_is_lost(text: str) -> None:
    pieces = list(pieces_of(text))
    weights = [sum(3 if ord(char) >= 0x2E80 else 1 for char in piece) for piece in pieces]
    assert all(weight <= CHUNK_WEIGHT for weight in weights)
    singles = {term.text for term in terms_of(text) if "\u4e00" <= term.text[0] <= "\u9fff"}
    assert singles <= {term.text for piece in pieces for term in terms_of(piece)}
