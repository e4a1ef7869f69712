"""Coaching rules: what conversations should cover, and the article for whoever leaves it out several times in a row.

Pure; rules are data of the organization. resolvers/coaching.py asks `streak` at every activity that is logged.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.activities import Activity, ActivityKind
from domain.ids import ArticleId, OrgId, PersonId
from domain.notices import Notice, NoticeKind, Priority, event_key, make_notice
from domain.refusals import InvalidInput, VersionConflict

MAX_RULES = 50
MAX_NAME = 120
MAX_MISSES = 20
MAX_COVERED = 20
_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True)
class CoachingRule:
    """Activities of a kind with leads in a stage (None: any) should cover `expects`; `misses` in a row without it lead
    to one notice with the article."""

    key: str
    name_en: str
    name_zh: str
    kind: ActivityKind
    expects: str
    misses: int
    article_id: ArticleId
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class CoachingRules:
    """An organization's rules; none in version 0."""

    id: OrgId
    org_id: OrgId
    version: int = 0
    rules: tuple[CoachingRule, ...] = ()
    saved_at: datetime | None = None
    saved_by_id: PersonId | None = None


def revise(
    before: CoachingRules, rules: Sequence[CoachingRule], expected_version: int, by_id: PersonId, now: datetime
) -> CoachingRules | InvalidInput | VersionConflict:
    """The rules in their next version."""
    if problem := _problem(rules):
        return problem
    if before.version != expected_version:
        return VersionConflict(before.id, before.version)
    return replace(before, rules=tuple(rules), version=before.version + 1, saved_at=now, saved_by_id=by_id)


def _problem(rules: Sequence[CoachingRule]) -> InvalidInput | None:
    if len(rules) > MAX_RULES:
        return InvalidInput("rules", f"must be at most {MAX_RULES}")
    seen: set[str] = set()
    for number, rule in enumerate(rules):
        at = f"rules.{number}"
        for field, key in (("key", rule.key), ("expects", rule.expects)):
            if not _KEY.fullmatch(key):
                return InvalidInput(f"{at}.{field}", "must be 1 to 40 letters, digits, _ or -")
        if rule.key in seen:
            return InvalidInput(f"{at}.key", "stands there twice")
        seen.add(rule.key)
        for field, name in (("nameEn", rule.name_en), ("nameZh", rule.name_zh)):
            if not name.strip() or len(name) > MAX_NAME:
                return InvalidInput(f"{at}.{field}", f"must have 1 to {MAX_NAME} characters")
        if not 1 <= rule.misses <= MAX_MISSES:
            return InvalidInput(f"{at}.misses", f"must be 1 to {MAX_MISSES}")
    return None


def covered_problem(covered: Collection[str]) -> InvalidInput | None:
    """What is wrong with the keys of what an activity covered, or None."""
    if len(covered) > MAX_COVERED:
        return InvalidInput("covered", f"must be at most {MAX_COVERED}")
    if not all(_KEY.fullmatch(key) for key in covered):
        return InvalidInput("covered", "each must be 1 to 40 letters, digits, _ or -")
    return None


def judged_by(rule: CoachingRule, activity: Activity) -> bool:
    """Whether the rule looks at such an activity: something a person did, in its stage."""
    return (
        activity.kind is rule.kind
        and not activity.automatic
        and activity.by_id is not None
        and rule.stage in (None, activity.stage)
    )


def streak(rule: CoachingRule, newest_first: Iterable[Activity]) -> tuple[list[Activity], str]:
    """The activities that missed it since the last that covered it, newest first, and that one's id ("" for none)."""
    missed: list[Activity] = []
    for activity in newest_first:
        if judged_by(rule, activity):
            if rule.expects in activity.covered:
                return missed, activity.id
            missed.append(activity)
    return missed, ""


def coach(rule: CoachingRule, newest_first: Iterable[Activity], now: datetime) -> Notice | None:
    """The notice with the article once enough activities in a row missed it: one in each row, whatever comes late."""
    missed, since = streak(rule, newest_first)
    if len(missed) < rule.misses:
        return None
    latest = missed[0]
    assert latest.by_id is not None
    return make_notice(
        latest.org_id,
        latest.by_id,
        NoticeKind.COACHING,
        Priority.NORMAL,
        event_key(NoticeKind.COACHING, rule.key, rule.expects, since),
        now,
        lead_id=latest.lead_id,
        article_id=rule.article_id,
    )
