"""Knowledge articles: what one is, what its text must be like, its readable words; for resolvers, storage and search.

domain/article_reviews.py says how a text gets from its writers to its readers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from html import unescape

from domain.access import Role
from domain.ids import ArticleId, FileId, OrgId, PersonId, TeamId, TopicId
from domain.refusals import InvalidInput

MAX_TITLE = 200
MAX_BODY = 100_000
MAX_LABEL = 60
"""Characters of one tag, stage key, product line or industry."""
MAX_LABELS = 50
"""Entries of one list of labels or aliases."""
MAX_TEAMS = 50
MAX_ATTACHMENTS = 20


class ArticleState(StrEnum):
    """Only PUBLISHED articles are found by search; RETIRED is final."""

    DRAFT = "DRAFT"
    IN_REVIEW = "IN_REVIEW"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"


class ArticleLanguage(StrEnum):
    """The language an article is written in (BCP 47)."""

    ZH_CN = "zh-CN"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to a text, as its readers see it; its bytes are kept like those of any file."""

    file_id: FileId
    name: str
    content_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ArticleText:
    """What an article says and to whom: the part of it that is written, reviewed, and kept in editions."""

    language: ArticleLanguage
    title: str
    body: str
    aliases: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    product_lines: frozenset[str] = frozenset()
    competitors: frozenset[str] = frozenset()
    industry: str | None = None
    pinned: bool = False
    pack_roles: frozenset[Role] = frozenset()
    team_ids: frozenset[TeamId] = frozenset()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class ArticleWork:
    """How far the text is that readers do not see yet: who wrote at it, and its review."""

    writer_ids: frozenset[PersonId] = frozenset()
    """Whoever wrote at it or handed it in since the last publication."""
    written_at: datetime | None = None
    submitted_at: datetime | None = None
    """Since when it is in review; None: it is not."""
    submitted_by_id: PersonId | None = None
    returned_at: datetime | None = None
    returned_by_id: PersonId | None = None
    note: str | None = None
    """Why it was given back last."""


@dataclass(frozen=True, slots=True)
class Article:
    """One article. `rev` is the organization's article counter when it last changed; storage sets it while saving."""

    id: ArticleId
    org_id: OrgId
    rev: int
    language: ArticleLanguage
    title: str
    body: str
    """Markdown."""
    aliases: tuple[str, ...] = ()
    """Other names and questions the article answers, each searched like a title."""
    tags: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    """Keys of the lead stages it helps in."""
    product_lines: frozenset[str] = frozenset()
    industry: str | None = None
    pinned: bool = False
    """Part of the pack a phone keeps for offline reading."""
    pack_roles: frozenset[Role] = frozenset()
    """In whose packs it is while it is pinned; empty: in everybody's."""
    state: ArticleState = ArticleState.DRAFT
    version: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None
    published_at: datetime | None = None
    """When it was first published."""
    competitors: frozenset[str] = frozenset()
    """Whom it helps to compete with."""
    topic_id: TopicId | None = None
    """The questions it was drafted from."""
    team_ids: frozenset[TeamId] = frozenset()
    """To whom it is kept: these teams, those below them and the managers above; empty: everybody."""
    attachments: tuple[Attachment, ...] = ()
    author_id: PersonId | None = None
    """Who began it; None for a draft made from questions."""
    next: ArticleText | None = None
    """What is to take the place of the published text."""
    work: ArticleWork = ArticleWork()
    edition: int = 0
    """How many texts readers have seen, where they are kept (see domain/article_reviews.py)."""
    reviewed_by_id: PersonId | None = None
    """Who let readers see the published text; None where nobody reviewed it."""
    helpful: int = 0
    not_helpful: int = 0
    used_in_visits: int = 0
    """What readers made of it (domain/article_uses.py); counting is no change of the article."""


@dataclass(frozen=True, slots=True)
class ArticleCounters:
    """What a search index compares itself with: every organization's counter of publications."""

    revs: Mapping[OrgId, int]
    build: int = 0
    """How often an operator asked for all indexes to be made anew."""


_TEXT = tuple(each.name for each in fields(ArticleText))


def text_of(article: Article) -> ArticleText:
    """What the article says; its next draft is not asked."""
    return ArticleText(**{name: getattr(article, name) for name in _TEXT})


