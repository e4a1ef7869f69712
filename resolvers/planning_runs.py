"""Planning all reps of a region for one date: asking for it, the rules for every night, and the next reps of a run.

Called by schema/planning_runs.py; `go_on` and `begin_night_of` by workers/planning_runs.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from domain.access import Actor, Capability, Role, Scope
from domain.attendance import planned_work
from domain.calendar import known_zone
from domain.ids import OrgId, PlanningRunId, TeamId, new_id
from domain.people import Person, subtree
from domain.planning_runs import (
    DayOutcome,
    NightRules,
    PlanningRun,
    RepDay,
    after_batch,
    nightly_run,
    plan_of,
    revise,
    run_date,
)
from domain.refusals import IdTaken, InvalidInput, NotFound, Refusal, VersionConflict
from domain.routes import PlanState
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from resolvers.routes import HORIZON, plan_to_solve, solve
from resolvers.services import Services
from storage.codec import encode
from storage.driver import Document, DuplicateKeyError
from storage.people import ORGANIZATIONS, list_teams, page_in_role
from storage.planning_runs import (
    NIGHTS,
    RUNS,
    begin_night,
    claim_run,
    find_night_rules,
    insert_run,
    save_night_rules,
    save_run,
)
from storage.reads import Page, PageRequest, Reads
from storage.routes import COLLECTION as PLANS
from storage.routes import find_published, insert_plan, plan_in
from storage.store import Store

LEASE = timedelta(minutes=2)
"""Longer than a batch takes; a worker that dies is replaced after it."""
_BATCH_OF = 8
"""Reps for each solver."""
log = structlog.get_logger(__name__)


async def plan_region(context: Context, client_key: str, day: date, team_id: str | None) -> Document | Refusal:
    """A run over the team and the teams below: without one the caller's, for administrators everybody.

    Raises Forbidden.
    """
    actor = context.require(Capability.PLAN_FOR_OTHERS)

    async def act(store: Store) -> Outcome:
        if abs(day - context.now.date()) > HORIZON:
            return InvalidInput("date", "must be within 60 days of today")
        chosen = TeamId(team_id) if team_id is not None else actor.team_id
        if chosen is not None and not await _leads(store, actor, chosen):
            return NotFound(chosen)
        run_id = PlanningRunId(new_id("prn", context.now))
        run = PlanningRun(run_id, actor.org_id, day.isoformat(), chosen, actor.person_id, context.now)
        return Saved(RUNS, await insert_run(store, run))

    return await once(context, "planRegion", client_key, {"date": day, "team_id": team_id}, act)


async def _leads(store: Store, actor: Actor, team_id: TeamId) -> bool:
    if actor.role is Role.ADMIN:
        return await Reads(store, actor.scope).find("teams", team_id) is not None
    return team_id in actor.subtree


async def planning_runs(context: Context, request: PageRequest, day: date | None) -> Page:
    """The runs of the caller's teams. Raises Forbidden."""
    context.require(Capability.PLAN_FOR_OTHERS)
    where = {} if day is None else {"date": day.isoformat()}
    return await context.reads.page(RUNS, where, request)


async def night_rules(context: Context) -> Document:
    """When the organization's days are planned by themselves. Raises Forbidden."""
    context.require(Capability.PLAN_FOR_OTHERS)
    return encode(await find_night_rules(context.store, context.me.org_id))


