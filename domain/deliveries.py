"""One notice on its way to one person over one channel: the outbox row, its states and every step between them.

Storage turns the transitions into updates conditional on state, owner and fence; the delivery worker calls them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.ids import BindingId, DeliveryId, DeviceId, NoticeId, OrgId, PersonId
from domain.notices import Notice, Priority, derived_id

LEASE_S = 60.0
"""How long a worker owns a claimed row: six times the send timeout."""
BACKOFF_BASE_S = 10.0
BACKOFF_CAP_S = 300.0
CONFIG_RECHECK_S = 60.0
"""A row held for our own configuration is tried again this often, so that a repaired key needs no replay."""
HELD_S = 1.0
"""Shortest wait of a row whose address has no room."""
_DOUBLINGS = 32


class DeliveryState(StrEnum):
    """Where a delivery stands; `CLAIMABLE`, `OPEN`, `FINAL` and `REACHED` group them."""

    PENDING = "PENDING"
    DEFERRED = "DEFERRED"
    LEASED = "LEASED"
    SENT = "SENT"
    RECEIVED = "RECEIVED"
    OPENED = "OPENED"
    DEAD_TARGET = "DEAD_TARGET"
    EXPIRED = "EXPIRED"
    POISON = "POISON"
    CONFIG_HOLD = "CONFIG_HOLD"
    CANCELLED = "CANCELLED"
    DIGESTED = "DIGESTED"


CLAIMABLE = frozenset({DeliveryState.PENDING, DeliveryState.CONFIG_HOLD})
"""A worker may take these once `next_at` has come."""
OPEN = CLAIMABLE | {DeliveryState.LEASED, DeliveryState.DEFERRED}
"""No provider has accepted these and nobody has given up on them."""
FINAL = frozenset(DeliveryState) - OPEN
"""Never sent again; of these only SENT and RECEIVED still move, towards OPENED."""
ACCEPTED = frozenset({DeliveryState.SENT, DeliveryState.RECEIVED, DeliveryState.OPENED})
"""A provider took these."""


class Outcome(StrEnum):
    """What one attempt came to, in words every channel shares."""

    ACCEPTED = "ACCEPTED"
    """The provider took it; it says nothing about the phone."""
    RETRY = "RETRY"
    """Certainly not accepted, and worth another try."""
    AMBIGUOUS = "AMBIGUOUS"
    """Perhaps accepted (reset, timeout): tried again under the same key."""
    DEAD_TARGET = "DEAD_TARGET"
    """This token will never work again: prune it if the device still has it."""
    POISON = "POISON"
    """This message will never be accepted."""
    CONFIG = "CONFIG"
    """Our credentials or settings are refused: alarm, other channels now."""
    THROTTLED = "THROTTLED"
    """Not accepted, and the provider wants nothing at all from us for a while: as RETRY, and the channel pauses."""
    HELD = "HELD"
    """Not accepted, because this one address has had its share: tried again when it has room, others go on."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """The one answer to one message; `detail` is for operators and holds neither tokens nor message text."""

    outcome: Outcome
    detail: str = ""
    retry_after_s: float | None = None
    provider_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An outbox row. `device_id` or `binding_id` refers to where it goes; the address is read at the moment of sending.

    `fence` grows with every claim, so a worker that lost its lease cannot complete the row. `finished_at` is the time
    of acceptance or of giving up, and what the 90 days of keeping count from. `rank` is the place of its channel among
    those that reach the person (domain/channel_turns.py). `due_from` is what `deadline_at` counts from: the creation or
    the end of a deferral. `held_since` is when an uninterrupted CONFIG_HOLD began. A replayed row is a new one: the
    next generation of `replay_of`.
    """

    id: DeliveryId
    org_id: OrgId
    owner_id: PersonId
    notice_id: NoticeId
    channel: str
    device_id: DeviceId | None
    state: DeliveryState
    priority: Priority
    next_at: datetime
    attempts: int
    fence: int
    lease_owner: str | None
    lease_until: datetime | None
    deadline_at: datetime
    created_at: datetime
    finished_at: datetime | None = None
    received_at: datetime | None = None
    opened_at: datetime | None = None
    last_error: str | None = None
    provider_message_id: str | None = None
    rank: int = 0
    due_from: datetime | None = None
    held_since: datetime | None = None
    digest_id: NoticeId | None = None
    generation: int = 0
    replay_of: DeliveryId | None = None
    binding_id: BindingId | None = None

    @property
    def target_id(self) -> DeviceId | BindingId | None:
        """The device or binding it goes to; None where the channel reaches the person without either."""
        return self.device_id or self.binding_id

    @property
    def deadline_counts_from(self) -> datetime:
        """When it first could be sent."""
        return self.due_from or self.created_at


