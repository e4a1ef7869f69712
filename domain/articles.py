"""Knowledge articles: what one is, when it may be published, its readable text; for resolvers, storage and search."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from html import unescape

from domain.ids import ArticleId, OrgId, TeamId, TopicId
from domain.refusals import InvalidInput, WrongState

MAX_TITLE = 200
MAX_BODY = 100_000
MAX_LABEL = 60
"""Characters of one tag, stage key, product line or industry."""
MAX_LABELS = 50
"""Entries of one list of labels or aliases."""
MAX_TEAMS = 50


class ArticleState(StrEnum):
    """Only PUBLISHED articles are found by search; RETIRED is final."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"


class ArticleLanguage(StrEnum):
    """The language an article is written in (BCP 47)."""

    ZH_CN = "zh-CN"
    EN = "en"


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


def problem_of(article: Article) -> InvalidInput | None:
    """The first rule the article breaks, or None."""
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


def revise(article: Article, edited: Article) -> Article | InvalidInput | WrongState:
    """`edited` in place of `article`, whose id, organization, rev and state stay; refused once it is RETIRED."""
    if article.state is ArticleState.RETIRED:
        return WrongState(article.id, article.state)
    after = replace(edited, id=article.id, org_id=article.org_id, rev=article.rev, state=article.state)
    if article.state is ArticleState.PUBLISHED and not plain_text(after.body):
        return InvalidInput("body", "must not be empty in a published article")
    return problem_of(after) or after


def publish(article: Article) -> Article | InvalidInput | WrongState:
    """DRAFT to PUBLISHED, once it has a text to read; a published article is returned as it is."""
    if article.state is ArticleState.RETIRED:
        return WrongState(article.id, article.state)
    if not plain_text(article.body):
        return InvalidInput("body", "must not be empty in a published article")
    return problem_of(article) or replace(article, state=ArticleState.PUBLISHED)


def retire(article: Article) -> Article:
    """Any state to RETIRED."""
    return replace(article, state=ArticleState.RETIRED)


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
