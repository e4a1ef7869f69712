"""Planning a rep's day and publishing the plan: the solver runs beside the request, the plan is followed by its id."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import ClassVar

import structlog

from domain.access import Actor, Capability
from domain.accounts import Tier
from domain.attendance import planned_work
from domain.calendar import Span
from domain.ids import AccountId, LeadId, PersonId, PlanId, SiteId, TeamId, VisitId, is_id, new_id
from domain.notices import NoticeKind, Priority, event_key, make_notice
from domain.people import Person, PersonState
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict
from domain.routes import (
    DROPPED_BY_PLAN,
    DayVisit,
    Plan,
    PlannedSite,
    PlanState,
    failed,
    plan_changes,
    publication,
    published,
    solved,
    superseded,
)
from domain.visits import Visit, VisitKind, VisitState, missed_after
from resolvers.context import Context
from resolvers.day_problem import Day, facts_of, gather, load_rep
from resolvers.once import Outcome, Saved, once
from resolvers.services import Services
from storage.codec import decode
from storage.driver import Document
from storage.people import find_person
from storage.routes import (
    COLLECTION,
    find_plan,
    find_published,
    insert_plan,
    plan_document,
    plan_in,
    save_plan,
    sites_by_id,
)
from storage.store import Store
from storage.times import aware, stored_time
from storage.visits import insert_visits, list_visits_between, load_visit, save_visit

MAX_WAIT_MS = 10_000
HORIZON = timedelta(days=60)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NoShiftPlanned(Refusal):
    """The rep's roster has no shift that starts on that date, so there is no day to plan."""

    code: ClassVar[str] = "NO_SHIFT_PLANNED"
    rep_id: PersonId
    date: str

    @property
    def message(self) -> str:
        return f"{self.rep_id} has no shift on {self.date}."


async def plan_day(
    context: Context, client_key: str, rep_id: str | None, day: date, plan_id: str | None, wait_ms: int
) -> Document | Refusal:
    """The plan, solved if that took no longer than `wait_ms`, else SOLVING. Raises Forbidden."""
    actor = context.me
    own = rep_id is None or rep_id == actor.person_id
    context.require(Capability.DO_FIELD_WORK if own else Capability.PLAN_FOR_OTHERS)
    if not 0 <= wait_ms <= MAX_WAIT_MS:
        return InvalidInput("waitMs", f"must be 0 to {MAX_WAIT_MS}")

    async def act(store: Store) -> Outcome:
        if plan_id is not None and not is_id("pln", plan_id):
            return InvalidInput("id", "must be pln_ and a ULID or UUID")
        if abs(day - context.now.date()) > HORIZON:
            return InvalidInput("date", "must be within 60 days of today")
        rep = await find_person(store, actor.scope, rep_id or actor.person_id)
        if rep is None:
            return NotFound(rep_id or actor.person_id)
        shift = planned_work(rep, day)
        if shift is None or rep.state is not PersonState.ACTIVE:
            return NoShiftPlanned(rep.id, day.isoformat())
        new = plan_to_solve(rep, day, shift, PlanId(plan_id or new_id("pln", context.now)), context.now)
        return Saved(COLLECTION, await insert_plan(store, new))

    given = {"rep_id": rep_id, "date": day, "id": plan_id}
    found = await once(context, "planDay", client_key, given, act)
    if isinstance(found, Refusal) or found["state"] != PlanState.SOLVING:
        return found
    solving = context.services.planner.begin(found["_id"], lambda: solve(context.services, found))
    await asyncio.wait({solving}, timeout=wait_ms / 1000)
    return await context.reads.find(COLLECTION, found["_id"]) or found


def plan_to_solve(rep: Person, day: date, shift: Span, plan_id: PlanId, now: datetime) -> Document:
    """A plan of the rep's day as it is stored before the solver has looked at it."""
    plan = Plan(plan_id, rep.id, day.isoformat(), PlanState.SOLVING, now)
    facts = {
        "shift_start_at": stored_time(shift[0]),
        "shift_end_at": stored_time(shift[1]),
        "stops": [],
        "dropped": [],
    }
    return plan_document(plan, rep.org_id, rep.team_id, facts)


