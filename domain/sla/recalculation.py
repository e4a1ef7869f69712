"""Another policy for a clock: from its next cycle on, or for the cycle that runs, counted anew from its start."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.sla.clock import OPEN_STATES, Clock, ClockEvent, ClockState, Cycle, EventKind, Term
from domain.sla.folding import fold
from domain.sla.policy import Policy


def promised(clock: Clock, policy: Policy, at: datetime, source_id: str) -> Clock:
    """The clock whose next cycle, begun by that source, is under the policy; the cycles before keep theirs.

    A source that is known begins no cycle, and one that arrives late begins none of the future.
    """
    current = clock.current
    if policy == clock.policy or any(each.source_id == source_id for each in clock.log):
        return clock
    if current is None:
        return replace(clock, policy=policy)
    if at <= current.started_at:
        return clock
    return replace(clock, policy=policy, earlier=(*clock.earlier, Term(at, clock.policy)))


def recalculated(clock: Clock, policy: Policy, now: datetime) -> Clock:
    """The clock with its running cycle counted anew from its start under the policy; the same where nothing changes.

    Steps that were sent stay sent. A breach is found again at the new due time, by the watcher if it lies in the past;
    where the due time is the same, it stays as it was found.
    """
    current = clock.current
    if policy == clock.policy or clock.state not in OPEN_STATES | {ClockState.PENDING}:
        return clock
    if current is None:
        return fold(clock.log, policy)
    event = ClockEvent(
        EventKind.RECALCULATED, now, now, cycle_key=current.key, reason=f"{policy.key} version {policy.version}"
    )
    earlier = clock.earlier
    if len(clock.cycles) > 1 and not (earlier and earlier[-1].until >= current.started_at):
        earlier = (*earlier, Term(current.started_at, clock.policy))
    after = fold((*clock.log, event), policy, earlier)
    found = _breach(current, after, now)
    return after if found is None else fold((*after.log, found), after.policy, after.earlier)


def _breach(before: Cycle, after: Clock, now: datetime) -> ClockEvent | None:
    """The breach that the new count shows already: the same as before, or one that a pause hides from the watcher."""
    assert after.current is not None
    at = after.current.breached_at or after.current.due_at
    same = before.detected_at is not None and at == before.breached_at
    if at is None or not (same or after.current.breached_at):
        return None
    found_at = before.detected_at if same and before.detected_at else now
    return ClockEvent(EventKind.BREACH_DETECTED, at, found_at, cycle_key=before.key)
