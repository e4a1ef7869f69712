"""Beat plans: asking for one, solving it beside the request, and publishing it.

Called by schema/beat_plans.py; workers/beat_plans.py solves what a process left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import structlog

from domain.access import Capability, Role
from domain.attendance import planned_work, working_zone
from domain.beat_plans import (
    MAX_REPS,
    BeatPlan,
    BeatPlanState,
    BeatVisit,
    NobodyWorks,
    beat_changes,
    failed,
    overlaps,
    period_problem,
    published,
    solved,
    superseded,
)
from domain.ids import BeatPlanId, OrgId, PersonId, SiteId, TeamId, is_id, new_id
from domain.notices import NoticeKind, Priority, event_key, make_notice
from domain.people import Person, PersonState
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict
from resolvers.beat_visits import make_visits
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from resolvers.period_problem import AskedPeriod, Period, gather_period
from resolvers.routes import MAX_WAIT_MS
from resolvers.services import Services
from routing.period_problem import PeriodPlan
from storage.beat_plans import (
    COLLECTION,
    beat_plan_document,
    beat_plan_in,
    find_beat_plan,
    insert_beat_plan,
    list_in_force,
    save_beat_plan,
    take_turn,
)
from storage.driver import Document
from storage.people import find_person, find_team, list_people
from storage.reads import Reads
from storage.store import Store
from storage.times import stored_time

_STILL_YESTERDAY = timedelta(hours=12)
"""It is the day before somewhere; what is over by then is not made anyway."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WhichWeeks:
    """What is asked for: the caller's own weeks where neither a team nor people are named; `team_id` says also whose
    the plan is."""

    first: date
    weeks: int
    team_id: str | None = None
    rep_ids: tuple[str, ...] | None = None
    share_accounts: bool = False

    @property
    def last(self) -> date:
        """The last day."""
        return self.first + timedelta(days=7 * self.weeks - 1)


async def plan_period(
    context: Context, client_key: str, which: WhichWeeks, plan_id: str | None, wait_ms: int
) -> Document | Refusal:
    """The plan, solved if that took no longer than `wait_ms`, else SOLVING. Raises Forbidden."""
    actor = context.me
    own = which.team_id is None and set(which.rep_ids or {actor.person_id}) == {actor.person_id}
    context.require(Capability.DO_FIELD_WORK if own else Capability.PLAN_FOR_OTHERS)
    if not 0 <= wait_ms <= MAX_WAIT_MS:
        return InvalidInput("waitMs", f"must be 0 to {MAX_WAIT_MS}")

    async def act(store: Store) -> Outcome:
        if plan_id is not None and not is_id("btp", plan_id):
            return InvalidInput("id", "must be btp_ and a ULID or UUID")
        reps = await _reps(context, store, which)
        if isinstance(reps, Refusal):
            return reps
        today = context.now.astimezone(working_zone(reps[0])).date()
        problem = period_problem(which.first, which.weeks, today)
        if problem is not None:
            return problem
        days = [which.first + timedelta(days=number) for number in range(7 * which.weeks)]
        if not any(planned_work(rep, day) for rep in reps for day in days):
            return NobodyWorks(which.first.isoformat(), which.last.isoformat())
        plan = BeatPlan(
            id=BeatPlanId(plan_id or new_id("btp", context.now)),
            owner_id=actor.person_id,
            team_id=TeamId(which.team_id) if which.team_id else reps[0].team_id,
            rep_ids=tuple(rep.id for rep in reps),
            first=which.first.isoformat(),
            last=which.last.isoformat(),
            share_accounts=which.share_accounts,
            state=BeatPlanState.SOLVING,
            created_at=context.now,
        )
        return Saved(COLLECTION, await insert_beat_plan(store, beat_plan_document(plan, actor.org_id)))

    found = await once(context, "planPeriod", client_key, {"which": which, "id": plan_id}, act)
    if isinstance(found, Refusal) or found["state"] != BeatPlanState.SOLVING:
        return found
    solving = context.services.planner.begin(found["_id"], lambda: solve(context.services, found))
    await asyncio.wait({solving}, timeout=wait_ms / 1000)
    return await context.reads.find(COLLECTION, found["_id"]) or found


async def _reps(context: Context, store: Store, which: WhichWeeks) -> tuple[Person, ...] | Refusal:
    """Whose weeks: those named, else the active reps of the team, all in the caller's scope."""
    scope = context.me.scope
    if which.team_id is not None and await find_team(store, scope, which.team_id) is None:
        return NotFound(which.team_id)
    if which.team_id is not None and which.rep_ids is None:
        found = await Reads(store, scope).list("people", {"team_id": which.team_id}, order="_id", limit=200)
        ids = [each["_id"] for each in found if each["role"] == Role.REP and each["state"] == PersonState.ACTIVE]
    else:
        named = (context.me.person_id,) if which.rep_ids is None else which.rep_ids
        ids = list(dict.fromkeys(named))
    if not 1 <= len(ids) <= MAX_REPS:
        field = "teamId" if which.rep_ids is None else "repIds"
        return InvalidInput(field, f"must be 1 to {MAX_REPS} people who work")
    reps: list[Person] = []
    for each in ids:
        rep = await find_person(store, scope, each)
        if rep is None or rep.state is not PersonState.ACTIVE:
            return NotFound(each)
        reps.append(rep)
    return tuple(reps)


