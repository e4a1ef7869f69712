"""What is promised: metric, target, calendar and the ladder of reminders; read by the fold of clocks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.calendar import ALWAYS, Calendar
from domain.refusals import InvalidInput

MAX_TARGET_S = 3660 * 86_400 // 4


class Metric(StrEnum):
    """What a clock measures on a lead."""

    LEAD_FIRST_CONTACT = "LEAD_FIRST_CONTACT"
    """From the first assignment to the first human contact."""
    LEAD_NEXT_FOLLOWUP = "LEAD_NEXT_FOLLOWUP"
    """From each human contact to the next, while the lead is open."""
    TIER_A_PROPOSAL = "TIER_A_PROPOSAL"
    """From the lead becoming tier A to its proposal being stored."""
    SATISFACTION = "SATISFACTION"
    """From the delivery to the survey."""


CONTACT_METRICS = frozenset({Metric.LEAD_FIRST_CONTACT, Metric.LEAD_NEXT_FOLLOWUP})
"""Metrics that a human contact stops."""


class Recipient(StrEnum):
    """Who a step tells, seen from the lead's owner."""

    OWNER = "OWNER"
    SUPERIOR = "SUPERIOR"
    SUPERIOR_OF_SUPERIOR = "SUPERIOR_OF_SUPERIOR"
    CUSTOMER_SUCCESS = "CUSTOMER_SUCCESS"
    """Everybody in support; whoever acknowledges takes it on."""


@dataclass(frozen=True, slots=True)
class Step:
    """A rung of the ladder, at `percent` of the target in open time."""

    percent: int
    recipients: tuple[Recipient, ...]
    propose_reassignment: bool = False


LADDER = (
    Step(75, (Recipient.OWNER,)),
    Step(100, (Recipient.OWNER, Recipient.SUPERIOR)),
    Step(150, (Recipient.SUPERIOR_OF_SUPERIOR,)),
    Step(300, (Recipient.SUPERIOR,), propose_reassignment=True),
)


CARE = (Step(100, (Recipient.CUSTOMER_SUCCESS,)),)


@dataclass(frozen=True, slots=True)
class Policy:
    """A version of a promise; a running clock keeps the version it began with.

    `key` names the policy within its organization, empty in clocks from before policies had one; a clock does not run
    while its record is in one of `pause_stages`.
    """

    metric: Metric
    version: int
    target_s: int
    calendar: Calendar = ALWAYS
    steps: tuple[Step, ...] = LADDER
    key: str = ""
    pause_stages: tuple[str, ...] = ()


_TARGETS_S = {
    Metric.LEAD_FIRST_CONTACT: 24 * 3600,
    Metric.LEAD_NEXT_FOLLOWUP: 72 * 3600,
    Metric.TIER_A_PROPOSAL: 24 * 3600,
    Metric.SATISFACTION: 72 * 3600,
}
_LADDERS = {Metric.SATISFACTION: CARE}
DEFAULT_POLICIES = {
    metric: Policy(metric, 1, target_s, steps=_LADDERS.get(metric, LADDER), key=metric.value)
    for metric, target_s in _TARGETS_S.items()
}
"""What is promised where an organization says nothing else; each is keyed by its metric."""


def policy_problem(policy: Policy) -> InvalidInput | None:
    """Why the policy cannot be saved."""
    if not 0 < policy.target_s <= MAX_TARGET_S:
        return InvalidInput("targetSeconds", f"must be 1 to {MAX_TARGET_S} s")
    percents = [step.percent for step in policy.steps]
    if percents != sorted(set(percents)) or any(not 0 < each <= 400 for each in percents):
        return InvalidInput("steps", "must rise from above 0 to at most 400 percent")
    if any(not step.recipients for step in policy.steps):
        return InvalidInput("steps", "must each tell someone")
    return None


_OUTBOUND_KINDS = frozenset({"CALL", "EMAIL", "MESSAGE", "MEETING"})


def is_human_contact(kind: str, direction: str | None, *, automatic: bool) -> bool:
    """Whether an activity stops a contact clock: a visit, or an outbound call, message or meeting by a person."""
    if automatic:
        return False
    return kind == "VISIT" or (kind in _OUTBOUND_KINDS and direction == "OUTBOUND")
