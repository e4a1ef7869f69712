"""From records to the rest of a published day and back: what is frozen, where everybody is, what is still to be done.

Used by resolvers/replans.py for one rep and for a team.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from domain.access import Scope
from domain.accounts import Tier
from domain.calendar import Span
from domain.ids import AccountId, LeadId, OrgId, PersonId, SiteId, VisitId
from domain.people import Person
from domain.places import Point
from domain.planning_policies import PlanningPolicy
from domain.replans import BEGUN, Fix, ReplanRequest, Told, differences, free_from, starts_at
from domain.routes import Candidate, CandidateReason, visit_value
from domain.team_days import Shared, share
from domain.visits import Visit, VisitState
from resolvers.day_problem import Asked, Day, facts_of, gather, routed
from resolvers.planner import Estimate
from routing import problem as routing
from routing.process import SolvedAgain, SolvedDay
from routing.replan_problem import PriceOfChange, PublishedStop, ReplanProblem
from routing.team_problem import Rep, TeamProblem
from storage.driver import Document
from storage.positions import find_fix_before
from storage.reads import Reads
from storage.routes import sites_by_account, sites_by_id
from storage.store import Store
from storage.times import aware, stored_time
from storage.visits import list_visits_between


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of one rep's day. `told` are the published visits that nobody began, by the planner's ids.

    An absent rep has no route any more: only what was told to them is still to be done, by others.
    """

    day: Day
    published: Document | None
    frozen: tuple[Document, ...]
    frozen_legs: tuple[Document, ...]
    told: Mapping[str, Told]
    asked: Asked
    is_absent: bool = False

    @property
    def rep_id(self) -> PersonId:
        """Whose day it is."""
        return self.day.rep.id


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of the day of all who are planned together."""

    rests: tuple[Rest, ...]
    shared: Mapping[str, Shared]
    told: Mapping[str, Told]
    problem: ReplanProblem
    estimate: Estimate

    @property
    def present(self) -> list[Rest]:
        """Those who have a route, in the order of the problem."""
        return [each for each in self.rests if not each.is_absent]


async def rest_of(
    store: Store,
    rep: Person,
    on: date,
    shift: Span,
    published: Document | None,
    request: ReplanRequest,
    now: datetime,
    between: Span,
    *,
    is_absent: bool = False,
) -> Rest:
    """The rep's day from now on; `between` is when sites are open for anybody who is planned together."""
    visits = await list_visits_between(store, rep.org_id, rep.id, *shift)
    frozen, legs, told = _published(published, visits, rep.id, now)
    day = Day(rep, on, *shift, free_from(visits, shift[0], request.delay_of(rep.id), now))
    asked = await gather(store, day, between)
    if now >= shift[0] and not is_absent:
        start = await _whereabouts(store, rep, visits, now)
        asked = replace(asked, problem=replace(asked.problem, start=start))
    return Rest(day, published, frozen, legs, told, asked, is_absent)


async def _whereabouts(store: Store, rep: Person, visits: Sequence[Visit], now: datetime) -> Point | None:
    begun = [each.site_id for each in visits if each.state in BEGUN]
    sites = await sites_by_id(store, rep.org_id, list(dict.fromkeys(begun)))
    places = {SiteId(site_id): _point(site) for site_id, site in sites.items()}
    seen = await find_fix_before(store, rep.org_id, rep.id, now)
    return starts_at(visits, places, Fix(seen.at, seen.point) if seen is not None else None, rep.start_point, now)


def _point(site: Document) -> Point:
    longitude, latitude = site["location"]["coordinates"]
    return Point(latitude, longitude)


