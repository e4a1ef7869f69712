"""What a day's plan chooses from and a plan's life: candidates with their values, and the steps of a plan; used by
resolvers/routes.py, which hands candidates to routing/ and stores the plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.accounts import Tier
from domain.ids import AccountId, LeadId, PersonId, PlanId, SiteId, VisitId
from domain.planning_policies import DEFAULT_POLICY, PlanningPolicy
from domain.refusals import Refusal, VersionConflict, WrongState

SERVICE_S = 30 * 60
TIER_INTERVAL_DAYS = {Tier.A: 7, Tier.B: 14, Tier.C: 28}


class CandidateReason(StrEnum):
    """Why a site is worth a visit."""

    APPOINTMENT = "APPOINTMENT"
    SLA_DUE = "SLA_DUE"
    TIER_INTERVAL = "TIER_INTERVAL"
    MISSED = "MISSED"


@dataclass(frozen=True, slots=True)
class Appointment:
    """A visit planned for a time that day; `fixed_at` binds it, None lets the planner choose."""

    visit_id: VisitId
    site_id: SiteId
    account_id: AccountId | None
    tier: Tier
    fixed_at: datetime | None
    service_s: int = SERVICE_S


@dataclass(frozen=True, slots=True)
class OpenLead:
    """An open lead of the rep with the earliest due time of its running clocks; a paused clock has none."""

    lead_id: LeadId
    site_id: SiteId
    account_id: AccountId | None
    tier: Tier
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class VisitedAccount:
    """An account of the rep with whole days since its last verified visit; None where there was none yet."""

    account_id: AccountId
    site_id: SiteId
    tier: Tier
    days_since_visit: int | None


@dataclass(frozen=True, slots=True)
class MissedVisit:
    """An earlier visit that did not happen and was not made good."""

    visit_id: VisitId
    site_id: SiteId
    account_id: AccountId | None
    tier: Tier
    days_overdue: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A site worth a visit that day; `value` is what the planner weighs, `reason` the first of all its `reasons`."""

    site_id: SiteId
    reason: CandidateReason
    value: int
    service_s: int
    reasons: tuple[CandidateReason, ...]
    visit_id: VisitId | None = None
    lead_id: LeadId | None = None
    account_id: AccountId | None = None
    fixed_at: datetime | None = None


def visit_value(
    tier: Tier,
    days_overdue: float,
    *,
    sla_due: bool = False,
    policy: PlanningPolicy = DEFAULT_POLICY,
    intervals: Mapping[Tier, int] = TIER_INTERVAL_DAYS,
) -> int:
    """Tier base x min(2, days overdue / interval + 1), more where a clock falls due; rounded to an integer."""
    pressing = min(2.0, max(0.0, days_overdue) / intervals[tier] + 1)
    return round(policy.of(tier).value * pressing) + (policy.promise_value if sla_due else 0)


def candidates(
    appointments: Iterable[Appointment],
    leads: Iterable[OpenLead],
    accounts: Iterable[VisitedAccount],
    missed: Iterable[MissedVisit],
    next_shift_end_at: datetime,
    policy: PlanningPolicy = DEFAULT_POLICY,
    intervals: Mapping[Tier, int] = TIER_INTERVAL_DAYS,
) -> tuple[Candidate, ...]:
    """The day's candidates, most valuable first: one per site, with the highest value and all reasons.

    Entries of one account at several sites stay apart only where each is an appointment; else the account's most
    valuable one stands for it. `next_shift_end_at` is the end of the shift after the planned one, `intervals` are the
    days from one visit to the next by tier.
    """
    found = [
        *(_appointment(each, policy) for each in appointments),
        *(_lead(each, policy) for each in leads if each.due_at is not None and each.due_at <= next_shift_end_at),
        *(_account(each, policy, intervals) for each in accounts if _days_overdue(each, intervals) is not None),
        *(_missed(each, policy, intervals) for each in missed),
    ]
    kept: list[Candidate] = []
    for each in sorted(found, key=_rank):
        _take(kept, each)
    return tuple(sorted(kept, key=lambda each: (-each.value, each.site_id, each.visit_id or "")))


_ORDER = {reason: number for number, reason in enumerate(CandidateReason)}


