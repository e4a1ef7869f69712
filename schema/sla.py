"""SLA clocks in the schema: what is promised on a lead, how much time is left, and who held it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from domain.calendar import elapsed, known_zone
from domain.sla import ClockEvent, ClockState, Leg, Metric, Policy, shares
from schema.fields import computed, related, stored
from schema.nodes import Node
from schema.scalars import described_enum
from storage.codec import decode, encode
from storage.driver import Document

if TYPE_CHECKING:
    from schema.leads import Lead
    from schema.people import Person

described_enum(
    Metric,
    "What an SLA clock measures.",
    LEAD_FIRST_CONTACT="From the first assignment of a lead to the first human contact, 24 h.",
    LEAD_NEXT_FOLLOWUP="From each human contact to the next while the lead is open, 72 h.",
    TIER_A_PROPOSAL="From a lead becoming tier A to its proposal being stored, 24 h.",
    SATISFACTION="From the delivery to the survey, 72 h.",
)
described_enum(
    ClockState,
    "Where an SLA clock stands.",
    PENDING="Not started: nobody owns the lead, or there was no contact yet.",
    RUNNING="The time runs and is not used up.",
    PAUSED="The time does not run.",
    MET="Stopped in time.",
    MET_LATE="Stopped after the due time.",
    BREACHED="The due time has passed and the clock still runs.",
    CANCELLED="Ended without a stop; `cancelReason` says why.",
)
_OPEN = frozenset({ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED})


@strawberry.type(description="The share of one owner in an SLA clock.")
class SlaLeg:
    owner_id: strawberry.ID | None = stored("owner_id", "Who held the lead.")
    started_at: datetime = stored("started_at", "From when.")
    ended_at: datetime | None = stored("ended_at", "Until when; null while it lasts.")
    open_seconds: float | None = stored("open_s", "Open seconds of the calendar within; null while it lasts.")
    open_seconds_at_breach: float | None = stored(
        "breach_s", "Open seconds within, up to the breach: this owner's share of it; null where nothing was broken."
    )


def _used_s(consumed_s: float, running_since: datetime | None, policy: Policy, now: datetime) -> float:
    if running_since is None:
        return consumed_s
    return consumed_s + elapsed(policy.calendar, running_since, now)


def _remaining(
    state: str,
    consumed_s: float,
    running_since: datetime | None,
    allowed_s: float | None,
    policy: dict[str, Any],
    *,
    now: datetime,
) -> float | None:
    if state not in _OPEN:
        return None
    kept = decode(Policy, policy)
    return max(0.0, (allowed_s or kept.target_s) - _used_s(consumed_s, running_since, kept, now))


def _overdue(
    state: str,
    consumed_s: float,
    running_since: datetime | None,
    allowed_s: float | None,
    policy: dict[str, Any],
    *,
    now: datetime,
) -> float | None:
    if state not in _OPEN:
        return None
    kept = decode(Policy, policy)
    return max(0.0, _used_s(consumed_s, running_since, kept, now) - (allowed_s or kept.target_s))


def _owner_shares(
    legs: Sequence[Document] | None,
    log: Sequence[Document] | None,
    policy: dict[str, Any],
    breached_at: datetime | None,
    *,
    now: datetime,
) -> Any:
    held = [decode(Leg, each) for each in legs or ()]
    events = [decode(ClockEvent, each) for each in log or ()]
    return [encode(each) for each in shares(held, events, decode(Policy, policy), breached_at, now)]


def _server_now(*, now: datetime) -> datetime:
    return now.astimezone(UTC)


def _policy_key(key: str | None, metric: str) -> str:
    return key or metric


def _is_provisional(started_at: datetime | None, due_at: datetime | None, years: list[int] | None, zone: str) -> bool:
    if started_at is None or due_at is None or not years:
        return False
    first, last = (each.astimezone(known_zone(zone)).year for each in (started_at, due_at))
    return any(first <= year <= last for year in years)


_NEEDS = ("state", "consumed_s", "running_since", "allowed_s", "policy")


@strawberry.type(description="How much of a promise's time passed while one owner held the lead.")
class SlaShare:
    owner_id: strawberry.ID | None = stored("owner_id", "Who.")
    open_seconds: float = stored("open_s", "Open seconds until `serverNow` or the end, pauses left out.")
    share: float = stored("share", "Of all open seconds so far, 0 to 1.")
    open_seconds_at_breach: float | None = stored(
        "open_s_at_breach", "Open seconds until the due time that passed; null unless broken."
    )
    share_at_breach: float | None = stored(
        "share_at_breach", "Of the open seconds until then, 0 to 1; null unless broken."
    )


@strawberry.type(description="A promise on a lead: its latest cycle. The server alone decides when it is broken.")
class SlaClock(Node):
    metric: Metric = stored("metric", "What it measures.")
    state: ClockState = stored("state", "Where it stands.")
    cycle: int = stored("cycle", "Number of the cycle, from 1; 0 before the first.")
    policy_key: str = computed(_policy_key, "Key of the policy it began under.", needs=("policy.key", "metric"))
    policy_version: int = stored("policy.version", "The policy's version it began under.")
    calendar_key: str = stored("policy.calendar.name", "Key of the calendar that counts.")
    calendar_version: int = stored("policy.calendar.version", "The calendar's version it began under.")
    target_seconds: int = stored("policy.target_s", "Open seconds that may pass.")
    time_zone: str = stored("policy.calendar.zone", "IANA zone of the calendar that counts.")
    started_at: datetime | None = stored("started_at", "When this cycle began.")
    due_at: datetime | None = stored("due_at", "When the time is used up; null while pending or paused.")
    due_provisional: bool = computed(
        _is_provisional,
        "Whether `dueAt` counts days of a year whose make-up workdays the country has yet to publish.",
        needs=("started_at", "due_at", "policy.calendar.provisional_years", "policy.calendar.zone"),
    )
    met_at: datetime | None = stored("met_at", "When it was stopped.")
    provisional: bool = stored(
        "provisional", "Whether the stop waits for its visit to be verified and may be withdrawn.", default=False
    )
    breached_at: datetime | None = stored("breached_at", "The due time that passed, whenever it was found.")
    detected_at: datetime | None = stored("detected_at", "When the server found the breach.")
    acknowledged: bool = stored(
        "acknowledged",
        "Somebody who was told has taken it on: nobody is told of later steps of this cycle while the lead stays with "
        "its owner.",
        default=False,
    )
    cancel_reason: str | None = stored("cancel_reason", "Why it ended without a stop.")
    legs: list[SlaLeg] = stored("legs", "Who held the lead during this cycle, in order.", default=())
    lead: Annotated["Lead", strawberry.lazy("schema.leads")] | None = related(
        "leads", "The lead it is about.", key="lead_id"
    )
    owner: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who holds the lead.", key="owner_id"
    )
    owner_shares: list[SlaShare] = computed(
        _owner_shares,
        "Who used up the time of this cycle: each owner's part until now and until the breach.",
        needs=("legs", "log", "policy", "breached_at"),
    )
    remaining_open_seconds: float | None = computed(
        _remaining, "Open seconds left at `serverNow`, 0 once breached; null where nothing runs.", needs=_NEEDS
    )
    overdue_open_seconds: float | None = computed(
        _overdue, "Open seconds since due at `serverNow`, 0 before; null where nothing runs.", needs=_NEEDS
    )
    server_now: datetime = computed(_server_now, "The server's time of this answer.", needs=())
    version: int = stored("version", "Grows by one with each change.")