def _published(
    published: Document | None, visits: Sequence[Visit], rep_id: PersonId, now: datetime
) -> tuple[tuple[Document, ...], tuple[Document, ...], dict[str, Told]]:
    """The stops that were begun or done, as they happened, with their drives, and what is still to be done."""
    if published is None:
        return (), (), {}
    frozen: list[tuple[Document, Document | None]] = []
    begun = [each for each in visits if each.state in BEGUN]
    legs = published.get("legs") or []
    for number, stop in enumerate(published["stops"]):
        visit = next((each for each in begun if stop["visit_id"] == each.id), None)
        visit = visit or next((each for each in begun if stop["site_id"] == each.site_id), None)
        if visit is not None:
            begun.remove(visit)
            frozen.append((_happened(stop, visit, now), legs[number] if number < len(legs) else None))
    frozen.sort(key=lambda each: (each[0]["start_at"], each[0]["site_id"]))
    stops = {stop["visit_id"] for stop in published["stops"]}
    told: dict[str, Told] = {
        each.id: Told(each.site_id, rep_id, each.planned_start_at, each.id)
        for each in visits
        if each.state is VisitState.PLANNED
        and each.planned_start_at is not None
        and (each.plan_id == published["_id"] or each.id in stops)
    }
    drives = tuple(leg for _, leg in frozen if leg is not None)
    return tuple(stop for stop, _ in frozen), drives if len(drives) == len(frozen) else (), told


def _happened(stop: Document, visit: Visit, now: datetime) -> Document:
    opened = stored_time(visit.opened_at or visit.scheduled_at)
    left = stored_time(visit.closed_at) if visit.closed_at is not None else max(stop["leave_at"], stored_time(now))
    return {**stop, "frozen": True, "visit_id": visit.id, "arrive_at": opened, "start_at": opened, "leave_at": left}


async def remaining(
    store: Store, org_id: OrgId, rests: Sequence[Rest], request: ReplanRequest, policy: PlanningPolicy
) -> Remaining:
    """What all of them together still have to do, and what changing it costs."""
    alone = {rest.rep_id: rest for rest in rests}
    pool = [
        (rest.rep_id, candidate)
        for rest in rests
        for key, candidate in rest.asked.candidates.items()
        if not rest.is_absent or key in rest.told
    ]
    keys = {id(candidate): key for rest in rests for key, candidate in rest.asked.candidates.items()}
    points = {each.id: each for rest in rests for each in rest.asked.problem.candidates}
    shared = {keys[id(each.candidate)]: each for each in share(pool)}
    questions = {key: _question(points[key], each, alone[each.holder_id]) for key, each in shared.items()}
    for lead_id in request.urgent_lead_ids:
        await _add_urgent(store, org_id, lead_id, rests, shared, questions, policy)
    told = {key: each for rest in rests for key, each in rest.told.items() if key in shared}
    price = policy.change_price
    present = [each for each in rests if not each.is_absent]
    team = TeamProblem(tuple(_rep(each) for each in present), tuple(questions.values()))
    published = tuple(
        PublishedStop(key, each.rep_id, each.start_at)
        for key, each in sorted(told.items(), key=lambda one: (one[1].start_at, one[0]))
    )
    problem = ReplanProblem(
        team,
        published,
        PriceOfChange(price.moved, price.reassigned, price.dropped, price.moved_after_minutes * 60),
    )
    return Remaining(tuple(rests), shared, told, problem, present[0].asked.estimate)


def _rep(rest: Rest) -> Rep:
    own = rest.asked.problem
    return Rep(rest.rep_id, own.shift_start, own.shift_end, own.start, own.end, own.lunch)


def _question(candidate: routing.Candidate, shared: Shared, holder: Rest) -> routing.Candidate:
    """What was promised stays with whom it was promised by, unless that person is away."""
    is_bound = shared.bound and not holder.is_absent
    return replace(candidate, rep_id=shared.holder_id if is_bound else None)


async def _add_urgent(
    store: Store,
    org_id: OrgId,
    lead_id: LeadId,
    rests: Sequence[Rest],
    shared: dict[str, Shared],
    questions: dict[str, routing.Candidate],
    policy: PlanningPolicy,
) -> None:
    """The lead as a visit that has to be made: by its owner, if they are there; one that goes there stands for it."""
    lead = await Reads(store, Scope.whole_organization(org_id)).find("leads", lead_id)
    site = None if lead is None else await site_of_lead(store, org_id, lead)
    if lead is None or site is None:
        return
    goes = (each for each in shared.items() if _goes_to(each[1].candidate, site))
    key = next((key for key, _ in goes), None)
    if key is None:
        tier = Tier(lead["tier"])
        candidate = Candidate(
            SiteId(site["_id"]),
            CandidateReason.SLA_DUE,
            visit_value(tier, 0, sla_due=True, policy=policy),
            policy.service_s(tier),
            (CandidateReason.SLA_DUE,),
            lead_id=lead_id,
            account_id=AccountId(site["account_id"]),
        )
        key = site["_id"]
        owner = next((each for each in rests if each.rep_id == lead["owner_id"]), None)
        holder = owner or rests[0]
        shared[key] = Shared(candidate, holder.rep_id, bound=owner is not None)
        questions[key] = _question(routed(key, candidate, site, holder.day.shift), shared[key], holder)
    questions[key] = replace(questions[key], must=True)