def _rank(candidate: Candidate) -> tuple[bool, bool, int, int, str, str]:
    # Appointments come first so that the others join them: a promised visit keeps its identity and its time.
    booked = candidate.reason is CandidateReason.APPOINTMENT
    return (
        not booked,
        candidate.fixed_at is None,
        -candidate.value,
        _ORDER[candidate.reason],
        candidate.site_id,
        f"{candidate.visit_id} {candidate.lead_id} {candidate.account_id}",
    )


def _take(kept: list[Candidate], each: Candidate) -> None:
    """Adds the candidate, or joins it with those of its place: what it brings may tie two of them together."""
    twin = next((index for index, other in enumerate(kept) if _same_place(each, other)), None)
    if twin is None:
        kept.append(each)
    else:
        other = kept.pop(twin)
        _take(kept, _joined(*sorted((each, other), key=_rank)))


def _same_place(one: Candidate, other: Candidate) -> bool:
    if one.reason is CandidateReason.APPOINTMENT and other.reason is CandidateReason.APPOINTMENT:
        return False
    return one.site_id == other.site_id or (one.account_id is not None and one.account_id == other.account_id)


def _joined(kept: Candidate, other: Candidate) -> Candidate:
    reasons = tuple(sorted({*kept.reasons, *other.reasons}, key=_ORDER.__getitem__))
    return replace(
        kept,
        value=max(kept.value, other.value),
        service_s=max(kept.service_s, other.service_s),
        reasons=reasons,
        lead_id=kept.lead_id or other.lead_id,
        account_id=kept.account_id or other.account_id,
        visit_id=kept.visit_id or other.visit_id,
    )


def _appointment(each: Appointment, policy: PlanningPolicy) -> Candidate:
    reason = CandidateReason.APPOINTMENT
    value = visit_value(each.tier, 0, policy=policy)
    return Candidate(
        each.site_id, reason, value, each.service_s, (reason,), each.visit_id, None, each.account_id, each.fixed_at
    )


def _lead(each: OpenLead, policy: PlanningPolicy) -> Candidate:
    reason = CandidateReason.SLA_DUE
    value = visit_value(each.tier, 0, sla_due=True, policy=policy)
    length_s = policy.service_s(each.tier)
    return Candidate(each.site_id, reason, value, length_s, (reason,), None, each.lead_id, each.account_id)


def _account(each: VisitedAccount, policy: PlanningPolicy, intervals: Mapping[Tier, int]) -> Candidate:
    reason = CandidateReason.TIER_INTERVAL
    value = visit_value(each.tier, _days_overdue(each, intervals) or 0, policy=policy, intervals=intervals)
    return Candidate(each.site_id, reason, value, policy.service_s(each.tier), (reason,), account_id=each.account_id)


def _missed(each: MissedVisit, policy: PlanningPolicy, intervals: Mapping[Tier, int]) -> Candidate:
    reason = CandidateReason.MISSED
    value = visit_value(each.tier, each.days_overdue, policy=policy, intervals=intervals)
    length_s = policy.service_s(each.tier)
    return Candidate(each.site_id, reason, value, length_s, (reason,), each.visit_id, None, each.account_id)


def _days_overdue(account: VisitedAccount, intervals: Mapping[Tier, int]) -> int | None:
    """Days past the tier's interval; None before it. An account that was never visited is a whole interval late."""
    interval = intervals[account.tier]
    if account.days_since_visit is None:
        return interval
    late = account.days_since_visit - interval
    return late if late >= 0 else None


DROPPED_BY_PLAN = "left out of a newer plan"
"""The reason of visits that publishing a plan cancels."""


class PlanState(StrEnum):
    """Where a plan stands."""

    SOLVING = "SOLVING"
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    SUPERSEDED = "SUPERSEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Plan:
    """A rep's plan for a local date (ISO); each step is a new version."""

    id: PlanId
    rep_id: PersonId
    date: str
    state: PlanState
    created_at: datetime
    version: int = 1
    solved_at: datetime | None = None
    published_at: datetime | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class PlanNotReady(Refusal):
    """The solver is still at work; ask again."""

    code: ClassVar[str] = "PLAN_NOT_READY"
    passing: ClassVar[bool] = True
    plan_id: PlanId

    @property
    def message(self) -> str:
        return f"The plan {self.plan_id} is still being solved."