async def save_rules(
    context: Context, client_key: str, starts_at: str | None, days_ahead: int, expected_version: int
) -> Document | Refusal:
    """The rules as they are from now on. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_PROCEDURES)

    async def act(store: Store) -> Outcome:
        before, zone = await find_night_rules(store, actor.org_id), await _zone(store, actor.org_id)
        after = revise(before, starts_at, days_ahead, expected_version, zone, actor.person_id, context.now)
        if isinstance(after, Refusal):
            return after
        saved = await save_night_rules(store, after)
        return VersionConflict(actor.org_id, before.version) if saved is None else Saved(NIGHTS, saved)

    given = {"starts_at": starts_at, "days_ahead": days_ahead, "expected_version": expected_version}
    answer = await once(context, "saveNightRules", client_key, given, act)
    # Two who saved them for the first time at once.
    return VersionConflict(actor.org_id, 1) if isinstance(answer, IdTaken) else answer


async def begin_night_of(services: Services, rules: NightRules) -> bool:
    """Begins the run that is due; False where another worker did."""
    zone = await _zone(services.store, rules.org_id)
    run, after = nightly_run(rules, zone, services.clock())
    return await services.store.transaction(partial(begin_night, before=rules, after=after, run=run))


async def go_on(services: Services, run: PlanningRun) -> int:
    """Plans the next reps of the run, up to 200, as many at once as there are solvers; answers how many it came to.

    How far it has come is kept after each few. A worker that dies leaves at most those few, which the next one comes
    to again under the same ids.
    """
    now = services.clock()
    if run.lease_until is not None and run.lease_until > now:
        return 0
    claimed = await claim_run(services.store, run, now + LEASE)
    if claimed is None:
        return 0
    people = await page_in_role(services.store, run.org_id, Role.REP, run.cursor)
    if not people:
        return int(await save_run(services.store, after_batch(claimed, [], run.cursor, None, now, done=True)))
    wanted = await _wanted_teams(services.store, run)
    chosen = [each for each in people if wanted is None or each.team_id in wanted]
    came_to = 0
    size = _BATCH_OF * services.planner.at_once
    for first in range(0, len(chosen), size):
        batch = chosen[first : first + size]
        days = await _planned(services, claimed, batch)
        # The last batch carries the cursor past those of the page who belong to other teams, and gives the run free.
        last, now = batch[-1] is chosen[-1], services.clock()
        cursor, lease = (people[-1].id, None) if last else (batch[-1].id, now + LEASE)
        claimed = after_batch(claimed, days, cursor, lease, now, done=False)
        if not await save_run(services.store, claimed):
            return came_to
        came_to += len(batch)
    if not chosen:
        await save_run(services.store, after_batch(claimed, [], people[-1].id, None, now, done=False))
    return max(1, came_to)


async def _wanted_teams(store: Store, run: PlanningRun) -> frozenset[TeamId] | None:
    """Whose days it plans; None for everybody's."""
    return None if run.team_id is None else subtree((await list_teams(store, run.org_id)).values(), run.team_id)


async def _planned(services: Services, run: PlanningRun, people: Sequence[Person]) -> list[RepDay]:
    room = asyncio.Semaphore(services.planner.at_once)

    async def plan(rep: Person) -> RepDay:
        async with room:
            try:
                return await _plan(services, run, rep)
            except Exception:
                # One rep's records must not keep the others from their plans.
                log.exception("day_not_planned", run_id=run.id, rep_id=rep.id)
                return RepDay(rep.id, DayOutcome.FAILED)

    return list(await asyncio.gather(*(plan(each) for each in people)))


async def _plan(services: Services, run: PlanningRun, rep: Person) -> RepDay:
    """One rep's day; where an earlier try got further than the run knows, what came of that."""
    store, day, plan_id = services.store, run_date(run), plan_of(run, rep.id)
    shift = planned_work(rep, day)
    if shift is None:
        return RepDay(rep.id, DayOutcome.NO_SHIFT)
    scope = Scope.whole_organization(run.org_id)
    found = await Reads(store, scope).find(PLANS, plan_id)
    if found is None:
        if await find_published(store, run.org_id, rep.id, run.date) is not None:
            return RepDay(rep.id, DayOutcome.PUBLISHED_BEFORE)
        try:
            found = await insert_plan(store, plan_to_solve(rep, day, shift, plan_id, services.clock()))
        except DuplicateKeyError:  # a worker that was thought dead
            found = await Reads(store, scope).find(PLANS, plan_id)
            assert found is not None
    if plan_in(found).state is PlanState.SOLVING:
        await solve(services, found)
        found = await Reads(store, scope).find(PLANS, plan_id)
        assert found is not None
    failed = plan_in(found).state is PlanState.FAILED
    return RepDay(rep.id, DayOutcome.FAILED if failed else DayOutcome.PLANNED, plan_id)


async def _zone(store: Store, org_id: OrgId) -> ZoneInfo:
    found = await store[ORGANIZATIONS].find_one({"_id": org_id})
    return known_zone(found["time_zone"] if found is not None else "UTC")
