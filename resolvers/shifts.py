"""A rep's actual shift, tap by tap, in evidence time. Called by schema/shifts.py; taps may arrive hours late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from domain.access import Actor, Capability, Scope
from domain.attendance import planned_work
from domain.calendar import Span, known_zone
from domain.ids import ShiftId, is_id, new_id
from domain.people import Person
from domain.refusals import InvalidInput, Refusal, RetryLater
from domain.shifts import (
    NoOpenShift,
    Shift,
    close_forgotten,
    end_break,
    end_shift,
    reopened,
    start_break,
    start_shift,
)
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.driver import Document, DuplicateKeyError
from storage.people import find_person
from storage.shifts import COLLECTION, KeptShift, find_latest, insert_shift, save_shift
from storage.store import Store
from storage.visits import end_with_shift

Tap = Callable[[Shift | None, datetime, datetime], Shift | Refusal]
_EARLY = timedelta(hours=4)
"""Somebody who starts this much before a planned shift starts that one."""


async def begin_shift(context: Context, client_key: str, at: datetime, given_id: str | None) -> Document | Refusal:
    """The open shift. Raises Forbidden."""
    actor = context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        if given_id is not None and not is_id("shf", given_id):
            return InvalidInput("id", "must be shf_ and a ULID or UUID")
        person = await find_person(store, Scope.whole_organization(actor.org_id), actor.person_id)
        latest = await _settled(store, actor, context.now)
        planned = planned_at(person, at) if person is not None else None
        shift_id = ShiftId(given_id or new_id("shf", context.now))
        before = latest.shift if latest is not None else None
        shift = start_shift(before, shift_id, actor.person_id, at, context.now, planned)
        if isinstance(shift, Refusal):
            return shift
        if latest is not None and shift == latest.shift:
            return Saved(COLLECTION, latest.document)
        return Saved(COLLECTION, await insert_shift(store, actor.org_id, actor.team_id, shift))

    try:
        return await once(context, "startShift", client_key, {"id": given_id, "at": at}, act)
    except DuplicateKeyError:
        # Another phone of the same person was faster: the next attempt sees its shift.
        return RetryLater(1)


def planned_at(person: Person, at: datetime) -> Span | None:
    """The planned shift that `at` belongs to: the one that runs, else one that starts soon, else the day's."""
    if person.roster is None:
        return None
    today = at.astimezone(known_zone(person.roster.zone)).date()
    days = [planned_work(person, today + timedelta(days=ahead)) for ahead in (-1, 0, 1)]
    spans = [span for span in days if span is not None]
    running = [span for span in spans if span[0] <= at < span[1]]
    soon = [span for span in spans if span[0] - _EARLY <= at < span[0]]
    return next(iter([*running, *soon]), days[1])


async def take_break(context: Context, client_key: str, at: datetime) -> Document | Refusal:
    """The shift with an open break. Raises Forbidden."""
    return await _tap(context, "startBreak", client_key, at, start_break)


async def finish_break(context: Context, client_key: str, at: datetime) -> Document | Refusal:
    """The shift with its break ended. Raises Forbidden."""
    return await _tap(context, "endBreak", client_key, at, end_break)


async def finish_shift(context: Context, client_key: str, at: datetime) -> Document | Refusal:
    """The ended shift. Raises Forbidden."""
    return await _tap(context, "endShift", client_key, at, end_shift)


async def _tap(context: Context, mutation: str, client_key: str, at: datetime, step: Tap) -> Document | Refusal:
    actor = context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        latest = await _settled(store, actor, context.now)
        after = step(reopened(latest.shift, at) if latest is not None else None, at, context.now)
        if isinstance(after, Refusal):
            return after
        if latest is None:
            return NoOpenShift()
        after = close_forgotten(after, context.now) or after
        saved = await save_shift(store, latest, after)
        if saved is None:
            return RetryLater(1)
        if after.ended_at is not None:
            await end_with_shift(store, actor.org_id, actor.person_id, after.ended_at)
        return Saved(COLLECTION, saved.document)

    return await once(context, mutation, client_key, {"at": at}, act)


async def _settled(store: Store, actor: Actor, now: datetime) -> KeptShift | None:
    """The caller's latest shift, closed where its end was forgotten, whether or not the worker has been there."""
    latest = await find_latest(store, actor.org_id, actor.person_id)
    closed = close_forgotten(latest.shift, now) if latest is not None else None
    if latest is None or closed is None:
        return latest
    return await save_shift(store, latest, closed) or latest
