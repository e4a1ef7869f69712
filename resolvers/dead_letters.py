"""Deliveries that only an operator can mend: listing and replaying them. Called by schema/dead_letters.py."""

from __future__ import annotations

import asyncio

from domain.access import Capability
from domain.audit import MAX_REASON
from domain.dead_letters import is_dead_letter, replay
from domain.deliveries import DeliveryState
from domain.refusals import InvalidInput, NotFound, Refusal, WrongState
from resolvers.context import Context
from resolvers.once import Facts, Outcome, Saved, once
from storage.dead_letters import (
    count_dead_letters,
    dismiss,
    find_dead_letter,
    list_dead_letters,
    page_dead_letters,
    save_replay,
)
from storage.driver import Document
from storage.outbox import DELIVERIES
from storage.reads import Page, PageRequest, Reads
from storage.store import Store

BATCH = 50
"""So many are replayed in one transaction."""
DEAD = (DeliveryState.EXPIRED, DeliveryState.POISON, DeliveryState.CONFIG_HOLD)


async def dead_letters(context: Context, state: DeliveryState, request: PageRequest) -> Page:
    """Those in one state. Raises Forbidden."""
    context.require(Capability.MANAGE_DELIVERIES)
    return await page_dead_letters(context.reads, state, context.now, request)


async def dead_letter_counts(context: Context) -> list[Document]:
    """How many wait for an operator, by state. Raises Forbidden."""
    scope = context.require(Capability.MANAGE_DELIVERIES).scope
    counts = await asyncio.gather(*(count_dead_letters(context.store, scope, each, context.now) for each in DEAD))
    return [{"state": state.value, "count": count} for state, count in zip(DEAD, counts, strict=True)]


async def replay_dead_letters(
    context: Context, client_key: str, state: DeliveryState, channel: str | None, reason: str
) -> Document | Refusal:
    """Replays the latest BATCH in one state; what nobody needs to hear any more is taken off the list.

    Raises Forbidden.
    """
    actor = context.require(Capability.MANAGE_DELIVERIES)

    async def act(store: Store) -> Outcome:
        problem = _reason_problem(reason)
        if problem is not None:
            return problem
        found = await list_dead_letters(Reads(store, actor.scope), state, channel, context.now, BATCH)
        replayed: list[str] = []
        dismissed = 0
        for dead, notice in found:
            if notice is None or notice.is_settled:
                dismissed += await dismiss(store, dead, context.now)
                continue
            after, following = replay(dead, context.now)
            if await save_replay(store, dead, after, following, context.now) is not None:
                replayed.append(following.id)
        return Facts({"ids": replayed, "dismissed": dismissed, "may_be_more": len(found) == BATCH})

    given = {"state": state, "channel": channel, "reason": reason}
    return await once(context, "replayDeadLetters", client_key, given, act)


async def replay_delivery(context: Context, client_key: str, delivery_id: str, reason: str) -> Document | Refusal:
    """The row that takes the dead letter's place, due at once. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_DELIVERIES)

    async def act(store: Store) -> Outcome:
        problem = _reason_problem(reason)
        if problem is not None:
            return problem
        found = await find_dead_letter(Reads(store, actor.scope), delivery_id)
        if found is None:
            return NotFound(delivery_id)
        dead, notice, is_replayed = found
        if is_replayed or not is_dead_letter(dead, context.now):
            return WrongState(delivery_id, "REPLAYED" if is_replayed else dead.state)
        if notice is None or notice.is_settled:
            return WrongState(dead.notice_id, "GONE" if notice is None else "SETTLED")
        after, following = replay(dead, context.now)
        saved = await save_replay(store, dead, after, following, context.now)
        return WrongState(delivery_id, "REPLAYED") if saved is None else Saved(DELIVERIES, saved)

    return await once(context, "replayDelivery", client_key, {"id": delivery_id, "reason": reason}, act)


def _reason_problem(reason: str) -> InvalidInput | None:
    if not reason.strip() or len(reason) > MAX_REASON:
        return InvalidInput("reason", f"must have 1 to {MAX_REASON} characters")
    return None
