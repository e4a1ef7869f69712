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
    Term,
    is_overdue,
    overdue_s,
    remaining_s,
)
from domain.sla.commands import (
    Firing,
    acknowledge,
    cancel,
    fire_due,
    joined,
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
from domain.sla.recalculation import promised, recalculated
from domain.sla.shares import Share, shares

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
    "Share",
    "Step",
    "Term",
    "acknowledge",
    "appended",
    "cancel",
    "fire_due",
    "fold",
    "is_human_contact",
    "is_overdue",
    "joined",
    "overdue_s",
    "pause",
    "policy_problem",
    "promised",
    "reassign",
    "recalculated",
    "record_stop",
    "remaining_s",
    "resume",
    "shares",
    "start",
    "start_retroactively",
    "taken_over",
    "withdraw_stop",
]
