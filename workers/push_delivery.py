"""Sends what is due in the outbox and writes what became of it; two jobs in the list of workers/schedule.py.

At least once: a duplicate comes only from an ambiguous answer or a crash between acceptance and commit. Any number of
workers may run at once. This is the only place that retries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

from domain import lanes
from domain.channel_turns import await_turn
from domain.deliveries import Delivery, DeliveryState, Outcome, SendResult, after_result, postpone, release
from domain.lanes import Lane, LaneState
from domain.notices import NoticeKind
from push.channel import Channel
from resolvers.services import Services
from storage.bindings import mark_broken
from storage.deliveries import (
    Due,
    Parcel,
    claim,
    hasten_next,
    list_beside,
    list_due,
    open_parcels,
    release_deferred,
    release_expired,
    save_waiting,
)
from storage.devices import prune_device
from workers.push_recheck import message_of, settle
from workers.push_results import Results

AT_ONCE = 100
"""Messages on their way at once from one worker, no more than a channel has connections."""
AT_A_TIME = 24
"""Claimed together, and accepted without being written at the most: what a worker that dies now tells twice."""
_SENDING_SHARE = 0.75
"""Of the lease; the rest is for writing the result while the row is still ours."""
_LOOK_S = 0.5
_RELEASE_S = 2.5
log = structlog.get_logger(__name__)

accepted_seconds = Histogram(
    "fieldbeat_breach_to_accepted_seconds",
    "From the transaction that recorded a breach to the provider's acceptance of its push",
    ["channel"],
    buckets=(1, 2, 5, 10, 30, 60, 300, 900, 3_600, 14_400),
)
transitions = Counter("fieldbeat_deliveries", "Deliveries that reached a state after an attempt", ["channel", "state"])
attempts = Counter(
    "fieldbeat_delivery_attempts", "Messages handed to a channel, by what came of it", ["channel", "outcome"]
)
pruned = Counter(
    "fieldbeat_devices_pruned", "Devices and bindings of which a provider says that they are gone", ["channel"]
)
breaker = Gauge("fieldbeat_push_channel_breaker", "0: the channel works, 1: one message tries, 2: paused", ["channel"])
_BREAKER = {LaneState.CLOSED: 0, LaneState.HALF_OPEN: 1, LaneState.OPEN: 2}
_NEW_LANE = Lane()
_LETS_NEXT_START = frozenset(
    {DeliveryState.DEAD_TARGET, DeliveryState.POISON, DeliveryState.EXPIRED, DeliveryState.CONFIG_HOLD}
)


@dataclass(frozen=True, slots=True)
class Timing:
    """The knobs. `finish_s`: how long sends may go on once the process has been told to stop; `pause_s`: of a lane."""

    lease_s: float
    backoff_base_s: float
    backoff_cap_s: float
    finish_s: float
    pause_s: float = lanes.PAUSE_S


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
        self._lanes: dict[str, Lane] = {}
        self._results = Results(self._store, self._clock)
        self._has_room = asyncio.Event()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Task[Any]] = set()

    async def look(self) -> int:
        """`deliver_due` for the list of jobs: with little to do it answers 0, so that more comes together meanwhile."""
        was_busy = self._is_busy
        done = await self.deliver_due()
        return done if was_busy or done > AT_A_TIME // 2 else 0

    async def deliver_due(self) -> int:
        """Claims what is due and starts to send it without waiting for answers; with hands full waits for some.

        Answers how many were claimed, put off or finished. Raises PyMongoError where the database fails.
        """
        if self._is_busy:
            before = len(self._in_flight)
            self._has_room.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._has_room.wait(), _LOOK_S)
            return before - len(self._in_flight)
        now, free = self._clock(), min(AT_ONCE - len(self._in_flight), AT_A_TIME - self._results.unwritten)
        rooms = {name: lanes.room(lane, now, free) for name, lane in self._lanes.items() if lane.paused_until}
        due = await list_due(self._store, self._worker_id, now, free, rooms)
        ready, changed = await self._take_turns(due, now)
        claimed = await claim(self._store, ready, self._worker_id, now, self._timing.lease_s)
        for parcel in await open_parcels(self._store, claimed):
            row = parcel.delivery
            self._lanes[row.channel] = lane = lanes.begun(self._lane(row), row.id, now)
            if lane.probe == row.id:
                breaker.labels(row.channel).set(_BREAKER[LaneState.HALF_OPEN])
            task = asyncio.create_task(self._deliver(parcel))
            self._in_flight.add(task)
            task.add_done_callback(self._ended)
        return len(claimed) + changed

    async def _take_turns(self, due: Due, now: datetime) -> tuple[list[Delivery], int]:
        """Those whose turn it is; how many others were put off or cancelled."""
        before = list(due.held_up)
        after = [postpone(row, lanes.look_again_at(self._lane(row), now)) for row in due.held_up]
        ready = [row for row in due.chosen if row.rank == 0]
        later = [row for row in due.chosen if row.rank > 0]
        if later:
            notices, rows = await list_beside(self._store, later)
            for row in later:
                turn = await_turn(row, notices.get(row.notice_id), rows.get(row.notice_id, ()), now)
                if turn is row:
                    ready.append(row)
                else:
                    before.append(row)
                    after.append(turn)
        await save_waiting(self._store, before, after)
        return ready, len(after)

    def _lane(self, row: Delivery) -> Lane:
        return self._lanes.get(row.channel, _NEW_LANE)

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

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if not self._is_busy:
            self._has_room.set()

    @property
    def _is_busy(self) -> bool:
        return AT_ONCE - len(self._in_flight) < AT_A_TIME // 2 or self._results.unwritten > AT_A_TIME // 2

    async def _deliver(self, parcel: Parcel) -> None:
        held = parcel.delivery
        try:
            settled = settle(parcel, self._clock())
            done = settled or await self._attempt(parcel)
            if not await self._results.write(held, done):
                log.warning("delivery_lost", delivery=held.id, state=done.state)
                return
            self._account(parcel, done)
            if done.state in _LETS_NEXT_START:
                await hasten_next(self._store, done, self._clock())
            if settled is None and done.state is DeliveryState.DEAD_TARGET:
                await self._prune(parcel)
        except Exception:
            # Its lease runs out and somebody takes it up again.
            log.exception("delivery_failed", delivery=held.id)
        finally:
            self._lanes[held.channel] = lanes.given_up(self._lane(held), held.id)

    async def _prune(self, parcel: Parcel) -> None:
        """The provider said that nothing arrives there any more; what has another address by now stays."""
        device, binding = parcel.device, parcel.binding
        if device is not None and await prune_device(self._store, device.id, token=device.token, fid=device.fid):
            pruned.labels(parcel.delivery.channel).inc()
            log.info("device_pruned", device=device.id)
        if binding is not None and await mark_broken(self._store, binding, self._clock()):
            pruned.labels(parcel.delivery.channel).inc()
            log.info("binding_broken", binding=binding.id)

    async def _attempt(self, parcel: Parcel) -> Delivery:
        held = parcel.delivery
        task = asyncio.current_task()
        assert task is not None
        self._sending.add(task)
        try:
            result = await self._send(parcel)
            attempts.labels(held.channel, result.outcome).inc()
            self._learn(held, result)
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

    def _learn(self, held: Delivery, result: SendResult) -> None:
        before, now = self._lane(held), self._clock()
        lane = lanes.after(before, held.id, result, now, pause_s=self._timing.pause_s)
        self._lanes[held.channel] = lane
        if lane.paused_until != before.paused_until:
            state = lane.state(now)
            breaker.labels(held.channel).set(_BREAKER[state])
            log.warning("channel_state", channel=held.channel, state=state, until=lane.paused_until)

    async def _send(self, parcel: Parcel) -> SendResult:
        channel = self._channels.get(parcel.delivery.channel)
        if channel is None:
            return SendResult(Outcome.CONFIG, f"this process has no channel {parcel.delivery.channel}")
        try:
            message = message_of(parcel, self._clock())
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
