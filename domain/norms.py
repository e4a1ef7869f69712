"""Behaviour norms of an organization: what is to be done in the visits of each day and week, and how strictly.

Read by resolvers/norms.py at every check-out, edited there by administrators; domain/compliance.py judges by them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from domain.ids import OrgId, PersonId
from domain.refusals import InvalidInput, Refusal
from domain.visits import VisitOutcome

MAX_ITEMS = 20
MAX_NAME = 120
MAX_INSIGHTS = 50
_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")


class NormMode(StrEnum):
    """How strictly the norms are kept."""

    OFF = "OFF"
    SOFT = "SOFT"
    HARD = "HARD"


@dataclass(frozen=True, slots=True)
class MustDo:
    """Something to do in a visit. `required`: in HARD mode no visit of a day ends before it was done that day."""

    key: str
    name_en: str
    name_zh: str
    required: bool = False


DEFAULT_ITEMS = (
    MustDo("STOCK", "Check shelf and stock", "检查陈列与库存"),
    MustDo("DECIDER", "Talk to whoever decides", "与决策人沟通"),
    MustDo("NEXT_STEP", "Agree on the next step", "约定下一步行动", required=True),
)


@dataclass(frozen=True, slots=True)
class Norms:
    """An organization's norms; version 0 are those it begins with. `reminder_day` is an ISO weekday, 1 is Monday."""

    id: OrgId
    org_id: OrgId
    version: int = 0
    items: tuple[MustDo, ...] = DEFAULT_ITEMS
    items_a_day: int = 3
    insights_a_week: int = 2
    mode: NormMode = NormMode.SOFT
    reminder_day: int = 5
    reminder_hour: int = 15
    saved_at: datetime | None = None
    saved_by_id: PersonId | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the items, in their order."""
        return tuple(each.key for each in self.items)


@dataclass(frozen=True, slots=True)
class MustDoRequired(Refusal):
    """The visit does not end before these are done; the evidence is kept. Send the check-out again with them."""

    code: ClassVar[str] = "MUST_DO_REQUIRED"
    visit_id: str
    missing: tuple[str, ...]
    insights_missing: int

    @property
    def message(self) -> str:
        return f"{self.visit_id} needs {', '.join(self.missing) or 'no item'} and {self.insights_missing} insights."


def norms_problem(norms: Norms) -> InvalidInput | None:
    """The first value that cannot be saved, by its field."""
    if len(norms.items) > MAX_ITEMS:
        return InvalidInput("items", f"must be at most {MAX_ITEMS}")
    for number, item in enumerate(norms.items):
        if not _KEY.fullmatch(item.key):
            return InvalidInput(f"items.{number}.key", "must be 1 to 40 letters, digits, _ or -")
        if item.key in norms.keys[:number]:
            return InvalidInput(f"items.{number}.key", "stands there twice")
        for field, name in (("nameEn", item.name_en), ("nameZh", item.name_zh)):
            if not name.strip() or len(name) > MAX_NAME:
                return InvalidInput(f"items.{number}.{field}", f"must have 1 to {MAX_NAME} characters")
    limits = (
        ("itemsADay", norms.items_a_day, 0, len(norms.items)),
        ("insightsAWeek", norms.insights_a_week, 0, MAX_INSIGHTS),
        ("reminderDay", norms.reminder_day, 1, 7),
        ("reminderHour", norms.reminder_hour, 0, 23),
    )
    for field, value, least, most in limits:
        if not least <= value <= most:
            return InvalidInput(field, f"must be {least} to {most}")
    return None


def shut(
    norms: Norms, visit_id: str, outcome: VisitOutcome, day: date, done: Collection[str], insights: int
) -> MustDoRequired | None:
    """Why a rep at the site cannot check out yet; `done` and `insights` are those of the day and of the week so far.

    Insights are asked for from the day of the reminder on. Where nobody was there, nothing could be done.
    """
    if norms.mode is not NormMode.HARD or outcome is VisitOutcome.NOBODY_THERE:
        return None
    missing = tuple(each.key for each in norms.items if each.required and each.key not in done)
    late = day.isoweekday() >= norms.reminder_day
    lacking = max(norms.insights_a_week - insights, 0) if late else 0
    return MustDoRequired(visit_id, missing, lacking) if missing or lacking else None


def unknown_items(norms: Norms, keys: Sequence[str]) -> InvalidInput | None:
    """The first key that is no item of the norms."""
    for key in keys:
        if key not in norms.keys:
            return InvalidInput("key", f"{key} is none of {', '.join(norms.keys) or 'no items'}")
    return None
