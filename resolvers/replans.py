"""Planning a published day again from where everybody is: for one rep, or for the reps of a team.

Called by schema/replans.py; the solving also by workers/routes.py and workers/team_days.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import structlog

from domain.access import Actor, Capability, Role
from domain.attendance import planned_work, work_day
from domain.calendar import Span
from domain.ids import OrgId, PersonId, PlanId, TeamDayId, TeamId, is_id, new_id
from domain.leads import StageKind
from domain.people import Person, PersonState
from domain.refusals import InvalidInput, NotFound, Refusal
from domain.replans import MAX_DELAY_MINUTES, DayIsOver, NothingPublished, ReplanRequest, request_problem
from domain.routes import Plan, PlanState, failed, solved
from domain.team_days import MAX_REPS, NobodyOnDuty, TeamDay, TeamDayState, TooManyReps, plan_of
from domain.team_days import failed as team_failed
from domain.team_days import solved as team_solved
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from resolvers.rest_of_day import Remaining, plan_facts, remaining, rest_of, shift_of, site_of_lead
from resolvers.routes import HORIZON, MAX_WAIT_MS, NoShiftPlanned
from resolvers.services import Services
from resolvers.team_days import leads_team
from routing.process import SolvedAgain
from storage.codec import decode, encode
from storage.driver import Document
from storage.people import find_person, list_people
from storage.planning_policies import find_policy
from storage.reads import Reads
from storage.routes import COLLECTION, find_published, insert_plan, list_published, plan_document, plan_in, save_plan
from storage.store import Store
from storage.team_days import COLLECTION as TEAM_DAYS
from storage.team_days import insert_team_day, list_members, save_team_day
from storage.times import stored_time

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asking:
    """What both kinds of replanning are told."""

    request: ReplanRequest
    id: str | None
    wait_ms: int

    def problem(self, prefix: str) -> InvalidInput | None:
        """The first value that cannot be asked for."""
        if self.id is not None and not is_id(prefix, self.id):
            return InvalidInput("id", f"must be {prefix}_ and a ULID or UUID")
        return request_problem(self.request)


async def replan_day(
    context: Context, client_key: str, rep_id: str | None, day: date | None, asking: Asking
) -> Document | Refusal:
    """The draft, solved if that took no longer than `wait_ms`, else SOLVING. Raises Forbidden."""
    actor = context.me
    own = rep_id is None or rep_id == actor.person_id
    context.require(Capability.DO_FIELD_WORK if own else Capability.PLAN_FOR_OTHERS)
    if not 0 <= asking.wait_ms <= MAX_WAIT_MS:
        return InvalidInput("waitMs", f"must be 0 to {MAX_WAIT_MS}")
    if any(not 0 <= each.minutes <= MAX_DELAY_MINUTES for each in asking.request.delays):
        return InvalidInput("delayMinutes", f"must be 0 to {MAX_DELAY_MINUTES}")

    async def act(store: Store) -> Outcome:
        rep = await find_person(store, actor.scope, rep_id or actor.person_id)
        if rep is None:
            return NotFound(rep_id or actor.person_id)
        on = day or work_day(rep, context.now)
        request = asking.request
        problem: Refusal | None = asking.problem("pln") or _date_problem(context, on)
        problem = problem or await _lead_problem(store, actor, request)
        if problem is not None:
            return problem
        shift = planned_work(rep, on)
        if shift is None or rep.state is not PersonState.ACTIVE:
            return NoShiftPlanned(rep.id, on.isoformat())
        if await find_published(store, actor.org_id, rep.id, on.isoformat()) is None:
            return NothingPublished(on.isoformat())
        if context.now >= shift[1]:
            return DayIsOver(on.isoformat())
        plan = Plan(
            PlanId(asking.id or new_id("pln", context.now)), rep.id, on.isoformat(), PlanState.SOLVING, context.now
        )
        facts = _shift(shift) | {"stops": [], "dropped": [], "replan": encode(request)}
        return Saved(COLLECTION, await insert_plan(store, plan_document(plan, rep.org_id, rep.team_id, facts)))

    given = {"rep_id": rep_id, "date": day, "request": encode(asking.request), "id": asking.id}
    found = await once(context, "replanDay", client_key, given, act)
    if isinstance(found, Refusal) or found["state"] != PlanState.SOLVING:
        return found
    solving = context.services.planner.begin(found["_id"], lambda: solve_replan(context.services, found))
    await asyncio.wait({solving}, timeout=asking.wait_ms / 1000)
    return await context.reads.find(COLLECTION, found["_id"]) or found


async def replan_team(context: Context, client_key: str, team_id: str, day: date, asking: Asking) -> Document | Refusal:
    """The team's day with a draft for each who works or worked to a published plan. Raises Forbidden."""
    actor = context.require(Capability.PLAN_FOR_OTHERS)
    if not 0 <= asking.wait_ms <= MAX_WAIT_MS:
        return InvalidInput("waitMs", f"must be 0 to {MAX_WAIT_MS}")

    async def act(store: Store) -> Outcome:
        chosen, request = TeamId(team_id), asking.request
        if not await leads_team(store, actor, chosen):
            return NotFound(team_id)
        reps = {each.id: each for each in await list_members(store, actor.org_id, chosen) if each.role is Role.REP}
        named = [*request.absent_rep_ids, *(each.rep_id for each in request.delays)]
        stranger = next((each for each in named if each not in reps), None)
        if stranger is not None:
            return NotFound(stranger)
        problem: Refusal | None = asking.problem("tdy") or _date_problem(context, day)
        problem = problem or await _lead_problem(store, actor, request)
        if problem is not None:
            return problem
        published = await list_published(store, actor.org_id, list(reps), day.isoformat())
        shifts = {each.id: _shift_on(each, day, request) for each in reps.values()}
        on_duty = [each for each, shift in shifts.items() if shift is not None]
        if not published:
            return NothingPublished(day.isoformat())
        if not on_duty:
            return NobodyOnDuty(chosen, day.isoformat())
        if all(shift is None or context.now >= shift[1] for shift in shifts.values()):
            return DayIsOver(day.isoformat())
        planned = [each for each in reps if shifts[each] is not None or each in published]
        if len(planned) > MAX_REPS:
            return TooManyReps(chosen, len(planned), MAX_REPS)
        new = TeamDay(
            TeamDayId(asking.id or new_id("tdy", context.now)),
            actor.org_id,
            chosen,
            actor.person_id,
            day.isoformat(),
            tuple(planned),
            context.now,
            replan=request,
        )
        return Saved(TEAM_DAYS, await insert_team_day(store, new))

    given = {"team_id": team_id, "date": day, "request": encode(asking.request), "id": asking.id}
    found = await once(context, "replanTeam", client_key, given, act)
    if isinstance(found, Refusal) or found["state"] != TeamDayState.SOLVING:
        return found
    asked = decode(TeamDay, found)
    solving = context.services.planner.begin(asked.id, lambda: solve_team_replan(context.services, asked))
    await asyncio.wait({solving}, timeout=asking.wait_ms / 1000)
    return await context.reads.find(TEAM_DAYS, asked.id) or found


