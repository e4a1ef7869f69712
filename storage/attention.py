"""Fits pushes to what their recipients want and can take: preferences, quiet hours, digests; for storage/outbox.py.

What each person was pushed lately is one document. It is read and written beside the transaction that tells the
notices, by compare and set: a worker that dies in its transaction must not hold up what others tell the same person.
What a transaction was granted is kept under its notice, so one that is run again is granted the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.attention import Attention, Digest, Limits, Placed, must_count, place
from domain.deliveries import Delivery, defer, digest
from domain.ids import PersonId
from domain.notices import Notice
from domain.people import Person
from domain.preferences import DEFAULT
from storage.codec import decode, encode
from storage.driver import DuplicateKeyError
from storage.people import list_people
from storage.store import Store

COLLECTION = "attention"
_TRIES = 20
Address = Callable[[Sequence[Notice]], Awaitable[list[Delivery]]]
"""The rows that notices would have if each was sent by itself at once."""
CountBreaches = Callable[[Notice], Awaitable[int]]
"""How many breaches of the notice's cause its recipient was told of lately."""
Write = Callable[[Store, Notice, Sequence[Delivery]], Awaitable[None]]
"""Writes a digest or incident with its deliveries, unless it is there already."""
Hasten = Callable[[Store, Digest], Awaitable[None]]
"""Makes a digest and its deliveries as urgent as it says."""


@dataclass(frozen=True, slots=True)
class Attending:
    """What `fit` asks of the outbox."""

    address: Address
    count_breaches: CountBreaches
    write: Write
    hasten: Hasten
    limits: Limits


async def fit(
    store: Store, notices: Sequence[Notice], rows: Sequence[Delivery], asks: Attending, now: datetime
) -> list[Delivery]:
    """The deliveries of new notices, to be written with them. Two reads, and a write for what is granted."""
    if not rows:
        return []
    people = await list_people(store, notices[0].org_id, list(dict.fromkeys(row.owner_id for row in rows)))
    beside = Store(store.database, known=store.known)
    known = await _load(beside, people)
    fitted: list[Delivery] = []
    for notice in notices:
        own, person = [row for row in rows if row.notice_id == notice.id], people.get(notice.owner_id)
        if person is None:
            fitted += own
            continue
        own = _wanted(notice, person, own)
        if own:
            put, known[person.id] = await _granted(beside, known[person.id], notice, person, asks, now)
            if put.into is None:
                fitted += [_deferred(row, put.at, now) for row in own]
            else:
                fitted += [digest(row, put.into, now) for row in own]
    return fitted


async def _granted(
    beside: Store, before: Attention, notice: Notice, person: Person, asks: Attending, now: datetime
) -> tuple[Placed, Attention]:
    """Where the notice goes and the person's attention after that. A digest is there before anybody can join it."""
    for _ in range(_TRIES):
        asked = must_count(before, notice, person, now, asks.limits)
        breaches = await asks.count_breaches(notice) if asked else 0
        put = place(before, notice, person, breaches, now, asks.limits)
        if put.attention is before:
            return put, before
        if put.added is not None:
            own = _wanted(put.added, person, await asks.address([put.added]))
            await asks.write(beside, put.added, [_deferred(row, put.at, now) for row in own])
        after = replace(put.attention, version=before.version + 1)
        if await _save(beside, after):
            if put.urgent is not None:
                await asks.hasten(beside, put.urgent)
            return put, after
        before = (await _load(beside, {person.id: person}))[person.id]
    return Placed(before, now), before  # told once too often rather than not at all


def _deferred(row: Delivery, due: datetime, now: datetime) -> Delivery:
    """The channels after the first keep their distance from it."""
    return defer(row, due + (row.next_at - now)) if due > now else row


def _wanted(notice: Notice, person: Person, rows: Sequence[Delivery]) -> list[Delivery]:
    preferences = person.preferences or DEFAULT
    channels = preferences.wanted(notice.kind, notice.priority, dict.fromkeys(row.channel for row in rows))
    return [row for row in rows if row.channel in channels]


async def _load(beside: Store, people: Mapping[PersonId, Person]) -> dict[PersonId, Attention]:
    if not people:
        return {}
    found = await beside[COLLECTION].find({"_id": {"$in": list(people)}}, limit=len(people))
    kept = {each.id: each for each in (decode(Attention, document) for document in found)}
    return {key: kept.get(key, Attention(key, person.org_id)) for key, person in people.items()}


async def _save(beside: Store, after: Attention) -> bool:
    """Version n over version n - 1; False where another write came first."""
    if after.version > 1:
        return await beside[COLLECTION].replace_one({"_id": after.id, "version": after.version - 1}, encode(after)) == 1
    try:
        await beside[COLLECTION].insert_one(encode(after))
    except DuplicateKeyError:
        return False
    return True
