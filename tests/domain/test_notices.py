"""Inbox rows: ids that make a second writing harmless, and marks that never move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import ClockId, OrgId, PersonId, is_id
from domain.notices import (
    Notice,
    NoticeKind,
    Priority,
    acknowledge,
    event_key,
    make_notice,
    notice_id,
    read,
    resolve,
    see,
    step_key,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CLOCK = ClockId("clk_1")
NTC = "ntc_508a957e-da02-5b7b-b2ac-0502252c64d6"
MARKS: dict[str, Callable[[Notice, datetime], Notice]] = {
    "seen_at": see,
    "read_at": read,
    "acknowledged_at": acknowledge,
    "resolved_at": resolve,
}


def a_notice() -> Notice:
    key = step_key(CLOCK, 1, 100)
    return make_notice(OrgId("org_1"), PersonId("per_1"), NoticeKind.SLA_BREACHED, Priority.HIGH, key, NOW)


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_priority_deadlines() -> None:
    assert [priority.deadline_s for priority in Priority] == [3_600, 14_400, 86_400]


def test_notice_id_is_the_same_for_ever() -> None:
    assert notice_id(OrgId("org_1"), step_key(CLOCK, 1, 100), PersonId("per_1")) == NTC
    assert a_notice().id == NTC
    assert is_id("ntc", NTC)


@pytest.mark.parametrize(
    ("org", "key", "person"),
    [
        ("org_2", step_key(CLOCK, 1, 100), "per_1"),
        ("org_1", step_key(ClockId("clk_2"), 1, 100), "per_1"),
        ("org_1", step_key(CLOCK, 2, 100), "per_1"),
        ("org_1", step_key(CLOCK, 1, 150), "per_1"),
        ("org_1", step_key(CLOCK, 1, 100), "per_2"),
        ("org_1", event_key(NoticeKind.SLA_WITHDRAWN, CLOCK, "1"), "per_1"),
    ],
)
def test_notice_id_differs_in_each_part(org: str, key: str, person: str) -> None:
    assert notice_id(OrgId(org), key, PersonId(person)) != NTC


@given(st.lists(st.text(), min_size=2, max_size=2), st.lists(st.text(), min_size=2, max_size=2))
def test_event_key_never_mixes_up_its_parts(first: list[str], second: list[str]) -> None:
    keys = [event_key(NoticeKind.PLAN_PUBLISHED, *parts) for parts in (first, second)]
    assert (keys[0] == keys[1]) is (first == second)


@pytest.mark.parametrize(
    ("mark", "set_too"),
    [
        ("seen_at", {"seen_at"}),
        ("read_at", {"seen_at", "read_at"}),
        ("acknowledged_at", {"seen_at", "read_at", "acknowledged_at"}),
        ("resolved_at", {"resolved_at"}),
    ],
)
def test_mark_implies_what_came_before(mark: str, set_too: set[str]) -> None:
    marked = MARKS[mark](a_notice(), at(5))
    assert {name for name in MARKS if getattr(marked, name) == at(5)} == set_too
    assert {name for name in MARKS if getattr(marked, name) is None} == set(MARKS) - set_too
    assert marked.is_settled is (mark in {"acknowledged_at", "resolved_at"})


@given(st.lists(st.tuples(st.sampled_from(sorted(MARKS)), st.integers(-30, 600)), max_size=12))
def test_marks_are_set_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    notice = a_notice()
    for name, minutes in steps:
        before, notice = notice, MARKS[name](notice, at(minutes))
        for mark in MARKS:
            assert getattr(before, mark) in {None, getattr(notice, mark)}
        assert MARKS[name](notice, at(minutes + 1)) is notice
        order = [notice.created_at, notice.seen_at, notice.read_at, notice.acknowledged_at]
        reached = [moment for moment in order if moment is not None]
        assert reached == sorted(reached)
        assert None not in order[: len(reached)]
