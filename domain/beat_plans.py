"""A beat plan's life, how two of them differ, and what publishing one does to visits; used by resolvers/beat_plans.py.

The weeks themselves are planned by routing/, from what resolvers/period_problem.py gathers.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.ids import BeatPlanId, PersonId, SiteId, TeamId, VisitId
from domain.refusals import InvalidInput, Refusal, VersionConflict, WrongState

MAX_WEEKS = 8
MAX_REPS = 10
FURTHEST = timedelta(days=90)
"""How far ahead a period may begin."""
_VISITS = uuid.UUID("6f0e1f9a-4a4e-4f6d-9d53-6a1c1f0b7c55")


class BeatPlanState(StrEnum):
    """Where a beat plan stands."""

    SOLVING = "SOLVING"
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    SUPERSEDED = "SUPERSEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class BeatPlan:
    """Some weeks of some reps, from `first` to `last` (ISO local dates); each step is a new version.

    `pending` says that it is published and its visits are still being made.
    """

    id: BeatPlanId
    owner_id: PersonId
    team_id: TeamId | None
    rep_ids: tuple[PersonId, ...]
    first: str
    last: str
    share_accounts: bool
    state: BeatPlanState
    created_at: datetime
    version: int = 1
    pending: bool = False
    solved_at: datetime | None = None
    published_at: datetime | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class BeatPlanNotReady(Refusal):
    """The solver is still at work; ask again."""

    code: ClassVar[str] = "BEAT_PLAN_NOT_READY"
    passing: ClassVar[bool] = True
    beat_plan_id: BeatPlanId

    @property
    def message(self) -> str:
        return f"The beat plan {self.beat_plan_id} is still being solved."


@dataclass(frozen=True, slots=True)
class NobodyWorks(Refusal):
    """None of the people asked for has a shift in the period."""

    code: ClassVar[str] = "NOBODY_WORKS"
    first: str
    last: str

    @property
    def message(self) -> str:
        return f"Nobody works between {self.first} and {self.last}."


def period_problem(first: date, weeks: int, today: date) -> InvalidInput | None:
    """Why no such period can be planned."""
    if not 1 <= weeks <= MAX_WEEKS:
        return InvalidInput("weeks", f"must be 1 to {MAX_WEEKS}")
    if not today <= first <= today + FURTHEST:
        return InvalidInput("first", f"must be today or up to {FURTHEST.days} days ahead")
    return None


def solved(plan: BeatPlan, now: datetime) -> BeatPlan | WrongState:
    """SOLVING -> DRAFT."""
    if plan.state is not BeatPlanState.SOLVING:
        return WrongState(plan.id, plan.state)
    return replace(plan, state=BeatPlanState.DRAFT, solved_at=now, version=plan.version + 1)


def failed(plan: BeatPlan, reason: str, now: datetime) -> BeatPlan | WrongState:
    """SOLVING -> FAILED, with why in a word."""
    if plan.state is not BeatPlanState.SOLVING:
        return WrongState(plan.id, plan.state)
    return replace(plan, state=BeatPlanState.FAILED, solved_at=now, failure=reason, version=plan.version + 1)


def published(
    plan: BeatPlan, expected_version: int | None, today: date, now: datetime
) -> BeatPlan | BeatPlanNotReady | InvalidInput | WrongState | VersionConflict:
    """DRAFT -> PUBLISHED with visits to make, guarded on the version the caller saw; not once its first day is over."""
    if plan.state is BeatPlanState.SOLVING:
        return BeatPlanNotReady(plan.id)
    if expected_version is not None and expected_version != plan.version:
        return VersionConflict(plan.id, plan.version)
    if plan.state is not BeatPlanState.DRAFT:
        return WrongState(plan.id, plan.state)
    if date.fromisoformat(plan.first) < today:
        return InvalidInput("id", "begins in the past: plan again from today")
    return replace(plan, state=BeatPlanState.PUBLISHED, pending=True, published_at=now, version=plan.version + 1)


def made(plan: BeatPlan) -> BeatPlan:
    """All visits of the published plan stand."""
    return replace(plan, pending=False, version=plan.version + 1)


def superseded(plan: BeatPlan) -> BeatPlan:
    """A newer plan with one of its reps takes the same days; what it had still to make is not made any more."""
    return replace(plan, state=BeatPlanState.SUPERSEDED, pending=False, version=plan.version + 1)


def overlaps(plan: BeatPlan, other: BeatPlan) -> bool:
    """Whether they plan a day of the same rep."""
    return bool(set(plan.rep_ids) & set(other.rep_ids)) and plan.first <= other.last and other.first <= plan.last


@dataclass(frozen=True, slots=True, order=True)
class BeatVisit:
    """A visit as a plan sees it: who is to be where on which local date."""

    date: str
    rep_id: PersonId
    site_id: SiteId


class BeatChangeKind(StrEnum):
    """How a visit differs from the visits in force."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    MOVED = "MOVED"


