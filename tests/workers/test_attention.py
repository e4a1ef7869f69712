"""What people hear, through outbox and delivery worker: nights, storms, digests, incidents, and what they muted."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.access import Role
from domain.attention import LIMITS
from domain.deliveries import Delivery, DeliveryState
from domain.notices import Notice, NoticeKind, Priority, acknowledge, event_key, make_notice, read
from domain.people import Person
from domain.preferences import Mute, Preferences, QuietHours
from resolvers.services import Services
from storage.attention import COLLECTION as ATTENTION
from storage.codec import decode, encode
from storage.deliveries import release_deferred
from storage.notices import save_marks
from storage.outbox import DELIVERIES, NOTICES, Outbox
from storage.people import PEOPLE
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.senders import Recorder, deliver

S = DeliveryState
OUTBOX = Outbox(("console",))


class Console(Recorder):
    """What would be shown."""

    name = "console"


@pytest.fixture
async def quiet_store(outbox: Services) -> Store:
    """A database in which nobody was pushed anything."""
    await outbox.store[ATTENTION].delete_many({})
    return outbox.store


async def save(store: Store, person: Person, **changes: Any) -> Person:
    """The person, with everybody's preferences unless others are given."""
    changed = replace(person, **({"preferences": None} | changes))
    await store[PEOPLE].replace_one({"_id": person.id}, encode(changed), upsert=True)
    return changed


def notice(person: Person, number: int, clock: StoppedClock, **given: Any) -> Notice:
    kind, priority = given.get("kind", NoticeKind.SLA_BREACHED), given.get("priority", Priority.HIGH)
    key, facts = event_key(kind, str(number)), {"metric": given.get("metric", "LEAD_FIRST_CONTACT")}
    return make_notice(person.org_id, person.id, kind, priority, key, clock.now, facts=facts)


async def tell(store: Store, clock: StoppedClock, *notices: Notice) -> None:
    await store.transaction(lambda inside: OUTBOX.write(inside, notices, clock.now))


async def rows_of(store: Store, kind: NoticeKind | None = None) -> list[Delivery]:
    found = await store[DELIVERIES].find({}, order=[("created_at", 1), ("_id", 1)], limit=500)
    rows = [decode(Delivery, each) for each in found]
    if kind is None:
        return rows
    told = await store[NOTICES].find({"kind": kind.value}, limit=500)
    return [row for row in rows if row.notice_id in {each["_id"] for each in told}]


async def hear(outbox: Services, clock: StoppedClock) -> list[str]:
    """The texts that are shown by now."""
    await release_deferred(outbox.store, clock.now)
    console = Console()
    await deliver(outbox, console)
    return [f"{message.title}: {message.body}" for message in console.messages]


async def test_the_night_puts_off_all_but_what_is_critical(
    outbox: Services, quiet_store: Store, clock: StoppedClock, person: Person
) -> None:
    await save(quiet_store, person)
    clock.advance(hours=14)  # 23:00 in Shanghai
    await tell(quiet_store, clock, notice(person, 1, clock), notice(person, 2, clock, priority=Priority.CRITICAL))
    assert Counter(row.state for row in await rows_of(quiet_store)) == {S.DEFERRED: 1, S.PENDING: 1}
    assert len(await hear(outbox, clock)) == 1
    clock.advance(hours=8, milliseconds=-1)
    assert await hear(outbox, clock) == []
    clock.advance(milliseconds=1)  # 07:00
    assert len(await hear(outbox, clock)) == 1
    (late,) = [row for row in await rows_of(quiet_store) if row.priority is Priority.HIGH]
    assert (late.state, late.deadline_counts_from) == (S.SENT, clock.now)


async def test_a_retry_that_falls_into_the_night_waits_for_the_morning(
    outbox: Services, quiet_store: Store, clock: StoppedClock, person: Person
) -> None:
    await save(quiet_store, person)
    clock.advance(hours=13, milliseconds=-1)
    await tell(quiet_store, clock, notice(person, 1, clock))
    clock.advance(milliseconds=1)  # 22:00
    assert await hear(outbox, clock) == []
    (row,) = await rows_of(quiet_store)
    assert (row.state, row.next_at) == (S.DEFERRED, clock.now + timedelta(hours=9))