def _date_problem(context: Context, day: date) -> InvalidInput | None:
    too_far = abs(day - context.now.date()) > HORIZON
    return InvalidInput("date", "must be within 60 days of today") if too_far else None


async def _lead_problem(store: Store, actor: Actor, request: ReplanRequest) -> Refusal | None:
    """The first urgent lead that the caller does not see, that is closed, or that is nowhere."""
    found = await Reads(store, actor.scope).by_keys("leads", list(request.urgent_lead_ids))
    for number, lead_id in enumerate(request.urgent_lead_ids):
        lead = found.get(lead_id)
        if lead is None:
            return NotFound(lead_id)
        if lead["stage_kind"] != StageKind.OPEN.value:
            return InvalidInput(f"urgentLeadIds.{number}", "is closed")
        if await site_of_lead(store, actor.org_id, lead) is None:
            return InvalidInput(f"urgentLeadIds.{number}", "has no site to go to")
    return None


def _shift_on(rep: Person, day: date, request: ReplanRequest) -> Span | None:
    return None if rep.id in request.absent_rep_ids else planned_work(rep, day)


async def _solved(
    services: Services, org_id: OrgId, on: date, rep_ids: Sequence[PersonId], request: ReplanRequest
) -> tuple[Remaining, SolvedAgain]:
    """The answer for these people as they stand now. LookupError where nobody is left who could work."""
    store, now = services.store, services.clock()
    people = await list_people(store, org_id, rep_ids)
    published = await list_published(store, org_id, rep_ids, on.isoformat())
    shifts: dict[PersonId, tuple[Span, bool]] = {}
    for rep_id, rep in people.items():
        shift = _shift_on(rep, on, request)
        if shift is not None and now < shift[1]:
            shifts[rep_id] = (shift, False)
        elif rep_id in published:
            shifts[rep_id] = (shift_of(published[rep_id]), True)
    working = [shift for shift, is_absent in shifts.values() if not is_absent]
    if not working:
        raise LookupError("nobody is on duty any more")
    between = (min(shift[0] for shift in working), max(shift[1] for shift in working))
    rests = [
        await rest_of(
            store, people[rep_id], on, shift, published.get(rep_id), request, now, between, is_absent=is_absent
        )
        for rep_id, (shift, is_absent) in shifts.items()
    ]
    left = await remaining(store, org_id, rests, request, await find_policy(store, org_id))
    return left, await services.planner.replan(left.problem, left.estimate)