async def solve(services: Services, document: Document) -> None:
    """Solves a SOLVING plan and stores the answer, or FAILED with a word why. Safe to run twice."""
    plan = beat_plan_in(document)
    org_id = OrgId(document["org_id"])
    try:
        people = await list_people(services.store, org_id, plan.rep_ids)
        reps = tuple(people[each] for each in plan.rep_ids if each in people)
        first, last = date.fromisoformat(plan.first), date.fromisoformat(plan.last)
        asked = await gather_period(
            services.store, Period(org_id, reps, first, last, plan.share_accounts, services.clock(), {})
        )
        answer = await services.planner.solve_period(asked.problem, asked.estimate)
    except Exception:
        log.exception("beat_plan_not_solved", beat_plan_id=plan.id)
        ended = failed(plan, "INTERNAL", services.clock())
        if isinstance(ended, BeatPlan):
            await save_beat_plan(services.store, ended)
        return
    ended = solved(plan, services.clock())
    if isinstance(ended, BeatPlan):
        await save_beat_plan(services.store, ended, facts_of(answer, asked))


def facts_of(answer: PeriodPlan, asked: AskedPeriod) -> Document:
    """The solved plan as it is stored."""
    after = [
        BeatVisit(day.date.isoformat(), PersonId(day.rep_id), SiteId(stop.candidate_id))
        for day in answer.days
        for stop in day.plan.stops
    ]
    promised = {
        (each.rep_id, each.date.isoformat(), site.id) for site in asked.problem.sites for each in site.appointments
    }
    free = [each for each in after if (each.rep_id, each.date, each.site_id) not in promised]
    return {
        "visits": [
            {
                "site_id": stop.candidate_id,
                "account_id": asked.sites[SiteId(stop.candidate_id)]["account_id"],
                "owner_id": day.rep_id,
                "date": day.date.isoformat(),
                "start_at": stored_time(stop.start_at),
                "end_at": stored_time(stop.leave_at),
                "fixed": (day.rep_id, day.date.isoformat(), stop.candidate_id) in promised,
            }
            for day in answer.days
            for stop in day.plan.stops
        ],
        "dropped": [
            {
                "site_id": drop.site_id,
                "account_id": asked.sites[SiteId(drop.site_id)]["account_id"],
                "owner_id": drop.rep_id,
                "date": drop.date.isoformat() if drop.date else None,
                "why": drop.reason.value,
                "day_why": drop.why.reason.value if drop.why else None,
                "limit": drop.why.limit.value if drop.why and drop.why.limit else None,
                "conflicts_with_site_ids": list(drop.why.conflicts_with) if drop.why else [],
            }
            for drop in answer.dropped
        ],
        "changes": changes_of(asked.in_force, free),
        "work": [
            {
                "owner_id": each.rep_id,
                "visits": each.visits,
                "days": each.days,
                "service_s": each.service_s,
                "travel_s": each.travel_s,
                "distance_m": each.distance_m,
            }
            for each in answer.work
        ],
    }


def changes_of(before: Sequence[BeatVisit], after: Sequence[BeatVisit]) -> list[Document]:
    """How the visits differ from those in force, as it is stored; nothing where none were."""
    if not before:
        return []
    return [
        {
            "kind": each.kind.value,
            "site_id": each.site_id,
            "from_date": each.from_date,
            "from_rep_id": each.from_rep_id,
            "to_date": each.to_date,
            "to_rep_id": each.to_rep_id,
        }
        for each in beat_changes(before, after)
    ]


async def publish_beat_plan(
    context: Context, client_key: str, plan_id: str, expected_version: int | None, wait_ms: int
) -> Document | Refusal:
    """The published plan; its visits are made beside the request, usually within `wait_ms`. Raises Forbidden."""
    actor = context.me
    if not 0 <= wait_ms <= MAX_WAIT_MS:
        return InvalidInput("waitMs", f"must be 0 to {MAX_WAIT_MS}")

    async def act(store: Store) -> Outcome:
        document = await find_beat_plan(store, actor.scope, plan_id)
        if document is None:
            return NotFound(plan_id)
        before = beat_plan_in(document)
        own = set(before.rep_ids) == {actor.person_id}
        context.require(Capability.DO_FIELD_WORK if own else Capability.PLAN_FOR_OTHERS)
        plan = published(before, expected_version, (context.now - _STILL_YESTERDAY).date(), context.now)
        if isinstance(plan, Refusal):
            return plan
        await take_turn(store, actor.org_id)
        for each in await list_in_force(store, actor.org_id, plan.first):
            other = beat_plan_in(each)
            if overlaps(plan, other) and not await save_beat_plan(store, superseded(other)):
                return VersionConflict(plan_id, before.version)
        if not await save_beat_plan(store, plan):
            return VersionConflict(plan_id, before.version)
        await _tell_reps(store, context, plan, document["visits"])
        saved = await find_beat_plan(store, actor.scope, plan_id)
        assert saved is not None
        return Saved(COLLECTION, saved)

    given = {"id": plan_id, "expected_version": expected_version}
    found = await once(context, "publishBeatPlan", client_key, given, act)
    if isinstance(found, Refusal) or not found["pending"]:
        return found
    making = context.services.planner.begin(
        f"visits of {plan_id}", lambda: make_visits(context.services, BeatPlanId(plan_id))
    )
    await asyncio.wait({making}, timeout=wait_ms / 1000)
    return await context.reads.find(COLLECTION, plan_id) or found


async def _tell_reps(store: Store, context: Context, plan: BeatPlan, visits: Sequence[Document]) -> None:
    notices = [
        make_notice(
            context.me.org_id,
            rep_id,
            NoticeKind.BEAT_PLAN_PUBLISHED,
            Priority.NORMAL,
            event_key(NoticeKind.BEAT_PLAN_PUBLISHED, plan.id, rep_id),
            context.now,
            facts={"date": plan.first, "visits": str(sum(each["owner_id"] == rep_id for each in visits))},
        )
        for rep_id in plan.rep_ids
        if rep_id != context.me.person_id
    ]
    await context.services.outbox.write(store, notices, context.now)
