"""Preferences: the night of every zone to the millisecond, what is muted, and values that cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notices import NoticeKind, Priority
from domain.preferences import (
    DEFAULT,
    MOST_MUTED,
    Mute,
    Preferences,
    PushChannel,
    QuietHours,
    given_preferences,
    wall_time,
)
from domain.refusals import InvalidInput

MS = timedelta(milliseconds=1)
SHANGHAI, BERLIN, HAVANA = "Asia/Shanghai", "Europe/Berlin", "America/Havana"


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


NIGHT, NOON, NEVER = QuietHours(), QuietHours(12 * 3_600, 13 * 3_600), QuietHours(3_600, 3_600)


@pytest.mark.parametrize(
    ("quiet", "zone", "at", "ends"),
    [
        (NIGHT, SHANGHAI, utc(2026, 11, 23, 14) - MS, None),
        (NIGHT, SHANGHAI, utc(2026, 11, 23, 14), utc(2026, 11, 23, 23)),
        (NIGHT, SHANGHAI, utc(2026, 11, 23, 16), utc(2026, 11, 23, 23)),
        (NIGHT, SHANGHAI, utc(2026, 11, 23, 23) - MS, utc(2026, 11, 23, 23)),
        (NIGHT, SHANGHAI, utc(2026, 11, 23, 23), None),
        (NOON, SHANGHAI, utc(2026, 11, 23, 4) - MS, None),
        (NOON, SHANGHAI, utc(2026, 11, 23, 4), utc(2026, 11, 23, 5)),
        (NOON, SHANGHAI, utc(2026, 11, 23, 5), None),
        (NEVER, SHANGHAI, utc(2026, 11, 22, 17), None),
        # The night of the change to summer time is an hour shorter, that of the change back an hour longer.
        (NIGHT, BERLIN, utc(2026, 3, 28, 21), utc(2026, 3, 29, 5)),
        (NIGHT, BERLIN, utc(2026, 10, 24, 20), utc(2026, 10, 25, 6)),
        (NIGHT, BERLIN, utc(2026, 10, 25, 6) - MS, utc(2026, 10, 25, 6)),
        # Havana skips the hour after midnight.
        (QuietHours(0, 1_800), HAVANA, utc(2026, 3, 8, 5), utc(2026, 3, 8, 5, 30)),
    ],
)
def test_quiet_hours_end(quiet: QuietHours, zone: str, at: datetime, ends: datetime | None) -> None:
    assert quiet.end_after(at, zone) == ends


@pytest.mark.parametrize("priority", list(Priority))
def test_only_what_is_critical_is_heard_at_night(priority: Priority) -> None:
    at = utc(2026, 11, 23, 15)
    heard = DEFAULT.heard_at(priority, at, SHANGHAI)
    assert heard == (at if priority is Priority.CRITICAL else utc(2026, 11, 23, 23))
    day = utc(2026, 11, 23, 3)
    assert DEFAULT.heard_at(priority, day, SHANGHAI) == day


@given(
    at=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    from_s=st.integers(0, 1_439).map(lambda minute: minute * 60),
    until_s=st.integers(0, 1_439).map(lambda minute: minute * 60),
    zone=st.sampled_from([SHANGHAI, BERLIN, HAVANA, "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
)
def test_what_is_put_off_is_heard_within_a_day_and_then_at_once(
    at: datetime, from_s: int, until_s: int, zone: str
) -> None:
    preferences = Preferences(QuietHours(from_s, until_s))
    heard = preferences.heard_at(Priority.HIGH, at, zone)
    assert at <= heard <= at + timedelta(hours=26)
    assert preferences.heard_at(Priority.HIGH, heard, zone) == heard


MUTED = Preferences(muted=(Mute(NoticeKind.LEAD_ASSIGNED, "fcm"), Mute(NoticeKind.SLA_BREACHED, "fcm")))


@pytest.mark.parametrize(
    ("kind", "priority", "reached", "wanted"),
    [
        (NoticeKind.LEAD_ASSIGNED, Priority.NORMAL, ["fcm", "wecom_app"], ["wecom_app"]),
        (NoticeKind.LEAD_ASSIGNED, Priority.NORMAL, ["fcm"], []),
        (NoticeKind.VISIT_MISSED, Priority.NORMAL, ["fcm"], ["fcm"]),
        (NoticeKind.SLA_BREACHED, Priority.HIGH, ["fcm"], []),
        (NoticeKind.SLA_BREACHED, Priority.CRITICAL, ["fcm"], ["fcm"]),
        (NoticeKind.SLA_BREACHED, Priority.CRITICAL, ["fcm", "wecom_app"], ["wecom_app"]),
    ],
)
def test_muted_kinds_never_silence_what_is_critical(
    kind: NoticeKind, priority: Priority, reached: list[str], wanted: list[str]
) -> None:
    assert MUTED.wanted(kind, priority, reached) == wanted
    assert DEFAULT.wanted(kind, priority, reached) == reached


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quiet_from": "24:00"}, "quietFrom"),
        ({"quiet_from": "7:00"}, "quietFrom"),
        ({"quiet_until": "07:60"}, "quietUntil"),
        ({"quiet_until": "０7:00"}, "quietUntil"),
        ({"digest_every_minutes": 4}, "digestEveryMinutes"),
        ({"digest_every_minutes": 241}, "digestEveryMinutes"),
        ({"muted": [{"kind": NoticeKind.DIGEST, "channels": []}] * (MOST_MUTED + 1)}, "muted"),
    ],
)
def test_bad_values_are_refused_by_their_field(changes: dict[str, Any], field: str) -> None:
    refused = given_preferences(DEFAULT, changes)
    assert isinstance(refused, InvalidInput)
    assert refused.field == field


def test_what_is_absent_stays() -> None:
    muted = [
        {"kind": NoticeKind.VISIT_MISSED, "channels": [PushChannel.FCM, PushChannel.FCM]},
        {"kind": NoticeKind.LEAD_ASSIGNED, "channels": [PushChannel.WECOM_APP]},
    ]
    first = given_preferences(DEFAULT, {"quiet_from": "23:59", "digest_every_minutes": 5, "muted": muted})
    assert first == Preferences(
        QuietHours(23 * 3_600 + 59 * 60, 7 * 3_600),
        (Mute(NoticeKind.LEAD_ASSIGNED, "wecom_app"), Mute(NoticeKind.VISIT_MISSED, "fcm")),
        300,
    )
    second = given_preferences(first, {"quiet_until": "00:00", "digest_every_minutes": 240})
    assert second == Preferences(QuietHours(first.quiet.from_s, 0), first.muted, 14_400)
    assert given_preferences(second, {"muted": []}) == Preferences(second.quiet, (), 14_400)
    assert (wall_time(first.quiet.from_s), wall_time(0)) == ("23:59", "00:00")
