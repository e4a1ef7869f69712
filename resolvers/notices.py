"""The caller's inbox: marking, acknowledging, watching, and what the phone says of pushes. For schema/notices.py."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

from domain import sla
from domain.deliveries import Delivery, cancel, mark_opened, mark_received
from domain.errors import Unavailable
from domain.notices import Notice, acknowledge, read, see, take
from domain.refusals import InvalidInput, NotFound, Refusal
from resolvers.arrivals import count_arrivals, first_arrivals
from resolvers.context import Context
from resolvers.once import Facts, Outcome, Saved, once
from storage.changes import Change
from storage.clocks import find_clock, save_clock
from storage.devices import note_contact
from storage.driver import Document
from storage.notices import (
    change_deliveries,
    count_unread,
    list_deliveries_of,
    list_notices,
    list_own_deliveries,
    list_shared,
    save_marks,
)
from storage.outbox import NOTICES
from storage.reads import Reads, unique
from storage.store import Store
from storage.times import stored_time

MAX_IDS = 100
COUNTED = 100
FOLLOWED = frozenset({NOTICES})
"""Collections whose changes a watched inbox shows."""
GATHERED_S = 0.2
"""What is written within so long comes as one event."""
LATEST_COMMIT = timedelta(minutes=1)
"""What was written so long before the watching began may still become visible after it."""
MAX_REMEMBERED = 1_000
_MARKS = ("seen_at", "read_at", "acknowledged_at", "resolved_at", "taken_at")


async def mark_seen(context: Context, client_key: str, notice_ids: Sequence[str]) -> Document | Refusal:
    """`{"ids"}` of the caller's notices among these; each was on the screen."""
    return await _mark(context, "markSeen", client_key, notice_ids, see)


async def mark_read(context: Context, client_key: str, notice_ids: Sequence[str]) -> Document | Refusal:
    """`{"ids"}` of the caller's notices among these; each was opened."""
    return await _mark(context, "markRead", client_key, notice_ids, read)


async def _mark(
    context: Context,
    mutation: str,
    client_key: str,
    notice_ids: Sequence[str],
    mark: Callable[[Notice, datetime], Notice],
) -> Document | Refusal:
    actor = context.me

    async def act(store: Store) -> Outcome:
        problem = _problem_with("ids", notice_ids)
        if problem is not None:
            return problem
        notices = await list_notices(store, actor.scope, unique(notice_ids))
        await save_marks(store, _changed(notices, [mark(each, context.now) for each in notices]))
        known = {each.id for each in notices}
        return Facts({"ids": [each for each in unique(notice_ids) if each in known]})

    return await once(context, mutation, client_key, {"ids": list(notice_ids)}, act)


async def acknowledge_notice(context: Context, client_key: str, notice_id: str) -> Document | Refusal:
    """The notice its recipient takes on for everyone who was told: nothing more is sent for it to anybody, and its
    clock's later steps stay silent."""
    actor = context.me

    async def act(store: Store) -> Outcome:
        found = await list_notices(store, actor.scope, [notice_id])
        if not found:
            return NotFound(notice_id)
        notice = found[0]
        if notice.acknowledged_at is None:
            others = await list_shared(store, notice)
            taken = [take(each, actor.person_id, context.now) for each in others]
            await save_marks(store, [acknowledge(notice, context.now), *_changed(others, taken)])
            open_rows = await list_deliveries_of(store, [notice.id, *(each.id for each in others)])
            await change_deliveries(store, open_rows, lambda row: cancel(row, "acknowledged", context.now))
            await _quiet_clock(store, notice, context.now)
        document = await Reads(store, actor.scope).find(NOTICES, notice_id)
        return NotFound(notice_id) if document is None else Saved(NOTICES, document)

    return await once(context, "acknowledgeNotice", client_key, {"id": notice_id}, act)


async def _quiet_clock(store: Store, notice: Notice, now: datetime) -> None:
    """Appends ACKNOWLEDGED to the clock, unless it has gone on to another cycle. Raises Unavailable where beaten."""
    record = await find_clock(store, notice.clock_id) if notice.clock_id is not None else None
    if record is None or record.org_id != notice.org_id or record.clock.cycle != notice.cycle:
        return
    events = sla.acknowledge(record.clock, now, now)
    if events and not await save_clock(store, record.with_events(events, now)):
        raise Unavailable(1, "The clock of this notice is being changed.")


