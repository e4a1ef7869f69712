"""Delivery workers in the process of a test, and a channel that keeps what it is handed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from random import Random

from domain.deliveries import Delivery, Outcome, SendResult
from push.channel import Channel, Message
from resolvers.services import Services
from storage.deliveries import claim, list_due
from storage.store import Store
from workers.push_delivery import PushDelivery, Timing

TIMING = Timing(lease_s=60, backoff_base_s=10, backoff_cap_s=300, finish_s=60)


class Recorder:
    """A channel that keeps what it is handed; `meanwhile` happens during the send."""

    name: str = "fcm"

    def __init__(self, meanwhile: Callable[[], Awaitable[object]] | None = None) -> None:
        self.messages: list[Message] = []
        self._meanwhile = meanwhile

    async def send(self, message: Message) -> SendResult:
        self.messages.append(message)
        if self._meanwhile is not None:
            await self._meanwhile()
        return SendResult(Outcome.ACCEPTED, provider_message_id="recorded")

    async def close(self) -> None:
        return


def worker(services: Services, *channels: Channel, name: str = "one", timing: Timing = TIMING) -> PushDelivery:
    return PushDelivery(services, {each.name: each for each in channels}, name, timing, Random(7))


async def deliver(services: Services, *channels: Channel, name: str = "one") -> None:
    """One worker until nothing is due and nothing in flight."""
    one = worker(services, *channels, name=name)
    while True:
        claimed = await one.deliver_due()
        if not claimed:
            await one.finish()
            if not await one.deliver_due():
                return


async def claim_due(store: Store, owner: str, now: datetime, limit: int, lease_s: float) -> list[Delivery]:
    """What a worker without lanes looks for and gets."""
    due = await list_due(store, owner, now, limit, {})
    return await claim(store, due.chosen, owner, now, lease_s)
