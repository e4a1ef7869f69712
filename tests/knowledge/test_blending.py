"""One list of what words and what meaning found: which comes first, and what counts as an answer."""

from __future__ import annotations

import pytest

from domain.ids import ArticleId
from knowledge.blending import ALONE, FAR, SAME, SHOWN, SURE, WEIGHT, blend, is_answered, nearness_of
from knowledge.index import Hit
from knowledge.nearness import Near

A, B, C, D = (ArticleId(key) for key in "abcd")


def hit(article_id: ArticleId, score: float) -> Hit:
    return Hit(article_id, score, "words", ((0, 5),))


def near(article_id: ArticleId, nearness: float, *, is_across: bool = False) -> Near:
    return Near(article_id, FAR + nearness * (SAME - FAR), is_across)


def test_nearness_grows_between_two_distances() -> None:
    assert [nearness_of(each) for each in (-9.0, FAR, (FAR + SAME) / 2, SAME, 99.0)] == [0, 0, 0.5, 1, 1]


def test_meaning_lifts_what_words_found_and_adds_what_they_did_not() -> None:
    found = blend([hit(A, 40.0), hit(B, 30.0)], [near(B, 1), near(C, 1), near(D, 1, is_across=True)], {C: "c", D: "d"})
    assert [(each.article_id, each.score) for each in found] == [(B, 50.0), (A, 40.0), (D, 36.0), (C, 20.0)]
    assert [each.by_meaning for each in found] == [0, 0, 1, 1]
    assert (found[2].snippet, found[2].highlights) == ("d", ())


def test_what_filters_keep_out_or_has_little_in_common_stays_out() -> None:
    assert blend([], [near(A, 1), near(B, SHOWN - 0.01)], {B: "opening"}) == []
    assert len(blend([], [near(B, SHOWN + 0.001)], {B: "opening"})) == 1
    assert blend([hit(A, 20.0)], [], {}) == [hit(A, 20.0)]


def test_alone_it_has_a_score_of_its_own() -> None:
    (only,) = blend([], [near(A, 1)], {A: "opening"})
    assert only.score == WEIGHT * ALONE


@pytest.mark.parametrize(("nearness", "answered"), [(SURE + 0.001, True), (SURE - 0.01, False)])
def test_something_far_is_no_answer(nearness: float, answered: bool) -> None:
    (only,) = blend([], [near(A, nearness)], {A: "opening"})
    assert is_answered([only]) is answered
    assert is_answered([only, hit(B, 1.0)])
    assert not is_answered([])