def _goes_to(candidate: Candidate, site: Document) -> bool:
    return candidate.site_id == SiteId(site["_id"]) or candidate.account_id == AccountId(site["account_id"])


async def site_of_lead(store: Store, org_id: OrgId, lead: Document) -> Document | None:
    """Where a lead is visited: its own site, else the first of its account."""
    if lead.get("site_id"):
        return (await sites_by_id(store, org_id, [lead["site_id"]])).get(lead["site_id"])
    account_id = lead.get("account_id")
    return None if not account_id else (await sites_by_account(store, [account_id])).get(account_id)


def plan_facts(remaining: Remaining, answer: SolvedAgain, rest: Rest) -> Document:
    """One rep's part of the answer as it is stored: what happened, then what is still to be done, and what changes."""
    solved = _own_day(remaining, answer, rest)
    candidates = {key: each.candidate for key, each in remaining.shared.items()}
    asked = Asked(rest.asked.problem, candidates)
    facts: dict[str, Any] = facts_of(solved, asked, len(rest.frozen))
    for stop, document in zip(solved.plan.stops, facts["stops"], strict=True):
        holder = remaining.shared[stop.candidate_id].holder_id
        document["from_rep_id"] = None if holder == rest.rep_id else holder
    changes = differences(remaining.told, _planned(answer, remaining), rest.rep_id)
    return facts | {
        "stops": [*rest.frozen, *facts["stops"]],
        "legs": [*rest.frozen_legs, *facts["legs"]],
        "distance_m": facts["distance_m"] + sum(each["leg_distance_m"] for each in rest.frozen),
        "travel_s": facts["travel_s"] + sum(each["leg_s"] for each in rest.frozen),
        "value": facts["value"] + sum(each["value"] for each in rest.frozen),
        "bound": facts["bound"] + sum(each["value"] for each in rest.frozen),
        "changes": [
            {
                "kind": each.kind.value,
                "site_id": each.site_id,
                "from_at": stored_time(each.from_at),
                "to_at": stored_time(each.to_at),
                "from_rep_id": each.from_rep_id,
                "to_rep_id": each.to_rep_id,
                "time_zone": rest.day.rep.time_zone,
            }
            for each in changes
        ],
        "replans_id": rest.published["_id"] if rest.published is not None else None,
    }


def _own_day(remaining: Remaining, answer: SolvedAgain, rest: Rest) -> SolvedDay:
    dropped = tuple(
        drop
        for drop in answer.answer.plan.dropped
        if (drop.rep_id or remaining.shared[drop.candidate_id].holder_id) == rest.rep_id
    )
    if not rest.is_absent:
        solved = answer.days[remaining.present.index(rest)]
        return replace(solved, plan=replace(solved.plan, dropped=dropped))
    plan = routing.DayPlan(
        stops=(),
        lunch=None,
        dropped=dropped,
        value=0,
        distance_m=0.0,
        travel_s=0,
        end_leg_distance_m=0.0,
        end_leg_s=0,
        end_at=rest.day.begin_at,
        proof=answer.answer.plan.proof,
        bound=0,
        seed=0,
    )
    return SolvedDay(plan, ())


def _planned(answer: SolvedAgain, remaining: Remaining) -> dict[str, Told]:
    return {
        stop.candidate_id: Told(
            remaining.shared[stop.candidate_id].candidate.site_id,
            PersonId(route.rep_id),
            stop.start_at,
            _visit_of(remaining, stop.candidate_id),
        )
        for route in answer.answer.plan.routes
        for stop in route.plan.stops
    }


def _visit_of(remaining: Remaining, key: str) -> VisitId | None:
    return remaining.shared[key].candidate.visit_id


def shift_of(document: Document) -> Span:
    """The shift a stored plan is for."""
    return aware(document["shift_start_at"]), aware(document["shift_end_at"])
