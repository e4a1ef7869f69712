"""How many messages an address may get, as the services document it; settings can override each number.

Counted in short windows over all workers, so that no minute (hour) anywhere on the clock holds more than is allowed:
a minute touches at most four windows of 20 s, an hour seven of 10 minutes, a second two of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Protocol


@dataclass(frozen=True, slots=True)
class Limit:
    """What one address of a channel may get; `source` says where the numbers are documented, `as_of` when."""

    per_minute: int
    source: str
    as_of: str
    per_hour: int | None = None
    per_second: int | None = None

    def windows(self) -> Iterator[tuple[int, int]]:
        """Length in seconds and number of messages of each window, the shortest first."""
        if self.per_second is not None:
            yield 1, max(1, self.per_second // 2)
        yield 20, max(1, self.per_minute // 4)
        if self.per_hour is not None:
            yield 600, max(1, self.per_hour // 7)


LIMITS: Final[Mapping[str, Limit]] = {
    "wecom_app": Limit(30, "https://developer.work.weixin.qq.com/document/path/90312", "2026-11", per_hour=1_000),
    "wecom_bot": Limit(20, "https://developer.work.weixin.qq.com/document/path/99110", "2026-11"),
    "dingtalk": Limit(20, "https://open.dingtalk.com/document/robots/custom-robot-access", "2026-11"),
    "feishu": Limit(100, "https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot", "2026-11", per_second=5),
    "lark": Limit(
        100, "https://open.larksuite.com/document/client-docs/bot-v3/add-custom-bot", "2026-11", per_second=5
    ),
}
"""More than this is dropped in silence (WeCom app), refused (robots), or locks a robot for ten minutes (DingTalk)."""


def limits_with(overrides: Mapping[str, Mapping[str, int]]) -> dict[str, Limit]:
    """The table with an operator's numbers. ValueError for a channel, name or number that cannot be."""
    table = dict(LIMITS)
    for channel, numbers in overrides.items():
        if channel not in table or not isinstance(numbers, Mapping):
            raise ValueError(f"no limits are known for {channel}; known: {', '.join(LIMITS)}")
        wrong = set(numbers) - {"per_second", "per_minute", "per_hour"}
        if wrong or any(type(number) is not int or number < 1 for number in numbers.values()):
            raise ValueError(f"{channel}: give per_second, per_minute or per_hour as whole numbers of at least 1")
        table[channel] = replace(table[channel], **dict(numbers), source="settings", as_of="")
    return table


class Rooms(Protocol):
    """Counts messages over all workers."""

    async def take(self, key: str, limit: Limit) -> float:
        """Takes room for one message; else the seconds until there may be some (0: it was taken). Never raises."""
        ...


class NoLimit:
    """Room for everything: for tests of other things, and channels that nobody limits."""

    async def take(self, key: str, limit: Limit) -> float:  # noqa: ARG002
        """Always."""
        return 0.0


def room_key(channel: str, address: str) -> str:
    """Names an address without saying it."""
    return f"{channel}:{sha256(address.encode()).hexdigest()[:32]}"