def delivery_id(
    notice_id: NoticeId, channel: str, target_id: DeviceId | BindingId | None, generation: int = 0
) -> DeliveryId:
    """The only id a notice's delivery to this target over this channel can have; each replay has the next one."""
    replayed = (str(generation),) if generation else ()
    return DeliveryId(derived_id("dlv", notice_id, channel, target_id or "", *replayed))


def make_delivery(
    notice: Notice,
    channel: str,
    device_id: DeviceId | None,
    now: datetime,
    *,
    rank: int = 0,
    next_at: datetime | None = None,
    binding_id: BindingId | None = None,
) -> Delivery:
    """A row due at `next_at` or at once, to be given up when its priority's deadline has passed."""
    return Delivery(
        id=delivery_id(notice.id, channel, device_id or binding_id),
        org_id=notice.org_id,
        owner_id=notice.owner_id,
        notice_id=notice.id,
        channel=channel,
        device_id=device_id,
        state=DeliveryState.PENDING,
        priority=notice.priority,
        next_at=next_at or now,
        attempts=0,
        fence=0,
        lease_owner=None,
        lease_until=None,
        deadline_at=now + timedelta(seconds=notice.priority.deadline_s),
        created_at=now,
        rank=rank,
        binding_id=binding_id,
    )


def is_claimable(delivery: Delivery, now: datetime) -> bool:
    """Whether a worker may take the row now."""
    return delivery.state in CLAIMABLE and delivery.next_at <= now


def lease(delivery: Delivery, owner: str, now: datetime, *, lease_s: float = LEASE_S) -> Delivery:
    """The row as its new owner holds it: one more attempt, the next fence. ValueError unless it is claimable.

    Storage writes it where `_id`, `state` and `fence` are still those of `delivery`.
    """
    if not is_claimable(delivery, now):
        raise ValueError(f"{delivery.id} is {delivery.state} and due at {delivery.next_at}")
    return replace(
        delivery,
        state=DeliveryState.LEASED,
        lease_owner=owner,
        lease_until=now + timedelta(seconds=lease_s),
        attempts=delivery.attempts + 1,
        fence=delivery.fence + 1,
    )


def release(delivery: Delivery, now: datetime) -> Delivery:
    """Back to due at once: the lease ran out, or its owner is stopping before it sent. ValueError unless leased."""
    _require_lease(delivery)
    return _unleased(delivery, DeliveryState.PENDING, next_at=now)


def postpone(delivery: Delivery, until: datetime) -> Delivery:
    """Not before `until`, and not past its deadline, where it ends visibly. ValueError unless it is claimable."""
    if delivery.state not in CLAIMABLE:
        raise ValueError(f"{delivery.id} is {delivery.state}, not claimable")
    return replace(delivery, next_at=min(until, max(delivery.deadline_at, delivery.next_at)))


def defer(delivery: Delivery, until: datetime) -> Delivery:
    """Left alone until `until`, such as the end of quiet hours; unchanged unless it is open and not yet deferred."""
    if delivery.state not in OPEN - {DeliveryState.DEFERRED}:
        return delivery
    return _unleased(delivery, DeliveryState.DEFERRED, next_at=until)


def end_deferral(delivery: Delivery, now: datetime) -> Delivery:
    """Due again, with the whole of its time before it; unchanged unless its deferral is over."""
    if delivery.state is not DeliveryState.DEFERRED or now < delivery.next_at:
        return delivery
    due = _unleased(delivery, DeliveryState.PENDING, next_at=now)
    return replace(due, due_from=now, deadline_at=now + timedelta(seconds=delivery.priority.deadline_s))


def digest(delivery: Delivery, digest_id: NoticeId, now: datetime) -> Delivery:
    """Told together with others by the digest, and so never sent by itself; unchanged when it is no longer open.

    The fence grows, so a send in flight cannot complete the row afterwards.
    """
    if delivery.state not in OPEN:
        return delivery
    told = _unleased(delivery, DeliveryState.DIGESTED, finished_at=now)
    return replace(told, digest_id=digest_id, fence=delivery.fence + 1)


def retry_delay_s(
    attempt: int,
    retry_after_s: float | None,
    jitter: float,
    *,
    base_s: float = BACKOFF_BASE_S,
    cap_s: float = BACKOFF_CAP_S,
) -> float:
    """Seconds to wait after the `attempt`-th failure: max(Retry-After, jitter * min(cap, base * 2^(attempt - 1))).

    `jitter` is drawn by the caller from [0.5, 1]; ValueError outside it, or for an attempt below 1.
    """
    if not 0.5 <= jitter <= 1:
        raise ValueError("jitter is drawn from [0.5, 1]")
    if attempt < 1:
        raise ValueError("attempts are counted from 1")
    backoff_s = jitter * min(cap_s, base_s * 2.0 ** min(attempt - 1, _DOUBLINGS))
    return max(retry_after_s or 0.0, backoff_s)


