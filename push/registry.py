"""The channels a process has, by name; wiring fills `PushConfig` from the settings, workers call `open_channels`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from domain.bindings import PUSH_SERVICES, BoundChannel
from push.channel import Channel
from push.rooms import LIMITS, Limit, NoLimit, Rooms

BOUND: Final = tuple(each.channel_name for each in BoundChannel)
KNOWN: Final = ("console", "fcm", *BOUND)
BASE_URLS: Final[Mapping[str, str]] = {
    "fcm": "https://fcm.googleapis.com",
    "wecom": "https://qyapi.weixin.qq.com",
    "dingtalk": "https://oapi.dingtalk.com",
    "feishu": "https://open.feishu.cn",
    "lark": "https://open.larksuite.com",
}
SEND_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class WecomAccount:
    """The company and its app, as the administration of WeCom shows them."""

    corp_id: str
    agent_id: int
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PushConfig:
    """Which channels to open, in the order they are tried, and what they need.

    `clock` gives the real time (aware UTC); `write` receives the console's lines; the project is the key file's
    unless `fcm_project_id` names another; `rooms` counts messages to one address over all workers.
    """

    clock: Callable[[], datetime]
    write: Callable[[str], object]
    channels: tuple[str, ...] = ("fcm",)
    base_urls: Mapping[str, str] = field(default_factory=dict)
    """What differs from BASE_URLS."""
    fcm_credentials_path: Path | None = None
    fcm_project_id: str | None = None
    wecom: WecomAccount | None = None
    web_push_key_path: Path | None = None
    web_push_contact: str | None = None
    push_services: tuple[str, ...] = PUSH_SERVICES
    apprise_schemes: frozenset[str] = frozenset()
    link_base: str | None = None
    """What chat messages link to: the rest of a deep link is put behind it. No links without it."""
    limits: Mapping[str, Limit] = field(default_factory=lambda: LIMITS)
    rooms: Rooms = field(default_factory=NoLimit)
    send_timeout_s: float = SEND_TIMEOUT_S

    def base_url(self, service: str) -> str:
        """Where a service is reached."""
        return self.base_urls.get(service) or BASE_URLS[service]


def channel_names(config: PushConfig) -> tuple[str, ...]:
    """The channels that will be opened: `console` stands in for `fcm` without credentials. ValueError if unknown."""
    unknown = [name for name in config.channels if name not in KNOWN]
    if unknown:
        raise ValueError(f"no such push channel: {', '.join(unknown)}; known: {', '.join(KNOWN)}")
    stand_in = {"fcm": "console"} if config.fcm_credentials_path is None else {}
    return tuple(dict.fromkeys(stand_in.get(name, name) for name in config.channels)) or ("console",)


def open_channels(config: PushConfig) -> dict[str, Channel]:
    """The channels by name, in order; the caller closes each. ValueError for an unknown name or a bad key file."""
    names = channel_names(config)
    # Their libraries take time to load, which a process that only needs the names need not wait for.
    from push.factories import FACTORIES  # noqa: PLC0415

    return {name: FACTORIES[name](config) for name in names}
