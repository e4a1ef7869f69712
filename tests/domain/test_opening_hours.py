"""OSM opening hours: windows in UTC across zones and time changes, and an answer to any text whatever."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import opening_hours
from domain.opening_hours import MAX_LENGTH, parse_problem, windows
from domain.refusals import InvalidInput

SHANGHAI, HELSINKI = "Asia/Shanghai", "Europe/Helsinki"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "start", "end", "spans"),
    [
        ("Mo-Fr 09:00-18:00", SHANGHAI, "2026-11-23 00:00", "2026-11-24 00:00", ["01:00-10:00"]),
        (
            "Mo-Fr 09:00-12:00,13:30-18:00",
            SHANGHAI,
            "2026-11-23 00:00",
            "2026-11-24 00:00",
            ["01:00-04:00", "05:30-10:00"],
        ),
        ("Mo-Fr 09:00-18:00", SHANGHAI, "2026-11-23 02:00", "2026-11-23 03:00", ["02:00-03:00"]),
        ("Mo-Fr 09:00-18:00; We off", SHANGHAI, "2026-11-25 00:00", "2026-11-26 00:00", []),
        ("Sa-Su 10:00-20:00", SHANGHAI, "2026-11-23 00:00", "2026-11-24 00:00", []),
        ("24/7", HELSINKI, "2026-11-23 00:00", "2026-11-24 00:00", ["00:00-24:00"]),
        ("Su 22:00-04:00", HELSINKI, "2026-11-23 00:00", "2026-11-23 12:00", ["00:00-02:00"]),
        ("10:00-26:00", HELSINKI, "2026-11-23 00:00", "2026-11-24 00:00", ["08:00-24:00"]),
        ("Mo unknown", HELSINKI, "2026-11-23 00:00", "2026-11-24 00:00", []),
        ("off", HELSINKI, "2026-11-23 00:00", "2026-11-24 00:00", []),
        # Summer time begins: 03:00-04:00 does not exist; the opening moves on.
        ("Su 03:30-10:00", HELSINKI, "2026-03-29 00:00", "2026-03-30 00:00", ["01:30-07:00"]),
        # and ends: 03:00-04:00 exists twice.
        ("Su 03:30-10:00", HELSINKI, "2026-10-25 00:00", "2026-10-25 20:00", ["00:30-08:00"]),
        ("Su 01:00-03:30", HELSINKI, "2026-10-24 12:00", "2026-10-25 20:00", ["-02:00-01:30"]),
    ],
)
def test_windows(text: str, zone: str, start: str, end: str, spans: list[str]) -> None:
    start_at, end_at = utc(start), utc(end)
    midnight = utc("2026-10-24" if spans == ["-02:00-01:30"] else start[:10])
    found = windows(text, zone, start_at, end_at)
    if spans == ["-02:00-01:30"]:
        assert found == ((utc("2026-10-24 22:00"), utc("2026-10-25 01:30")),)
        return
    expected = []
    for span in spans:
        opens, closes = (each.split(":") for each in span.split("-"))
        expected.append(
            tuple(midnight + timedelta(hours=int(hour), minutes=int(minute)) for hour, minute in (opens, closes))
        )
    assert found == tuple(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "foo",
        "Mo-Fr 25:00-99:00",
        "We-Fr 13:00-18:00 Sa 12:00-18:00",
        "Mon - Fri 11am - 11pm",
        "周一至周五 9点到18点",
        "\x00",
        "(" * MAX_LENGTH,
        "week 1-53/0 10:00-11:00",
        "Mo 09:00-10:00; " * 1000,
    ],
)
def test_a_text_that_cannot_be_read(text: str) -> None:
    problem = parse_problem(text)
    assert isinstance(problem, InvalidInput)
    assert problem.field == "opening_hours"
    assert "readable" in problem.reason or "1000" in problem.reason
    assert windows(text, SHANGHAI, utc("2026-11-23 00:00"), utc("2026-11-24 00:00")) == problem


@pytest.mark.parametrize(
    ("zone", "days", "start"),
    [("Mars/Olympus", 1, "2026-01-01"), (HELSINKI, 93, "2026-01-01"), (HELSINKI, 1, "1900-01-01")],
)
def test_what_the_caller_must_not_ask(zone: str, days: int, start: str) -> None:
    start_at = utc(start)
    with pytest.raises(ValueError, match=r"time zone|92 days"):
        windows("24/7", zone, start_at, start_at + timedelta(days=days))


class PanicError(BaseException):
    """Stands for a panic of the native parser, which is no Exception."""


def test_a_panic_is_an_answer_and_an_interrupt_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_with(problem: BaseException) -> None:
        def fail(_text: str) -> None:
            raise problem

        monkeypatch.setattr(opening_hours, "OpeningHours", fail)

    fail_with(PanicError("attempt to divide by zero"))
    assert parse_problem("Mo 09:00-10:01") is not None
    fail_with(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        parse_problem("Mo 09:00-10:02")


_PLAIN = ["Mo", "We-Fr", "Sa,Su", "PH", "Jan", "Feb 29", "25", "easter", "2026+", "week", "Mo[-1]", "-1 days", "24/7"]
_TIMES = ["09:00-12:00", "22:00-04:00", "10:00-26:00", "sunrise-sunset", "+", "/01:30", "off", "unknown"]
WORDS = st.sampled_from([*_PLAIN, *_TIMES, ",", ";", "||", "(", ")"])


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.lists(WORDS, max_size=12).map(" ".join), st.sampled_from([SHANGHAI, HELSINKI]))
def test_any_text_gets_an_answer(text: str, zone: str) -> None:
    start_at, end_at = utc("2026-10-20 07:13"), utc("2026-10-27 16:40")
    found = windows(text, zone, start_at, end_at)
    if isinstance(found, InvalidInput):
        assert parse_problem(text) == found
        return
    flat = [each for span in found for each in span]
    assert flat == sorted(set(flat))
    assert all(start_at <= each <= end_at for each in flat)


@pytest.mark.skipif("SAMPLES" not in os.environ, reason="SAMPLES names no folder with real sites")
def test_nearly_all_real_texts_are_read() -> None:
    texts = []
    for path in sorted(Path(os.environ["SAMPLES"], "sites").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            texts += [row["opening_hours"] for row in csv.DictReader(lines) if row["opening_hours"].strip()]
    assert texts
    read = sum(parse_problem(text) is None for text in texts)
    assert read / len(texts) > 0.95
