"""What may be done to a clock: each command looks at a clock and gives the events to append (none: no change)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.ids import PersonId
from domain.sla.clock import OPEN_STATES, STOP_KINDS, Clock, ClockEvent, ClockState, Cycle, EventKind
from domain.sla.folding import appended, event_key
from domain.sla.policy import CONTACT_METRICS, Recipient, Step

Events = tuple[ClockEvent, ...]
FLOOR = timedelta(hours=2)
"""Wall time that a clock with a start in the past still has at least."""


@dataclass(frozen=True, slots=True)
class Firing:
    """What one look at a due clock sends: its steps, or none where only a breach was found after an acknowledgement."""

    cycle_key: str
    cycle: int
    steps: tuple[Step, ...]
    breached_at: datetime | None
    """The due time, where this firing found the breach."""
    owner_id: PersonId | None

    @property
    def highest(self) -> Step | None:
        """The step that all earlier unsent ones are collapsed to."""
        return self.steps[-1] if self.steps else None

    def notices(self, people: Mapping[Recipient, Sequence[PersonId]]) -> dict[PersonId, Step]:
        """One notice per person, at that person's highest step; a recipient who is missing is skipped."""
        return {
            person_id: step
            for step in self.steps
            for recipient in step.recipients
            for person_id in people.get(recipient, ())
        }


def start(clock: Clock, at: datetime, now: datetime, owner_id: PersonId | None, source_id: str | None = None) -> Events:
    """The first assignment of the record; a clock that has begun does not begin again."""
    if clock.state is not ClockState.PENDING:
        return ()
    return (ClockEvent(EventKind.STARTED, at, now, owner_id=owner_id, source_id=source_id),)


def start_retroactively(
    clock: Clock, source: Clock, now: datetime, owner_id: PersonId, source_id: str | None = None
) -> Events:
    """A stricter promise begins where `source` began, with its owners and pauses, and is due after FLOOR at the
    earliest; without a source that has begun, it begins now."""
    if clock.state is not ClockState.PENDING:
        return ()
    begun = next((each for each in source.log if each.kind is EventKind.STARTED), None)
    if begun is None:
        return start(clock, now, now, owner_id, source_id)
    taken_over = [replace(each, recorded_at=now) for each in source.log if each.kind in _INHERITED]
    first = ClockEvent(
        EventKind.STARTED, begun.at, now, owner_id=begun.owner_id, source_id=source_id, not_before=now + FLOOR
    )
    events = (first, *taken_over)
    return (*events, *reassign(appended(clock, events), owner_id, now, now))


def taken_over(source: Clock, now: datetime) -> Events:
    """What a new clock begins with where the running cycle of `source` goes on under another promise.

    It is due after FLOOR at the earliest.
    """
    cycle = source.current
    if cycle is None:
        return ()
    begins = next(each for each in source.log if each.kind in _BEGINS and event_key(each) == cycle.key)
    first = replace(begins, owner_id=begins.owner_id or cycle.legs[0].owner_id, not_before=now + FLOOR)
    later = [each for each in source.log if each.kind in _WORDS and each.at >= cycle.started_at and each is not begins]
    return (first, *(each for each in source.log if each.kind in _INHERITED), *later)


def record_stop(
    clock: Clock,
    at: datetime,
    now: datetime,
    source_id: str,
    *,
    owner_id: PersonId | None = None,
    provisional: bool = False,
    trusted: bool = True,
) -> Events:
    """What stops the clock happened `at`: a human contact, a stored proposal, a survey.

    Call it again when a visit is verified (no longer provisional) or a doubtful proof released. A stop after the due
    time leaves its breach recorded; a trusted one that proves a recorded breach wrong withdraws it. `owner_id` names
    who holds a follow-up clock that this contact begins.
    """
    before = [each for each in clock.log if each.kind in STOP_KINDS and each.source_id == source_id]
    stop = ClockEvent(
        EventKind.CONTACTED if clock.policy.metric in CONTACT_METRICS else EventKind.FULFILLED,
        at,
        now,
        owner_id=owner_id if clock.owner_id is None else None,
        source_id=source_id,
        provisional=provisional,
        trusted=trusted,
    )
    if before and _same_stop(before[-1], stop) and _standing(clock, source_id):
        return ()
    return _settled(clock, (stop,), now)


def withdraw_stop(clock: Clock, source_id: str, now: datetime) -> Events:
    """The contact did not count after all (a visit never verified): the clock runs as if it had not been."""
    if not _standing(clock, source_id):
        return ()
    return _settled(clock, (ClockEvent(EventKind.STOP_WITHDRAWN, now, now, source_id=source_id),), now)


