"""Cuts an article into the short pieces the index scores one by one; used by knowledge/index.py."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from domain.articles import Article, plain_text

CHUNK_WEIGHT = 420
"""Latin characters of a chunk; a character wider than Latin weighs three, so 140 Chinese ones."""
OVERLAP_WEIGHT = CHUNK_WEIGHT // 5
_FIRST_DENSE = "\u2e80"
_SENTENCE_ENDS = frozenset("。！？；.!?;\n")
_CLOSING = " ,.;:!?)，。、；：！？）」』”’"
"""What a piece should not begin with when it goes on in the middle of a text."""


class Chunk(NamedTuple):
    """A piece to score. `text` is what a reader is shown for it, `searched` what its terms come from."""

    text: str
    searched: str
    is_body: bool


def chunks_of(article: Article) -> list[Chunk]:
    """Title and aliases as chunks of their own (shown as the opening of the body), then the body in pieces."""
    body = list(pieces_of(plain_text(article.body)))
    opening = body[0] if body else article.title
    named = [Chunk(opening, name, False) for name in (article.title, *article.aliases)]
    return named + [Chunk(piece, piece, True) for piece in body]


def pieces_of(text: str) -> Iterator[str]:
    """`text` in pieces of at most CHUNK_WEIGHT that overlap by up to a fifth, cut after a sentence or word if any."""
    size = len(text)
    upto = [0, *accumulate(3 if _is_wide(char) else 1 for char in text)]
    start = 0
    while start < size:
        end = _end_of_piece(text, start, bisect_right(upto, upto[start] + CHUNK_WEIGHT) - 1)
        piece = text[start:end].replace("\n", " ").strip()
        if start:
            piece = piece.lstrip(_CLOSING)
        if piece:
            yield piece
        if end == size:
            return
        earliest = max(start + 1, bisect_left(upto, upto[end] - OVERLAP_WEIGHT))
        start = next((cut for cut in range(earliest, end) if _is_cut(text, cut)), end)


def _is_wide(char: str) -> bool:
    return char >= _FIRST_DENSE


def _is_cut(text: str, at: int) -> bool:
    """Whether a word may end before `at`: at a space, or beside a Chinese character."""
    before, after = text[at - 1], text[at]
    return before.isspace() or after.isspace() or _is_wide(before) or _is_wide(after)


def _end_of_piece(text: str, start: int, end: int) -> int:
    """`end`, or up to a quarter earlier where a sentence or a word ends there."""
    if end == len(text):
        return end
    earliest = end - (end - start) // 4
    for at in range(end, earliest, -1):
        if text[at - 1] in _SENTENCE_ENDS and (_is_wide(text[at - 1]) or text[at].isspace() or text[at - 1] == "\n"):
            return at
    return next((at for at in range(end, earliest, -1) if _is_cut(text, at)), end)
