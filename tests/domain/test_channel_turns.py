"""Whose turn it is among a person's channels: 30 s without acceptance, 3 min without confirmation, failures at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.channel_turns import await_turn, channel_order
from domain.deliveries import Delivery, DeliveryState, defer, end_deferral, make_delivery
from domain.ids import DeviceId, OrgId, PersonId
from domain.notices import Notice, NoticeKind, Priority, make_notice, read, see

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
S = DeliveryState
CHANNELS = ("wecom_app", "fcm", "apprise")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_notice(priority: Priority = Priority.HIGH) -> Notice:
    return make_notice(OrgId("org_1"), PersonId("per_1"), NoticeKind.SLA_BREACHED, priority, "key", NOW)


def a_row(rank: int, notice: Notice, device: str = "dev_1", **changes: Any) -> Delivery:
    row = make_delivery(notice, CHANNELS[rank], DeviceId(device), NOW, rank=rank)
    return replace(row, **changes)


def starts_at(priority: Priority, rank: int, *earlier: dict[str, Any]) -> float | None:
    """Seconds from NOW at which the turn of `rank` comes, None where it never does."""
    notice = a_notice(priority)
    rows = [a_row(each.pop("rank", 0), notice, f"dev_{place}", **each) for place, each in enumerate(earlier)]
    row = a_row(rank, notice)
    waits = await_turn(row, notice, [*rows, row], NOW)
    if waits.state is S.CANCELLED:
        return None
    if waits is row:
        return 0.0
    assert await_turn(waits, notice, [*rows, waits], waits.next_at - timedelta(milliseconds=1)) == waits
    assert await_turn(waits, notice, [*rows, waits], waits.next_at) is waits
    return (waits.next_at - NOW).total_seconds()


SENT_AT_10 = {"state": S.SENT, "finished_at": at(10)}


@pytest.mark.parametrize(
    ("earlier", "seconds"),
    [
        ([{}], 30),
        ([{"state": S.LEASED}], 30),
        ([{"attempts": 3}], 30),
        ([SENT_AT_10], 190),
        ([SENT_AT_10, {}], 190),
        ([{"state": S.RECEIVED}], None),
        ([{"state": S.OPENED}, {}], None),
        ([{"state": S.DIGESTED}], None),
        ([{"state": S.DEAD_TARGET, "finished_at": NOW}], 0),
        ([{"state": S.POISON, "finished_at": NOW}], 0),
        ([{"state": S.CONFIG_HOLD, "held_since": NOW}], 0),
        ([{"state": S.DEAD_TARGET, "finished_at": NOW}, {}], 30),
        ([{"state": S.DEFERRED, "next_at": at(600)}], 630),
        ([{"due_from": at(600)}], 630),
        ([{"state": S.CANCELLED}], 0),
        ([], 0),
    ],
)
@pytest.mark.parametrize("priority", [Priority.CRITICAL, Priority.HIGH])
def test_turn_of_the_second_channel(priority: Priority, earlier: list[dict[str, Any]], seconds: float | None) -> None:
    assert starts_at(priority, 1, *map(dict, earlier)) == seconds


def test_without_urgency_the_acceptance_is_enough() -> None:
    assert starts_at(Priority.NORMAL, 1, dict(SENT_AT_10)) is None
    assert starts_at(Priority.NORMAL, 1, {}) == 30


@pytest.mark.parametrize(
    ("second", "seconds"),
    [
        ({}, 60),
        ({"state": S.SENT, "finished_at": at(31)}, 211),
        ({"state": S.RECEIVED}, None),
        ({"state": S.POISON, "finished_at": at(31)}, 31),
    ],
)
def test_turn_of_the_third_channel_follows_the_second(second: dict[str, Any], seconds: float | None) -> None:
    assert starts_at(Priority.HIGH, 2, {}, dict(second, rank=1)) == seconds


def test_the_first_channel_never_waits() -> None:
    notice = a_notice()
    row = a_row(0, notice)
    assert await_turn(row, notice, [row, a_row(1, notice, state=S.RECEIVED)], NOW) is row


@pytest.mark.parametrize("mark", [see, read])
def test_what_was_on_the_screen_needs_no_other_channel(mark: Any) -> None:
    notice = a_notice()
    row = a_row(1, notice)
    assert await_turn(row, mark(notice, NOW), [row, a_row(0, notice)], at(40)).state is S.CANCELLED


def test_at_its_deadline_it_is_claimed_and_ends_visibly() -> None:
    notice = a_notice(Priority.CRITICAL)
    row = a_row(1, notice)
    first = a_row(0, notice, due_from=at(3_590))
    waits = await_turn(row, notice, [first, row], NOW)
    assert waits.next_at == row.deadline_at
    assert await_turn(waits, notice, [first, waits], waits.next_at) is waits
    sent = replace(first, state=S.SENT, finished_at=at(3_500))
    assert await_turn(waits, notice, [sent, waits], at(3_501)).state is S.CANCELLED


def test_after_a_deferral_the_time_runs_from_its_end() -> None:
    notice = a_notice()
    rows = [end_deferral(defer(a_row(rank, notice), at(7_200)), at(7_200)) for rank in (0, 1)]
    assert await_turn(rows[1], notice, rows, at(7_200)).next_at == at(7_230)


@pytest.mark.parametrize(
    ("time_zone", "order"),
    [
        ("Asia/Shanghai", ["wecom_app", "dingtalk", "feishu", "fcm", "console"]),
        ("Asia/Urumqi", ["wecom_app", "dingtalk", "feishu", "fcm", "console"]),
        ("Asia/Hong_Kong", ["fcm", "feishu", "console", "dingtalk", "wecom_app"]),
        ("Asia/Taipei", ["fcm", "feishu", "console", "dingtalk", "wecom_app"]),
        ("Europe/Helsinki", ["fcm", "feishu", "console", "dingtalk", "wecom_app"]),
    ],
)
def test_order_of_channels_by_region(time_zone: str, order: list[str]) -> None:
    assert channel_order(("fcm", "feishu", "console", "dingtalk", "wecom_app"), time_zone) == order
