"""From records to the weeks of some reps and back: shifts, accounts with their cadences, appointments, opening hours.

Used by resolvers/beat_plans.py for plans and for what a change of tier would bring.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from domain.accounts import Tier
from domain.attendance import planned_work, working_zone
from domain.beat_plans import BeatVisit
from domain.calendar import known_zone
from domain.ids import AccountId, OrgId, PersonId, SiteId
from domain.opening_hours import windows
from domain.people import Person
from domain.places import Point
from domain.planning_policies import PlanningPolicy
from domain.refusals import Refusal
from domain.routes import visit_value
from domain.visit_cadences import VisitCadences
from domain.visits import Visit, VisitKind, VisitState
from resolvers.planner import Estimate
from routing import period_problem as period
from routing.problem import Lunch, Window
from storage.beat_plans import list_visits_of_period
from storage.calendars import find_calendar
from storage.driver import Document
from storage.planning_policies import find_policy
from storage.routes import list_owned_accounts, sites_by_account, sites_by_id
from storage.store import Store
from storage.times import aware
from storage.visit_cadences import find_cadences

_COUNTED = {VisitState.PLANNED, VisitState.OPEN, VisitState.DONE}
"""Visits after which the next one of a site is counted from; missed and cancelled ones did not happen."""


@dataclass(frozen=True, slots=True)
class Period:
    """What a beat plan is for; `tiers` says what accounts are to be treated as, whatever is stored."""

    org_id: OrgId
    reps: tuple[Person, ...]
    first: date
    last: date
    share_accounts: bool
    now: datetime
    tiers: Mapping[AccountId, Tier]
    keep_all: bool = False
    """Whether the visits in force move only where nothing else is possible."""


@dataclass(frozen=True, slots=True)
class AskedPeriod:
    """A solvable problem, the sites behind its ids, the visits in force, and how drives are reckoned."""

    problem: period.PeriodProblem
    sites: Mapping[SiteId, Document]
    in_force: tuple[BeatVisit, ...]
    estimate: Estimate


_KEEP_S = 12 * 3600


async def gather_period(store: Store, asked: Period) -> AskedPeriod:
    """The problem of that period as the records stand now."""
    cadences = await find_cadences(store, asked.org_id)
    policy = await find_policy(store, asked.org_id)
    holidays = await _holidays(store, asked, cadences)
    shifts = {rep.id: _shifts(rep, asked, policy, holidays) for rep in asked.reps}
    visits = {rep.id: await _visits(store, asked, rep) for rep in asked.reps}
    accounts = {rep.id: await list_owned_accounts(store, asked.org_id, rep.id) for rep in asked.reps}
    of_account = await sites_by_account(store, [each["_id"] for owned in accounts.values() for each in owned])
    booked = {visit.site_id for each in visits.values() for visit in each if visit.kind is VisitKind.APPOINTMENT}
    sites = {SiteId(each["_id"]): each for each in of_account.values()}
    sites |= {
        SiteId(key): each for key, each in (await sites_by_id(store, asked.org_id, sorted(booked - set(sites)))).items()
    }
    gathered = _Gathered(asked, cadences, policy, shifts, visits, accounts, of_account, sites)
    # Opening hours of hundreds of sites over weeks are felt by the requests beside.
    found = await asyncio.to_thread(gathered.sites_asked)
    problem = period.PeriodProblem(
        first=asked.first,
        last=asked.last,
        reps=tuple(period.PeriodRep(rep.id, shifts[rep.id], rep.start_point, rep.start_point) for rep in asked.reps),
        sites=found,
        most_a_day=cadences.visits_a_day,
        reserved=cadences.reserved_percent / 100,
        change_s=_KEEP_S if asked.keep_all else cadences.change_minutes * 60,
    )
    in_force = tuple(
        BeatVisit(day.isoformat(), PersonId(rep_id), SiteId(site.id)) for site in found for rep_id, day in site.current
    )
    return AskedPeriod(problem, sites, in_force, Estimate(policy.detour_factor, policy.speed_km_h))


async def _holidays(store: Store, asked: Period, cadences: VisitCadences) -> frozenset[date]:
    """The closed dates of the organization's calendar in the period."""
    record = await find_calendar(store, asked.org_id, cadences.calendar_key) if cadences.calendar_key else None
    if record is None:
        return frozenset()
    days = {date.fromisoformat(day) for day, intervals in record.calendar.exceptions.items() if not intervals}
    return frozenset(day for day in days if asked.first <= day <= asked.last)


def _shifts(
    rep: Person, asked: Period, policy: PlanningPolicy, holidays: frozenset[date]
) -> tuple[period.PeriodShift, ...]:
    found: list[period.PeriodShift] = []
    for number in range((asked.last - asked.first).days + 1):
        day = asked.first + timedelta(days=number)
        span = planned_work(rep, day) if day not in holidays else None
        if span is None or span[1] <= asked.now:
            continue
        start_at = max(span[0], asked.now)
        found.append(period.PeriodShift(day, start_at, span[1], _lunch(rep, day, (start_at, span[1]), policy)))
    return tuple(found)


def _lunch(rep: Person, day: date, shift: tuple[datetime, datetime], policy: PlanningPolicy) -> Lunch | None:
    """The break of the rep's own midday; none on a shift that does not reach it or begins too late for it."""
    times = policy.lunch_times()
    if times is None:
        return None
    zone = known_zone(rep.time_zone)
    opens, closes = (datetime.combine(day, each, zone).astimezone(UTC) for each in times)
    if closes <= shift[0] or opens >= shift[1]:
        return None
    return Lunch(Window(opens, closes), policy.lunch_minutes * 60)


