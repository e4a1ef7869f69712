"""Planning the days of a region's reps in one go, by hand or every night: the rules, and how far a run has come.

Pure; for resolvers/planning_runs.py and workers/planning_runs.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from domain.calendar import DAY_S, wall_span
from domain.ids import OrgId, PersonId, PlanId, PlanningRunId, TeamId
from domain.refusals import InvalidInput, VersionConflict

MAX_DAYS_AHEAD = 7
MAX_FAILURES = 100
"""So many failed days are listed; all are counted."""
_NAMES = UUID("5f0f4b52-6f3c-4d3e-9a53-0f3b8b1f6f1e")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class RunState(StrEnum):
    """Whether there are reps it has not come to."""

    RUNNING = "RUNNING"
    DONE = "DONE"


class DayOutcome(StrEnum):
    """What came of one rep's day."""

    PLANNED = "PLANNED"
    NO_SHIFT = "NO_SHIFT"
    PUBLISHED_BEFORE = "PUBLISHED_BEFORE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class RepDay:
    """What came of the day of one rep; `plan_id` where a plan was made."""

    rep_id: PersonId
    outcome: DayOutcome
    plan_id: PlanId | None = None


@dataclass(frozen=True, slots=True)
class FailedDay:
    """A day that could not be planned; the plan says why."""

    rep_id: PersonId
    plan_id: PlanId | None


@dataclass(frozen=True, slots=True)
class PlanningRun:
    """One date of all reps of a team and the teams below, or of everybody; `cursor` is the last rep it came to.

    `lease_until`: until then whoever works on it is not disturbed. `owner_id`: who asked; None for a nightly one.
    """

    id: PlanningRunId
    org_id: OrgId
    date: str
    team_id: TeamId | None
    owner_id: PersonId | None
    created_at: datetime
    state: RunState = RunState.RUNNING
    cursor: str = ""
    planned: int = 0
    without_shift: int = 0
    published_before: int = 0
    failed: int = 0
    failures: tuple[FailedDay, ...] = ()
    lease_until: datetime | None = None
    finished_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class NightRules:
    """When an organization's days are planned by themselves: at a local time, for a date so many days later.

    Without `starts_at` (HH:MM) they are not. `due_at` is the next time.
    """

    id: OrgId
    org_id: OrgId
    starts_at: str | None = None
    days_ahead: int = 0
    due_at: datetime | None = None
    version: int = 0
    updated_at: datetime | None = None
    updated_by: PersonId | None = None


def revise(
    before: NightRules,
    starts_at: str | None,
    days_ahead: int,
    expected_version: int,
    zone: ZoneInfo,
    by: PersonId,
    now: datetime,
) -> NightRules | InvalidInput | VersionConflict:
    """The next version of the rules, due at the next such local time."""
    if starts_at is not None and _CLOCK.fullmatch(starts_at) is None:
        return InvalidInput("startsAt", "must be a time of day, HH:MM")
    if not 0 <= days_ahead <= MAX_DAYS_AHEAD:
        return InvalidInput("daysAhead", f"must be 0 to {MAX_DAYS_AHEAD}")
    if before.version != expected_version:
        return VersionConflict(before.id, before.version)
    return replace(
        before,
        starts_at=starts_at,
        days_ahead=days_ahead,
        due_at=None if starts_at is None else next_night(starts_at, zone, now),
        version=before.version + 1,
        updated_at=now,
        updated_by=by,
    )


def next_night(starts_at: str, zone: ZoneInfo, after: datetime) -> datetime:
    """The first instant later than `after` at which clocks of the zone show `starts_at`."""
    at, today = time.fromisoformat(starts_at), after.astimezone(zone).date()
    wall_s = at.hour * 3_600 + at.minute * 60
    nights = (wall_span(zone, today + timedelta(days=ahead), wall_s, DAY_S)[0] for ahead in range(3))
    return next(night for night in nights if night > after)


def nightly_run(rules: NightRules, zone: ZoneInfo, now: datetime) -> tuple[PlanningRun, NightRules]:
    """The run that is due, and the rules waiting for the next night. Nights that no worker saw are left out."""
    assert rules.starts_at is not None
    assert rules.due_at is not None
    day = now.astimezone(zone).date() + timedelta(days=rules.days_ahead)
    # One for each date: when the rules change after a night began, that night is not planned twice.
    run_id = PlanningRunId(f"prn_{uuid5(_NAMES, f'{rules.org_id} {day}')}")
    run = PlanningRun(run_id, rules.org_id, day.isoformat(), None, None, now)
    return run, replace(rules, due_at=next_night(rules.starts_at, zone, now))


def plan_of(run: PlanningRun, rep_id: PersonId) -> PlanId:
    """The id of the rep's plan: the same each time the run comes to them."""
    return PlanId(f"pln_{uuid5(_NAMES, f'{run.id} {rep_id}')}")


def after_batch(
    run: PlanningRun, days: Sequence[RepDay], cursor: str, lease_until: datetime | None, now: datetime, *, done: bool
) -> PlanningRun:
    """The run with what came of the next reps."""
    count = {outcome: sum(each.outcome is outcome for each in days) for outcome in DayOutcome}
    failures = [FailedDay(each.rep_id, each.plan_id) for each in days if each.outcome is DayOutcome.FAILED]
    return replace(
        run,
        cursor=cursor,
        planned=run.planned + count[DayOutcome.PLANNED],
        without_shift=run.without_shift + count[DayOutcome.NO_SHIFT],
        published_before=run.published_before + count[DayOutcome.PUBLISHED_BEFORE],
        failed=run.failed + count[DayOutcome.FAILED],
        failures=(*run.failures, *failures)[:MAX_FAILURES],
        state=RunState.DONE if done else RunState.RUNNING,
        lease_until=lease_until,
        finished_at=now if done else None,
        version=run.version + 1,
    )


def run_date(run: PlanningRun) -> date:
    """The local date that is planned."""
    return date.fromisoformat(run.date)
