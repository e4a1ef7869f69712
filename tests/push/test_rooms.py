"""How much an address may get: windows that keep every minute and hour within what is documented, and overrides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from push.rooms import LIMITS, Limit, limits_with, room_key


def sent_at_most(limit: Limit, length_s: int) -> int:
    """The most that goes out in any stretch of `length_s` seconds when everything goes as early as it may."""
    windows = list(limit.windows())
    step_s = min(length for length, _ in windows)
    used: dict[tuple[int, int], int] = {}
    sent: list[float] = []
    for tick in range(0, 2 * length_s + step_s, step_s):
        # The worst: nothing until the last instant of a window, then as much as the new one allows at once.
        for at in (tick + step_s - 0.001, tick + step_s + 0.0):
            while all(used.get((length, int(at // length)), 0) < allowed for length, allowed in windows):
                for length, _ in windows:
                    used[length, int(at // length)] = used.get((length, int(at // length)), 0) + 1
                sent.append(at)
    return max(sum(1 for other in sent if at <= other < at + length_s) for at in sent)


@pytest.mark.parametrize("channel", LIMITS)
def test_no_stretch_of_time_holds_more_than_is_documented(channel: str) -> None:
    limit = LIMITS[channel]
    assert sent_at_most(limit, 60) <= limit.per_minute
    if limit.per_hour is not None:
        assert sent_at_most(limit, 3_600) <= limit.per_hour
    if limit.per_second is not None:
        assert sent_at_most(limit, 1) <= limit.per_second


def test_a_robot_of_twenty_a_minute_sends_fifteen() -> None:
    assert list(LIMITS["wecom_bot"].windows()) == [(20, 5)]
    assert list(LIMITS["wecom_app"].windows()) == [(20, 7), (600, 142)]
    assert list(LIMITS["feishu"].windows()) == [(1, 2), (20, 25)]
    assert list(Limit(1, "", "", per_hour=1, per_second=1).windows()) == [(1, 1), (20, 1), (600, 1)]


def test_an_operators_numbers() -> None:
    table = limits_with({"wecom_bot": {"per_minute": 8}, "dingtalk": {"per_hour": 70}})
    assert (table["wecom_bot"].per_minute, table["wecom_bot"].source) == (8, "settings")
    assert (table["dingtalk"].per_minute, table["dingtalk"].per_hour) == (20, 70)
    assert table["feishu"] == LIMITS["feishu"]
    assert limits_with({}) == dict(LIMITS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"pigeon": {"per_minute": 1}},
        {"wecom_bot": {"per_day": 1}},
        {"wecom_bot": {"per_minute": 0}},
        {"wecom_bot": {"per_minute": True}},
        {"wecom_bot": {"per_minute": 1.5}},
        {"wecom_bot": 5},
    ],
)
def test_numbers_that_cannot_be(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"pigeon|wecom_bot"):
        limits_with(wrong)


def test_every_limit_says_where_it_is_documented() -> None:
    assert all(limit.source.startswith("https://") and limit.as_of for limit in LIMITS.values())


def test_keys_do_not_say_the_address() -> None:
    assert "secret-robot" not in room_key("feishu", "secret-robot")
    assert room_key("feishu", "a") != room_key("lark", "a") != room_key("lark", "b")


def test_the_page_for_operators_says_the_same() -> None:
    page = (Path(__file__).parents[2] / "docs" / "howto" / "connect-chat-services.md").read_text(encoding="utf-8")
    rows = {
        name: tuple(int(cell.replace(",", "")) if cell.strip() else None for cell in cells)
        for names, *cells in re.findall(r"^\| (`.*?) \|(.*?)\|(.*?)\|(.*?)\|", page, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
    assert rows == {name: (each.per_second, each.per_minute, each.per_hour) for name, each in LIMITS.items()}
