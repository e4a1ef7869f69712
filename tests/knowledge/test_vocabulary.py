"""Near words: what counts as a slip on both sides of each limit, and that quick looks miss nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.vocabulary import MOST_NEAR, Vocabulary


def vocabulary(*words: str) -> Vocabulary:
    made = Vocabulary()
    made.add(words)
    return made


@pytest.mark.parametrize(
    ("slip", "word", "distance"),
    [
        ("chian", "chain", 1),
        ("chai", "chain", 1),
        ("chainn", "chain", 1),
        ("chein", "chain", 1),
        ("hcain", "chain", 1),
        ("iaznxw", "chain", None),
        ("hciam", "chain", None),
        ("cha", "chain", None),
        ("cat", "cats", None),
        ("cast", "cats", 1),
        ("compettitor", "competitor", 1),
        ("compettitro", "competitor", 2),
        ("ompettitro", "competitor", None),
        ("univercty", "university", 2),
        ("univerct", "universit", None),
        ("univercit", "universi", 2),
        ("kompetit", "competi", None),
    ],
)
def test_a_slip_is_one_letter_or_two_in_long_words(slip: str, word: str, distance: int | None) -> None:
    assert dict(vocabulary(word, "zzzzzzz").near(slip)).get(word) == distance


def test_the_nearest_come_first_and_not_too_many() -> None:
    words = ["competitor", *(f"compettito{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
    near = vocabulary(*words).near("compettitor")
    assert len(near) == MOST_NEAR
    assert [distance for _, distance in near] == sorted(distance for _, distance in near)
    assert ("compettitor", 0) in near


def test_only_latin_words_are_kept() -> None:
    made = vocabulary("客户", "a1b2", "naïve", "chain")
    made.add(["chain", "chair"])
    assert made.near("chais") == [("chain", 1), ("chair", 1)]
    for odd in ("客户价格", "", "ch4in", "chaîn"):
        assert made.near(odd) == []


def slips_between(one: str, other: str) -> int:
    """The plain definition: optimal string alignment."""
    rows = {(at, 0): at for at in range(len(one) + 1)} | {(0, to): to for to in range(len(other) + 1)}
    for at in range(1, len(one) + 1):
        for to in range(1, len(other) + 1):
            ways = [
                rows[at - 1, to] + 1,
                rows[at, to - 1] + 1,
                rows[at - 1, to - 1] + (one[at - 1] != other[to - 1]),
            ]
            if at > 1 and to > 1 and one[at - 1] == other[to - 2] and one[at - 2] == other[to - 1]:
                ways.append(rows[at - 2, to - 2] + 1)
            rows[at, to] = min(ways)
    return rows[len(one), len(other)]


WORDS = st.text(alphabet="abc", min_size=1, max_size=12)


@given(WORDS, st.sets(WORDS, max_size=12))
def test_near_words_are_those_by_definition(slip: str, words: set[str]) -> None:
    most = 0 if len(slip) < 4 else 1 if len(slip) < 9 else 2
    expected = {word: slips_between(slip, word) for word in words if most and slips_between(slip, word) <= most}
    assert dict(vocabulary(*words).near(slip)) == expected
