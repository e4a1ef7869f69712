"""One list of what words and what meaning found: which comes first, and what counts as an answer."""

from __future__ import annotations

import pytest

from domain.ids import ArticleId
from knowledge.blending import ALONE, FAR, SAME, SURE, WEIGHT, blend, is_answered, nearness_of
from knowledge.index import Hit

A, B, C = (ArticleId(key) for key in "abc")


def hit(article_id: ArticleId, score: float) -> Hit:
    return Hit(article_id, score, "words", ((0, 5),))


def test_nearness_grows_between_two_distances() -> None:
    assert [nearness_of(each) for each in (-9.0, FAR, (FAR + SAME) / 2, SAME, 99.0)] == [0, 0, 0.5, 1, 1]


def test_meaning_lifts_what_words_found_and_adds_what_they_did_not() -> None:
    found = blend([hit(A, 20.0), hit(B, 18.0)], [(B, SAME), (C, SAME)], {C: "opening"})
    assert [(each.article_id, each.score) for each in found] == [(B, 28.0), (A, 20.0), (C, 10.0)]
    assert [each.by_meaning for each in found] == [0, 0, 1]
    assert (found[2].snippet, found[2].highlights) == ("opening", ())


def test_what_filters_keep_out_or_has_nothing_in_common_stays_out() -> None:
    assert blend([], [(A, SAME), (B, FAR)], {B: "opening"}) == []
    assert blend([hit(A, 20.0)], [], {}) == [hit(A, 20.0)]


def test_alone_it_has_a_score_of_its_own() -> None:
    (only,) = blend([], [(A, SAME)], {A: "opening"})
    assert only.score == WEIGHT * ALONE


@pytest.mark.parametrize(("nearness", "answered"), [(SURE, True), (SURE - 0.01, False)])
def test_something_far_is_no_answer(nearness: float, answered: bool) -> None:
    (only,) = blend([], [(A, FAR + nearness * (SAME - FAR))], {A: "opening"})
    assert is_answered([only]) is answered
    assert is_answered([only, hit(B, 1.0)])
    assert not is_answered([])
