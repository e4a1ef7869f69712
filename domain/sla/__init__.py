"""SLA clocks: what is promised on a record and whether it was kept; used by resolvers and workers/sla_watch.py.

The event log of a clock is the truth; `fold` reads it. Commands look at a folded clock and give the events to append.
"""

from domain.sla.clock import (
    OPEN_STATES,
    Clock,
    ClockEvent,
    ClockState,
    Cycle,
    EventKind,
    Leg,
    is_overdue,
    overdue_s,
    remaining_s,
)
from domain.sla.commands import (
    Firing,
    acknowledge,
    cancel,
    fire_due,
    pause,
    reassign,
    record_stop,
    resume,
    start,
    start_retroactively,
    taken_over,
    withdraw_stop,
)
from domain.sla.folding import appended, fold
from domain.sla.policy import (
    CONTACT_METRICS,
    DEFAULT_POLICIES,
    LADDER,
    Metric,
    Policy,
    Recipient,
    Step,
    is_human_contact,
    policy_problem,
)

__all__ = [
    "CONTACT_METRICS",
    "DEFAULT_POLICIES",
    "LADDER",
    "OPEN_STATES",
    "Clock",
    "ClockEvent",
    "ClockState",
    "Cycle",
    "EventKind",
    "Firing",
    "Leg",
    "Metric",
    "Policy",
    "Recipient",
    "Step",
    "acknowledge",
    "appended",
    "cancel",
    "fire_due",
    "fold",
    "is_human_contact",
    "is_overdue",
    "overdue_s",
    "pause",
    "policy_problem",
    "reassign",
    "record_stop",
    "remaining_s",
    "resume",
    "start",
    "start_retroactively",
    "taken_over",
    "withdraw_stop",
]
