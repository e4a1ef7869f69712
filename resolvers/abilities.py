"""The ability profile of a rep, counted anew from visits, promises and norms. Called by schema/abilities.py."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta

from domain.abilities import AbilityWeek, ability_week
from domain.access import Role
from domain.attendance import work_day, zone_of
from domain.compliance import NormWeek, days_of_work, kept
from domain.errors import BadInput
from domain.norm_entries import Deed, NormEntry
from domain.norms import Norms
from domain.people import Person
from domain.sla import Clock
from domain.visits import Visit
from domain.weeks import Week
from resolvers.compliance import week_asked
from resolvers.context import Context
from storage.clocks import list_changed_clocks
from storage.codec import decode, encode
from storage.driver import Document
from storage.norm_entries import COLLECTION as ENTRIES
from storage.norms import find_norms
from storage.people import find_person
from storage.reads import Reads
from storage.times import stored_time
from storage.visits import COLLECTION as VISITS

MAX_WEEKS = 12
MAX_RECORDS = 10_000
_AROUND = timedelta(days=3)
"""A visit may be entered on another day than it was planned for."""


async def ability_profile(context: Context, person_id: str | None, week: str | None, weeks: int) -> Document | None:
    """The person and their latest `weeks` weeks up to `week`, newest first; None outside the scope. Raises BadInput."""
    if not 1 <= weeks <= MAX_WEEKS:
        raise BadInput("weeks", f"must be 1 to {MAX_WEEKS}")
    actor, reads = context.me, context.reads
    last = await week_asked(context, week)
    asked = person_id or actor.person_id
    # Reps see their colleagues, but not how they work.
    if actor.role is Role.REP and asked != actor.person_id:
        return None
    person = await find_person(context.store, actor.scope, asked)
    if person is None:
        return None
    wanted = [last.plus(-ago) for ago in range(weeks)]
    since, until = wanted[-1].span(zone_of(person))[0] - _AROUND, last.span(zone_of(person))[1] + _AROUND
    norms, visits, clocks, deeds = await asyncio.gather(
        find_norms(context.store, actor.org_id),
        _visits(reads, person, since, until),
        list_changed_clocks(reads, person.id, since, MAX_RECORDS),
        _deeds(reads, person, wanted),
    )
    known: dict[str, Clock] = {record.id: record.clock for record in clocks}
    lines: list[AbilityWeek] = []
    for each in wanted:
        stands = _norm_week(person, each, norms, deeds[str(each)], visits, context.now)
        lines.append(ability_week(person, each, visits, known, stands, context.now))
    return {"person_id": person.id, "weeks": [encode(each) for each in lines]}


async def _visits(reads: Reads, person: Person, since: datetime, until: datetime) -> list[Visit]:
    between = {"$gte": stored_time(since), "$lt": stored_time(until)}
    where: Document = {"owner_id": person.id, "scheduled_at": between}
    found = await reads.list(VISITS, where, order="scheduled_at", limit=MAX_RECORDS)
    return [decode(Visit, each) for each in found]


async def _deeds(reads: Reads, person: Person, weeks: list[Week]) -> dict[str, list[Deed]]:
    where: Document = {"owner_id": person.id, "week": {"$in": [str(each) for each in weeks]}}
    found: dict[str, list[Deed]] = defaultdict(list)
    for each in await reads.list(ENTRIES, where, order="_id", limit=MAX_RECORDS):
        found[each["week"]].append(decode(NormEntry, each).deed)
    return found


def _norm_week(
    person: Person, week: Week, norms: Norms, deeds: list[Deed], visits: list[Visit], now: datetime
) -> NormWeek:
    visited = [work_day(person, each.opened_at) for each in visits if each.opened_at is not None]
    return kept(week, norms, days_of_work(person, week, visited), deeds, work_day(person, now))
