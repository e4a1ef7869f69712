"""Planning one date of a whole team and publishing it: its reps share their candidates, each gets a route plan.

Called by schema/team_days.py; `solve_team_day` also by workers/team_days.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import structlog

from domain.access import Actor, Capability, Role
from domain.attendance import planned_work
from domain.calendar import Span
from domain.ids import TeamDayId, TeamId, is_id, new_id
from domain.people import Person
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict
from domain.routes import Plan, PlanState
from domain.team_days import (
    MAX_REPS,
    NobodyOnDuty,
    Shared,
    TeamDay,
    TeamDayState,
    TooManyReps,
    failed,
    plan_of,
    published,
    share,
    solved,
)
from resolvers.context import Context
from resolvers.day_problem import Asked, Day, facts_of, gather
from resolvers.once import Outcome, Saved, once
from resolvers.planner import Estimate
from resolvers.routes import HORIZON, MAX_WAIT_MS, changes_since, publish_in, take_over
from resolvers.services import Services
from routing.process import SolvedTeam
from routing.team_problem import Rep, TeamProblem
from storage.codec import decode
from storage.driver import Document
from storage.people import list_people
from storage.reads import Page, PageRequest, Reads
from storage.routes import find_published, insert_plan, plan_document
from storage.store import Store
from storage.team_days import (
    COLLECTION,
    find_team_day,
    insert_team_day,
    list_members,
    list_plans_of,
    save_team_day,
)
from storage.times import stored_time

log = structlog.get_logger(__name__)


async def plan_team_day(
    context: Context, client_key: str, team_id: str, day: date, day_id: str | None, wait_ms: int
) -> Document | Refusal:
    """The team's day, solved if that took no longer than `wait_ms`, else SOLVING. Raises Forbidden."""
    actor = context.require(Capability.PLAN_FOR_OTHERS)
    if not 0 <= wait_ms <= MAX_WAIT_MS:
        return InvalidInput("waitMs", f"must be 0 to {MAX_WAIT_MS}")

    async def act(store: Store) -> Outcome:
        if day_id is not None and not is_id("tdy", day_id):
            return InvalidInput("id", "must be tdy_ and a ULID or UUID")
        if abs(day - context.now.date()) > HORIZON:
            return InvalidInput("date", "must be within 60 days of today")
        chosen = TeamId(team_id)
        if not await leads_team(store, actor, chosen):
            return NotFound(team_id)
        members = await list_members(store, actor.org_id, chosen)
        on_duty = [each for each in members if each.role is Role.REP and planned_work(each, day) is not None]
        if not on_duty:
            return NobodyOnDuty(chosen, day.isoformat())
        if len(on_duty) > MAX_REPS:
            return TooManyReps(chosen, len(on_duty), MAX_REPS)
        new = TeamDay(
            TeamDayId(day_id or new_id("tdy", context.now)),
            actor.org_id,
            chosen,
            actor.person_id,
            day.isoformat(),
            tuple(each.id for each in on_duty),
            context.now,
        )
        return Saved(COLLECTION, await insert_team_day(store, new))

    given = {"team_id": team_id, "date": day, "id": day_id}
    found = await once(context, "planTeamDay", client_key, given, act)
    if isinstance(found, Refusal) or found["state"] != TeamDayState.SOLVING:
        return found
    asked = decode(TeamDay, found)
    solving = context.services.planner.begin(asked.id, lambda: solve_team_day(context.services, asked))
    await asyncio.wait({solving}, timeout=wait_ms / 1000)
    return await context.reads.find(COLLECTION, asked.id) or found


async def leads_team(store: Store, actor: Actor, team_id: TeamId) -> bool:
    """Whether the caller may plan for that team."""
    if actor.role is Role.ADMIN:
        return await Reads(store, actor.scope).find("teams", team_id) is not None
    return team_id in actor.subtree


async def team_days(context: Context, team_id: str | None, day: date | None, request: PageRequest) -> Page:
    """The planned days of the caller's teams. Raises Forbidden."""
    context.require(Capability.PLAN_FOR_OTHERS)
    where = {} if team_id is None else {"team_id": team_id}
    return await context.reads.page(COLLECTION, where | ({} if day is None else {"date": day.isoformat()}), request)


@dataclass(frozen=True, slots=True)
class _Gathered:
    """The days of those who work, and what they choose from together, by the planner's ids."""

    days: tuple[Day, ...]
    shared: dict[str, Shared]
    problem: TeamProblem
    estimate: Estimate


async def solve_team_day(services: Services, asked: TeamDay) -> None:
    """Solves a SOLVING day and stores its plans, or FAILED with a word why. Safe to run twice."""
    try:
        gathered = await _gather(services, asked)
        answer = await services.planner.solve_team(gathered.problem, gathered.estimate)
        plans = [await _plan(services, asked, gathered, answer, number) for number in range(len(gathered.days))]
    except Exception:
        log.exception("team_day_not_solved", team_day_id=asked.id)
        ended = failed(asked, "INTERNAL", services.clock())
        if isinstance(ended, TeamDay):
            await save_team_day(services.store, ended)
        return
    moved = sum(stop["from_rep_id"] is not None for plan in plans for stop in plan["stops"])
    plan = answer.plan
    ended = solved(asked, plan.value, plan.bound, plan.distance_m, plan.travel_s, moved, services.clock())
    if not isinstance(ended, TeamDay):
        return
    done = ended

    async def keep(store: Store) -> None:
        # First the guard: of two who solved it at once only one stores plans.
        if await save_team_day(store, done) is not None:
            for each in plans:
                await insert_plan(store, each)

    await services.store.transaction(keep)


