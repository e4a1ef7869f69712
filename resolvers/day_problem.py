"""From records to a planning problem and back: gathers a rep's candidates for a day and turns the answer into facts.

Used by resolvers/routes.py for the API and by workers/routes.py for plans whose solver died.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain import polylines
from domain.accounts import Tier
from domain.attendance import next_work
from domain.calendar import Span, known_zone
from domain.ids import AccountId, LeadId, OrgId, PersonId, SiteId, VisitId
from domain.opening_hours import windows
from domain.people import Person
from domain.places import Point
from domain.planning_policies import PlanningPolicy, speed_between
from domain.refusals import Refusal
from domain.routes import (
    DROPPED_BY_PLAN,
    Appointment,
    Candidate,
    MissedVisit,
    OpenLead,
    VisitedAccount,
    candidates,
)
from domain.visits import Visit, VisitKind, VisitState
from resolvers.planner import USUAL, Estimate
from routing import problem as routing
from routing.process import SolvedDay
from storage.beat_plans import sites_coming
from storage.driver import Document
from storage.planning_policies import find_policy
from storage.routes import (
    list_due_leads,
    list_missed_visits,
    list_owned_accounts,
    sites_by_account,
    sites_by_id,
)
from storage.store import Store
from storage.times import aware, stored_time
from storage.visit_cadences import find_cadences
from storage.visits import list_visits_between

MISSED_WITHIN = timedelta(days=30)
COMING_WITHIN = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Day:
    """What a plan is for."""

    rep: Person
    date: date
    start_at: datetime
    end_at: datetime
    now: datetime

    @property
    def shift(self) -> Span:
        """The whole of it."""
        return self.start_at, self.end_at

    @property
    def begin_at(self) -> datetime:
        """From when on there is time to plan: a shift that has begun is planned from now."""
        return min(max(self.start_at, self.now), self.end_at)


@dataclass(frozen=True, slots=True)
class Asked:
    """A solvable problem, the candidates behind its ids, and how its drives are reckoned."""

    problem: routing.DayProblem
    candidates: dict[str, Candidate]
    estimate: Estimate = USUAL


async def gather(store: Store, day: Day, open_between: Span | None = None) -> Asked:
    """The problem of that day as the records stand now; with opening hours of another stretch than the rep's shift."""
    org_id, rep = day.rep.org_id, day.rep
    policy = await find_policy(store, org_id)
    visits = await list_visits_between(store, org_id, rep.id, day.start_at, day.end_at)
    booked = [each for each in visits if each.state is VisitState.PLANNED]
    settled = {each.site_id for each in visits if _is_settled(each)}
    kept = {each.id for each in booked}
    found = await _found(store, day, booked, policy)
    chosen = [each for each in found if each.visit_id in kept or each.site_id not in settled]
    sites = await sites_by_id(store, org_id, list({each.site_id for each in chosen}))
    asked = {_key(each): each for each in chosen if each.site_id in sites}
    problem = routing.DayProblem(
        shift_start=day.begin_at,
        shift_end=day.end_at,
        start=rep.start_point,
        end=rep.start_point,
        lunch=_lunch(day, policy),
        candidates=tuple(
            routed(key, each, sites[each.site_id], open_between or day.shift) for key, each in asked.items()
        ),
        # The day as it is planned already.
        hint=tuple(each.id for each in sorted(booked, key=lambda each: each.planned_start_at or day.end_at)),
    )
    return Asked(problem, asked, _estimate(day, policy))


def _is_settled(visit: Visit) -> bool:
    """Whether nobody goes there again that day: it was visited, or the visit was called off by somebody."""
    if visit.state in {VisitState.CANCELLED, VisitState.RESCHEDULED}:
        return visit.reason != DROPPED_BY_PLAN
    return visit.state in {VisitState.OPEN, VisitState.DONE, VisitState.TOUCH, VisitState.AUTO_CLOSED}


def _estimate(day: Day, policy: PlanningPolicy) -> Estimate:
    zone = known_zone(day.rep.time_zone)
    return Estimate(policy.detour_factor, speed_between(policy, day.begin_at, day.end_at, zone))


