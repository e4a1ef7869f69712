"""SLA clocks on calendars, through pauses, over follow-up cycles, and in any order of arrival."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import Calendar, hours
from domain.sla import (
    DEFAULT_POLICIES,
    LADDER,
    ClockEvent,
    ClockState,
    EventKind,
    Metric,
    Policy,
    Recipient,
    Step,
    appended,
    cancel,
    fire_due,
    fold,
    is_human_contact,
    is_overdue,
    overdue_s,
    pause,
    policy_problem,
    reassign,
    record_stop,
    remaining_s,
    resume,
    start,
    withdraw_stop,
)
from tests.support.sla_clocks import (
    FIRST,
    FOLLOW,
    OTHER,
    OWNER,
    after,
    begun,
    contacted,
    percents,
    watched,
)

OFFICE = hours("09:00-12:00 13:30-18:00")
WORK = Calendar("WORK", 1, "Asia/Shanghai", ((OFFICE,) * 5) + ((), ()), {"2026-11-24": ()})


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def test_paused_and_resumed_on_a_calendar() -> None:
    policy = Policy(Metric.LEAD_FIRST_CONTACT, 1, 4 * 3600, WORK)
    monday = china("2026-11-23 10:00")
    clock = appended(fold((), policy), start(fold((), policy), monday, monday, OWNER))
    paused_at, resumed_at = china("2026-11-23 11:00"), china("2026-11-25 10:00")
    clock = appended(clock, pause(clock, paused_at, paused_at))
    assert clock.current is not None
    assert (clock.state, clock.due_at, clock.next_fire_at) == (ClockState.PAUSED, None, None)
    assert clock.current.consumed_s == 3600
    assert fire_due(clock, resumed_at) == ((), None)
    assert remaining_s(clock, resumed_at) == 3 * 3600
    assert pause(clock, resumed_at, resumed_at) == ()
    clock = appended(clock, resume(clock, resumed_at, resumed_at))
    assert clock.due_at == china("2026-11-25 14:30")
    assert resume(clock, resumed_at, resumed_at) == ()


def test_75_percent_is_taken_on_the_calendar() -> None:
    policy = Policy(Metric.LEAD_FIRST_CONTACT, 1, 4 * 3600, WORK)
    wednesday = china("2026-11-25 17:00")
    clock = appended(fold((), policy), start(fold((), policy), wednesday, wednesday, OWNER))
    assert (clock.next_fire_at, clock.due_at) == (china("2026-11-26 11:00"), china("2026-11-26 12:00"))
    # Due at closing: after lunch is late although no open time has passed.
    at = china("2026-11-26 13:30")
    late = appended(clock, record_stop(clock, at, at, "act_1"))
    assert late.state is ClockState.MET_LATE


def test_a_pause_outside_open_time_costs_nothing() -> None:
    policy = Policy(Metric.LEAD_FIRST_CONTACT, 1, 8 * 3600, WORK)
    begin, night, morning = (china(f"2026-11-{text}") for text in ("25 10:00", "25 20:00", "26 08:00"))
    clock = appended(fold((), policy), start(fold((), policy), begin, begin, OWNER))
    due_at = clock.due_at
    clock = appended(clock, pause(clock, night, night))
    clock = appended(clock, resume(clock, morning, morning))
    assert clock.due_at == due_at


def test_paused_then_stopped_directly() -> None:
    clock = begun()
    clock = appended(clock, pause(clock, after(10), after(10)))
    clock = contacted(clock, 40)
    assert clock.current is not None
    assert (clock.state, clock.current.consumed_s) == (ClockState.MET, 10 * 3600)


def test_breached_and_paused_stays_breached_and_freezes() -> None:
    clock, _ = watched(begun(), 25)
    clock = appended(clock, pause(clock, after(26), after(26)))
    assert (clock.state, clock.due_at, clock.breached_at) == (ClockState.BREACHED, None, after(24))
    assert fire_due(clock, after(90)) == ((), None)
    clock = appended(clock, resume(clock, after(90), after(90)))
    assert clock.next_fire_at == after(100)


def test_a_pause_after_an_unseen_breach_records_it() -> None:
    clock = appended(begun(), pause(begun(), after(30), after(31)))
    assert (clock.state, clock.breached_at, clock.detected_at) == (ClockState.BREACHED, after(24), after(31))


def test_a_backdated_pause_never_withdraws() -> None:
    clock, _ = watched(begun(), 25)
    clock = appended(clock, pause(clock, after(2), after(26)))
    assert (clock.state, clock.breached_at) == (ClockState.BREACHED, after(24))


def test_follow_up_starts_a_cycle_at_each_contact() -> None:
    clock = fold((), FOLLOW)
    assert clock.state is ClockState.PENDING
    clock = contacted(clock, 0, source="act_1")
    assert (clock.state, clock.cycle, clock.due_at, clock.owner_id) == (ClockState.RUNNING, 1, after(72), OWNER)
    clock = contacted(clock, 50, source="act_2")
    assert (clock.cycle, clock.started_at, clock.due_at) == (2, after(50), after(122))
    assert clock.cycles[0].state is ClockState.MET
    clock, firing = watched(clock, 122)
    assert firing is not None
    assert (firing.cycle, firing.cycle_key, firing.breached_at) == (2, "act_2", after(122))
    clock = contacted(clock, 130, source="act_3")
    assert [cycle.state for cycle in clock.cycles] == [ClockState.MET, ClockState.MET_LATE, ClockState.RUNNING]
    assert clock.fired == ()


def test_a_late_contact_renumbers_the_cycles() -> None:
    clock = contacted(fold((), FOLLOW), 0, source="act_1")
    clock, _ = watched(clock, 80)
    clock = contacted(clock, 100, source="act_3")
    assert [cycle.breached_at for cycle in clock.cycles] == [after(72), None]
    clock = contacted(clock, 60, now=101, source="act_2")
    assert [cycle.key for cycle in clock.cycles] == ["act_1", "act_2", "act_3"]
    assert [cycle.state for cycle in clock.cycles] == [ClockState.MET, ClockState.MET, ClockState.RUNNING]
    assert clock.cycles[0].fired == (75, 100)


def test_a_withdrawn_contact_joins_two_cycles_and_may_break_the_first() -> None:
    clock = contacted(fold((), FOLLOW), 0, source="act_1")
    clock = contacted(clock, 60, source="vis_2")
    clock = contacted(clock, 100, source="act_3")
    clock = appended(clock, withdraw_stop(clock, "vis_2", after(101)))
    assert [cycle.state for cycle in clock.cycles] == [ClockState.MET_LATE, ClockState.RUNNING]
    assert (clock.cycles[0].breached_at, clock.cycles[0].detected_at) == (after(72), after(101))


def test_follow_up_ends_with_the_lead() -> None:
    clock = contacted(fold((), FOLLOW), 0)
    clock = appended(clock, cancel(clock, after(10), after(10), "won"))
    assert clock.state is ClockState.CANCELLED
    clock = contacted(clock, 11, source="act_2")
    assert (clock.state, clock.cycle) == (ClockState.CANCELLED, 1)


def test_each_cycle_has_its_own_legs() -> None:
    clock = contacted(fold((), FOLLOW), 0)
    clock = appended(clock, reassign(clock, OTHER, after(5), after(5)))
    clock = contacted(clock, 9, source="act_2")
    assert [leg.owner_id for leg in clock.cycles[0].legs] == [OWNER, OTHER]
    assert [leg.owner_id for leg in clock.cycles[1].legs] == [OTHER]


@pytest.mark.parametrize(
    ("state", "hour", "overdue"),
    [
        (ClockState.RUNNING, 23.9, False),
        (ClockState.RUNNING, 24, False),
        (ClockState.RUNNING, 24.1, True),
        (ClockState.BREACHED, 24, True),
        (ClockState.MET_LATE, 30, False),
        (ClockState.CANCELLED, 30, False),
    ],
)
def test_overdue(state: ClockState, hour: float, overdue: bool) -> None:
    assert is_overdue(state, after(24), now=after(hour)) is overdue


def test_remaining_and_overdue_seconds() -> None:
    clock = begun()
    assert (remaining_s(clock, after(20)), overdue_s(clock, after(20))) == (4 * 3600, 0)
    assert (remaining_s(clock, after(30)), overdue_s(clock, after(30))) == (0, 6 * 3600)
    met = contacted(clock, 3)
    assert (remaining_s(met, after(20)), overdue_s(met, after(20))) == (None, None)
    assert not is_overdue(ClockState.PAUSED, None, now=after(500))


@pytest.mark.parametrize(
    ("kind", "direction", "automatic", "counts"),
    [
        ("CALL", "OUTBOUND", False, True),
        ("EMAIL", "OUTBOUND", False, True),
        ("MESSAGE", "OUTBOUND", False, True),
        ("MEETING", "OUTBOUND", False, True),
        ("CALL", "INBOUND", False, False),
        ("MEETING", "INBOUND", False, False),
        ("EMAIL", "OUTBOUND", True, False),
        ("VISIT", "OUTBOUND", False, True),
        ("VISIT", None, False, True),
        ("VISIT", "OUTBOUND", True, False),
        ("NOTE", "OUTBOUND", False, False),
        ("CALL", None, False, False),
    ],
)
def test_human_contact(kind: str, direction: str | None, automatic: bool, counts: bool) -> None:
    assert is_human_contact(kind, direction, automatic=automatic) is counts


@pytest.mark.parametrize(
    ("target_s", "steps", "field"),
    [
        (0, LADDER, "targetSeconds"),
        (-1, LADDER, "targetSeconds"),
        (10**9, LADDER, "targetSeconds"),
        (3600, (LADDER[1], LADDER[0]), "steps"),
        (3600, (LADDER[0], LADDER[0]), "steps"),
        (3600, (Step(0, (Recipient.OWNER,)),), "steps"),
        (3600, (Step(401, (Recipient.OWNER,)),), "steps"),
        (3600, (Step(50, ()),), "steps"),
    ],
)
def test_policies_that_cannot_be_saved(target_s: int, steps: tuple[Step, ...], field: str) -> None:
    problem = policy_problem(Policy(Metric.LEAD_FIRST_CONTACT, 1, target_s, steps=steps))
    assert problem is not None
    assert problem.field == field


def test_the_shipped_policies() -> None:
    assert {metric: policy.target_s for metric, policy in DEFAULT_POLICIES.items()} == {
        Metric.LEAD_FIRST_CONTACT: 86_400,
        Metric.LEAD_NEXT_FOLLOWUP: 259_200,
        Metric.TIER_A_PROPOSAL: 86_400,
        Metric.SATISFACTION: 259_200,
    }
    assert all(policy_problem(policy) is None for policy in DEFAULT_POLICIES.values())


def test_a_policy_without_steps_still_finds_the_breach() -> None:
    policy = Policy(Metric.LEAD_FIRST_CONTACT, 1, 3600, steps=())
    clock, firing = watched(begun(policy), 2)
    assert firing is not None
    assert (firing.steps, firing.breached_at, clock.state) == ((), after(1), ClockState.BREACHED)


ACTS = st.lists(st.tuples(st.integers(-5, 120), st.integers(0, 30)), min_size=1, max_size=6)
WATCHES = st.lists(st.integers(0, 150), max_size=5).map(sorted)


@settings(max_examples=80, deadline=None)
@given(ACTS, WATCHES, st.sampled_from([FIRST, FOLLOW]))
def test_any_history_ends_the_same(acts: list[tuple[int, int]], watches: list[int], policy: Policy) -> None:
    """Contacts (hour, minutes of delay) and scans in time order: the end is what a clock without scans would say."""
    clock = begun(policy)
    steps = [("contact", at, at + delay / 60, f"act_{index}") for index, (at, delay) in enumerate(acts)]
    steps += [("watch", hour, float(hour), "") for hour in watches]
    told: dict[tuple[str, int], int] = {}
    for what, at, now, source in sorted(steps, key=lambda step: (step[2], step[0], step[3])):
        if what == "contact":
            clock = contacted(clock, at, now=max(at, now), source=source)
        else:
            clock, firing = watched(clock, now)
            for percent in percents(firing):
                assert firing is not None
                told[firing.cycle_key, percent] = told.get((firing.cycle_key, percent), 0) + 1
    assert set(told.values()) <= {1}
    assert fold(clock.log, policy).cycles == clock.cycles
    plain = begun(policy)
    for index, (at, _) in enumerate(acts):
        plain = contacted(plain, at, now=200, source=f"act_{index}")
    settled = [cycle for cycle in clock.cycles if cycle.met_at is not None]
    expected = [cycle for cycle in plain.cycles if cycle.met_at is not None]
    assert [(each.key, each.met_at, each.state) for each in settled] == [
        (each.key, each.met_at, each.state) for each in expected
    ]
    for cycle in clock.cycles:
        assert cycle.breached_at in {None, cycle.due_at}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(list(EventKind)), max_size=8), st.sampled_from([FIRST, FOLLOW]))
def test_any_log_folds(kinds: list[EventKind], policy: Policy) -> None:
    log = [
        ClockEvent(kind, after(index), after(index), OWNER, "act_1", cycle_key="act_1", percent=75, reason="x")
        for index, kind in enumerate(kinds)
    ]
    clock = fold(log, policy)
    assert clock.state in ClockState
    fire_due(clock, after(500))
