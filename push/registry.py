"""The channels a process has, by name; wiring fills `PushConfig` from the settings and calls `open_channels` once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from push.channel import Channel
from push.console import ConsoleChannel

FCM_BASE_URL: Final = "https://fcm.googleapis.com"
SEND_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class PushConfig:
    """Which channels to open, in the order they are tried, and what they need.

    `clock` gives the real time (aware UTC); `write` receives the console's lines; the project is the key file's
    unless `fcm_project_id` names another.
    """

    clock: Callable[[], datetime]
    write: Callable[[str], object]
    channels: tuple[str, ...] = ("fcm",)
    fcm_base_url: str = FCM_BASE_URL
    fcm_credentials_path: Path | None = None
    fcm_project_id: str | None = None
    send_timeout_s: float = SEND_TIMEOUT_S


def _console(config: PushConfig) -> Channel:
    return ConsoleChannel(config.write)


def _fcm(config: PushConfig) -> Channel:
    if config.fcm_credentials_path is None:
        raise ValueError("fcm needs the path of a service account's key file")
    # Their libraries take a quarter of a second to load, which a process without credentials need not wait for.
    from push.fcm import FcmChannel  # noqa: PLC0415
    from push.google_oauth import ServiceAccount  # noqa: PLC0415

    return FcmChannel(
        ServiceAccount.from_file(config.fcm_credentials_path),
        config.clock,
        project_id=config.fcm_project_id,
        base_url=config.fcm_base_url,
        timeout_s=config.send_timeout_s,
    )


FACTORIES: dict[str, Callable[[PushConfig], Channel]] = {"console": _console, "fcm": _fcm}


def channel_names(config: PushConfig) -> tuple[str, ...]:
    """The channels that will be opened: `console` stands in for `fcm` without credentials. ValueError if unknown."""
    unknown = [name for name in config.channels if name not in FACTORIES]
    if unknown:
        raise ValueError(f"no such push channel: {', '.join(unknown)}; known: {', '.join(FACTORIES)}")
    stand_in = {"fcm": "console"} if config.fcm_credentials_path is None else {}
    return tuple(dict.fromkeys(stand_in.get(name, name) for name in config.channels)) or ("console",)


def open_channels(config: PushConfig) -> dict[str, Channel]:
    """The channels by name, in order; the caller closes each. ValueError for an unknown name or a bad key file."""
    return {name: FACTORIES[name](config) for name in channel_names(config)}
