"""What is owed to a lead of tier A, and clocks that begin in the past: their start, floor, pauses and legs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.sla import (
    DEFAULT_POLICIES,
    Clock,
    ClockState,
    EventKind,
    Metric,
    appended,
    cancel,
    fold,
    overdue_s,
    pause,
    reassign,
    record_stop,
    remaining_s,
    resume,
    start_retroactively,
    taken_over,
)
from tests.support.sla_clocks import (
    FIRST,
    FOLLOW,
    OTHER,
    OWNER,
    T0,
    after,
    begun,
    contacted,
    percents,
    watched,
)

PROPOSAL = DEFAULT_POLICIES[Metric.TIER_A_PROPOSAL]


def upgraded(source: Clock, hour: float) -> Clock:
    """The proposal clock of a lead that becomes tier A at this hour."""
    clock = fold((), PROPOSAL)
    return appended(clock, start_retroactively(clock, source, after(hour), OWNER, "led_1"))


@pytest.mark.parametrize(
    ("hour", "due"),
    [(0, 24), (10, 24), (22, 24), (22.5, 24.5), (24, 26), (100, 102)],
)
def test_b_to_a_is_due_at_the_target_but_never_within_two_hours(hour: float, due: float) -> None:
    clock = upgraded(begun(), hour)
    assert (clock.state, clock.started_at, clock.due_at) == (ClockState.RUNNING, T0, after(due))
    assert watched(clock, hour)[1] is None or percents(watched(clock, hour)[1]) == [75]


def test_b_to_a_sends_75_percent_at_once_100_at_the_floor_and_nothing_before_due() -> None:
    clock = upgraded(begun(), 100)
    told = []
    for hour in (100, 101.99, 102, 103):
        clock, firing = watched(clock, hour)
        told.append(percents(firing))
    assert told == [[75], [], [100, 150, 300], []]
    assert (clock.state, clock.breached_at) == (ClockState.BREACHED, after(102))
    assert overdue_s(clock, after(103)) == 3600


def test_b_to_a_shows_the_time_to_the_floor() -> None:
    clock = upgraded(begun(), 100)
    assert (remaining_s(clock, after(101)), overdue_s(clock, after(101))) == (3600, 0)


def test_b_to_a_inherits_pauses_and_owners() -> None:
    first = begun()
    first = appended(first, pause(first, after(4), after(4)))
    first = appended(first, resume(first, after(14), after(14)))
    first = appended(first, reassign(first, OTHER, after(16), after(16)))
    clock = fold((), PROPOSAL)
    clock = appended(clock, start_retroactively(clock, first, after(20), OTHER, "led_1"))
    assert clock.due_at == after(34)
    assert [leg.owner_id for leg in clock.legs] == [OWNER, OTHER]


def test_b_to_a_of_a_paused_lead_is_due_when_it_runs_again() -> None:
    first = appended(begun(), pause(begun(), after(30), after(30)))
    clock = upgraded(first, 40)
    assert (clock.state, clock.due_at, clock.next_fire_at) == (ClockState.PAUSED, None, None)
    clock = appended(clock, resume(clock, after(60), after(60)))
    assert (clock.state, clock.due_at) == (ClockState.RUNNING, after(60))


def test_pauses_while_the_first_contact_is_made_are_inherited_too() -> None:
    first = contacted(begun(), 2)
    first = appended(first, pause(first, after(3), after(3)))
    first = appended(first, resume(first, after(13), after(13)))
    assert (first.state, upgraded(first, 20).due_at) == (ClockState.MET, after(34))


def test_the_proposal_clock_stops_by_the_file_not_by_a_contact() -> None:
    clock = upgraded(begun(), 0)
    clock = appended(clock, record_stop(clock, after(5), after(5), "fil_1"))
    assert (clock.state, clock.met_at, clock.log[-1].kind) == (ClockState.MET, after(5), EventKind.FULFILLED)


def test_a_proposal_stored_before_tier_a_counts() -> None:
    clock = fold((), PROPOSAL)
    clock = appended(clock, record_stop(clock, after(3), after(3), "fil_1"))
    assert clock.state is ClockState.PENDING
    clock = appended(clock, start_retroactively(clock, begun(), after(90), OWNER, "led_1"))
    assert (clock.state, clock.met_at, clock.breached_at) == (ClockState.MET, after(3), None)


def test_a_to_b_cancels_and_keeps_the_breach() -> None:
    clock, _ = watched(upgraded(begun(), 0), 25)
    clock = appended(clock, cancel(clock, after(26), after(26), "tier B"))
    assert clock.current is not None
    assert (clock.state, clock.current.cancel_reason, clock.breached_at) == (
        ClockState.CANCELLED,
        "tier B",
        after(24),
    )


def test_without_an_earlier_promise_the_proposal_is_owed_from_now() -> None:
    clock = fold((), PROPOSAL)
    clock = appended(clock, start_retroactively(clock, fold((), FIRST), after(7), OWNER))
    assert (clock.started_at, clock.due_at) == (after(7), after(31))


def test_a_running_first_contact_goes_on_under_a_stricter_policy() -> None:
    strict = replace(FIRST, target_s=4 * 3600, key="strict")
    source = appended(begun(), reassign(begun(), OTHER, after(1), after(1)))
    clock = fold(taken_over(source, after(3)), strict)
    assert (clock.started_at, clock.due_at) == (T0, after(5))
    assert [leg.owner_id for leg in clock.legs] == [OWNER, OTHER]
    assert fold(taken_over(source, after(1)), strict).due_at == after(4)


def test_only_the_running_cycle_of_a_follow_up_goes_on_under_a_stricter_policy() -> None:
    strict = replace(FOLLOW, target_s=3600, key="strict")
    source = contacted(contacted(fold((), FOLLOW), 0), 50, source="act_2")
    clock = fold(taken_over(source, after(60)), strict)
    assert (clock.cycle, clock.started_at, clock.due_at, clock.owner_id) == (1, after(50), after(62), OWNER)
    # A visit that is verified later does not lose the floor.
    clock = appended(clock, record_stop(clock, after(50), after(61), "act_2", trusted=False))
    assert clock.due_at == after(62)


def test_each_owners_share_at_the_breach() -> None:
    clock = appended(begun(), reassign(begun(), OTHER, after(18), after(18)))
    assert [leg.breach_s for leg in clock.legs] == [None, None]
    clock, _ = watched(clock, 30)
    assert [(leg.open_s, leg.breach_s) for leg in clock.legs] == [(18 * 3600, 18 * 3600), (None, 6 * 3600)]
    clock = appended(clock, reassign(clock, OWNER, after(32), after(32)))
    clock = contacted(clock, 40)
    assert [leg.open_s for leg in clock.legs] == [18 * 3600, 14 * 3600, 8 * 3600]
    assert [leg.breach_s for leg in clock.legs] == [18 * 3600, 6 * 3600, 0]


def test_a_pause_during_a_provisional_stop_counts_when_the_stop_falls() -> None:
    clock = begun()
    clock = appended(clock, record_stop(clock, after(10), after(10), "vis_1", provisional=True))
    clock = appended(clock, pause(clock, after(11), after(11)))
    clock = appended(clock, resume(clock, after(21), after(21)))
    assert clock.state is ClockState.MET
    withdrawn = fold((*clock.log, replace(clock.log[1], kind=EventKind.STOP_WITHDRAWN)), FIRST)
    assert (withdrawn.state, withdrawn.due_at) == (ClockState.RUNNING, after(34))


def test_a_clock_begins_paused_where_its_lead_is_on_hold() -> None:
    clock = fold((), PROPOSAL)
    clock = appended(clock, pause(clock, after(-5), after(-5)))
    clock = appended(clock, start_retroactively(clock, fold((), FIRST), T0, OWNER))
    assert (clock.state, clock.due_at) == (ClockState.PAUSED, None)
    clock = appended(clock, resume(clock, after(6), after(6)))
    assert clock.due_at == after(30)