async def received(context: Context, client_key: str, delivery_keys: Sequence[str]) -> Document | Refusal:
    """`{"keys"}` of the caller's deliveries among these; the phone has them, so none is sent again."""
    return await _arrived(context, "received", client_key, delivery_keys, mark_received)


async def opened(context: Context, client_key: str, delivery_keys: Sequence[str]) -> Document | Refusal:
    """As `received`, for messages that were tapped: their notices are read."""
    return await _arrived(context, "opened", client_key, delivery_keys, mark_opened)


async def _arrived(
    context: Context,
    mutation: str,
    client_key: str,
    delivery_keys: Sequence[str],
    mark: Callable[[Delivery, datetime], Delivery],
) -> Document | Refusal:
    actor = context.me
    rows: list[Delivery] = []

    async def act(store: Store) -> Outcome:
        nonlocal rows
        problem = _problem_with("deliveryKeys", delivery_keys)
        if problem is not None:
            return problem
        rows = await list_own_deliveries(store, actor.scope, unique(delivery_keys))
        await change_deliveries(store, rows, lambda row: mark(row, context.now))
        if mark is mark_opened:
            notices = await list_notices(store, actor.scope, unique(row.notice_id for row in rows))
            await save_marks(store, _changed(notices, [read(each, context.now) for each in notices]))
        devices = unique(row.device_id for row in rows if row.device_id is not None)
        await note_contact(store, actor.person_id, devices, context.now)
        known = {row.id for row in rows}
        return Facts(
            {"keys": [each for each in unique(delivery_keys) if each in known], "at": stored_time(context.now)}
        )

    answer = await once(context, mutation, client_key, {"keys": list(delivery_keys)}, act)
    # A call repeated for a lost answer says nothing new; whoever taps has had the message before.
    if not isinstance(answer, Refusal) and answer.get("at") == stored_time(context.now) and mark is mark_received:
        fresh = unique(row.notice_id for row in first_arrivals(rows, context.now))
        notices = await list_notices(context.store, actor.scope, fresh) if fresh else []
        count_arrivals(rows, notices, context.now)
    return answer


async def watch_inbox(context: Context) -> AsyncIterator[Document]:
    """First the unread count, then what is added to the caller's inbox, and the count again after each change of it.

    Ends with Unauthenticated once the caller may not act any more. Who reads too slowly is told that something may have
    been missed.
    """
    actor, services = context.me, context.services
    org_id, me = actor.org_id, actor.person_id

    def is_mine(change: Change) -> bool:
        document = change.document
        return change.collection == NOTICES and (document.get("org_id"), document.get("owner_id")) == (org_id, me)

    async with services.changes.subscribe(is_mine) as subscriber:
        since, told = stored_time(context.now - LATEST_COMMIT), dict[str, None]()
        added: list[Document] = []
        missed = False
        while True:
            yield {
                "notices": added,
                "unread_count": await count_unread(context.store, actor.scope, COUNTED),
                "may_have_missed": missed,
            }
            changes = await subscriber.take(GATHERED_S)
            context.actor = actor = await services.callers.again(actor)
            context.renew()
            missed = any(change.is_gap for change in changes)
            added = _added([change.document for change in changes if not change.is_gap], since, told)


def _added(documents: Sequence[Document], since: datetime, told: dict[str, None]) -> list[Document]:
    """New ones that bear no mark and were not told before, oldest first; `told` grows by them and keeps the latest."""
    fresh = {
        each["_id"]: each
        for each in documents
        if each["created_at"] >= since and each["_id"] not in told and not any(each.get(mark) for mark in _MARKS)
    }
    told |= dict.fromkeys(fresh)
    for oldest in list(told)[:-MAX_REMEMBERED]:
        del told[oldest]
    return sorted(fresh.values(), key=lambda each: (each["created_at"], each["_id"]))


async def unread_count(context: Context) -> int:
    """How many of the caller's notices are unread, counted up to COUNTED."""
    return await count_unread(context.store, context.me.scope, COUNTED)


def _changed(before: Sequence[Notice], after: Sequence[Notice]) -> list[Notice]:
    return [now for was, now in zip(before, after, strict=True) if now != was]


def _problem_with(field: str, ids: Sequence[str]) -> InvalidInput | None:
    return None if 1 <= len(ids) <= MAX_IDS else InvalidInput(field, f"must hold 1 to {MAX_IDS} entries")