async def test_what_was_put_off_and_has_ended_is_never_sent(
    outbox: Services, quiet_store: Store, clock: StoppedClock, person: Person
) -> None:
    await save(quiet_store, person)
    clock.advance(hours=14)
    told = notice(person, 1, clock)
    await tell(quiet_store, clock, told)
    await save_marks(quiet_store, [acknowledge(told, clock.now)])
    clock.advance(hours=8)
    assert await hear(outbox, clock) == []
    assert [row.state for row in await rows_of(quiet_store)] == [S.CANCELLED]


async def test_twenty_notices_are_five_pushes_and_digests(
    outbox: Services, quiet_store: Store, clock: StoppedClock, person: Person
) -> None:
    await save(quiet_store, person)
    await asyncio.gather(*(tell(quiet_store, clock, notice(person, each, clock)) for each in range(20)))
    assert len(await quiet_store[NOTICES].find({"kind": "SLA_BREACHED"}, limit=99)) == 20, "the inbox holds them all"
    assert len(await hear(outbox, clock)) == LIMITS.singles
    assert Counter(row.state for row in await rows_of(quiet_store)) == {S.SENT: 5, S.DIGESTED: 15, S.DEFERRED: 1}
    clock.advance(minutes=1, milliseconds=-1)
    assert await hear(outbox, clock) == []
    await tell(quiet_store, clock, notice(person, 20, clock), notice(person, 21, clock))
    clock.advance(milliseconds=1)
    assert await hear(outbox, clock) == ["New notices: 15 new notices are in your inbox."]
    clock.advance(minutes=5, milliseconds=-1)
    assert await hear(outbox, clock) == []
    clock.advance(milliseconds=1)
    assert await hear(outbox, clock) == ["New notices: 2 new notices are in your inbox."]
    assert [row.state for row in await rows_of(quiet_store, NoticeKind.DIGEST)] == [S.SENT, S.SENT]


async def test_an_aborted_transaction_takes_no_digest_from_the_others(
    outbox: Services, quiet_store: Store, clock: StoppedClock, person: Person
) -> None:
    await save(quiet_store, person)
    for number in range(LIMITS.singles):
        await tell(quiet_store, clock, notice(person, number, clock))

    async def fail(inside: Store) -> None:
        await OUTBOX.write(inside, [notice(person, 90, clock)], clock.now)
        raise LookupError("afterwards")

    with pytest.raises(LookupError):
        await quiet_store.transaction(fail)
    await tell(quiet_store, clock, notice(person, 91, clock))
    await hear(outbox, clock)
    clock.advance(minutes=1)
    assert await hear(outbox, clock) == ["New notices: 1 new notice is in your inbox."]


async def test_an_open_transaction_holds_up_nobody_who_tells_the_same_person(
    quiet_store: Store, clock: StoppedClock, person: Person
) -> None:
    await save(quiet_store, person)
    written, release = asyncio.Event(), asyncio.Event()

    async def lingers(inside: Store) -> None:
        await OUTBOX.write(inside, [notice(person, 1, clock)], clock.now)
        written.set()
        await release.wait()

    lingering = asyncio.create_task(quiet_store.transaction(lingers))
    await written.wait()
    async with asyncio.timeout(20):
        await tell(quiet_store, clock, notice(person, 2, clock))
    assert not lingering.done()
    release.set()
    await lingering
    assert Counter(row.state for row in await rows_of(quiet_store)) == {S.PENDING: 2}


async def test_what_is_critical_makes_the_digest_it_goes_into_urgent(
    outbox: Services, quiet_store: Store, clock: StoppedClock, person: Person
) -> None:
    await save(quiet_store, person)
    for number in range(LIMITS.singles + 1):
        await tell(quiet_store, clock, notice(person, number, clock, priority=Priority.NORMAL))
    (digest,) = await rows_of(quiet_store, NoticeKind.DIGEST)
    await tell(quiet_store, clock, notice(person, 90, clock, priority=Priority.CRITICAL))
    (urgent,) = await rows_of(quiet_store, NoticeKind.DIGEST)
    assert (digest.priority, urgent) == (Priority.NORMAL, replace(digest, priority=Priority.CRITICAL))
    clock.advance(minutes=1)
    shown = await hear(outbox, clock)
    assert "New notices: 2 new notices are in your inbox." in shown