@dataclass(frozen=True, slots=True)
class BeatChange:
    """One difference; `from_*` is None for what is new, `to_*` for what is gone."""

    kind: BeatChangeKind
    site_id: SiteId
    from_date: str | None = None
    from_rep_id: PersonId | None = None
    to_date: str | None = None
    to_rep_id: PersonId | None = None


def beat_changes(before: Iterable[BeatVisit], after: Iterable[BeatVisit]) -> tuple[BeatChange, ...]:
    """How the visits of each site differ, by date: equal ones are kept, others paired in their order, the rest new or
    gone."""
    was, will = Counter(before), Counter(after)
    gone, new = (defaultdict[SiteId, list[BeatVisit]](list) for _ in range(2))
    for visits, counted in ((gone, was - will), (new, will - was)):
        for each in sorted(counted.elements()):
            visits[each.site_id].append(each)
    changes: list[BeatChange] = []
    for site_id in {*gone, *new}:
        old, fresh = gone[site_id], new[site_id]
        for one, other in zip(old, fresh, strict=False):
            changes.append(BeatChange(BeatChangeKind.MOVED, site_id, one.date, one.rep_id, other.date, other.rep_id))
        changes += [BeatChange(BeatChangeKind.REMOVED, site_id, each.date, each.rep_id) for each in old[len(fresh) :]]
        changes += [
            BeatChange(BeatChangeKind.ADDED, site_id, None, None, each.date, each.rep_id) for each in fresh[len(old) :]
        ]
    return tuple(sorted(changes, key=lambda each: (each.to_date or each.from_date or "", each.site_id)))


@dataclass(frozen=True, slots=True)
class StandingVisit:
    """A visit of the rep in the period as publishing finds it; `of_plan` where a beat plan made it."""

    visit_id: VisitId
    site_id: SiteId
    date: str
    state: str
    is_appointment: bool
    of_plan: bool


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing does to a rep's visits; `keep` pairs visits with the places they get in the plan."""

    create: tuple[BeatVisit, ...]
    keep: tuple[tuple[VisitId, BeatVisit], ...]
    drop: tuple[VisitId, ...]


def publication(wanted: Sequence[BeatVisit], standing: Collection[StandingVisit]) -> Publication:
    """Only PLANNED visits change: one at the same site moves to the plan's day, others of beat plans are dropped.

    Appointments never change. A site that has any other visit on a day gets no second one there.
    """
    free = [each for each in standing if each.state == "PLANNED" and not each.is_appointment]
    taken = {(each.site_id, each.date) for each in standing if each not in free and each.state in _TAKING}
    left = [each for each in wanted if (each.site_id, each.date) not in taken]
    keep: list[tuple[VisitId, BeatVisit]] = []
    for same_day in (True, False):
        for place in list(left):
            match = next(
                (
                    each
                    for each in sorted(free, key=lambda each: (each.date, each.visit_id))
                    if each.site_id == place.site_id and (each.date == place.date if same_day else each.of_plan)
                ),
                None,
            )
            if match is not None:
                keep.append((match.visit_id, place))
                free.remove(match)
                left.remove(place)
    return Publication(tuple(left), tuple(keep), tuple(each.visit_id for each in free if each.of_plan))


_TAKING = frozenset({"PLANNED", "OPEN", "DONE", "TOUCH", "AUTO_CLOSED"})


def visit_id(plan_id: BeatPlanId, place: BeatVisit) -> VisitId:
    """The id of the visit a plan makes there: the same however often it is made."""
    return VisitId(f"vis_{uuid.uuid5(_VISITS, f'{plan_id}:{place.site_id}:{place.date}')}")
