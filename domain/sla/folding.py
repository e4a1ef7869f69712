"""How a log becomes a clock: contacts by when they happened, pauses, owners, breaches and the steps still to send."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from domain.calendar import NoOpenTimeError, Span, add, elapsed
from domain.ids import PersonId
from domain.sla.clock import STOP_KINDS, Clock, ClockEvent, ClockState, Cycle, EventKind, Leg, Term
from domain.sla.policy import Metric, Policy

Run = tuple[datetime, datetime | None]
_TURNS = frozenset({EventKind.PAUSED, EventKind.RESUMED})


def appended(clock: Clock, events: Iterable[ClockEvent]) -> Clock:
    """The clock with the events at the end of its log."""
    return fold((*clock.log, *events), clock.policy, clock.earlier)


def fold(events: Iterable[ClockEvent], policy: Policy, earlier: Sequence[Term] = ()) -> Clock:
    """The clock that a log describes; stops count by when they happened, whatever order they arrived in.

    Each cycle counts by the policy it began under: that of the first of `earlier` that lasted beyond its start.
    """
    log = tuple(events)
    in_order = sorted(log, key=lambda event: event.at)
    found = _stops(log)
    cancelled = next((each for each in in_order if each.kind is EventKind.CANCELLED), None)
    owners = [each for each in in_order if each.owner_id is not None or each.kind is EventKind.REASSIGNED]
    starts = [each for each in in_order if each.kind is EventKind.STARTED]
    if policy.metric is Metric.LEAD_NEXT_FOLLOWUP:
        begun = [(each, event_key(each)) for each in found if cancelled is None or each.at <= cancelled.at]
        stops: list[ClockEvent | None] = [*found[1 : len(begun)], None][: len(begun)]
    else:
        begun = [(each, event_key(each)) for each in starts[:1]]
        stops = [found[0] if found else None]
    cycles = tuple(
        _cycle(number, key, first, stop, log, owners, cancelled, _in_force(first.at, policy, earlier))
        for number, ((first, key), stop) in enumerate(zip(begun, stops, strict=False), start=1)
    )
    turns = [each.kind for each in in_order if each.kind in _TURNS]
    paused = turns[-1:] == [EventKind.PAUSED]
    # What no cycle began under, because its contact was withdrawn, was never promised.
    terms = [*earlier, Term(datetime.max.replace(tzinfo=UTC), policy)]
    while len(terms) > 1 and all(each.started_at < terms[-2].until for each in cycles):
        terms.pop()
    owner_id = owners[-1].owner_id if owners else None
    return Clock(terms[-1].policy, log, cycles, owner_id, paused, tuple(terms[:-1]))


def _in_force(started_at: datetime, policy: Policy, earlier: Iterable[Term]) -> Policy:
    return next((each.policy for each in earlier if started_at < each.until), policy)


def _stops(log: Iterable[ClockEvent]) -> list[ClockEvent]:
    """The stops that stand, by event time: the last word on each source counts."""
    standing: dict[str, ClockEvent] = {}
    for event in log:
        if event.kind in STOP_KINDS:
            before = standing.get(event_key(event), event)
            standing[event_key(event)] = replace(event, not_before=event.not_before or before.not_before)
        elif event.kind is EventKind.STOP_WITHDRAWN:
            standing.pop(event_key(event), None)
    return sorted(standing.values(), key=lambda event: (event.at, event_key(event)))


def event_key(event: ClockEvent) -> str:
    """What names a start or stop, and the cycle that begins with it."""
    return event.source_id or event.kind.value


def _cycle(
    number: int,
    key: str,
    first: ClockEvent,
    stop: ClockEvent | None,
    log: Sequence[ClockEvent],
    owners: Sequence[ClockEvent],
    cancelled: ClockEvent | None,
    policy: Policy,
) -> Cycle:
    own = [each for each in log if each.cycle_key == key]
    # A contact before the start stops the clock at its start: met with 0 s.
    met_at = None if stop is None else max(stop.at, first.at)
    ended_at = met_at
    if cancelled is not None and (met_at is None or cancelled.at < met_at):
        stop, met_at, ended_at = None, None, max(cancelled.at, first.at)
    else:
        cancelled = None
    runs = _runs(first.at, ended_at, log)
    running_since = runs[-1][0] if runs[-1][1] is None else None
    active = running_since is not None and ended_at is None
    target_at = _step_at(policy, runs, _DUE, first.not_before)
    breach = _standing_breach(own, stop)
    breached_at = breach.at if breach else _unrecorded_breach(target_at, ended_at or runs[-1][1])
    acknowledged = _is_acknowledged(own, owners, first.at)
    fired = tuple(sorted({each.percent for each in own if each.percent is not None}))
    unsent = _unsent(policy, runs, fired, first.not_before) if active and not acknowledged else ()
    waits = [at for at, _ in unsent[:1]]
    if active and breach is None and target_at is not None:
        waits.append(target_at)
    return Cycle(
        number=number,
        key=key,
        state=_state(met_at, cancelled, breached_at, running_since),
        started_at=first.at,
        due_at=None if running_since is None else target_at,
        next_fire_at=min(waits, default=None),
        met_at=met_at,
        met_by=stop.source_id if stop else None,
        met_trusted=stop is None or stop.trusted,
        provisional=stop is not None and stop.provisional,
        breached_at=breached_at,
        detected_at=breach.recorded_at if breach else None,
        legs=_legs(owners, first.at, ended_at, breached_at, runs, policy),
        fired=fired,
        unsent=unsent,
        acknowledged=acknowledged,
        cancel_reason=cancelled.reason if cancelled else None,
        consumed_s=_open_s(policy, _closed(runs, ended_at)),
        running_since=running_since if active else None,
        allowed_s=_allowed_s(policy, runs, first.not_before),
    )


def _state(
    met_at: datetime | None, cancelled: ClockEvent | None, breached_at: datetime | None, running_since: datetime | None
) -> ClockState:
    if met_at is not None:
        return ClockState.MET if breached_at is None else ClockState.MET_LATE
    if cancelled is not None:
        return ClockState.CANCELLED
    if breached_at is not None:
        return ClockState.BREACHED
    return ClockState.RUNNING if running_since else ClockState.PAUSED


def _runs(started_at: datetime, ended_at: datetime | None, log: Iterable[ClockEvent]) -> list[Run]:
    """The times the clock is not paused; the last is open-ended unless it is paused at the end."""
    turns = sorted((each for each in log if each.kind in _TURNS), key=lambda event: event.at)
    turns = [each for each in turns if ended_at is None or each.at < ended_at]
    runs: list[Run] = [(started_at, None)]
    for turn in turns:
        at = max(turn.at, started_at)
        since, until = runs[-1]
        if turn.kind is EventKind.PAUSED and until is None:
            runs[-1] = (since, at)
        elif turn.kind is EventKind.RESUMED and until is not None:
            runs.append((at, None))
    return runs


def _reach(policy: Policy, runs: Iterable[Run], open_s: float) -> datetime | None:
    """The earliest instant at which `open_s` are used up; None if the clock is paused, or closed for good, before."""
    for since, until in runs:
        used = None if until is None else elapsed(policy.calendar, since, until)
        if used is None or used >= open_s:
            with suppress(NoOpenTimeError):
                return add(policy.calendar, since, open_s)
            return None
        open_s -= used
    return None


def _step_at(policy: Policy, runs: Sequence[Run], percent: float, not_before: datetime | None) -> datetime | None:
    """When a step of the ladder comes due: from `not_before` on where it is due itself, and after due never before."""
    at = _reach(policy, runs, policy.target_s * percent / 100)
    if at is None or not_before is None or percent < _DUE or at >= not_before:
        return at
    later = (max(since, not_before) for since, until in runs if until is None or until >= not_before)
    return next(later, None)


_DUE = 100


def _allowed_s(policy: Policy, runs: Sequence[Run], not_before: datetime | None) -> float:
    if not_before is None:
        return float(policy.target_s)
    return max(float(policy.target_s), _open_s(policy, _closed(runs, not_before)))


def _closed(runs: Iterable[Run], ended_at: datetime | None) -> list[Span]:
    """The finished running times up to the end."""
    closed = []
    for since, until in runs:
        end = until if ended_at is None or (until is not None and until < ended_at) else ended_at
        if end is not None and since < end:
            closed.append((since, end))
    return closed


def _standing_breach(own: Iterable[ClockEvent], stop: ClockEvent | None) -> ClockEvent | None:
    """The recorded breach, unless a contact that still stands has proved it wrong."""
    breach, withdrawn_by = None, None
    for event in own:
        if event.kind is EventKind.BREACH_DETECTED:
            breach, withdrawn_by = event, None
        elif event.kind is EventKind.BREACH_WITHDRAWN:
            withdrawn_by = event.source_id
        elif event.kind is EventKind.RECALCULATED:
            breach, withdrawn_by = None, None
    return None if stop is not None and stop.source_id == withdrawn_by else breach


def _unrecorded_breach(target_at: datetime | None, until: datetime | None) -> datetime | None:
    return target_at if target_at is not None and until is not None and until > target_at else None


def _is_acknowledged(own: Iterable[ClockEvent], owners: Sequence[ClockEvent], started_at: datetime) -> bool:
    last = max((each.at for each in own if each.kind is EventKind.ACKNOWLEDGED), default=None)
    moved = (each.at for each in owners if each.kind is EventKind.REASSIGNED and each.at > started_at)
    return last is not None and last >= max(moved, default=last)


def _unsent(
    policy: Policy, runs: Sequence[Run], fired: tuple[int, ...], not_before: datetime | None
) -> tuple[tuple[datetime, int], ...]:
    waits = []
    for step in policy.steps:
        at = _step_at(policy, runs, step.percent, not_before)
        if step.percent not in fired and at is not None:
            waits.append((at, step.percent))
    return tuple(waits)


def _legs(
    owners: Sequence[ClockEvent],
    started_at: datetime,
    ended_at: datetime | None,
    breached_at: datetime | None,
    runs: Sequence[Run],
    policy: Policy,
) -> tuple[Leg, ...]:
    """Who held the record when; the same owner again begins no leg, nor does a change after the end."""
    turns: list[tuple[PersonId | None, datetime]] = []
    for event in owners:
        at = max(event.at, started_at)
        if turns and (ended_at is not None and at >= ended_at):
            break
        if event.at <= started_at or not turns:
            turns = [(event.owner_id, started_at)]
        elif turns[-1][0] != event.owner_id:
            turns.append((event.owner_id, at))
    ends = [at for _, at in turns[1:]] + [ended_at]
    legs = []
    for (owner_id, since), until in zip(turns, ends, strict=False):
        own = [(max(a, since), b) for a, b in runs]
        open_s = None if until is None else _open_s(policy, _closed(own, until))
        at_breach = None if breached_at is None else min(breached_at, until or breached_at)
        breach_s = None if at_breach is None else _open_s(policy, _closed(own, at_breach))
        legs.append(Leg(owner_id, since, until, open_s, breach_s))
    return tuple(legs)


def _open_s(policy: Policy, spans: Iterable[Span]) -> float:
    return sum((elapsed(policy.calendar, start, end) for start, end in spans), 0.0)


def open_s_within(log: Iterable[ClockEvent], policy: Policy, since: datetime, until: datetime) -> float:
    """Open seconds in [since, until) in which the clock was not paused."""
    return _open_s(policy, _closed(_runs(since, until, log), until)) if since < until else 0.0