async def _found(store: Store, day: Day, booked: list[Visit], policy: PlanningPolicy) -> tuple[Candidate, ...]:
    org_id, rep_id = day.rep.org_id, day.rep.id
    following = next_work(day.rep, day.end_at)
    due_before = following[1] if following is not None else day.end_at + timedelta(days=1)
    leads = await list_due_leads(store, org_id, rep_id, due_before)
    accounts = await list_owned_accounts(store, org_id, rep_id)
    missed = await list_missed_visits(store, org_id, rep_id, day.start_at - MISSED_WITHIN, day.start_at)
    cadences = await find_cadences(store, org_id)
    # What a beat plan brings on a coming day is not due today.
    coming = await sites_coming(store, org_id, rep_id, day.end_at, day.end_at + COMING_WITHIN)
    of_leads = [each["account_id"] for each in leads if each.get("site_id") is None and each.get("account_id")]
    places = await sites_by_account(store, list({*of_leads, *(each["_id"] for each in accounts)}))
    return candidates(
        [_appointment(each, policy) for each in booked],
        [each for each in (_lead(lead, places) for lead in leads) if each is not None],
        [
            _account(each, places[each["_id"]]["_id"], day)
            for each in accounts
            if each["_id"] in places and places[each["_id"]]["_id"] not in coming
        ],
        [_missed(each, day) for each in missed],
        due_before,
        policy,
        cadences.intervals,
    )


def with_candidate(asked: Asked, candidate: Candidate, site: Document, day: Day) -> tuple[str, Asked]:
    """The problem with one candidate more, and its key; one that asks for the same site already stands for it."""
    known = next((key for key, each in asked.candidates.items() if each.site_id == candidate.site_id), None)
    if known is not None:
        return known, asked
    key = _key(candidate)
    more = (*asked.problem.candidates, routed(key, candidate, site, day.shift))
    return key, replace(
        asked, problem=replace(asked.problem, candidates=more), candidates={**asked.candidates, key: candidate}
    )


def _key(candidate: Candidate) -> str:
    return candidate.visit_id or candidate.site_id


def _appointment(visit: Visit, policy: PlanningPolicy) -> Appointment:
    fixed = visit.planned_start_at if visit.kind is VisitKind.APPOINTMENT else None
    length = policy.service_s(visit.tier)
    if visit.planned_start_at is not None and visit.planned_end_at is not None:
        length = int((visit.planned_end_at - visit.planned_start_at).total_seconds())
    return Appointment(visit.id, visit.site_id, visit.account_id, visit.tier, fixed, length)


def _lead(lead: Document, places: dict[str, Document]) -> OpenLead | None:
    site_id = lead.get("site_id") or (places.get(lead.get("account_id") or "") or {}).get("_id")
    if site_id is None:
        return None
    account_id = AccountId(lead["account_id"]) if lead.get("account_id") else None
    return OpenLead(LeadId(lead["_id"]), SiteId(site_id), account_id, Tier(lead["tier"]), aware(lead["sla_due_at"]))


def _account(account: Document, site_id: str, day: Day) -> VisitedAccount:
    seen = aware(account.get("last_verified_visit_at"))
    days = None if seen is None else (day.start_at - seen).days
    return VisitedAccount(AccountId(account["_id"]), SiteId(site_id), Tier(account["tier"]), days)


def _missed(visit: Document, day: Day) -> MissedVisit:
    late = (day.start_at - aware(visit["scheduled_at"])).days
    return MissedVisit(
        VisitId(visit["_id"]), SiteId(visit["site_id"]), AccountId(visit["account_id"]), Tier(visit["tier"]), late
    )


def _lunch(day: Day, policy: PlanningPolicy) -> routing.Lunch | None:
    """The customary break of the rep's own midday; none on a shift that does not reach it."""
    zone = known_zone(day.rep.time_zone)
    times = policy.lunch_times()
    if times is None:
        return None
    opens, closes = (datetime.combine(day.date, at, zone).astimezone(UTC) for at in times)
    if closes <= day.start_at or opens >= day.end_at:
        return None
    return routing.Lunch(routing.Window(opens, closes), policy.lunch_minutes * 60)


def routed(key: str, candidate: Candidate, site: Document, open_between: Span) -> routing.Candidate:
    """The candidate as the planner is asked about it."""
    longitude, latitude = site["location"]["coordinates"]
    open_times: tuple[routing.Window, ...] | None = None
    text = site.get("opening_hours")
    # A promised time overrides the sign on the door.
    if text and candidate.fixed_at is None:
        spans = windows(text, site["time_zone"], *open_between)
        open_times = None if isinstance(spans, Refusal) else tuple(routing.Window(*span) for span in spans)
    return routing.Candidate(
        id=key,
        point=Point(latitude, longitude),
        service_s=candidate.service_s,
        value=candidate.value,
        windows=open_times,
        fixed_at=candidate.fixed_at,
        must=candidate.fixed_at is not None,
    )


