"""Sends what is due in the outbox and writes what became of it; two jobs in the list of workers/schedule.py.

At least once: a duplicate comes only from an ambiguous answer or a crash between acceptance and commit. Any number of
workers may run at once. This is the only place that retries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import structlog
from prometheus_client import Counter, Histogram

from domain.deliveries import (
    Delivery,
    DeliveryState,
    Outcome,
    SendResult,
    after_result,
    cancel,
    expire,
    give_up,
    release,
)
from domain.devices import Platform
from domain.notices import NoticeKind
from push.channel import Channel, Message, Target
from push.messages import make_message
from resolvers.services import Services
from storage.deliveries import Parcel, claim_due, complete, open_parcels, release_deferred, release_expired
from storage.devices import prune_device
from storage.driver import PyMongoError

AT_ONCE = 64
"""Messages on their way at once from one worker, below the connections of a channel."""
_SENDING_SHARE = 0.75
"""Of the lease; the rest is for writing the result while the row is still ours."""
_LOOK_S = 0.5
_RELEASE_S = 2.5
_PAUSE_S = 0.5
log = structlog.get_logger(__name__)

accepted_seconds = Histogram(
    "fieldbeat_breach_to_accepted_seconds",
    "From the transaction that recorded a breach to the provider's acceptance of its push",
    ["channel"],
    buckets=(1, 2, 5, 10, 30, 60, 300, 900, 3_600, 14_400),
)
transitions = Counter("fieldbeat_deliveries", "Deliveries that reached a state after an attempt", ["channel", "state"])


@dataclass(frozen=True, slots=True)
class Timing:
    """The knobs: `finish_s` is how long sends may go on once the process has been told to stop."""

    lease_s: float
    backoff_base_s: float
    backoff_cap_s: float
    finish_s: float


class PushDelivery:
    """The sends in flight of one worker process. `random` spreads the retries."""

    def __init__(
        self, services: Services, channels: Mapping[str, Channel], worker_id: str, timing: Timing, random: Random
    ) -> None:
        self._store = services.store
        self._clock = services.clock
        self._channels = channels
        self._worker_id = worker_id
        self._timing = timing
        self._random = random
        self._in_flight: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Task[Any]] = set()

    async def look(self) -> int:
        """`deliver_due` for the list of jobs: with little to do it answers 0, so that more comes together meanwhile."""
        was_busy = self._is_busy
        done = await self.deliver_due()
        return done if was_busy or done > AT_ONCE // 4 else 0

    async def deliver_due(self) -> int:
        """Claims what is due and starts to send it without waiting for answers; with hands full waits for some.

        Answers how many were claimed or finished. Raises PyMongoError where the database fails.
        """
        if self._is_busy:
            done, _ = await asyncio.wait(self._in_flight, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            return len(done)
        free = AT_ONCE - len(self._in_flight)
        claimed = await claim_due(self._store, self._worker_id, self._clock(), free, self._timing.lease_s)
        for parcel in await open_parcels(self._store, claimed):
            task = asyncio.create_task(self._deliver(parcel))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        return len(claimed)

    async def release_lost(self) -> int:
        """Makes due again what workers held that no longer answer, and what was deferred until now."""
        now = self._clock()
        return await release_expired(self._store, now) + await release_deferred(self._store, now)

    async def finish(self) -> None:
        """Lets sends in flight end; gives back the leases of those that take too long. Nothing is claimed any more.

        Only a send is cut off, never the writing of its result: an acceptance that is not written is sent again.
        """
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=self._timing.finish_s)
        for task in self._sending:
            task.cancel()
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=_RELEASE_S)

    @property
    def _is_busy(self) -> bool:
        return len(self._in_flight) > AT_ONCE // 2

    async def _deliver(self, parcel: Parcel) -> None:
        held = parcel.delivery
        try:
            settled = settle(parcel, self._clock())
            done = settled or await self._attempt(parcel)
            if not await self._complete(held, done):
                log.warning("delivery_lost", delivery=held.id, state=done.state)
                return
            self._account(parcel, done)
            if settled is None and done.state is DeliveryState.DEAD_TARGET and parcel.device:
                dead = parcel.device
                if await prune_device(self._store, dead.id, token=dead.token, fid=dead.fid):
                    log.info("device_pruned", device=dead.id)
        except Exception:
            # Its lease runs out and somebody takes it up again.
            log.exception("delivery_failed", delivery=held.id)

    async def _attempt(self, parcel: Parcel) -> Delivery:
        held = parcel.delivery
        task = asyncio.current_task()
        assert task is not None
        self._sending.add(task)
        try:
            result = await self._send(parcel)
        except asyncio.CancelledError:  # by `finish`: whether it was accepted is not known
            return release(held, self._clock())
        finally:
            self._sending.discard(task)
        return after_result(
            held,
            result,
            self._clock(),
            self._random.uniform(0.5, 1),
            base_s=self._timing.backoff_base_s,
            cap_s=self._timing.backoff_cap_s,
        )

    async def _send(self, parcel: Parcel) -> SendResult:
        channel = self._channels.get(parcel.delivery.channel)
        if channel is None:
            return SendResult(Outcome.CONFIG, f"this process has no channel {parcel.delivery.channel}")
        try:
            message = _message(parcel, self._clock())
        except (ValueError, KeyError) as error:
            return SendResult(Outcome.POISON, f"cannot be worded: {type(error).__name__}")
        try:
            async with asyncio.timeout(self._timing.lease_s * _SENDING_SHARE):
                return await channel.send(message)
        except TimeoutError:
            return SendResult(Outcome.AMBIGUOUS, "no answer while the lease was ours")
        except Exception as error:
            log.exception("channel_failed", channel=channel.name, delivery=parcel.delivery.id)
            return SendResult(Outcome.AMBIGUOUS, f"the channel failed: {type(error).__name__}")

    async def _complete(self, held: Delivery, done: Delivery) -> bool:
        """Tries for as long as the lease lasts, because an acceptance that is not written is sent again."""
        while True:
            try:
                return await complete(self._store, held, done)
            except PyMongoError as error:
                if held.lease_until is None or self._clock() >= held.lease_until:
                    raise
                log.warning("completion_waits_for_database", delivery=held.id, error=type(error).__name__)
            await asyncio.sleep(_PAUSE_S)

    def _account(self, parcel: Parcel, done: Delivery) -> None:
        transitions.labels(done.channel, done.state).inc()
        facts = {"delivery": done.id, "channel": done.channel, "state": done.state, "attempts": done.attempts}
        match done.state:
            case DeliveryState.SENT:
                if parcel.notice and parcel.notice.kind is NoticeKind.SLA_BREACHED:
                    waited = (done.finished_at or self._clock()) - parcel.notice.created_at
                    accepted_seconds.labels(done.channel).observe(waited.total_seconds())
                log.debug("delivery_accepted", **facts)
            case DeliveryState.POISON | DeliveryState.EXPIRED | DeliveryState.CONFIG_HOLD:
                log.error("delivery_needs_an_operator", **facts, error=done.last_error)
            case _:
                log.info("delivery_not_sent", **facts, error=done.last_error)


def settle(parcel: Parcel, now: datetime) -> Delivery | None:
    """How the row ends without a send, None where it is to be sent: the look immediately before each attempt."""
    row, notice, device = parcel.delivery, parcel.notice, parcel.device
    if notice is None:
        return give_up(row, DeliveryState.POISON, "the notice is gone", now)
    if notice.is_settled:
        return cancel(row, "acknowledged" if notice.acknowledged_at else "resolved", now)
    if not parcel.is_active:
        return cancel(row, "the recipient is not active", now)
    if now >= row.deadline_at:
        return expire(row, now)
    if row.device_id is not None:
        if device is None:
            return give_up(row, DeliveryState.DEAD_TARGET, "the device is gone", now)
        if device.owner_id != row.owner_id:
            return give_up(row, DeliveryState.DEAD_TARGET, "the device is somebody else's now", now)
    return None


def _message(parcel: Parcel, now: datetime) -> Message:
    assert parcel.notice is not None
    device = parcel.device
    target = None if device is None else Target(device.token, device.fid, Platform(device.platform.value))
    return make_message(parcel.notice, parcel.delivery, target, parcel.locale, now)