async def solve_replan(services: Services, document: Document) -> None:
    """Solves a SOLVING plan of a day that is planned again, and stores the answer or FAILED. Safe to run twice."""
    plan = plan_in(document)
    try:
        request = decode(ReplanRequest, document["replan"])
        on = date.fromisoformat(plan.date)
        left, answer = await _solved(services, document["org_id"], on, [plan.rep_id], request)
        facts = plan_facts(left, answer, left.rests[0]) | _price(answer)
    except Exception:
        log.exception("plan_not_solved", plan_id=plan.id)
        ended = failed(plan, "INTERNAL", services.clock())
        if isinstance(ended, Plan):
            await save_plan(services.store, ended)
        return
    done = solved(plan, services.clock())
    if isinstance(done, Plan):
        await save_plan(services.store, done, facts)


def _price(answer: SolvedAgain) -> dict[str, Any]:
    found = answer.answer
    return {
        "change_price": found.price,
        "net_value": found.worth.net_value,
        "kept_net_value": found.kept.net_value,
    }


async def solve_team_replan(services: Services, asked: TeamDay) -> None:
    """Solves a SOLVING day of a team that is planned again; stores its drafts, or FAILED. Safe to run twice."""
    assert asked.replan is not None
    try:
        on = date.fromisoformat(asked.date)
        left, answer = await _solved(services, asked.org_id, on, asked.rep_ids, asked.replan)
        plans = [_draft(services, asked, left, answer, number) for number in range(len(left.rests))]
    except Exception:
        log.exception("team_day_not_solved", team_day_id=asked.id)
        ended = team_failed(asked, "INTERNAL", services.clock())
        if isinstance(ended, TeamDay):
            await save_team_day(services.store, ended)
        return
    plan, moved = answer.answer.plan, len(answer.answer.reassigned)
    done = team_solved(asked, plan.value, plan.bound, plan.distance_m, plan.travel_s, moved, services.clock())
    if not isinstance(done, TeamDay):
        return
    priced = replace(done, **_price(answer))

    async def keep(store: Store) -> None:
        # First the guard: of two who solved it at once only one stores plans.
        if await save_team_day(store, priced) is not None:
            for each in plans:
                await insert_plan(store, each)

    await services.store.transaction(keep)


def _draft(services: Services, asked: TeamDay, left: Remaining, answer: SolvedAgain, number: int) -> Document:
    rest = left.rests[number]
    assert asked.replan is not None
    plan = Plan(
        plan_of(asked, rest.rep_id),
        rest.rep_id,
        asked.date,
        PlanState.DRAFT,
        asked.created_at,
        solved_at=services.clock(),
    )
    facts: Mapping[str, object] = plan_facts(left, answer, rest)
    whole = {**facts, **_shift(rest.day.shift), "team_day_id": asked.id, "replan": encode(asked.replan)}
    return plan_document(plan, asked.org_id, rest.day.rep.team_id, whole)


def _shift(shift: Span) -> Document:
    return {"shift_start_at": stored_time(shift[0]), "shift_end_at": stored_time(shift[1])}