async def _visits(store: Store, asked: Period, rep: Person) -> list[Visit]:
    """The rep's visits from today to the end of the period."""
    zone = working_zone(rep)
    begin, end = (
        datetime.combine(day, time(), zone).astimezone(UTC)
        for day in (asked.now.astimezone(zone).date(), asked.last + timedelta(days=1))
    )
    return await list_visits_of_period(store, asked.org_id, rep.id, begin, end)


def _point(site: Document) -> Point | None:
    if not site.get("location"):
        return None
    longitude, latitude = site["location"]["coordinates"]
    return Point(latitude, longitude)


@dataclass(frozen=True, slots=True)
class _Gathered:
    asked: Period
    cadences: VisitCadences
    policy: PlanningPolicy
    shifts: Mapping[PersonId, tuple[period.PeriodShift, ...]]
    visits: Mapping[PersonId, list[Visit]]
    accounts: Mapping[PersonId, list[Document]]
    of_account: Mapping[str, Document]
    sites: Mapping[SiteId, Document]

    def sites_asked(self) -> tuple[period.PeriodSite, ...]:
        """Sites of the reps' accounts with their cadences, and others where a visit is promised."""
        standing: dict[SiteId, list[tuple[Person, Visit]]] = defaultdict(list)
        for rep in self.asked.reps:
            for visit in self.visits[rep.id]:
                if visit.state in _COUNTED:
                    standing[visit.site_id].append((rep, visit))
        found: dict[SiteId, period.PeriodSite] = {}
        everybody = tuple(rep.id for rep in self.asked.reps)
        for rep in self.asked.reps:
            for account in self.accounts[rep.id]:
                site = self.of_account.get(account["_id"])
                if site is not None:
                    rep_ids = everybody if self.asked.share_accounts else (rep.id,)
                    found[SiteId(site["_id"])] = self._site(site, account, rep_ids, rep, standing[SiteId(site["_id"])])
        for site_id, visits in standing.items():
            promised = [(rep, visit) for rep, visit in visits if visit.kind is VisitKind.APPOINTMENT]
            if promised and site_id not in found and site_id in self.sites:
                rep = promised[0][0]
                found[site_id] = self._site(self.sites[site_id], None, (rep.id,), rep, promised)
        return tuple(found[key] for key in sorted(found))

    def _site(
        self,
        site: Document,
        account: Document | None,
        rep_ids: Sequence[PersonId],
        owner: Person,
        standing: Sequence[tuple[Person, Visit]],
    ) -> period.PeriodSite:
        tier = Tier(site["tier"] if account is None else account["tier"])
        if account is not None:
            tier = self.asked.tiers.get(AccountId(account["_id"]), tier)
        cadence = self.cadences.of(tier)
        dated = [(rep, visit, visit.scheduled_at.astimezone(working_zone(rep)).date()) for rep, visit in standing]
        last = self._last_visit(account, owner, [day for _, _, day in dated])
        late = cadence.interval_days if last is None else (self.asked.first - last).days - cadence.interval_days
        within = [(rep, visit, day) for rep, visit, day in dated if self.asked.first <= day <= self.asked.last]
        return period.PeriodSite(
            id=site["_id"],
            point=_point(site),
            service_s=self.policy.service_s(tier),
            value=visit_value(tier, max(0, late), policy=self.policy, intervals=self.cadences.intervals),
            cadence=None
            if account is None
            else period.Cadence(cadence.interval_days, cadence.least_days, cadence.most_days),
            rep_ids=tuple(rep_ids),
            last_visit=last,
            windows=self._windows(site),
            appointments=tuple(
                period.Appointment(day, rep.id, visit.planned_start_at)
                for rep, visit, day in within
                if visit.kind is VisitKind.APPOINTMENT
                and visit.state is VisitState.PLANNED
                and visit.planned_start_at is not None
            ),
            current=tuple(
                (rep.id, day)
                for rep, visit, day in within
                if visit.beat_plan_id is not None and visit.state is VisitState.PLANNED
            ),
        )

    def _last_visit(self, account: Document | None, owner: Person, days: Sequence[date]) -> date | None:
        """The latest visit before the period: verified ones, and those that are planned until then."""
        seen = aware(account.get("last_verified_visit_at")) if account is not None else None
        known: list[date] = [] if seen is None else [seen.astimezone(working_zone(owner)).date()]
        # What was verified today counts as yesterday's: the period may begin today.
        before = self.asked.first - timedelta(days=1)
        known = [min(day, before) for day in known]
        return max([*known, *(day for day in days if day < self.asked.first)], default=None)

    def _windows(self, site: Document) -> dict[date, tuple[Window, ...]] | None:
        """Open times by the dates of the reps' shifts; None where the site says nothing that can be read."""
        text, shifts = site.get("opening_hours"), [shift for each in self.shifts.values() for shift in each]
        if not text or not shifts:
            return None
        begin, end = min(shift.start_at for shift in shifts), max(shift.end_at for shift in shifts)
        spans = windows(text, site["time_zone"], begin, end)
        if isinstance(spans, Refusal):
            return None
        found: dict[date, set[Window]] = defaultdict(set)
        for shift in shifts:
            found[shift.date] |= {
                Window(*span) for span in spans if span[0] < shift.end_at and shift.start_at < span[1]
            }
        return {day: tuple(sorted(each, key=lambda one: one.start_at)) for day, each in found.items()}