async def _gather(services: Services, asked: TeamDay) -> _Gathered:
    store, on, now = services.store, date.fromisoformat(asked.date), services.clock()
    people = await list_people(store, asked.org_id, asked.rep_ids)
    shifts = [
        (rep, shift)
        for rep_id in asked.rep_ids
        if (rep := people.get(rep_id)) is not None and (shift := planned_work(rep, on)) is not None
    ]
    if not shifts:
        raise LookupError("nobody is on duty any more")
    days = tuple(Day(rep, on, *shift, now) for rep, shift in shifts)
    between = (min(day.start_at for day in days), max(day.end_at for day in days))
    alone = [await gather(store, day, between) for day in days]
    found = share(
        (day.rep.id, candidate) for day, each in zip(days, alone, strict=True) for candidate in each.candidates.values()
    )
    keys = {id(candidate): key for each in alone for key, candidate in each.candidates.items()}
    routed = {candidate.id: candidate for each in alone for candidate in each.problem.candidates}
    shared = {keys[id(each.candidate)]: each for each in found}
    problem = TeamProblem(
        reps=tuple(_rep(day, each) for day, each in zip(days, alone, strict=True)),
        candidates=tuple(
            replace(routed[key], rep_id=each.holder_id if each.bound else None) for key, each in shared.items()
        ),
        hints={day.rep.id: each.problem.hint for day, each in zip(days, alone, strict=True)},
    )
    return _Gathered(days, shared, problem, alone[0].estimate)


def _rep(day: Day, alone: Asked) -> Rep:
    own = alone.problem
    return Rep(day.rep.id, own.shift_start, own.shift_end, own.start, own.end, own.lunch)


async def _plan(services: Services, asked: TeamDay, gathered: _Gathered, answer: SolvedTeam, number: int) -> Document:
    """One rep's part as a route plan: the own visits, and of what nobody makes what came closest to this day."""
    day, solved_day, shared = gathered.days[number], answer.days[number], gathered.shared
    rep: Person = day.rep
    dropped = tuple(
        drop for drop in answer.plan.dropped if (drop.rep_id or shared[drop.candidate_id].holder_id) == rep.id
    )
    own = replace(solved_day, plan=replace(solved_day.plan, dropped=dropped))
    candidates = {key: each.candidate for key, each in shared.items()}
    facts = facts_of(own, Asked(gathered.problem.reps[number].day(()), candidates))
    for stop, document in zip(solved_day.plan.stops, facts["stops"], strict=True):
        holder = shared[stop.candidate_id].holder_id
        document["from_rep_id"] = None if holder == rep.id else holder
    earlier = await find_published(services.store, asked.org_id, rep.id, asked.date)
    if earlier is not None:
        facts["changes"] = changes_since(earlier, facts, rep.time_zone)
    now = services.clock()
    plan = Plan(plan_of(asked, rep.id), rep.id, asked.date, PlanState.DRAFT, asked.created_at, solved_at=now)
    return plan_document(plan, asked.org_id, rep.team_id, facts | _shift(day.shift) | {"team_day_id": asked.id})


def _shift(shift: Span) -> Document:
    return {"shift_start_at": stored_time(shift[0]), "shift_end_at": stored_time(shift[1])}


async def publish_team_day(
    context: Context, client_key: str, day_id: str, expected_version: int | None
) -> Document | Refusal:
    """The team's day with all its drafts published, or none of them. Raises Forbidden."""
    actor = context.require(Capability.PLAN_FOR_OTHERS)

    async def act(store: Store) -> Outcome:
        day = await find_team_day(store, actor.scope, day_id)
        if day is None:
            return NotFound(day_id)
        ended = published(day, expected_version, context.now)
        if isinstance(ended, Refusal):
            return ended
        drafts = [each for each in await list_plans_of(store, day.id) if each["state"] == PlanState.DRAFT]
        await _publish_all(store, context, drafts)
        saved = await save_team_day(store, ended)
        return VersionConflict(day.id, day.version) if saved is None else Saved(COLLECTION, saved)

    given = {"id": day_id, "expected_version": expected_version}
    try:
        return await once(context, "publishTeamDay", client_key, given, act)
    except _NotPublishedError as undone:
        return undone.refusal


class _NotPublishedError(Exception):
    """Undoes the plans that were published before the one that could not be."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


async def _publish_all(store: Store, context: Context, drafts: Sequence[Document]) -> None:
    # First what goes from one to another: else whoever is published first would drop what another takes.
    for draft in drafts:
        await take_over(store, draft, context.now)
    for draft in drafts:
        refused = await publish_in(store, context, draft, None)
        if refused is not None:
            raise _NotPublishedError(refused)
