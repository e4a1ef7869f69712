"""Questions from the field: which are the same, and when they become a draft article. Pure; for resolvers/questions.py.

Questions of one subject make a topic. A topic asked for the third time gets a draft article; it is answered once that
is published, or once an editor names an article that answers it, and open again when that article is retired.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.articles import MAX_LABELS, MAX_TITLE, Article, ArticleLanguage
from domain.ids import ArticleId, LeadId, OrgId, PersonId, QuestionId, TeamId, TopicId, VisitId
from domain.notices import Notice, NoticeKind, Priority, event_key, make_notice
from domain.refusals import InvalidInput

DRAFT_FROM = 3
"""So many questions of one subject make a draft."""
ALIKE = 0.6
"""Likeness from which two questions are one: twice the shared terms over all terms (Dice)."""
MAX_TEXT = 300
MAX_TERMS = 40


class TopicState(StrEnum):
    """Where a topic stands."""

    OPEN = "OPEN"
    DRAFTED = "DRAFTED"
    ANSWERED = "ANSWERED"


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asked, as they wrote it."""

    id: QuestionId
    org_id: OrgId
    owner_id: PersonId
    team_id: TeamId | None
    topic_id: TopicId
    text: str
    asked_at: datetime
    lead_id: LeadId | None = None
    visit_id: VisitId | None = None


@dataclass(frozen=True, slots=True)
class QuestionTopic:
    """Questions of one subject. `text` is the first of them and `terms` what it is about, by which others join."""

    id: TopicId
    org_id: OrgId
    text: str
    terms: tuple[str, ...]
    first_asked_at: datetime
    last_asked_at: datetime
    count: int = 1
    state: TopicState = TopicState.OPEN
    article_id: ArticleId | None = None
    version: int = 1
    settled: int = 0
    """How many of the questions had an article that is out of use by now."""


def cleaned(text: str) -> str | InvalidInput:
    """The question without spaces around and between its words, or what is wrong with it."""
    words = " ".join(text.split())
    if not 1 <= len(words) <= MAX_TEXT:
        return InvalidInput("text", f"must have 1 to {MAX_TEXT} characters")
    if not any(map(str.isalnum, words)):
        return InvalidInput("text", "must have a letter or digit")
    return words


def likeness(one: Collection[str], other: Collection[str]) -> float:
    """0 for two sets of terms with nothing in common, 1 for the same ones."""
    return 2 * len(set(one) & set(other)) / (len(set(one)) + len(set(other)) or 1)


def joined(topics: Iterable[QuestionTopic], terms: Collection[str]) -> QuestionTopic | None:
    """The topic a question with these terms belongs to: the likest one, of equals the one asked most and first."""
    alike = [(likeness(topic.terms, terms), topic) for topic in topics]
    best = max(alike, key=lambda pair: (pair[0], pair[1].count, pair[1].id), default=None)
    return best[1] if best is not None and best[0] >= ALIKE else None


def asked_again(topic: QuestionTopic, at: datetime) -> QuestionTopic:
    """The topic with one question more."""
    return replace(
        topic,
        count=topic.count + 1,
        last_asked_at=max(topic.last_asked_at, at),
        version=topic.version + 1,
    )


def wants_draft(topic: QuestionTopic) -> bool:
    """Whether it was asked often enough since nobody wrote about it, or since what was written is out of use."""
    return topic.state is TopicState.OPEN and topic.count - topic.settled >= DRAFT_FROM


def drafted(
    topic: QuestionTopic, article_id: ArticleId, texts: Sequence[str], now: datetime
) -> tuple[QuestionTopic, Article]:
    """The topic and the draft that lists how it was asked; the wordings are its other names, which a search knows."""
    others = tuple(dict.fromkeys(text[:MAX_TITLE] for text in texts if text != topic.text))[:MAX_LABELS]
    chinese = any("\u4e00" <= character <= "\u9fff" for character in topic.text)
    heading = "## 提问原文" if chinese else "## Asked in these words"
    article = Article(
        id=article_id,
        org_id=topic.org_id,
        rev=0,
        language=ArticleLanguage.ZH_CN if chinese else ArticleLanguage.EN,
        title=topic.text[:MAX_TITLE],
        body="\n".join([heading, "", *(f"- {text}" for text in dict.fromkeys(texts))]),
        aliases=others,
        created_at=now,
        updated_at=now,
        topic_id=topic.id,
    )
    return replace(topic, state=TopicState.DRAFTED, article_id=article_id), article


def answered_notice(topic_id: TopicId, article: Article, asker_id: PersonId, now: datetime) -> Notice:
    """Tells somebody who asked of the article that answers it: once for each, however often that is published."""
    kind = NoticeKind.QUESTION_ANSWERED
    key = event_key(kind, topic_id, article.id)
    return make_notice(article.org_id, asker_id, kind, Priority.NORMAL, key, now, article_id=article.id)


def answered(topic: QuestionTopic, article_id: ArticleId) -> QuestionTopic:
    """The topic with its answer."""
    return replace(topic, state=TopicState.ANSWERED, article_id=article_id, version=topic.version + 1)


def reopened(topic: QuestionTopic) -> QuestionTopic:
    """The topic without its article, which is out of use: as many questions again make another draft."""
    return replace(topic, state=TopicState.OPEN, article_id=None, settled=topic.count, version=topic.version + 1)
