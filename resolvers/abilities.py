"""The ability profile of a rep, counted anew from visits, promises and norms. Called by schema/abilities.py."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.abilities import AbilityWeek, ability_week
from domain.access import Role
from domain.attendance import work_day
from domain.compliance import days_of_work, kept
from domain.errors import BadInput
from domain.ids import PersonId
from domain.norm_entries import NormEntry
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
from storage.people import PEOPLE, find_person
from storage.reads import Page, PageRequest, Reads
from storage.times import stored_time
from storage.visits import COLLECTION as VISITS

MAX_WEEKS = 12
MAX_RECORDS = 10_000
_AROUND = timedelta(days=3)
"""A visit may be entered on another day than it was planned for, and weeks begin at other times elsewhere."""


async def ability_profile(context: Context, person_id: str | None, week: str | None, weeks: int) -> Document | None:
    """The person and their latest `weeks` weeks up to `week`, newest first; None outside the scope. Raises BadInput."""
    wanted = await _weeks(context, week, weeks)
    actor = context.me
    asked = person_id or actor.person_id
    # Reps see their colleagues, but not how they work.
    if actor.role is Role.REP and asked != actor.person_id:
        return None
    person = await find_person(context.store, actor.scope, asked)
    return None if person is None else (await _profiles(context, [person], wanted))[0]


async def ability_profiles(context: Context, request: PageRequest, week: str | None, weeks: int) -> Page:
    """A page of reps in scope by name, each as `ability_profile`; a rep finds themselves alone. Raises BadInput."""
    wanted = await _weeks(context, week, weeks)
    where: Document = {"role": Role.REP.value}
    if context.me.role is Role.REP:
        where["_id"] = context.me.person_id
    page = await context.reads.page(PEOPLE, where, replace(request, order="name"))
    people = [decode(Person, each) for each in page.documents]
    return replace(page, documents=await _profiles(context, people, wanted))


async def _weeks(context: Context, week: str | None, weeks: int) -> list[Week]:
    if not 1 <= weeks <= MAX_WEEKS:
        raise BadInput("weeks", f"must be 1 to {MAX_WEEKS}")
    last = await week_asked(context, week)
    return [last.plus(-ago) for ago in range(weeks)]


async def _profiles(context: Context, people: Sequence[Person], wanted: Sequence[Week]) -> list[Document]:
    """One for each of the people, in their order; four reads for any number of them and of weeks."""
    reads, ids = context.reads, [each.id for each in people]
    since, until = wanted[-1].span("UTC")[0] - _AROUND, wanted[0].span("UTC")[1] + _AROUND
    norms, visits, clocks, deeds = await asyncio.gather(
        find_norms(context.store, context.me.org_id),
        _visits(reads, ids, since, until),
        list_changed_clocks(reads, ids, since, MAX_RECORDS),
        _deeds(reads, ids, wanted),
    )
    held: dict[str, dict[str, Clock]] = defaultdict(dict)
    for record in clocks:
        held[record.owner_id or ""][record.id] = record.clock
    return [
        {
            "_id": person.id,
            "person_id": person.id,
            "weeks": [
                encode(_line(person, each, norms, visits[person.id], held[person.id], deeds[person.id], context.now))
                for each in wanted
            ],
        }
        for person in people
    ]


async def _visits(reads: Reads, people: Sequence[PersonId], since: datetime, until: datetime) -> dict[str, list[Visit]]:
    between = {"$gte": stored_time(since), "$lt": stored_time(until)}
    where: Document = {"owner_id": {"$in": list(people)}, "scheduled_at": between}
    found: dict[str, list[Visit]] = defaultdict(list)
    for each in await _all(reads, VISITS, where, "scheduled_at"):
        found[each["owner_id"]].append(decode(Visit, each))
    return found


async def _deeds(reads: Reads, people: Sequence[PersonId], weeks: Sequence[Week]) -> dict[str, list[NormEntry]]:
    where: Document = {"owner_id": {"$in": list(people)}, "week": {"$in": [str(each) for each in weeks]}}
    found: dict[str, list[NormEntry]] = defaultdict(list)
    for each in await _all(reads, ENTRIES, where, "_id"):
        found[each["owner_id"]].append(decode(NormEntry, each))
    return found


async def _all(reads: Reads, collection: str, where: Document, order: str) -> list[Document]:
    found = await reads.list(collection, where, order=order, limit=MAX_RECORDS + 1)
    if len(found) > MAX_RECORDS:
        raise BadInput("weeks", f"hold more than {MAX_RECORDS} records; ask for fewer weeks or people")
    return found


def _line(
    person: Person,
    week: Week,
    norms: Norms,
    visits: Sequence[Visit],
    clocks: Mapping[str, Clock],
    entries: Sequence[NormEntry],
    now: datetime,
) -> AbilityWeek:
    visited = [work_day(person, each.opened_at) for each in visits if each.opened_at is not None]
    deeds = [each.deed for each in entries if each.week == str(week)]
    stands = kept(week, norms, days_of_work(person, week, visited), deeds, work_day(person, now))
    return ability_week(person, week, visits, clocks, stands, now)
