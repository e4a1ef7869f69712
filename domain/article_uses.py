"""What readers make of an article: read, found helpful or not, used in a visit. Pure; for resolvers/article_uses.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.evidence_times import MAX_EARLY
from domain.ids import ArticleId, OrgId, PersonId, TeamId, VisitId
from domain.refusals import InvalidInput

MAX_LATE = timedelta(days=30)
"""How old a use may be that a phone reports when it is online again."""


class ArticleUseKind(StrEnum):
    """What somebody did with an article. HELPFUL and NOT_HELPFUL are one's opinion: the last one said counts."""

    READ = "READ"
    HELPFUL = "HELPFUL"
    NOT_HELPFUL = "NOT_HELPFUL"
    USED_IN_VISIT = "USED_IN_VISIT"


_COUNTERS: Mapping[ArticleUseKind, str] = {
    ArticleUseKind.HELPFUL: "helpful",
    ArticleUseKind.NOT_HELPFUL: "not_helpful",
    ArticleUseKind.USED_IN_VISIT: "used_in_visits",
}
_OPINIONS = frozenset({ArticleUseKind.HELPFUL, ArticleUseKind.NOT_HELPFUL})


@dataclass(frozen=True, slots=True)
class ArticleUse:
    """One event. An opinion has one id for each person and article, a use in a visit one for each visit and article."""

    id: str
    org_id: OrgId
    article_id: ArticleId
    owner_id: PersonId
    team_id: TeamId | None
    kind: ArticleUseKind
    at: datetime
    received_at: datetime
    visit_id: VisitId | None = None


def use_id(article_id: str, person_id: str, kind: ArticleUseKind, visit_id: str | None, key: str) -> str:
    """The id that makes a repeated use the same one; each reading is one of its own by its client key."""
    if kind in _OPINIONS:
        return f"{article_id}:{person_id}:opinion"
    if kind is ArticleUseKind.USED_IN_VISIT:
        return f"{article_id}:{visit_id}"
    return f"{article_id}:{person_id}:{key}"


def problem_of(kind: ArticleUseKind, visit_id: str | None, at: datetime, now: datetime) -> InvalidInput | None:
    """What is wrong with a use, or None."""
    if (kind is ArticleUseKind.USED_IN_VISIT) != (visit_id is not None):
        return InvalidInput("visitId", "must be given for a use in a visit, and only there")
    if at > now + MAX_EARLY:
        return InvalidInput("at", "lies in the future")
    if at < now - MAX_LATE:
        return InvalidInput("at", f"lies more than {MAX_LATE.days} days back")
    return None


def counted(before: ArticleUseKind | None, after: ArticleUseKind) -> dict[str, int]:
    """By how much which counters of the article change when `after` takes the place of `before`."""
    if before is after:
        return {}
    changes = {_COUNTERS[after]: 1} if after in _COUNTERS else {}
    if before is not None and before in _COUNTERS:
        changes[_COUNTERS[before]] = -1
    return changes