async def solve(services: Services, document: Document) -> None:
    """Solves a SOLVING plan and stores the answer, or FAILED with a word why. Safe to run twice."""
    plan = plan_in(document)
    try:
        found = await load_rep(services.store, document["org_id"], plan.rep_id)
        if found is None:
            raise LookupError("the rep is gone")
        start_at, end_at = (aware(document[key]) for key in _SHIFT)
        day = Day(decode(Person, found), date.fromisoformat(plan.date), start_at, end_at, services.clock())
        asked = await gather(services.store, day)
        answer = await services.planner.solve(asked.problem, asked.estimate)
    except Exception:
        log.exception("plan_not_solved", plan_id=plan.id)
        ended = failed(plan, "INTERNAL", services.clock())
        if isinstance(ended, Plan):
            await save_plan(services.store, ended)
        return
    facts = facts_of(answer, asked)
    earlier = await find_published(services.store, document["org_id"], plan.rep_id, plan.date)
    if earlier is not None:
        facts["changes"] = changes_since(earlier, facts, day.rep.time_zone)
    ended = solved(plan, services.clock())
    if isinstance(ended, Plan):
        await save_plan(services.store, ended, facts)


def changes_since(earlier: Document, facts: Document, time_zone: str) -> list[Document]:
    """How a solved plan differs from the published one, as it is stored."""
    before, after = (
        {SiteId(stop["site_id"]): aware(stop["start_at"]) for stop in stops["stops"]} for stops in (earlier, facts)
    )
    return [
        {
            "kind": each.kind.value,
            "site_id": each.site_id,
            "from_at": stored_time(each.from_at),
            "to_at": stored_time(each.to_at),
            "time_zone": time_zone,
        }
        for each in plan_changes(before, after)
    ]


_SHIFT = ("shift_start_at", "shift_end_at")


async def publish_plan(
    context: Context, client_key: str, plan_id: str, expected_version: int | None
) -> Document | Refusal:
    """The published plan, with a visit for each of its stops. Raises Forbidden."""
    actor = context.me

    async def act(store: Store) -> Outcome:
        document = await find_plan(store, actor.scope, plan_id)
        if document is None:
            return NotFound(plan_id)
        refused = await publish_in(store, context, document, expected_version)
        if refused is not None:
            return refused
        saved = await find_plan(store, actor.scope, plan_id)
        assert saved is not None
        return Saved(COLLECTION, saved)

    given = {"id": plan_id, "expected_version": expected_version}
    return await once(context, "publishPlan", client_key, given, act)


async def publish_in(
    store: Store, context: Context, document: Document, expected_version: int | None
) -> Refusal | None:
    """Publishes a stored plan within a transaction, and tells the rep where it is somebody else's. Raises Forbidden."""
    actor = context.me
    own = document["owner_id"] == actor.person_id
    context.require(Capability.DO_FIELD_WORK if own else Capability.PLAN_FOR_OTHERS)
    plan = published(plan_in(document), expected_version, context.now)
    if isinstance(plan, Refusal):
        return plan
    earlier = await find_published(store, actor.org_id, plan.rep_id, plan.date)
    if "replans_id" in document and document["replans_id"] != (earlier or {}).get("_id"):
        # It says what changes beside a plan that is no longer the rep's.
        return VersionConflict(earlier["_id"], earlier["version"]) if earlier is not None else NotFound(plan.id)
    if earlier is not None:
        replaced = superseded(plan_in(earlier))
        if isinstance(replaced, Plan):
            await save_plan(store, replaced)
    if not await save_plan(store, plan) or not await _write_visits(store, actor, document, plan, context.now):
        return VersionConflict(plan.id, plan.version)
    if not own:
        await _tell_rep(store, context, plan, len(document["stops"]))
    return None


