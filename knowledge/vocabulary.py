"""The Latin words that articles have, and which of them a slip may stand for; kept by knowledge/index.py.

The index itself could look for near words too, but it does so in each of its segments, 30 ms over 100,000 articles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SHORTEST_SLIP = 4
TWO_SLIPS_FROM = 9
"""Letters from which a word may differ by two."""
MOST_NEAR = 20
"""Words that one slip may stand for; the nearest ones."""


@dataclass(frozen=True, slots=True)
class _State:
    """The words with their lengths and the letters they have, a bit for each, side by side."""

    words: tuple[str, ...] = ()
    lengths: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))
    letters: NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, np.uint32))


class Vocabulary:
    """Grows only: a word that no article has any more costs a look and finds nothing. One thread adds, any may ask."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._state = _State()

    def add(self, terms: Iterable[str]) -> None:
        """Takes in those of the terms that are Latin words."""
        new = sorted({term for term in terms if is_word(term)} - self._known)
        if new:
            before = self._state
            self._known.update(new)
            self._state = _State(
                (*before.words, *new),
                np.concatenate([before.lengths, np.array([len(word) for word in new], np.int16)]),
                np.concatenate([before.letters, np.array([_letters(word) for word in new], np.uint32)]),
            )

    def near(self, slip: str) -> list[tuple[str, int]]:
        """Words that differ from `slip` by one letter, or by two from TWO_SLIPS_FROM letters on, nearest first, with
        by how many: one more, one less, another one, or two that changed places."""
        if not is_word(slip) or len(slip) < SHORTEST_SLIP:
            return []
        most = 2 if len(slip) >= TWO_SLIPS_FROM else 1
        state = self._state
        # Each slip adds or takes away at most two kinds of letters.
        differing = np.bitwise_count(state.letters ^ np.uint32(_letters(slip)))
        likely = (np.abs(state.lengths - len(slip)) <= most) & (differing <= 2 * most)
        found = [(_distance(slip, word, most), word) for word in (state.words[at] for at in np.flatnonzero(likely))]
        return [(word, distance) for distance, word in sorted(found) if distance <= most][:MOST_NEAR]


def is_word(term: str) -> bool:
    """Whether it is written in plain Latin letters."""
    return term.isascii() and term.isalpha()


def _letters(word: str) -> int:
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) & 31)
    return bits


def _distance(one: str, other: str, most: int) -> int:
    """How many slips are between them, two neighbours that changed places being one; above `most` any larger number."""
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    one, other = one[same:], other[same:]
    far = most + 1
    two_ago, ago = [far] * (len(other) + 1), list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        row = [at] + [far] * len(other)
        for to in range(max(1, at - most), min(len(other), at + most) + 1):
            cost = ago[to - 1] + (letter != other[to - 1])
            cost = min(cost, ago[to] + 1, row[to - 1] + 1)
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == other[to - 1]:
                cost = min(cost, two_ago[to - 2] + 1)
            row[to] = cost
        if min(row) > most:
            return far
        two_ago, ago = ago, row
    return ago[-1]
