"""How a person wants to be told: quiet hours, which kinds over which channel, how often a digest.

Kept with the person (domain/people.py); the outbox looks at it when it writes deliveries, the worker before it sends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.calendar import DAY_S, known_zone, wall_span
from domain.notices import NoticeKind, Priority
from domain.refusals import InvalidInput

_WALL_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
DIGEST_EVERY_S = 300
DIGEST_MINUTES = range(5, 241)
MOST_MUTED = 100
_ONE_DAY = timedelta(days=1)


class PushChannel(StrEnum):
    """Every channel there may be; in lower case it is the channel's name in deliveries and settings."""

    CONSOLE = "CONSOLE"
    FCM = "FCM"
    WECOM_APP = "WECOM_APP"
    WECOM_BOT = "WECOM_BOT"
    DINGTALK = "DINGTALK"
    FEISHU = "FEISHU"
    LARK = "LARK"
    WEB_PUSH = "WEB_PUSH"
    APPRISE = "APPRISE"

    @property
    def channel_name(self) -> str:
        """The name in deliveries and settings."""
        return self.value.lower()


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Each day from one wall time to another, in seconds of the day; it may cross midnight. The same twice: never."""

    from_s: int = 22 * 3_600
    until_s: int = 7 * 3_600

    def end_after(self, at: datetime, time_zone: str) -> datetime | None:
        """When the quiet that holds at that instant ends; None where none holds. Its end is not quiet any more."""
        if self.from_s == self.until_s:
            return None
        zone = known_zone(time_zone)
        lasts_to = self.until_s if self.until_s > self.from_s else self.until_s + DAY_S
        today = at.astimezone(zone).date()
        for day in (today - _ONE_DAY, today):
            starts_at, ends_at = wall_span(zone, day, self.from_s, lasts_to)
            if starts_at <= at < ends_at:
                return ends_at
        return None


@dataclass(frozen=True, slots=True)
class Mute:
    """Notices of a kind that are not sent over a channel (its name)."""

    kind: NoticeKind
    channel: str


@dataclass(frozen=True, slots=True)
class Preferences:
    """What one person chose; the inbox holds every notice whatever they chose."""

    quiet: QuietHours = QuietHours()
    muted: tuple[Mute, ...] = ()
    digest_every_s: int = DIGEST_EVERY_S

    def heard_at(self, priority: Priority, at: datetime, time_zone: str) -> datetime:
        """When something so urgent may be sent that is due at that instant: what is critical at once, at night too."""
        if priority is Priority.CRITICAL:
            return at
        return self.quiet.end_after(at, time_zone) or at

    def wants(self, kind: NoticeKind, channel: str) -> bool:
        """Whether notices of the kind are sent over the channel."""
        return Mute(kind, channel) not in self.muted

    def wanted(self, kind: NoticeKind, priority: Priority, channels: Iterable[str]) -> list[str]:
        """Those of the channels a notice goes over; what is critical is never silenced on all of them."""
        reached = list(channels)
        chosen = [each for each in reached if self.wants(kind, each)]
        return reached if not chosen and priority is Priority.CRITICAL else chosen


DEFAULT = Preferences()


def given_preferences(before: Preferences, changes: Mapping[str, Any]) -> Preferences | InvalidInput:
    """The preferences with `changes` as a caller writes them: what is absent stays.

    `quiet_from` and `quiet_until` are times such as 22:00, `digest_every_minutes` a number, `muted` the whole list of
    {kind, channels}.
    """
    times = {"quiet_from": before.quiet.from_s, "quiet_until": before.quiet.until_s}
    for name, field in (("quiet_from", "quietFrom"), ("quiet_until", "quietUntil")):
        if changes.get(name) is not None:
            parts = _WALL_TIME.fullmatch(changes[name])
            if parts is None:
                return InvalidInput(field, "must be a time of day such as 22:00")
            times[name] = int(parts[1]) * 3_600 + int(parts[2]) * 60
    every_s = before.digest_every_s
    if changes.get("digest_every_minutes") is not None:
        if changes["digest_every_minutes"] not in DIGEST_MINUTES:
            return InvalidInput("digestEveryMinutes", "must be 5 to 240")
        every_s = changes["digest_every_minutes"] * 60
    if len(changes.get("muted") or ()) > MOST_MUTED:
        return InvalidInput("muted", f"must have at most {MOST_MUTED} entries")
    muted = before.muted if changes.get("muted") is None else _mutes(changes["muted"])
    return Preferences(QuietHours(times["quiet_from"], times["quiet_until"]), muted, every_s)


def _mutes(given: Sequence[Mapping[str, Any]]) -> tuple[Mute, ...]:
    pairs = {(kind, channel.channel_name) for kind, channels in map(_pair, given) for channel in channels}
    return tuple(Mute(kind, channel) for kind, channel in sorted(pairs))


def _pair(given: Mapping[str, Any]) -> tuple[NoticeKind, Sequence[PushChannel]]:
    return given["kind"], given["channels"]


def wall_time(seconds: int) -> str:
    """As callers write it."""
    return f"{seconds // 3_600:02d}:{seconds % 3_600 // 60:02d}"
