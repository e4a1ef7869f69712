"""What it would take to make a visit that a plan left out, or gives to another. Nothing is saved."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from domain.access import Capability
from domain.attendance import planned_work
from domain.errors import BadInput, Unavailable
from domain.ids import AccountId, LeadId, SiteId, VisitId
from domain.people import Person, PersonState
from domain.routes import SERVICE_S, Candidate, CandidateReason
from resolvers.context import Context
from resolvers.day_problem import Asked, Day, dropped_facts, gather, with_candidate
from resolvers.routes import HORIZON
from routing.problem import DayPlan, Proof
from storage.driver import Document
from storage.people import find_person
from storage.routes import find_plan, sites_by_id
from storage.times import stored_time

MAX_LATER_MINUTES = 360


async def what_if(
    context: Context, plan_id: str, site_id: str, later_end_minutes: int, rep_id: str | None, day: date | None
) -> Document | None:
    """The answer, or None where there is no such plan, site among what it was asked about, or person. Raises Forbidden,
    BadInput, and Unavailable while too many ask."""
    actor, store = context.me, context.services.store
    if not 0 <= later_end_minutes <= MAX_LATER_MINUTES:
        raise BadInput("laterEndMinutes", f"must be 0 to {MAX_LATER_MINUTES}")
    if day is not None and abs(day - context.now.date()) > HORIZON:
        raise BadInput("date", "must be within 60 days of today")
    plan = await find_plan(store, actor.scope, plan_id)
    if plan is None:
        return None
    drop = next((each for each in (*plan["dropped"], *plan["stops"]) if each["site_id"] == site_id), None)
    rep = await find_person(store, actor.scope, rep_id or plan["owner_id"])
    if drop is None or rep is None:
        return None
    own = {plan["owner_id"], rep.id} == {actor.person_id}
    context.require(Capability.DO_FIELD_WORK if own else Capability.PLAN_FOR_OTHERS)
    on = day or date.fromisoformat(plan["date"])
    site = (await sites_by_id(store, actor.org_id, [site_id])).get(site_id)
    shift = planned_work(rep, on)
    if site is None or shift is None or rep.state is not PersonState.ACTIVE:
        return _answer(rep, on, site_id) | {"no_shift": shift is None or rep.state is not PersonState.ACTIVE}
    if context.services.planner.is_busy:
        raise Unavailable(2, "Too many plans are being solved right now.")
    later = Day(rep, on, shift[0], shift[1] + timedelta(minutes=later_end_minutes), context.now)
    key, asked = with_candidate(await gather(store, later), _candidate(drop), site, later)
    return await _compared(context, key, asked, later, later_end_minutes)


def _candidate(drop: Document) -> Candidate:
    return Candidate(
        site_id=SiteId(drop["site_id"]),
        reason=CandidateReason(drop["reason"]),
        value=drop["value"],
        service_s=drop.get("service_s") or SERVICE_S,
        reasons=tuple(CandidateReason(each) for each in drop.get("reasons", ())),
        visit_id=VisitId(drop["visit_id"]) if drop.get("visit_id") else None,
        lead_id=LeadId(drop["lead_id"]) if drop.get("lead_id") else None,
        account_id=AccountId(drop["account_id"]) if drop.get("account_id") else None,
    )


async def _compared(context: Context, key: str, asked: Asked, day: Day, later_end_minutes: int) -> Document:
    """The day with the visit in any case, beside the day as it is without it."""
    planner = context.services.planner
    forced = tuple(replace(each, must=each.must or each.id == key) for each in asked.problem.candidates)
    others = tuple(each for each in asked.problem.candidates if each.id != key)
    shift_end = max(asked.problem.shift_start, asked.problem.shift_end - timedelta(minutes=later_end_minutes))
    without, solved = await asyncio.gather(
        planner.solve(replace(asked.problem, candidates=others, shift_end=shift_end), asked.estimate),
        planner.solve(replace(asked.problem, candidates=forced), asked.estimate),
    )
    stop = next((each for each in solved.plan.stops if each.candidate_id == key), None)
    left_out = _planned(without.plan) - _planned(solved.plan)
    broken = {each.id for each in asked.problem.candidates if each.must} & left_out
    site_ids = sorted(asked.candidates[each].site_id for each in left_out)
    answer = _answer(day.rep, day.date, asked.candidates[key].site_id) | {
        "value_without": without.plan.value,
        "distance_without_m": without.plan.distance_m,
        "proven": _is_proven(without.plan) and _is_proven(solved.plan),
        "breaks_appointment": stop is not None and bool(broken),
    }
    if stop is None:
        return answer | {"drop": dropped_facts(solved, asked, key)}
    return answer | {
        "fits": not broken,
        "start_at": stored_time(stop.start_at),
        "end_at": stored_time(solved.plan.end_at),
        "value": solved.plan.value,
        "distance_m": solved.plan.distance_m,
        "leaves_out_site_ids": site_ids,
    }


def _planned(plan: DayPlan) -> set[str]:
    return {stop.candidate_id for stop in plan.stops}


def _is_proven(plan: DayPlan) -> bool:
    return plan.proof is Proof.OPTIMAL


def _answer(rep: Person, day: date, site_id: str) -> dict[str, Any]:
    return {
        "site_id": site_id,
        "owner_id": rep.id,
        "date": day.isoformat(),
        "time_zone": rep.time_zone,
        "fits": False,
    }
