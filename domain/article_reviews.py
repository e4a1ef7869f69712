"""The way of an article's text to its readers: written, reviewed by somebody else, published, kept as an edition.

Pure; for resolvers/articles.py and article_reviews.py. A published article may have a next draft: until that is
published too, readers see the text they have. Each text that readers saw stays as an edition with its writers and
reviewer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from domain.articles import (
    Article,
    ArticleState,
    ArticleText,
    ArticleWork,
    problem_of,
    text_of,
    unreadable,
    with_text,
)
from domain.ids import ArticleId, OrgId, PersonId, TeamId
from domain.notices import Notice, NoticeKind, Priority, event_key, make_notice
from domain.refusals import InvalidInput, Refusal, WrongState

MAX_NOTE = 500


@dataclass(frozen=True, slots=True)
class ReviewRequired(Refusal):
    """Your organization wants somebody else to approve a text before readers see it: hand it in for review."""

    code: ClassVar[str] = "REVIEW_REQUIRED"
    id: str

    @property
    def message(self) -> str:
        return f"{self.id} has to be reviewed before it is published."


@dataclass(frozen=True, slots=True)
class OwnArticle(Refusal):
    """You wrote at this text or handed it in: somebody else has to approve it."""

    code: ClassVar[str] = "OWN_ARTICLE"
    id: str

    @property
    def message(self) -> str:
        return f"You wrote at {self.id} yourself."


@dataclass(frozen=True, slots=True)
class HasNextDraft(Refusal):
    """A next draft of this article is being worked on: change that one, or discard it first."""

    code: ClassVar[str] = "HAS_NEXT_DRAFT"
    id: str

    @property
    def message(self) -> str:
        return f"{self.id} has a next draft."


@dataclass(frozen=True, slots=True)
class ArticleEdition:
    """A text that readers saw, from its publication until that of the next number. Never changes."""

    id: str
    org_id: OrgId
    article_id: ArticleId
    number: int
    text: ArticleText
    team_ids: frozenset[TeamId]
    """Those of the text: who is not shown it as an article is not shown it as an edition."""
    published_at: datetime
    writer_ids: frozenset[PersonId] = frozenset()
    reviewed_by_id: PersonId | None = None
    published_by_id: PersonId | None = None


def next_state(article: Article) -> ArticleState | None:
    """Where the next draft of a published article stands; None without one."""
    if article.next is None:
        return None
    return ArticleState.DRAFT if article.work.submitted_at is None else ArticleState.IN_REVIEW


def working_state(article: Article) -> ArticleState:
    """Where the text stands that is worked on: the next draft's, else the article's own."""
    return next_state(article) or article.state


def working_text(article: Article) -> ArticleText:
    """The text that is worked on: the next draft, else what the article says."""
    return article.next or text_of(article)


def correct(
    article: Article, text: ArticleText, by_id: PersonId, now: datetime, *, review_required: bool
) -> Article | Refusal:
    """`text` in place of what the article says: in a draft, and before the eyes of readers where no review is asked."""
    if article.state is not ArticleState.PUBLISHED:
        return write(article, text, by_id, now)
    if article.next is not None:
        return HasNextDraft(article.id)
    if review_required:
        return ReviewRequired(article.id)
    if text == text_of(article):
        return article
    return unreadable(text) or _shown(article, text, None, now)


def write(article: Article, text: ArticleText, by_id: PersonId, now: datetime) -> Article | InvalidInput | WrongState:
    """`text` as what is worked on: of a published article its next draft, which readers do not see."""
    if working_state(article) in {ArticleState.IN_REVIEW, ArticleState.RETIRED}:
        return WrongState(article.id, working_state(article))
    problem = problem_of(text)
    if problem is not None:
        return problem
    work = replace(article.work, writer_ids=article.work.writer_ids | {by_id}, written_at=now)
    if article.state is ArticleState.PUBLISHED:
        return replace(article, next=text, work=work)
    return article if text == text_of(article) else replace(with_text(article, text), work=work)


def submit(article: Article, by_id: PersonId, now: datetime) -> Article | InvalidInput | WrongState:
    """The draft, handed in for review."""
    if working_state(article) is not ArticleState.DRAFT:
        return WrongState(article.id, working_state(article))
    problem = unreadable(working_text(article))
    if problem is not None:
        return problem
    handed_in = replace(
        article.work, writer_ids=article.work.writer_ids | {by_id}, submitted_at=now, submitted_by_id=by_id
    )
    return _standing(article, ArticleState.IN_REVIEW, handed_in)


def give_back(
    article: Article, by_id: PersonId, note: str | None, now: datetime
) -> Article | InvalidInput | WrongState:
    """What is in review, a draft again; a reviewer says why, who wrote it may just take it back."""
    if working_state(article) is not ArticleState.IN_REVIEW:
        return WrongState(article.id, working_state(article))
    said = (note or "").strip()
    if len(said) > MAX_NOTE:
        return InvalidInput("note", f"must not be longer than {MAX_NOTE} characters")
    if not said and by_id not in article.work.writer_ids:
        return InvalidInput("note", "must say what is to be changed")
    work = replace(article.work, submitted_at=None, returned_at=now, returned_by_id=by_id, note=said or None)
    return _standing(article, ArticleState.DRAFT, work)


def approve(article: Article, by_id: PersonId, now: datetime) -> Article | OwnArticle | WrongState:
    """What is in review, before the eyes of readers."""
    if working_state(article) is not ArticleState.IN_REVIEW:
        return WrongState(article.id, working_state(article))
    if by_id in article.work.writer_ids:
        return OwnArticle(article.id)
    return _shown(article, working_text(article), by_id, now)


def publish(article: Article, now: datetime, *, review_required: bool) -> Article | Refusal:
    """A draft, before the eyes of readers without a review; a published article without a draft stays as it is."""
    if working_state(article) is ArticleState.PUBLISHED:
        return article
    if working_state(article) is not ArticleState.DRAFT:
        return WrongState(article.id, working_state(article))
    if review_required:
        return ReviewRequired(article.id)
    text = working_text(article)
    return unreadable(text) or _shown(article, text, None, now)


def discard(article: Article) -> Article | WrongState:
    """A published article without its next draft."""
    if article.next is None:
        return WrongState(article.id, article.state)
    return replace(article, next=None, work=ArticleWork())


def retire(article: Article) -> Article:
    """Any state to RETIRED; what was worked on goes with it."""
    return replace(article, state=ArticleState.RETIRED, next=None, work=ArticleWork())


def _standing(article: Article, state: ArticleState, work: ArticleWork) -> Article:
    return replace(article, work=work, state=article.state if article.next is not None else state)


def _shown(article: Article, text: ArticleText, reviewer_id: PersonId | None, now: datetime) -> Article:
    return replace(
        with_text(article, text),
        state=ArticleState.PUBLISHED,
        next=None,
        work=ArticleWork(),
        edition=_seen(article) + 1,
        reviewed_by_id=reviewer_id,
        published_at=article.published_at or now,
    )


def _seen(article: Article) -> int:
    """How many texts readers saw; a text that was published before editions were kept counts."""
    return article.edition or int(article.state is ArticleState.PUBLISHED)


def is_seen(before: Article, after: Article) -> bool:
    """Whether readers see a change between the two."""
    states = {before.state, after.state}
    return ArticleState.PUBLISHED in states and (len(states) > 1 or text_of(before) != text_of(after))


def editions(before: Article, after: Article, by_id: PersonId, now: datetime) -> list[ArticleEdition]:
    """What is to be kept when `after` takes the place of `before`: a text that is published now, and the one that it
    replaces where that was published before editions were kept."""
    if after.edition == before.edition:
        return []
    kept = []
    if before.edition == 0 and before.state is ArticleState.PUBLISHED:
        kept.append(_edition(before, 1, before.updated_at or now))
    writers = before.work.writer_ids or frozenset({by_id})
    made = _edition(after, after.edition, now)
    return [*kept, replace(made, writer_ids=writers, reviewed_by_id=after.reviewed_by_id, published_by_id=by_id)]


def _edition(article: Article, number: int, published_at: datetime) -> ArticleEdition:
    return ArticleEdition(
        id=f"{article.id}:{number}",
        org_id=article.org_id,
        article_id=article.id,
        number=number,
        text=text_of(article),
        team_ids=article.team_ids,
        published_at=published_at,
    )


def submitted_notice(article: Article, reviewer_id: PersonId, now: datetime) -> Notice:
    """Tells somebody that a text waits for them."""
    return _told(article, reviewer_id, NoticeKind.ARTICLE_TO_REVIEW, now)


def reviewed_notices(before: Article, kind: NoticeKind, by_id: PersonId, now: datetime) -> list[Notice]:
    """Tells those who wrote at a text what became of it."""
    return [_told(before, each, kind, now) for each in _others(before.work.writer_ids, by_id)]


def _others(people: Collection[PersonId], by_id: PersonId) -> list[PersonId]:
    return sorted(each for each in people if each != by_id)


def _told(article: Article, person_id: PersonId, kind: NoticeKind, now: datetime) -> Notice:
    key = event_key(kind, article.id, str(article.version))
    return make_notice(article.org_id, person_id, kind, Priority.NORMAL, key, now, article_id=article.id)