def joined(clock: Clock, other: Clock, now: datetime) -> Events:
    """What stopped `other` happened to the record of `clock` as well: two records were one."""
    known = {event_key(each) for each in clock.log if each.kind in STOP_KINDS}
    told = (each for each in other.log if each.kind in _WORDS and event_key(each) not in known)
    events = tuple(replace(each, recorded_at=now, owner_id=None, not_before=None) for each in told)
    return _settled(clock, events, now) if events else ()


def reassign(clock: Clock, owner_id: PersonId | None, at: datetime, now: datetime) -> Events:
    """The record changes hands, or goes to nobody: the clock goes on, a new leg begins, an acknowledgement is cleared.

    A clock that has not begun, or was never anybody's, knows of no hands.
    """
    passed_on = any(each.kind is EventKind.REASSIGNED for each in clock.log)
    if clock.owner_id == owner_id or (clock.owner_id is None and not passed_on):
        return ()
    return (ClockEvent(EventKind.REASSIGNED, at, now, owner_id=owner_id),)


def pause(clock: Clock, at: datetime, now: datetime) -> Events:
    """Stops the time; a breach that was already due is recorded and stays.

    A clock that has not begun begins paused; one that was stopped remembers it, should its stop be withdrawn.
    """
    if clock.paused or clock.state is ClockState.CANCELLED:
        return ()
    return _settled(clock, (ClockEvent(EventKind.PAUSED, at, now),), now)


def resume(clock: Clock, at: datetime, now: datetime) -> Events:
    """Lets the time run on."""
    if not clock.paused or clock.state is ClockState.CANCELLED:
        return ()
    return (ClockEvent(EventKind.RESUMED, at, now),)


def cancel(clock: Clock, at: datetime, now: datetime, reason: str) -> Events:
    """Ends the clock without a stop; a breach that was already due is recorded and kept."""
    if clock.state not in OPEN_STATES | {ClockState.PENDING}:
        return ()
    return _settled(clock, (ClockEvent(EventKind.CANCELLED, at, now, reason=reason),), now)


def acknowledge(clock: Clock, at: datetime, now: datetime) -> Events:
    """Stops the later steps of this cycle, not the breach."""
    cycle = clock.current
    if cycle is None or cycle.state not in OPEN_STATES or cycle.acknowledged:
        return ()
    return (ClockEvent(EventKind.ACKNOWLEDGED, at, now, cycle_key=cycle.key),)


def fire_due(clock: Clock, now: datetime) -> tuple[Events, Firing | None]:
    """What has come due: the breach (at its due time, found `now`) and every unsent step, told once at the highest."""
    cycle = clock.current
    if cycle is None or cycle.next_fire_at is None or cycle.next_fire_at > now:
        return (), None
    events: list[ClockEvent] = []
    found_at = cycle.due_at if cycle.detected_at is None and cycle.due_at is not None and cycle.due_at <= now else None
    if found_at is not None:
        events.append(_breach(cycle, found_at, now))
    due = {percent for at, percent in cycle.unsent if at <= now}
    steps = tuple(step for step in clock.policy.steps if step.percent in due)
    events += (ClockEvent(EventKind.STEP_FIRED, now, now, cycle_key=cycle.key, percent=step.percent) for step in steps)
    return tuple(events), Firing(cycle.key, cycle.number, steps, found_at, clock.owner_id)


def _settled(clock: Clock, events: Events, now: datetime) -> Events:
    """The events, and what they prove: breaches that ended unseen, and recorded breaches that never were."""
    proofs: list[ClockEvent] = []
    for cycle in appended(clock, events).cycles:
        if cycle.breached_at is None:
            continue
        if cycle.detected_at is None:
            proofs.append(_breach(cycle, cycle.breached_at, now))
        elif cycle.met_at is not None and cycle.met_at <= cycle.breached_at and cycle.met_trusted:
            proofs.append(
                ClockEvent(
                    EventKind.BREACH_WITHDRAWN, cycle.breached_at, now, source_id=cycle.met_by, cycle_key=cycle.key
                )
            )
    return (*events, *proofs)


def _breach(cycle: Cycle, at: datetime, now: datetime) -> ClockEvent:
    return ClockEvent(EventKind.BREACH_DETECTED, at, now, cycle_key=cycle.key)


def _standing(clock: Clock, source_id: str) -> bool:
    last = [each for each in clock.log if each.source_id == source_id and each.kind in _WORDS]
    return bool(last) and last[-1].kind in STOP_KINDS


_WORDS = STOP_KINDS | {EventKind.STOP_WITHDRAWN}
_BEGINS = STOP_KINDS | {EventKind.STARTED}
_INHERITED = frozenset({EventKind.PAUSED, EventKind.RESUMED, EventKind.REASSIGNED})


def _same_stop(one: ClockEvent, other: ClockEvent) -> bool:
    return (one.at, one.provisional, one.trusted) == (other.at, other.provisional, other.trusted)
