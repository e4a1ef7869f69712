"""The way of a text to its readers: every step from every state, who may approve, and which texts are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.article_reviews import (
    MAX_NOTE,
    HasNextDraft,
    OwnArticle,
    ReviewRequired,
    approve,
    correct,
    discard,
    editions,
    give_back,
    is_seen,
    next_state,
    publish,
    retire,
    reviewed_notices,
    submit,
    submitted_notice,
    working_state,
    write,
)
from domain.articles import Article, ArticleLanguage, ArticleState, ArticleText, ArticleWork, text_of
from domain.ids import ArticleId, OrgId, PersonId
from domain.notices import NoticeKind
from domain.refusals import InvalidInput, Refusal, WrongState

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ANN, BEN, CLEO = PersonId("per_ann"), PersonId("per_ben"), PersonId("per_cleo")
NEW = Article(ArticleId("art_1"), OrgId("org_1"), 0, ArticleLanguage.EN, "A title", "Some text.", author_id=ANN)


def text(title: str, body: str = "Some text.") -> ArticleText:
    return replace(text_of(NEW), title=title, body=body)


def done(outcome: Article | Refusal) -> Article:
    assert isinstance(outcome, Article), outcome
    return outcome


DRAFT = replace(NEW, work=ArticleWork(frozenset({ANN}), NOW))
IN_REVIEW = done(submit(DRAFT, ANN, NOW))
PUBLISHED = done(approve(IN_REVIEW, BEN, NOW))
WITH_NEXT = done(write(PUBLISHED, text("Next"), ANN, NOW))
NEXT_IN_REVIEW = done(submit(WITH_NEXT, ANN, NOW))
RETIRED = retire(PUBLISHED)
STANDING = {
    "DRAFT": DRAFT,
    "IN_REVIEW": IN_REVIEW,
    "PUBLISHED": PUBLISHED,
    "WITH_NEXT": WITH_NEXT,
    "NEXT_IN_REVIEW": NEXT_IN_REVIEW,
    "RETIRED": RETIRED,
}
STEPS: dict[str, Callable[[Article], Article | Refusal]] = {
    "write": lambda article: write(article, text("Written"), BEN, NOW),
    "correct": lambda article: correct(article, text("Corrected"), BEN, NOW, review_required=False),
    "correct, reviewed": lambda article: correct(article, text("Corrected"), BEN, NOW, review_required=True),
    "submit": lambda article: submit(article, BEN, NOW),
    "give back": lambda article: give_back(article, BEN, "Too long.", NOW),
    "approve": lambda article: approve(article, BEN, NOW),
    "publish": lambda article: publish(article, NOW, review_required=False),
    "publish, reviewed": lambda article: publish(article, NOW, review_required=True),
    "discard": discard,
    "retire": retire,
}
ALLOWED: dict[str, dict[str, str | type[Refusal]]] = {
    "write": {"DRAFT": "DRAFT", "PUBLISHED": "WITH_NEXT", "WITH_NEXT": "WITH_NEXT"},
    "correct": {"DRAFT": "DRAFT", "PUBLISHED": "PUBLISHED", "WITH_NEXT": HasNextDraft, "NEXT_IN_REVIEW": HasNextDraft},
    "correct, reviewed": {
        "DRAFT": "DRAFT",
        "PUBLISHED": ReviewRequired,
        "WITH_NEXT": HasNextDraft,
        "NEXT_IN_REVIEW": HasNextDraft,
    },
    "submit": {"DRAFT": "IN_REVIEW", "WITH_NEXT": "NEXT_IN_REVIEW"},
    "give back": {"IN_REVIEW": "DRAFT", "NEXT_IN_REVIEW": "WITH_NEXT"},
    "approve": {"IN_REVIEW": "PUBLISHED", "NEXT_IN_REVIEW": "PUBLISHED"},
    "publish": {"DRAFT": "PUBLISHED", "PUBLISHED": "PUBLISHED", "WITH_NEXT": "PUBLISHED"},
    "publish, reviewed": {"DRAFT": ReviewRequired, "PUBLISHED": "PUBLISHED", "WITH_NEXT": ReviewRequired},
    "discard": {"WITH_NEXT": "PUBLISHED", "NEXT_IN_REVIEW": "PUBLISHED"},
    "retire": dict.fromkeys(STANDING, "RETIRED"),
}
"""Step -> where from -> where to, or the refusal; from anywhere else WrongState."""


def standing(article: Article) -> str:
    """The name of where an article stands."""
    if article.next is None:
        return str(article.state)
    return "NEXT_IN_REVIEW" if next_state(article) is ArticleState.IN_REVIEW else "WITH_NEXT"


def test_the_articles_of_these_tests_stand_where_their_names_say() -> None:
    assert {name: standing(article) for name, article in STANDING.items()} == {name: name for name in STANDING}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("begin", STANDING)
def test_every_step_from_everywhere(begin: str, step: str) -> None:
    article = STANDING[begin]
    outcome = STEPS[step](article)
    expected = ALLOWED[step].get(begin, WrongState)
    if isinstance(expected, str):
        assert standing(done(outcome)) == expected
    else:
        assert isinstance(outcome, expected)
        if isinstance(outcome, WrongState):
            assert outcome == WrongState(article.id, working_state(article))


@pytest.mark.parametrize("begin", ["IN_REVIEW", "NEXT_IN_REVIEW"])
@pytest.mark.parametrize("writes", [True, False])
def test_nobody_approves_what_they_wrote_or_handed_in(begin: str, writes: bool) -> None:
    drafted = done(give_back(STANDING[begin], BEN, "More, please.", NOW))
    if writes:
        drafted = done(submit(done(write(drafted, text("By Cleo"), CLEO, NOW)), ANN, NOW))
    else:
        drafted = done(submit(drafted, CLEO, NOW))
    for person in (ANN, CLEO):
        assert approve(drafted, person, NOW) == OwnArticle(drafted.id)
    assert done(approve(drafted, BEN, NOW)).reviewed_by_id == BEN


def test_who_wrote_at_an_earlier_text_may_approve_the_next() -> None:
    next_draft = done(submit(done(write(PUBLISHED, text("By Ben"), BEN, NOW)), BEN, NOW))
    assert done(approve(next_draft, ANN, NOW)).title == "By Ben"


@pytest.mark.parametrize(
    ("by", "note", "field"),
    [
        (BEN, None, "note"),
        (BEN, "  ", "note"),
        (BEN, "x" * MAX_NOTE, None),
        (BEN, "x" * (MAX_NOTE + 1), "note"),
        (ANN, None, None),
        (ANN, "x" * (MAX_NOTE + 1), "note"),
    ],
)
def test_a_reviewer_says_why_and_a_writer_need_not(by: PersonId, note: str | None, field: str | None) -> None:
    outcome = give_back(IN_REVIEW, by, note, NOW)
    if field is not None:
        assert isinstance(outcome, InvalidInput)
        assert outcome.field == field
        return
    work = done(outcome).work
    assert (work.submitted_at, work.returned_by_id, work.note) == (None, by, note)


@pytest.mark.parametrize("step", ["write", "submit", "correct", "publish"])
def test_a_text_that_breaks_a_rule_goes_no_further(step: str) -> None:
    steps: dict[str, Callable[[Article], Article | Refusal]] = {
        "write": lambda article: write(article, text(""), ANN, NOW),
        "submit": lambda article: submit(replace(article, body=" "), ANN, NOW),
        "correct": lambda article: correct(PUBLISHED, text("Title", "---"), ANN, NOW, review_required=False),
        "publish": lambda article: publish(replace(article, title=" "), NOW, review_required=False),
    }
    assert isinstance(steps[step](DRAFT), InvalidInput)


def test_readers_see_a_change_only_where_what_they_read_changes() -> None:
    seen = [
        (DRAFT, IN_REVIEW, False),
        (IN_REVIEW, PUBLISHED, True),
        (PUBLISHED, WITH_NEXT, False),
        (WITH_NEXT, NEXT_IN_REVIEW, False),
        (NEXT_IN_REVIEW, done(approve(NEXT_IN_REVIEW, BEN, NOW)), True),
        (WITH_NEXT, discard(WITH_NEXT), False),
        (PUBLISHED, RETIRED, True),
        (DRAFT, retire(DRAFT), False),
    ]
    for before, after, expected in seen:
        assert isinstance(after, Article)
        assert is_seen(before, after) is expected


def test_each_text_that_readers_saw_is_kept_with_its_writers_and_reviewer() -> None:
    (first,) = editions(IN_REVIEW, PUBLISHED, BEN, NOW)
    assert (first.id, first.number, first.text) == ("art_1:1", 1, text_of(NEW))
    assert (set(first.writer_ids), first.reviewed_by_id, first.published_by_id) == ({ANN}, BEN, BEN)
    (second,) = editions(NEXT_IN_REVIEW, done(approve(NEXT_IN_REVIEW, BEN, NOW)), BEN, NOW)
    assert (second.number, second.text.title) == (2, "Next")
    for before, after in ((PUBLISHED, WITH_NEXT), (PUBLISHED, RETIRED), (DRAFT, IN_REVIEW)):
        assert editions(before, after, ANN, NOW) == []
    unchanged = correct(PUBLISHED, text_of(PUBLISHED), ANN, NOW, review_required=False)
    assert unchanged == PUBLISHED


def test_a_text_from_before_editions_were_kept_is_kept_when_it_is_replaced() -> None:
    long_ago = NOW - timedelta(days=400)
    old = replace(NEW, state=ArticleState.PUBLISHED, updated_at=long_ago, published_at=long_ago)
    after = done(correct(old, text("Corrected"), BEN, NOW, review_required=False))
    first, second = editions(old, after, BEN, NOW)
    assert (first.number, first.text.title, first.published_at) == (1, "A title", long_ago)
    assert (second.number, second.text.title, set(second.writer_ids)) == (2, "Corrected", {BEN})
    assert after.published_at == long_ago


def taken(step: str, article: Article, person: PersonId, title: str) -> Article | Refusal:
    """What comes of a step by that person."""
    if step == "write":
        return write(article, text(title), person, NOW)
    if step == "submit":
        return submit(article, person, NOW)
    if step == "approve":
        return approve(article, person, NOW)
    return STEPS[step](article)


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from([ANN, BEN, CLEO])), max_size=30))
def test_whatever_is_done_readers_see_only_what_was_published(steps: list[tuple[str, PersonId]]) -> None:
    """Along any way: editions number the texts readers saw without a gap, the last is what they see now; under an
    obligation to review nobody's own words get there by approval."""
    article, shown = DRAFT, 0
    for number, (step, person) in enumerate(steps):
        outcome = taken(step, article, person, f"Text {number}")
        if isinstance(outcome, Refusal):
            continue
        kept = editions(article, outcome, person, NOW)
        assert [each.number for each in kept] == list(range(shown + 1, outcome.edition + 1))
        if kept:
            assert kept[-1].text == text_of(outcome)
        if article.state is ArticleState.PUBLISHED and not kept and outcome.state is ArticleState.PUBLISHED:
            assert text_of(outcome) == text_of(article)
        if step == "approve":
            assert person not in article.work.writer_ids
        article, shown = outcome, outcome.edition


def test_those_who_wrote_are_told_and_nobody_of_their_own_deed() -> None:
    handed_in = done(submit(done(write(DRAFT, text("Both"), CLEO, NOW)), CLEO, NOW))
    told = reviewed_notices(handed_in, NoticeKind.ARTICLE_APPROVED, BEN, NOW)
    assert [each.owner_id for each in told] == [ANN, CLEO]
    assert reviewed_notices(IN_REVIEW, NoticeKind.ARTICLE_RETURNED, ANN, NOW) == []
    again = submitted_notice(replace(handed_in, version=9), BEN, NOW)
    assert again.id != submitted_notice(handed_in, BEN, NOW).id
    assert again.article_id == handed_in.id