async def test_a_digest_counts_only_what_is_still_news(
    outbox: Services, quiet_store: Store, clock: StoppedClock, person: Person
) -> None:
    await save(quiet_store, person)
    notices = [notice(person, each, clock) for each in range(LIMITS.singles + 3)]
    for each in notices:
        await tell(quiet_store, clock, each)
    await hear(outbox, clock)
    waiting = notices[LIMITS.singles :]
    await save_marks(quiet_store, [acknowledge(waiting[0], clock.now), read(waiting[1], clock.now)])
    clock.advance(minutes=1)
    assert await hear(outbox, clock) == ["New notices: 1 new notice is in your inbox."]
    for number in range(10, 12):
        await tell(quiet_store, clock, notice(person, number, clock))
    found = await quiet_store[NOTICES].find({"kind": "SLA_BREACHED"}, limit=99)
    await save_marks(quiet_store, [read(decode(Notice, each), clock.now) for each in found])
    clock.advance(minutes=5)
    assert await hear(outbox, clock) == [], "nothing is news any more"
    assert [row.state for row in await rows_of(quiet_store, NoticeKind.DIGEST)].count(S.CANCELLED) == 1


async def test_fifty_breaches_are_told_and_the_next_is_an_incident(
    outbox: Services, quiet_store: Store, clock: StoppedClock, person: Person
) -> None:
    await save(quiet_store, person, role=Role.MANAGER)
    before = [notice(person, each, clock) for each in range(LIMITS.incident_over)]
    await quiet_store.transaction(lambda inside: OUTBOX.write(inside, before, clock.now))
    await tell(quiet_store, clock, notice(person, 98, clock, metric="LEAD_NEXT_FOLLOWUP"))
    assert await rows_of(quiet_store, NoticeKind.SLA_INCIDENT) == []
    await hear(outbox, clock)
    clock.advance(minutes=5, milliseconds=-1)
    for each in (100, 101, 102):
        await tell(quiet_store, clock, notice(person, each, clock))
    (incident,) = await rows_of(quiet_store, NoticeKind.SLA_INCIDENT)
    assert (incident.state, incident.priority) == (S.PENDING, Priority.CRITICAL)
    assert [row.digest_id for row in await rows_of(quiet_store)].count(incident.notice_id) == 3
    shown = sorted(await hear(outbox, clock))
    assert len(shown) == 2
    assert "Many overdue: first contact: The first contact of very many leads in your teams came overdue" in shown[0]
    assert shown[1] == "New notices: 46 new notices are in your inbox.", "those before the incident"


async def test_what_is_muted_is_not_sent_and_takes_no_attention(
    outbox: Services, quiet_store: Store, clock: StoppedClock, person: Person
) -> None:
    muted = (Mute(NoticeKind.SLA_BREACHED, "console"), Mute(NoticeKind.LEAD_ASSIGNED, "fcm"))
    await save(quiet_store, person, preferences=Preferences(QuietHours(0, 0), muted))
    for each in range(LIMITS.singles + 2):
        await tell(quiet_store, clock, notice(person, each, clock))
    assert await rows_of(quiet_store) == []
    critical = notice(person, 90, clock, priority=Priority.CRITICAL)
    assigned = notice(person, 91, clock, kind=NoticeKind.LEAD_ASSIGNED)
    await tell(quiet_store, clock, critical, assigned)
    assert len(await hear(outbox, clock)) == 2


async def test_what_is_muted_after_it_was_queued_is_not_sent(
    outbox: Services, quiet_store: Store, clock: StoppedClock, person: Person
) -> None:
    await save(quiet_store, person)
    await tell(quiet_store, clock, notice(person, 1, clock), notice(person, 2, clock, priority=Priority.CRITICAL))
    await save(quiet_store, person, preferences=Preferences(muted=(Mute(NoticeKind.SLA_BREACHED, "console"),)))
    assert len(await hear(outbox, clock)) == 1
    ended = {row.priority: (row.state, row.last_error) for row in await rows_of(quiet_store)}
    assert ended[Priority.CRITICAL][0] is S.SENT
    assert ended[Priority.HIGH] == (S.CANCELLED, "the recipient does not want it over this channel")
