"""What may be done to a clock: each command looks at a clock and gives the events to append (none: no change)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.ids import PersonId
from domain.sla.clock import OPEN_STATES, Clock, ClockEvent, ClockState, Cycle, EventKind
from domain.sla.folding import appended
from domain.sla.policy import Recipient, Step

Events = tuple[ClockEvent, ...]


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

    def notices(self, people: Mapping[Recipient, PersonId | None]) -> dict[PersonId, Step]:
        """One notice per person, at that person's highest step; a recipient who is missing is skipped."""
        told: dict[PersonId, Step] = {}
        for step in self.steps:
            for recipient in step.recipients:
                person_id = people.get(recipient)
                if person_id is not None:
                    told[person_id] = step
        return told


def start(clock: Clock, at: datetime, now: datetime, owner_id: PersonId, source_id: str | None = None) -> Events:
    """The first assignment of the record; a clock that has begun does not begin again."""
    if clock.state is not ClockState.PENDING:
        return ()
    return (ClockEvent(EventKind.STARTED, at, now, owner_id=owner_id, source_id=source_id),)


def record_contact(
    clock: Clock,
    at: datetime,
    now: datetime,
    source_id: str,
    *,
    owner_id: PersonId | None = None,
    provisional: bool = False,
    trusted: bool = True,
) -> Events:
    """A human contact that happened `at`; call it also when a visit is verified (no longer provisional) or released.

    A contact after the due time leaves its breach recorded; a trusted one that proves a recorded breach wrong withdraws
    it. `owner_id` names who holds a follow-up clock that this contact begins.
    """
    before = [each for each in clock.log if each.kind is EventKind.CONTACTED and each.source_id == source_id]
    contact = ClockEvent(
        EventKind.CONTACTED,
        at,
        now,
        owner_id=owner_id if clock.owner_id is None else None,
        source_id=source_id,
        provisional=provisional,
        trusted=trusted,
    )
    if before and _same_stop(before[-1], contact) and _standing(clock, source_id):
        return ()
    return _settled(clock, (contact,), now)


def withdraw_stop(clock: Clock, source_id: str, now: datetime) -> Events:
    """The contact did not count after all (a visit never verified): the clock runs as if it had not been."""
    if not _standing(clock, source_id):
        return ()
    return _settled(clock, (ClockEvent(EventKind.STOP_WITHDRAWN, now, now, source_id=source_id),), now)


def reassign(clock: Clock, owner_id: PersonId, at: datetime, now: datetime) -> Events:
    """The record changes hands: the clock goes on, a new leg begins, an acknowledgement is cleared."""
    if clock.owner_id == owner_id or clock.owner_id is None:
        return ()
    return (ClockEvent(EventKind.REASSIGNED, at, now, owner_id=owner_id),)


def pause(clock: Clock, at: datetime, now: datetime) -> Events:
    """Stops the time; a breach that was already due is recorded and stays."""
    if clock.current is None or clock.current.running_since is None:
        return ()
    return _settled(clock, (ClockEvent(EventKind.PAUSED, at, now),), now)


def resume(clock: Clock, at: datetime, now: datetime) -> Events:
    """Lets the time run on."""
    if clock.current is None or clock.state not in OPEN_STATES or clock.current.running_since is not None:
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
    return bool(last) and last[-1].kind is EventKind.CONTACTED


_WORDS = frozenset({EventKind.CONTACTED, EventKind.STOP_WITHDRAWN})


def _same_stop(one: ClockEvent, other: ClockEvent) -> bool:
    return (one.at, one.provisional, one.trusted) == (other.at, other.provisional, other.trusted)
