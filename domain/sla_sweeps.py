"""Changes of rules carried over the running clocks of an organization in batches; used by resolvers/sla_sweeps.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.ids import OrgId, PersonId
from domain.sla import Clock, ClockState, Policy, appended, cancel, is_overdue, recalculated

NOTHING_PROMISED = "no policy fits any more"


class SweepKind(StrEnum):
    """What a sweep does to the clocks it meets."""

    RECALCULATE = "RECALCULATE"
    """Puts each under the policy that a clock beginning now would get."""
    END_POLICY = "END_POLICY"
    """Cancels those under one policy."""


class SweepState(StrEnum):
    """Whether there are clocks it has not looked at."""

    RUNNING = "RUNNING"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class Sweep:
    """How far a change has come; `cursor` is the last clock it looked at, in the order of ids."""

    id: str
    org_id: OrgId
    kind: SweepKind
    started_at: datetime
    started_by: PersonId
    policy_key: str | None = None
    reason: str | None = None
    state: SweepState = SweepState.RUNNING
    cursor: str = ""
    examined: int = 0
    changed: int = 0
    finished_at: datetime | None = None
    version: int = 1


def policy_key(policy: Policy) -> str:
    """The key a clock's policy is known by; clocks from before policies had keys are under their metric's default."""
    return policy.key or policy.metric.value


def changed_clock(
    kind: SweepKind, ended_key: str | None, reason: str, clock: Clock, policy: Policy | None, now: datetime
) -> Clock:
    """The clock as a sweep leaves it; `policy` is what a clock beginning now would be under."""
    if kind is SweepKind.END_POLICY:
        return _cancelled(clock, reason, now) if policy_key(clock.policy) == ended_key else clock
    return _cancelled(clock, NOTHING_PROMISED, now) if policy is None else recalculated(clock, policy, now)


def state_at(clock: Clock, now: datetime) -> ClockState:
    """Where it stands once the watcher has looked."""
    return ClockState.BREACHED if is_overdue(clock.state, clock.due_at, now=now) else clock.state


def _cancelled(clock: Clock, reason: str, now: datetime) -> Clock:
    return appended(clock, cancel(clock, now, now, reason))
