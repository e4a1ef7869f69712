"""Which questions are one: a table of pairs, and laws of likeness."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import ArticleId, OrgId, TopicId
from domain.questions import (
    ALIKE,
    DRAFT_FROM,
    QuestionTopic,
    TopicState,
    asked_again,
    joined,
    likeness,
    reopened,
    wants_draft,
)
from knowledge.queries import query_terms

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
TOPIC = QuestionTopic(TopicId("qtp_1"), OrgId("org_1"), "a b", ("a", "b"), NOW, NOW)
TERMS = st.sets(st.sampled_from("abcdefgh"))


def terms(text: str) -> set[str]:
    return {term.text for term in query_terms(text) if not term.is_part}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("How do I answer a price cut?", "how to answer price cuts", True),
        ("竞品降价怎么应对", "竞品降价了如何应对", True),
        ("What do we say about late delivery", "late deliveries: what to say?", True),
        ("How do I answer a price cut?", "Where is the price list?", False),
        ("竞品降价怎么应对", "冷链断链怎么应对", False),
        ("Who signs the contract?", "Who signs the offer?", False),
    ],
)
def test_which_questions_are_one(one: str, other: str, same: bool) -> None:
    assert (likeness(terms(one), terms(other)) >= ALIKE) is same


@given(TERMS, TERMS)
def test_likeness_is_symmetric_and_one_only_for_the_same(one: set[str], other: set[str]) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 1
    assert (likeness(one, other) == 1) is (one == other != set())


def test_the_likest_topic_is_joined_and_of_equals_the_one_asked_most() -> None:
    others = [replace(TOPIC, id=TopicId(f"qtp_{count}"), count=count) for count in (2, 3)]
    near = replace(TOPIC, id=TopicId("qtp_near"), terms=("a", "b", "c"), count=9)
    assert joined([near, *others], ["a", "b"]) == others[1]
    assert joined([near, *others], ["c", "b", "a"]) == near
    assert joined([TOPIC], ["b", "c", "d"]) is None
    assert joined([TOPIC], []) is None


@pytest.mark.parametrize(("more", "wanted"), [(0, False), (DRAFT_FROM - 1, False), (DRAFT_FROM, True)])
def test_as_many_again_want_another_draft_when_the_article_is_out_of_use(more: int, wanted: bool) -> None:
    open_again = reopened(replace(TOPIC, count=7, state=TopicState.ANSWERED, article_id=ArticleId("art_1")))
    assert (open_again.state, open_again.article_id) == (TopicState.OPEN, None)
    for _ in range(more):
        open_again = asked_again(open_again, NOW)
    assert wants_draft(open_again) is wanted


@pytest.mark.parametrize(
    ("count", "state", "wanted"),
    [
        (DRAFT_FROM - 1, TopicState.OPEN, False),
        (DRAFT_FROM, TopicState.OPEN, True),
        (DRAFT_FROM + 1, TopicState.DRAFTED, False),
        (DRAFT_FROM, TopicState.ANSWERED, False),
    ],
)
def test_three_questions_want_a_draft_once(count: int, state: TopicState, wanted: bool) -> None:
    assert wants_draft(replace(TOPIC, count=count, state=state)) is wanted
