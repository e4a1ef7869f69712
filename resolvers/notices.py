"""The caller's inbox: marking, acknowledging, and what the phone says it received. Called by schema/notices.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from domain import sla
from domain.deliveries import cancel, mark_received
from domain.errors import Unavailable
from domain.notices import Notice, acknowledge, read, see
from domain.refusals import InvalidInput, NotFound, Refusal
from resolvers.context import Context
from resolvers.once import Facts, Outcome, Saved, once
from storage.clocks import find_clock, save_clock
from storage.driver import Document
from storage.notices import (
    change_deliveries,
    count_unread,
    list_notices,
    list_open_deliveries,
    list_own_deliveries,
    save_marks,
)
from storage.outbox import NOTICES
from storage.reads import Reads, unique
from storage.store import Store

MAX_IDS = 100
COUNTED = 100


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
        marked = [mark(each, context.now) for each in notices]
        await save_marks(store, [after for before, after in zip(notices, marked, strict=True) if after != before])
        known = {each.id for each in notices}
        return Facts({"ids": [each for each in unique(notice_ids) if each in known]})

    return await once(context, mutation, client_key, {"ids": list(notice_ids)}, act)


async def acknowledge_notice(context: Context, client_key: str, notice_id: str) -> Document | Refusal:
    """The notice its recipient takes on: nothing more is sent for it, and its clock's later steps stay silent."""
    actor = context.me

    async def act(store: Store) -> Outcome:
        found = await list_notices(store, actor.scope, [notice_id])
        if not found:
            return NotFound(notice_id)
        notice = found[0]
        if notice.acknowledged_at is None:
            await save_marks(store, [acknowledge(notice, context.now)])
            open_rows = await list_open_deliveries(store, notice.id)
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
    actor = context.me

    async def act(store: Store) -> Outcome:
        problem = _problem_with("deliveryKeys", delivery_keys)
        if problem is not None:
            return problem
        rows = await list_own_deliveries(store, actor.scope, unique(delivery_keys))
        await change_deliveries(store, rows, lambda row: mark_received(row, context.now))
        known = {row.id for row in rows}
        return Facts({"keys": [each for each in unique(delivery_keys) if each in known]})

    return await once(context, "received", client_key, {"keys": list(delivery_keys)}, act)


async def unread_count(context: Context) -> int:
    """How many of the caller's notices are unread, counted up to COUNTED."""
    return await count_unread(context.store, context.me.scope, COUNTED)


def _problem_with(field: str, ids: Sequence[str]) -> InvalidInput | None:
    return None if 1 <= len(ids) <= MAX_IDS else InvalidInput(field, f"must hold 1 to {MAX_IDS} entries")
