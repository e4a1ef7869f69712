"""The visits of a published beat plan: made, moved and dropped beside the request that published it.

Called by resolvers/beat_plans.py, and by workers/beat_plans.py for what a process left behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial

from domain.accounts import Tier
from domain.attendance import planned_work, working_zone
from domain.beat_plans import BeatPlan, BeatVisit, StandingVisit, made, publication, visit_id
from domain.ids import AccountId, BeatPlanId, OrgId, SiteId
from domain.people import Person
from domain.visits import Visit, VisitKind, VisitState, missed_after
from resolvers.services import Services
from storage.beat_plans import beat_plan_in, ids_taken, list_visits_of_period, load_beat_plan, save_beat_plan
from storage.driver import Document
from storage.people import list_people
from storage.routes import sites_by_id
from storage.store import Store
from storage.times import aware
from storage.visits import insert_visits, save_visit

LEFT_OUT = "left out of a newer beat plan"


async def make_visits(services: Services, plan_id: BeatPlanId) -> None:
    """Makes, moves and drops the visits of a published plan, one rep after the other. Safe to run twice and at once."""
    document = await load_beat_plan(services.store, plan_id)
    if document is None or not document["pending"]:
        return
    plan = beat_plan_in(document)
    people = await list_people(services.store, OrgId(document["org_id"]), plan.rep_ids)
    for rep_id in plan.rep_ids:
        if rep_id in people:
            write = partial(_write_rep, document=document, plan=plan, rep=people[rep_id], now=services.clock())
            await services.store.transaction(write)
    await save_beat_plan(services.store, made(plan))


async def _write_rep(store: Store, document: Document, plan: BeatPlan, rep: Person, now: datetime) -> None:
    """One rep's visits in the period become those of the plan; days that are over stay as they are."""
    current = await load_beat_plan(store, plan.id)
    if current is None or not current["pending"]:
        return  # superseded meanwhile
    zone = working_zone(rep)
    first, last = date.fromisoformat(plan.first), date.fromisoformat(plan.last)
    begin, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, last + timedelta(days=1)))
    org_id = OrgId(document["org_id"])
    visits = {each.id: each for each in await list_visits_of_period(store, org_id, rep.id, begin, end)}
    mine = [each for each in document["visits"] if each["owner_id"] == rep.id and aware(each["start_at"]) > now]
    places = {BeatVisit(each["date"], rep.id, SiteId(each["site_id"])): each for each in mine if not each["fixed"]}
    change = publication(
        list(places),
        [
            StandingVisit(
                each.id,
                each.site_id,
                _date(each, zone),
                each.state,
                each.kind is VisitKind.APPOINTMENT,
                each.beat_plan_id is not None,
            )
            for each in visits.values()
            if each.scheduled_at > now or each.state is not VisitState.PLANNED
        ],
    )
    for kept_id, place in change.keep:
        kept = visits[kept_id]
        # A day's route that is published already knows the time better.
        moved = kept if kept.plan_id is not None and _date(kept, zone) == place.date else _at(kept, places[place], rep)
        await _save(store, replace(moved, beat_plan_id=plan.id), kept, now)
    for dropped_id in change.drop:
        kept = visits[dropped_id]
        gone = replace(kept, state=VisitState.CANCELLED, reason=LEFT_OUT, missed_after=None, closed_at=now)
        await _save(store, gone, kept, now)
    await _create(store, document, plan, rep, [(each, places[each]) for each in change.create], now)


def _date(visit: Visit, zone: tzinfo) -> str:
    return visit.scheduled_at.astimezone(zone).date().isoformat()


async def _save(store: Store, after: Visit, before: Visit, now: datetime) -> None:
    if after != before:
        await save_visit(store, replace(after, version=before.version + 1, updated_at=now))


def _at(visit: Visit, place: Document, rep: Person) -> Visit:
    starts, ends = aware(place["start_at"]), aware(place["end_at"])
    shift = planned_work(rep, date.fromisoformat(place["date"]))
    return replace(
        visit,
        scheduled_at=starts,
        planned_start_at=starts,
        planned_end_at=ends,
        missed_after=missed_after(ends, shift[1] if shift is not None else None),
    )


async def _create(
    store: Store,
    document: Document,
    plan: BeatPlan,
    rep: Person,
    places: Sequence[tuple[BeatVisit, Document]],
    now: datetime,
) -> None:
    sites = await sites_by_id(store, OrgId(document["org_id"]), list({each.site_id for each, _ in places}))
    # A visit that somebody cancelled meanwhile is not made again.
    taken = await ids_taken(store, [visit_id(plan.id, each) for each, _ in places]) if places else set()
    fresh = [
        _at(
            Visit(
                id=visit_id(plan.id, each),
                org_id=OrgId(document["org_id"]),
                site_id=each.site_id,
                account_id=AccountId(sites[each.site_id]["account_id"]),
                owner_id=rep.id,
                team_id=rep.team_id,
                kind=VisitKind.PLANNED,
                state=VisitState.PLANNED,
                tier=Tier(sites[each.site_id]["tier"]),
                scheduled_at=aware(place["start_at"]),
                created_at=now,
                updated_at=now,
                beat_plan_id=plan.id,
            ),
            place,
            rep,
        )
        for each, place in places
        if each.site_id in sites and visit_id(plan.id, each) not in taken
    ]
    if fresh:
        await insert_visits(store, fresh)