def solved(plan: Plan, now: datetime) -> Plan | WrongState:
    """SOLVING -> DRAFT. A plan that was superseded meanwhile stays so."""
    if plan.state is not PlanState.SOLVING:
        return WrongState(plan.id, plan.state)
    return replace(plan, state=PlanState.DRAFT, solved_at=now, version=plan.version + 1)


def failed(plan: Plan, reason: str, now: datetime) -> Plan | WrongState:
    """SOLVING -> FAILED, with why in a word for the planner of the day."""
    if plan.state is not PlanState.SOLVING:
        return WrongState(plan.id, plan.state)
    return replace(plan, state=PlanState.FAILED, solved_at=now, failure=reason, version=plan.version + 1)


def published(
    plan: Plan, expected_version: int | None, now: datetime
) -> Plan | PlanNotReady | WrongState | VersionConflict:
    """DRAFT -> PUBLISHED, guarded on the version the caller saw; supersede the plan published before it."""
    if plan.state is PlanState.SOLVING:
        return PlanNotReady(plan.id)
    if expected_version is not None and expected_version != plan.version:
        return VersionConflict(plan.id, plan.version)
    if plan.state is not PlanState.DRAFT:
        return WrongState(plan.id, plan.state)
    return replace(plan, state=PlanState.PUBLISHED, published_at=now, version=plan.version + 1)


def superseded(plan: Plan) -> Plan | WrongState:
    """A newer plan of the same rep and date takes its place; a failed plan stays failed."""
    if plan.state in {PlanState.SUPERSEDED, PlanState.FAILED}:
        return WrongState(plan.id, plan.state)
    return replace(plan, state=PlanState.SUPERSEDED, version=plan.version + 1)


@dataclass(frozen=True, slots=True)
class DayVisit:
    """A visit of the day as publishing sees it."""

    visit_id: VisitId
    site_id: SiteId
    state: str
    plan_id: PlanId | None


@dataclass(frozen=True, slots=True)
class PlannedSite:
    """A stop of the plan to publish; with a visit where the candidate was one."""

    site_id: SiteId
    visit_id: VisitId | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing does to the day's visits: stops to make a visit for, visits to set in order, visits to drop."""

    create: tuple[PlannedSite, ...]
    keep: tuple[VisitId, ...]
    drop: tuple[VisitId, ...]


def publication(stops: Iterable[PlannedSite], visits: Collection[DayVisit]) -> Publication:
    """Only visits still PLANNED change: those an earlier plan made and this one lacks are dropped.

    A site whose visit of the day is open or done gets no second one; appointments that no plan made are never dropped.
    """
    planned = [each for each in visits if each.state == "PLANNED"]
    settled = {each.site_id for each in visits if each.state in {"OPEN", "DONE", "TOUCH", "AUTO_CLOSED"}}
    create: list[PlannedSite] = []
    keep: list[VisitId] = []
    for stop in stops:
        match = next(
            (
                each.visit_id
                for each in planned
                if each.visit_id not in keep
                and (each.visit_id == stop.visit_id or (stop.visit_id is None and each.site_id == stop.site_id))
            ),
            None,
        )
        if match is not None:
            keep.append(match)
        elif stop.site_id not in settled:
            create.append(stop)
    drop = tuple(each.visit_id for each in planned if each.plan_id is not None and each.visit_id not in keep)
    return Publication(tuple(create), tuple(keep), drop)


class ChangeKind(StrEnum):
    """How a visit differs from the published plan."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    MOVED = "MOVED"


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One difference; `from_at` is None for what is new, `to_at` for what is gone."""

    kind: ChangeKind
    site_id: SiteId
    from_at: datetime | None
    to_at: datetime | None


NOTICED = timedelta(minutes=1)
"""A visit that moves by less is where it was."""


def plan_changes(before: Mapping[SiteId, datetime], after: Mapping[SiteId, datetime]) -> tuple[PlanChange, ...]:
    """How the starts of visits by site differ, in the order of the times they are known by."""
    changes = [PlanChange(ChangeKind.ADDED, site, None, at) for site, at in after.items() if site not in before]
    for site, at in before.items():
        now_at = after.get(site)
        if now_at is None:
            changes.append(PlanChange(ChangeKind.REMOVED, site, at, None))
        elif abs(now_at - at) >= NOTICED:
            changes.append(PlanChange(ChangeKind.MOVED, site, at, now_at))
    known = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(changes, key=lambda each: (each.to_at or each.from_at or known, each.site_id)))