def with_text(article: Article, text: ArticleText) -> Article:
    """The article saying something else."""
    return replace(article, **{name: getattr(text, name) for name in _TEXT})


def is_for(kept_to: Collection[TeamId], audience: frozenset[TeamId] | None) -> bool:
    """Whether what is kept to these teams is for somebody whose teams are those (Scope.audience)."""
    return not kept_to or audience is None or not audience.isdisjoint(kept_to)


def problem_of(article: Article | ArticleText) -> InvalidInput | None:
    """The first rule the text breaks, or None."""
    title = article.title.strip()
    if not title:
        return InvalidInput("title", "must not be empty")
    if len(article.title) > MAX_TITLE:
        return InvalidInput("title", f"must not be longer than {MAX_TITLE} characters")
    if len(article.body) > MAX_BODY:
        return InvalidInput("body", f"must not be longer than {MAX_BODY} characters")
    if len(article.aliases) > MAX_LABELS:
        return InvalidInput("aliases", f"must not have more than {MAX_LABELS} entries")
    if any(not alias.strip() or len(alias) > MAX_TITLE for alias in article.aliases):
        return InvalidInput("aliases", f"each must have 1 to {MAX_TITLE} characters")
    labels = {
        "tags": article.tags,
        "stages": article.stages,
        "productLines": article.product_lines,
        "competitors": article.competitors,
    }
    for field, values in labels.items():
        if len(values) > MAX_LABELS:
            return InvalidInput(field, f"must not have more than {MAX_LABELS} entries")
        if any(not _is_label(value) for value in values):
            return InvalidInput(field, f"each must have 1 to {MAX_LABEL} characters and no space around it")
    if len(article.team_ids) > MAX_TEAMS:
        return InvalidInput("teamIds", f"must not have more than {MAX_TEAMS} entries")
    if article.industry is not None and not _is_label(article.industry):
        return InvalidInput("industry", f"must have 1 to {MAX_LABEL} characters and no space around it")
    return None


def unreadable(text: ArticleText) -> InvalidInput | None:
    """What keeps the text from readers and reviewers: a broken rule, or nothing to read."""
    problem = problem_of(text)
    if problem is not None or plain_text(text.body):
        return problem
    return InvalidInput("body", "must not be empty in a published article")


def _is_label(value: str) -> bool:
    return 0 < len(value) <= MAX_LABEL and value == value.strip()


_FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})")
_RULE = re.compile(r"(?:[-*_]\s*){3,}|=+|[|:\-\s]+")
_LEAD = re.compile(r"(?:\s*(?:>|#{1,6}(?=\s)|[-*+](?=\s)|\d{1,9}[.)](?=\s)|\[[ xX]\](?=\s)))+\s*")
_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]*)>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--[^<>]*-->")
_MARK = re.compile(r"`+|~~|\*+(?=\S)|(?<=\S)\*+|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_SPACES = re.compile(r"\s+")
# An escaped mark must outlive the removal of marks: it waits as a private-use character.
_HIDDEN = 0xF700


def plain_text(markdown: str) -> str:
    """The words of a Markdown text, one line per line that has any: marks, tags, link targets and fences are gone."""
    lines: list[str] = []
    in_fence = False
    for line in markdown.splitlines():
        if _FENCE.match(line):
            in_fence = not in_fence
            continue
        text = line if in_fence else _inline_text(line)
        text = _SPACES.sub(" ", text).strip()
        if text:
            lines.append(text)
    return "\n".join(lines)


def _inline_text(line: str) -> str:
    if _RULE.fullmatch(line.strip()):
        return ""
    text = _ESCAPE.sub(lambda found: chr(_HIDDEN + ord(found.group(1))), line)
    lead = _LEAD.match(text)
    text = text[lead.end() :] if lead else text
    text = _LINK.sub(r"\1", text)
    text = _TAG.sub(" ", _AUTOLINK.sub(r"\1", text))
    text = _MARK.sub("", text).replace("|", " ")
    text = re.sub(f"[{chr(_HIDDEN)}-{chr(_HIDDEN + 127)}]", lambda found: chr(ord(found.group()) - _HIDDEN), text)
    return unescape(text)