def facts_of(solved: SolvedDay, asked: Asked, before: int = 0) -> Document:
    """The solved plan as it is stored; its visits are numbered after the `before` ones that were done already."""
    plan = solved.plan
    places = {stop.candidate_id: number for number, stop in enumerate(plan.stops, before + 1)}
    return {
        "stops": [_stop(each, asked.candidates[each.candidate_id]) for each in plan.stops],
        "dropped": [_drop(each, asked, places) for each in plan.dropped],
        "legs": _legs(solved),
        "lunch_start_at": stored_time(plan.lunch.start_at) if plan.lunch else None,
        "lunch_end_at": stored_time(plan.lunch.end_at) if plan.lunch else None,
        "end_at": stored_time(plan.end_at),
        "end_leg_distance_m": plan.end_leg_distance_m,
        "value": plan.value,
        "bound": plan.bound,
        "distance_m": plan.distance_m,
        "travel_s": plan.travel_s,
        "proof": plan.proof.value,
    }


def dropped_facts(solved: SolvedDay, asked: Asked, key: str) -> Document:
    """Why one candidate is not in the solved plan."""
    places = {stop.candidate_id: number for number, stop in enumerate(solved.plan.stops, 1)}
    return next(_drop(each, asked, places) for each in solved.plan.dropped if each.candidate_id == key)


def _legs(solved: SolvedDay) -> list[Document]:
    """The drives in order: one to each stop, then the one to the end of the route where there is any."""
    plan = solved.plan
    drives = [(each.leg_distance_m, each.leg_s, each.leg_estimated) for each in plan.stops]
    drives.append((plan.end_leg_distance_m, plan.end_leg_s, plan.end_leg_estimated))
    return [
        {"distance_m": distance_m, "duration_s": duration_s, "estimated": estimated, "line": polylines.encode(line)}
        for (distance_m, duration_s, estimated), line in zip(drives, solved.lines, strict=False)
    ]


def _subject(candidate: Candidate) -> Document:
    return {
        "site_id": candidate.site_id,
        "visit_id": candidate.visit_id,
        "lead_id": candidate.lead_id,
        "account_id": candidate.account_id,
        "reason": candidate.reason.value,
        "reasons": [each.value for each in candidate.reasons],
        "value": candidate.value,
        "service_s": candidate.service_s,
    }


def _stop(stop: routing.PlannedStop, candidate: Candidate) -> Document:
    return {
        **_subject(candidate),
        "fixed": candidate.fixed_at is not None,
        "leg_distance_m": stop.leg_distance_m,
        "leg_s": stop.leg_s,
        "leg_estimated": stop.leg_estimated,
        "arrive_at": stored_time(stop.arrive_at),
        "start_at": stored_time(stop.start_at),
        "leave_at": stored_time(stop.leave_at),
    }


def _drop(drop: routing.Dropped, asked: Asked, places: dict[str, int]) -> Document:
    """With the other visits it names as sites, for apps, and as their numbers in the plan, for words."""

    def sites(ids: tuple[str, ...]) -> list[str]:
        return [asked.candidates[each].site_id for each in ids]

    at: Any = asked.candidates[drop.limit_at].site_id if drop.limit_at is not None else None
    return {
        **_subject(asked.candidates[drop.candidate_id]),
        "why": drop.reason.value,
        "limit": drop.limit.value if drop.limit else None,
        "limit_at_site_id": at,
        "limit_at_stop": places.get(drop.limit_at or ""),
        "extra_s": drop.extra_s,
        "displaced_by_site_ids": sites(drop.displaced_by),
        "displaced_by_stops": [places[each] for each in drop.displaced_by],
        "conflicts_with_site_ids": sites(drop.conflicts_with),
        "conflicts_with_stops": [places[each] for each in drop.conflicts_with],
        "needs_later_end_s": drop.needs.later_end_s,
        "needs_earlier_start_s": drop.needs.earlier_start_s,
        "needs_shorter_service_s": drop.needs.shorter_service_s,
    }


async def load_rep(store: Store, org_id: OrgId, rep_id: PersonId) -> Document | None:
    """The rep's record for the server's own work."""
    found = await store["people"].find_one({"_id": rep_id})
    return found if found is not None and found["org_id"] == org_id else None
