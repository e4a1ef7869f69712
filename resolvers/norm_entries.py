"""Recording must-do items and insights, alone or with the check-out of their visit; load, decide, save.

Called by schema/norms.py; `at_check_out` belongs into the transaction of resolvers/check_ins.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from domain.access import Capability, Scope
from domain.attendance import work_day, zone_of
from domain.compliance import NormState, NormWeek, days_of_work, flag_id, kept
from domain.errors import Unavailable
from domain.evidence_times import ONLINE_WITHIN
from domain.ids import NormEntryId, new_id
from domain.norm_entries import (
    NormEntry,
    NormKind,
    Said,
    entry,
    insights_gained,
    is_same,
    items_done,
    said_problem,
    time_problem,
)
from domain.norms import MustDoRequired, NormMode, shut, unknown_items
from domain.people import Person
from domain.refusals import IdTaken, InvalidInput, NotFound, Refusal, WrongState
from domain.visits import Visit, VisitOutcome, VisitState
from domain.weeks import Week
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.codec import encode
from storage.driver import Document
from storage.norm_entries import COLLECTION, insert_entries, list_of_week, load_entry
from storage.norm_flags import find_flag, put_flag
from storage.norms import find_norms
from storage.people import find_person
from storage.store import Store
from storage.visits import find_visit, list_entered


async def record_entry(
    context: Context, client_key: str, visit_id: str, said: Said, captured_at: datetime
) -> Document | Refusal:
    """The entry, in a visit of the caller. Raises Forbidden."""
    actor = context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        problem = said_problem(said) or time_problem(captured_at, context.now)
        if problem is not None:
            return problem
        known = None if said.id is None else await load_entry(store, said.id)
        if known is not None:
            same = known.owner_id == actor.person_id and is_same(known, said, visit_id, captured_at)
            return Saved(COLLECTION, encode(known)) if same else IdTaken(known.id)
        visit = await find_visit(store, actor.scope, visit_id)
        if visit is None or visit.owner_id != actor.person_id:
            return NotFound(visit_id)
        norms = await find_norms(store, actor.org_id)
        problem = unknown_items(norms, [said.key]) if said.kind is NormKind.MUST_DO else None
        if problem is not None:
            return problem
        made = await _made(store, visit, [said], captured_at, context.now)
        if isinstance(made, Refusal):
            return made
        (saved,) = await keep_entries(store, made, context.now)
        return Saved(COLLECTION, saved)

    name = "recordMustDo" if said.kind is NormKind.MUST_DO else "recordInsight"
    given = {"visit_id": visit_id, "said": said, "captured_at": captured_at}
    return await once(context, name, client_key, given, act)


async def at_check_out(
    store: Store, before: Visit, after: Visit | InvalidInput | WrongState, said: Sequence[Said], now: datetime
) -> Sequence[NormEntry] | InvalidInput | WrongState | MustDoRequired:
    """What came with a check-out, to be inserted with it, or why the visit does not end (`after`) or not yet.

    In HARD mode only who still stands there is kept: a late check-out, or one after the automatic end, is taken.
    """
    if isinstance(after, Refusal):
        return after
    assert after.closed_at is not None
    norms = await find_norms(store, before.org_id)
    is_kept = norms.mode is NormMode.HARD and before.state is VisitState.OPEN
    is_kept = is_kept and now - after.closed_at <= ONLINE_WITHIN
    if not (said or is_kept):
        return ()
    problem = unknown_items(norms, [each.key for each in said if each.kind is NormKind.MUST_DO])
    if problem is not None:
        return problem
    made = await _made(store, after, said, after.closed_at, now)
    if isinstance(made, Refusal) or not is_kept:
        return made
    day = work_day(await _rep(store, before), after.closed_at)
    known = await list_of_week(store, before.org_id, before.owner_id, Week.of(day))
    whole = [each.deed for each in (*known, *made)]
    insights = len(insights_gained(whole))
    return shut(norms, before.id, after.outcome or VisitOutcome.OTHER, day, items_done(whole, day), insights) or made


async def week_of(store: Store, person: Person, week: Week, now: datetime) -> NormWeek:
    """How the person's week stands."""
    norms = await find_norms(store, person.org_id)
    deeds = [each.deed for each in await list_of_week(store, person.org_id, person.id, week)]
    visited: list[date] = []
    if person.roster is None:
        entered = await list_entered(store, person.org_id, person.id, *week.span(zone_of(person)))
        visited = [work_day(person, each) for each in entered]
    return kept(week, norms, days_of_work(person, week, visited), deeds, work_day(person, now))


async def keep_entries(store: Store, entries: Sequence[NormEntry], now: datetime) -> list[Document]:
    """Inserts what a visit brought; where it completes a week that was flagged, the flag is cleared.

    Raises DuplicateKeyError where an id is taken.
    """
    documents = await insert_entries(store, entries)
    for owner_id, week in dict.fromkeys((each.owner_id, Week.parse(each.week)) for each in entries):
        flag = await find_flag(store, flag_id(owner_id, week)) if week.days[-1] <= now.date() else None
        if flag is None or flag.flagged_at is None or flag.cleared_at is not None:
            continue
        person = await find_person(store, Scope.whole_organization(flag.org_id), owner_id)
        if person is not None and (await week_of(store, person, week, now)).state is not NormState.MISSED:
            await put_flag(store, replace(flag, cleared_at=now))
    return documents


async def _made(
    store: Store, visit: Visit, said: Sequence[Said], at: datetime, now: datetime
) -> list[NormEntry] | InvalidInput | WrongState:
    person = await _rep(store, visit)
    made = []
    for each in said:
        found = entry(each, NormEntryId(each.id or new_id("nrm", now)), visit, person, at, now)
        if isinstance(found, Refusal):
            return found
        made.append(found)
    return made


async def _rep(store: Store, visit: Visit) -> Person:
    person = await find_person(store, Scope.whole_organization(visit.org_id), visit.owner_id)
    if person is None:
        raise Unavailable(1)
    return person