def after_result(
    delivery: Delivery,
    result: SendResult,
    now: datetime,
    jitter: float,
    *,
    base_s: float = BACKOFF_BASE_S,
    cap_s: float = BACKOFF_CAP_S,
) -> Delivery:
    """The row after one attempt; storage writes it where `_id`, `lease_owner` and `fence` are still the claimed ones.

    A retry that could not start before the deadline ends as EXPIRED at once. ValueError unless leased.
    """
    _require_lease(delivery)
    match result.outcome:
        case Outcome.ACCEPTED:
            sent = _unleased(delivery, DeliveryState.SENT, finished_at=now)
            return replace(sent, provider_message_id=result.provider_message_id, last_error=None, held_since=None)
        case Outcome.DEAD_TARGET:
            return _unleased(delivery, DeliveryState.DEAD_TARGET, finished_at=now, error=_error(result))
        case Outcome.POISON:
            return _unleased(delivery, DeliveryState.POISON, finished_at=now, error=_error(result))
        case Outcome.CONFIG:
            state, wait_s = DeliveryState.CONFIG_HOLD, max(result.retry_after_s or 0.0, CONFIG_RECHECK_S)
        case Outcome.HELD:
            # No backoff: nothing failed, and the time it waits for is known.
            state, wait_s = DeliveryState.PENDING, max(result.retry_after_s or 0.0, HELD_S)
        case Outcome.RETRY | Outcome.AMBIGUOUS | Outcome.THROTTLED:
            state = DeliveryState.PENDING
            wait_s = retry_delay_s(delivery.attempts, result.retry_after_s, jitter, base_s=base_s, cap_s=cap_s)
    if wait_s >= (delivery.deadline_at - now).total_seconds():
        return _unleased(delivery, DeliveryState.EXPIRED, finished_at=now, error=_error(result))
    waiting = _unleased(delivery, state, next_at=now + timedelta(seconds=wait_s), error=_error(result))
    held_since = (delivery.held_since or now) if state is DeliveryState.CONFIG_HOLD else None
    return replace(waiting, held_since=held_since)


def expire(delivery: Delivery, now: datetime) -> Delivery:
    """Given up because its deadline has passed; unchanged before that, while deferred, and when no longer open."""
    if delivery.state not in OPEN - {DeliveryState.DEFERRED} or now < delivery.deadline_at:
        return delivery
    return _unleased(delivery, DeliveryState.EXPIRED, finished_at=now)


def give_up(delivery: Delivery, state: DeliveryState, reason: str, now: datetime) -> Delivery:
    """Ended without a send by the re-check before it: the device is gone (DEAD_TARGET) or cannot be worded (POISON)."""
    if state not in {DeliveryState.DEAD_TARGET, DeliveryState.POISON}:
        raise ValueError(f"{state} is reached another way")
    return _unleased(delivery, state, finished_at=now, error=reason) if delivery.state in OPEN else delivery


def cancel(delivery: Delivery, reason: str, now: datetime) -> Delivery:
    """No longer wanted (acknowledged, resolved, signed out); unchanged when it is no longer open.

    The fence grows, so a send in flight cannot complete the row afterwards.
    """
    if delivery.state not in OPEN:
        return delivery
    cancelled = _unleased(delivery, DeliveryState.CANCELLED, finished_at=now, error=reason)
    return replace(cancelled, fence=delivery.fence + 1)


def mark_received(delivery: Delivery, now: datetime) -> Delivery:
    """The phone has it. An open row whose answer was lost is proved accepted and is not sent again; final rows stay."""
    if delivery.state is DeliveryState.SENT:
        return replace(delivery, state=DeliveryState.RECEIVED, received_at=now)
    if delivery.state in OPEN and delivery.attempts > 0:
        accepted = _unleased(delivery, DeliveryState.RECEIVED, finished_at=now)
        return replace(accepted, received_at=now, fence=delivery.fence + 1)
    return delivery


def mark_opened(delivery: Delivery, now: datetime) -> Delivery:
    """The person tapped it, so the phone has received it."""
    received = mark_received(delivery, now)
    if received.state is not DeliveryState.RECEIVED:
        return delivery
    return replace(received, state=DeliveryState.OPENED, opened_at=now)


def _unleased(
    delivery: Delivery,
    state: DeliveryState,
    *,
    next_at: datetime | None = None,
    finished_at: datetime | None = None,
    error: str | None = None,
) -> Delivery:
    return replace(
        delivery,
        state=state,
        lease_owner=None,
        lease_until=None,
        next_at=next_at or delivery.next_at,
        finished_at=finished_at,
        last_error=error or delivery.last_error,
    )


def _error(result: SendResult) -> str:
    return f"{result.outcome}: {result.detail}" if result.detail else result.outcome.value


def _require_lease(delivery: Delivery) -> None:
    if delivery.state is not DeliveryState.LEASED:
        raise ValueError(f"{delivery.id} is {delivery.state}, not LEASED")