async def _write_visits(store: Store, actor: Actor, document: Document, plan: Plan, now: datetime) -> bool:
    start_at, end_at = (aware(document[key]) for key in _SHIFT)
    made = await take_over(store, document, now)
    visits = await list_visits_between(store, actor.org_id, plan.rep_id, start_at, end_at)
    # What was begun or done before a day was planned again stands in the plan as it happened.
    ahead = [stop for stop in document["stops"] if not stop.get("frozen")]
    stops = {stop["visit_id"] or stop["site_id"]: stop for stop in ahead}
    planned = [PlannedSite(stop["site_id"], stop["visit_id"]) for stop in ahead]
    planned = [each for each in planned if each.visit_id not in made]
    change = publication(planned, [DayVisit(each.id, each.site_id, each.state, each.plan_id) for each in visits])
    sites = await sites_by_id(store, actor.org_id, [each.site_id for each in change.create])
    await insert_visits(
        store,
        [
            _visit(stops[each.visit_id or each.site_id], sites[each.site_id], document, plan, end_at, now)
            for each in change.create
            if each.site_id in sites
        ],
    )
    for visit in visits:
        if visit.id in change.keep:
            stop = stops.get(visit.id) or stops.get(visit.site_id)
            changed = _moved(visit, stop, plan, end_at) if stop is not None else visit
        elif visit.id in change.drop:
            changed = replace(
                visit, state=VisitState.CANCELLED, reason=DROPPED_BY_PLAN, missed_after=None, closed_at=now
            )
        else:
            continue
        if await save_visit(store, replace(changed, version=visit.version + 1, updated_at=now)) is None:
            return False
    return True


async def take_over(store: Store, document: Document, now: datetime) -> frozenset[str]:
    """Hands the plan's rep the visits it takes from others, as far as they are still planned.

    Answers those that the others have begun or made by now: nobody goes there again.
    """
    given = [stop for stop in document["stops"] if stop.get("from_rep_id") and stop["visit_id"]]
    made: set[str] = set()
    for stop in given:
        visit = await load_visit(store, stop["visit_id"])
        if visit is None or visit.owner_id == document["owner_id"]:
            continue
        if visit.state is VisitState.PLANNED:
            starts, ends = (aware(stop[key]) for key in ("start_at", "leave_at"))
            moved = replace(
                visit,
                owner_id=PersonId(document["owner_id"]),
                team_id=TeamId(document["team_id"]) if document.get("team_id") else None,
                plan_id=PlanId(document["_id"]),
                scheduled_at=starts,
                planned_start_at=starts,
                planned_end_at=ends,
                missed_after=missed_after(ends, aware(document["shift_end_at"])),
                version=visit.version + 1,
                updated_at=now,
            )
            await save_visit(store, moved)
        elif visit.state in {VisitState.OPEN, VisitState.DONE, VisitState.TOUCH, VisitState.AUTO_CLOSED}:
            made.add(visit.id)
    return frozenset(made)


def _moved(visit: Visit, stop: Document, plan: Plan, shift_end_at: datetime) -> Visit:
    """The kept visit at the plan's time; an appointment keeps the time that was promised."""
    if visit.kind is VisitKind.APPOINTMENT:
        return visit
    starts, ends = (aware(stop[key]) for key in ("start_at", "leave_at"))
    return replace(
        visit,
        plan_id=plan.id,
        scheduled_at=starts,
        planned_start_at=starts,
        planned_end_at=ends,
        missed_after=missed_after(ends, shift_end_at),
    )


def _visit(
    stop: Document, site: Document, document: Document, plan: Plan, shift_end_at: datetime, now: datetime
) -> Visit:
    starts, ends = (aware(stop[key]) for key in ("start_at", "leave_at"))
    return Visit(
        id=VisitId(new_id("vis", now)),
        org_id=document["org_id"],
        site_id=SiteId(stop["site_id"]),
        account_id=AccountId(site["account_id"]),
        owner_id=plan.rep_id,
        team_id=TeamId(document["team_id"]) if document.get("team_id") else None,
        kind=VisitKind.PLANNED,
        state=VisitState.PLANNED,
        tier=Tier(site["tier"]),
        scheduled_at=starts,
        planned_start_at=starts,
        planned_end_at=ends,
        missed_after=missed_after(ends, shift_end_at),
        lead_id=LeadId(stop["lead_id"]) if stop.get("lead_id") else None,
        plan_id=plan.id,
        created_at=now,
        updated_at=now,
    )


async def _tell_rep(store: Store, context: Context, plan: Plan, stops: int) -> None:
    notice = make_notice(
        context.me.org_id,
        plan.rep_id,
        NoticeKind.PLAN_PUBLISHED,
        Priority.NORMAL,
        event_key(NoticeKind.PLAN_PUBLISHED, plan.id),
        context.now,
        facts={"date": plan.date, "visits": str(stops)},
    )
    await context.services.outbox.write(store, [notice], context.now)
