"""What the delivery worker hands to a channel and what every channel must be; push/registry.py makes them by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from domain.deliveries import SendResult
from domain.devices import Platform
from domain.ids import DeliveryId
from domain.notices import Priority


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes: the registration token, the Firebase installation id, or both; `fid` is preferred.

    Neither appears in `repr`, so that a logged message does not hand out the right to send.
    """

    token: str | None = field(repr=False)
    fid: str | None = field(repr=False)
    platform: Platform

    @property
    def address(self) -> str | None:
        """The one that is sent to; prune a device only while it still has it."""
        return self.fid or self.token


@dataclass(frozen=True, slots=True)
class Bound:
    """An address at another service (domain/bindings.py), with the keys that belong to it; none of it in `repr`.

    `meant_for` names the person where others read along: the group of a team's robot.
    """

    address: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    public_key: str | None = field(default=None, repr=False)
    meant_for: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One message, worded and addressed. Retries repeat it with the same `msg_key` and `collapse_id`.

    `ttl_s` is what remains until `deadline_at` when it is sent; `target` is None for channels that need no device,
    `bound` is set for those that send to a binding.
    """

    delivery_id: DeliveryId
    msg_key: str
    title: str
    body: str
    data: dict[str, str]
    collapse_id: str
    priority: Priority
    ttl_s: int
    deadline_at: datetime
    target: Target | None
    locale: str
    bound: Bound | None = None
    silent: bool = False
    """For the app alone: nothing is shown. Only channels to devices can do that."""


class Channel(Protocol):
    """One way to reach a person. Safe to use from many tasks of one event loop at once."""

    @property
    def name(self) -> str:
        """The name in deliveries and settings, such as `fcm`."""
        ...

    async def send(self, message: Message) -> SendResult:
        """Tries once, within its own time limit, and answers for this message alone; never raises, never retries."""
        ...

    async def close(self) -> None:
        """Gives connections back; the channel is not used afterwards."""
        ...
