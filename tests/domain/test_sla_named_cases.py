"""The cases that broke other engines, by name, on clocks; those of whole requests are in tests/api."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from domain.accounts import Tier
from domain.calendar import Calendar, hours
from domain.ids import LeadId, OrgId
from domain.leads import Lead, StageKind
from domain.sla import (
    Clock,
    ClockEvent,
    ClockState,
    EventKind,
    Metric,
    Policy,
    appended,
    fold,
    is_overdue,
    pause,
    record_stop,
    resume,
    start,
)
from resolvers.clocks import summed
from tests.support.sla_clocks import FIRST, OWNER, T0, after, begun, watched

OFFICE = hours("09:00-12:00 13:30-18:00")
WORK = Calendar("WORK", 1, "Asia/Shanghai", ((OFFICE,) * 5) + ((), ()), {"2026-11-24": (), "2026-11-28": OFFICE})
MINUTE_SHORT = Calendar("short", 1, "UTC", (hours("00:00-23:59"),) * 7)
WHOLE = Calendar("whole", 1, "Europe/Berlin", (hours("00:00-24:00"),) * 7)


def at(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def promised(calendar: Calendar, started_at: datetime, target_h: float) -> Clock:
    policy = Policy(Metric.LEAD_FIRST_CONTACT, 1, int(target_h * 3600), calendar)
    return appended(fold((), policy), start(fold((), policy), started_at, started_at, OWNER))


@pytest.mark.parametrize(
    ("case", "calendar", "zone", "created", "target_h", "due"),
    [
        ("at night", WORK, "Asia/Shanghai", "2026-11-25 22:00", 1, "2026-11-26 10:00"),
        ("at the weekend", WORK, "Asia/Shanghai", "2026-11-22 12:00", 1, "2026-11-23 10:00"),
        ("on a holiday", WORK, "Asia/Shanghai", "2026-11-24 10:00", 1, "2026-11-25 10:00"),
        ("on a make-up workday", WORK, "Asia/Shanghai", "2026-11-28 10:00", 1, "2026-11-28 11:00"),
        ("at lunch", WORK, "Asia/Shanghai", "2026-11-25 12:30", 1, "2026-11-25 14:30"),
        ("due exactly at close", WORK, "Asia/Shanghai", "2026-11-25 17:00", 1, "2026-11-25 18:00"),
        ("24x7 with every minute", WHOLE, "Europe/Berlin", "2026-11-25 12:00", 24, "2026-11-26 12:00"),
        ("24x7 short of a minute, as it is written", MINUTE_SHORT, "UTC", "2026-11-25 12:00", 24, "2026-11-26 12:01"),
        ("clocks go forward", WHOLE, "Europe/Berlin", "2026-03-28 12:00", 24, "2026-03-29 13:00"),
        ("clocks go back", WHOLE, "Europe/Berlin", "2026-10-24 12:00", 24, "2026-10-25 11:00"),
    ],
)
def test_created(case: str, calendar: Calendar, zone: str, created: str, target_h: float, due: str) -> None:
    assert promised(calendar, at(zone, created), target_h).due_at == at(zone, due), case


def test_a_pause_outside_open_time_costs_nothing() -> None:
    clock = promised(WORK, at("Asia/Shanghai", "2026-11-25 17:00"), 4)
    due_at = clock.due_at
    for turn, text in ((pause, "2026-11-25 19:00"), (resume, "2026-11-26 08:59")):
        now = at("Asia/Shanghai", text)
        clock = appended(clock, turn(clock, now, now))
    assert clock.due_at == due_at


def test_an_agent_in_another_zone_counts_on_the_calendar_of_the_promise() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    there = promised(WORK, datetime(2026, 11, 25, 18, 0, tzinfo=tokyo), 4)
    here = promised(WORK, at("Asia/Shanghai", "2026-11-25 17:00"), 4)
    assert there.due_at == here.due_at == at("Asia/Shanghai", "2026-11-26 12:00")
    assert there.due_at is not None
    contact = there.due_at.astimezone(tokyo)
    assert appended(there, record_stop(there, contact, contact, "act_1")).state is ClockState.MET


def test_paused_then_resolved_directly_counts_no_pause() -> None:
    clock = appended(begun(), pause(begun(), after(10), after(10)))
    clock = appended(clock, record_stop(clock, after(90), after(90), "act_1"))
    assert clock.current is not None
    assert (clock.state, clock.current.consumed_s, clock.breached_at) == (ClockState.MET, 36_000, None)


SAME_TIME: dict[str, ClockEvent] = {
    "stop": ClockEvent(EventKind.CONTACTED, after(5), after(5), source_id="act_1"),
    "cancel": ClockEvent(EventKind.CANCELLED, after(5), after(5), reason="lost"),
    "pause": ClockEvent(EventKind.PAUSED, after(5), after(5)),
}


@pytest.mark.parametrize("order", list(permutations(SAME_TIME)))
def test_several_changes_in_one_save_apply_in_a_fixed_order(order: tuple[str, ...]) -> None:
    clock = fold((*begun().log, *(SAME_TIME[each] for each in order)), FIRST)
    assert clock.current is not None
    assert (clock.state, clock.met_at, clock.current.consumed_s) == (ClockState.MET, after(5), 5 * 3600)
    without = fold((*begun().log, *(SAME_TIME[each] for each in order if each != "stop")), FIRST)
    assert without.state is ClockState.CANCELLED


def test_a_pause_and_a_start_in_one_save_begin_paused() -> None:
    paused = ClockEvent(EventKind.PAUSED, T0, T0)
    started = ClockEvent(EventKind.STARTED, T0, T0, owner_id=OWNER)
    assert fold((paused, started), FIRST).state is fold((started, paused), FIRST).state is ClockState.PAUSED


def test_a_success_told_late_is_no_success_in_time() -> None:
    clock, firing = watched(begun(), 25)
    assert firing is not None
    clock = appended(clock, record_stop(clock, after(24.5), after(30), "act_1"))
    assert (clock.state, clock.breached_at, clock.met_at) == (ClockState.MET_LATE, after(24), after(24.5))


def test_the_earliest_due_time_of_no_clocks_is_none() -> None:
    lead = Lead(
        id=LeadId("led_1"),
        org_id=OrgId("org_1"),
        name="Bakery",
        stage="NEW",
        stage_kind=StageKind.OPEN,
        tier=Tier.C,
        owner_id=None,
        team_id=None,
        occurred_at=T0,
        created_at=T0,
        updated_at=T0,
        sla_due_at=T0,
        red_flag=True,
        red_since=T0,
    )
    bare = summed(lead, [])
    assert (bare.sla_due_at, bare.red_flag, bare.red_since) == (None, False, None)


@pytest.mark.parametrize(
    ("late_by", "overdue"),
    [(timedelta(microseconds=-1), False), (timedelta(0), False), (timedelta(microseconds=1), True)],
)
def test_overdue_begins_after_due(late_by: timedelta, overdue: bool) -> None:
    assert is_overdue(ClockState.RUNNING, after(24), now=after(24) + late_by) is overdue


@pytest.mark.parametrize("turn", [pause, resume])
def test_a_turn_that_was_made_is_not_made_again(turn: Callable[..., tuple[ClockEvent, ...]]) -> None:
    clock = begun() if turn is resume else appended(begun(), pause(begun(), after(1), after(1)))
    assert turn(clock, after(2), after(2)) == ()
