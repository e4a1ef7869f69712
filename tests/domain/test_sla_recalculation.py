"""Another policy for a clock: from the next cycle on, or for the running one counted anew; finished cycles stay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import Calendar, hours
from domain.sla import (
    Clock,
    ClockState,
    EventKind,
    Policy,
    appended,
    cancel,
    fold,
    pause,
    promised,
    recalculated,
    record_stop,
    resume,
    withdraw_stop,
)
from tests.support.sla_clocks import FIRST, FOLLOW, OWNER, after, begun, contacted, percents, watched

LONGER = replace(FIRST, version=2, target_s=48 * 3600)
SHORTER = replace(FIRST, version=2, target_s=6 * 3600)
DAILY = replace(FOLLOW, version=2, target_s=24 * 3600)


def next_contact(clock: Clock, at: float, policy: Policy, source: str) -> Clock:
    """A contact whose cycle is under the policy."""
    ready = promised(clock, policy, after(at), source)
    return appended(ready, record_stop(ready, after(at), after(at), source, owner_id=OWNER))


def kinds(clock: Clock) -> list[EventKind]:
    return [event.kind for event in clock.log]


def test_a_running_clock_is_counted_anew_from_its_start() -> None:
    clock = recalculated(begun(), LONGER, after(10))
    assert (clock.policy, clock.due_at, clock.state) == (LONGER, after(48), ClockState.RUNNING)
    assert clock.next_fire_at == after(36)
    assert clock.log[-1].reason == "LEAD_FIRST_CONTACT version 2"
    assert recalculated(clock, LONGER, after(11)) is clock


def test_steps_that_were_sent_are_not_sent_again() -> None:
    clock, firing = watched(begun(), 18)
    assert percents(firing) == [75]
    clock = recalculated(clock, LONGER, after(19))
    assert clock.next_fire_at == after(48)
    clock, firing = watched(clock, 48)
    assert percents(firing) == [100]
    assert clock.breached_at == after(48)


def test_a_shorter_target_that_has_passed_is_found_by_the_watcher_at_its_due_time() -> None:
    clock = recalculated(begun(), SHORTER, after(10))
    assert (clock.state, clock.next_fire_at) == (ClockState.RUNNING, after(4.5))
    clock, firing = watched(clock, 10)
    assert firing is not None
    assert (percents(firing), firing.breached_at) == ([75, 100, 150], after(6))
    assert (clock.state, clock.breached_at, clock.detected_at) == (ClockState.BREACHED, after(6), after(10))


def test_a_breach_that_was_none_under_the_longer_target_is_gone() -> None:
    clock, _ = watched(begun(), 25)
    clock = recalculated(clock, LONGER, after(26))
    assert (clock.state, clock.due_at, clock.breached_at) == (ClockState.RUNNING, after(48), None)
    assert contacted(clock, 40).state is ClockState.MET
    late, firing = watched(clock, 49)
    assert (percents(firing), late.breached_at) == ([], after(48))


def test_a_breach_at_the_same_due_time_stays_as_it_was_found() -> None:
    clock, _ = watched(begun(), 25)
    same = replace(FIRST, version=2, steps=FIRST.steps[:2])
    clock = recalculated(clock, same, after(30))
    assert (clock.state, clock.breached_at, clock.detected_at) == (ClockState.BREACHED, after(24), after(25))
    assert clock.next_fire_at is None


def test_pauses_count_again_and_a_paused_clock_shows_its_breach() -> None:
    clock = appended(begun(), pause(begun(), after(10), after(10)))
    longer = recalculated(clock, LONGER, after(20))
    assert (longer.state, longer.due_at) == (ClockState.PAUSED, None)
    resumed = appended(longer, resume(longer, after(20), after(20)))
    assert resumed.due_at == after(58)
    broken = recalculated(clock, SHORTER, after(20))
    assert (broken.state, broken.breached_at, broken.detected_at) == (ClockState.BREACHED, after(6), after(20))


def test_another_calendar_counts_from_the_start() -> None:
    nights = Calendar("nights", 1, "UTC", (hours("20:00-24:00"),) * 7)
    clock = recalculated(begun(), replace(SHORTER, calendar=nights), after(1))
    # T0 is 08:00: four hours tonight, two tomorrow.
    assert clock.due_at == after(14 + 24)


@pytest.mark.parametrize("end", ["met", "cancelled"])
def test_clocks_that_are_over_stay(end: str) -> None:
    clock = contacted(begun(), 3) if end == "met" else appended(begun(), cancel(begun(), after(3), after(3), "won"))
    assert recalculated(clock, LONGER, after(4)) is clock


def test_a_clock_that_has_not_begun_takes_the_policy() -> None:
    clock = recalculated(fold((), FIRST), LONGER, after(4))
    assert (clock.policy, clock.state, clock.log) == (LONGER, ClockState.PENDING, ())


def test_finished_cycles_keep_their_policy() -> None:
    clock = contacted(fold((), FOLLOW), 0, source="act_1")
    clock = contacted(clock, 50, source="act_2")
    clock = recalculated(clock, DAILY, after(60))
    assert [(cycle.state, cycle.due_at) for cycle in clock.cycles] == [
        (ClockState.MET, after(72)),
        (ClockState.RUNNING, after(74)),
    ]
    again = recalculated(clock, replace(DAILY, version=3, target_s=48 * 3600), after(61))
    assert [cycle.due_at for cycle in again.cycles] == [after(72), after(98)]
    assert len(again.earlier) == 1
    assert fold(again.log, again.policy, again.earlier) == again
    assert fold(again.log, again.policy, again.earlier).cycles == again.cycles


def test_the_next_cycle_is_under_the_policy_of_its_day() -> None:
    clock = contacted(fold((), FOLLOW), 0, source="act_1")
    clock = next_contact(clock, 50, DAILY, "act_2")
    assert [cycle.due_at for cycle in clock.cycles] == [after(72), after(74)]
    assert (clock.policy, [term.policy for term in clock.earlier]) == (DAILY, [FOLLOW])
    # The same contact told again, and one that arrives late, change no promise that was given.
    assert promised(clock, FOLLOW, after(50), "act_2") is clock
    late = next_contact(clock, 30, FOLLOW, "act_0")
    assert [(cycle.key, cycle.due_at) for cycle in late.cycles] == [
        ("act_1", after(72)),
        ("act_0", after(102)),
        ("act_2", after(74)),
    ]


def test_a_withdrawn_contact_takes_its_policy_with_it() -> None:
    clock = contacted(fold((), FOLLOW), 0, source="act_1")
    clock = next_contact(clock, 50, DAILY, "vis_2")
    clock = appended(clock, withdraw_stop(clock, "vis_2", after(51)))
    assert (clock.policy, clock.earlier, clock.due_at) == (FOLLOW, (), after(72))


HOURS = st.floats(0.5, 200).map(lambda each: round(each, 1))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["contact", "pause", "resume", "watch"]), HOURS), max_size=8), HOURS, HOURS)
def test_counting_anew_says_what_the_new_policy_would_have_said(
    acts: list[tuple[str, float]], target_h: float, at: float
) -> None:
    """Whatever happened before: the running cycle is that of a clock which was always under the policy.

    The target is no multiple of what lies between the acts: at the very instant of due, a pause and a look of the
    watcher count in the order in which they came, and counting anew knows of no looks.
    """
    policy = replace(FOLLOW, version=9, target_s=int(target_h * 3600) + 180)
    clock, plain = contacted(fold((), FOLLOW), 0, source="act_0"), contacted(fold((), policy), 0, source="act_0")
    for number, (what, hour) in enumerate(sorted(acts, key=lambda act: act[1])):
        for mine in (True, False):
            old = clock if mine else plain
            if what == "contact":
                new = contacted(old, hour, source=f"act_{number + 1}")
            elif what == "watch":
                new, _ = watched(old, hour)
            else:
                act = pause if what == "pause" else resume
                new = appended(old, act(old, after(hour), after(hour)))
            clock, plain = (new, plain) if mine else (clock, new)
    now = max([at, *(hour for _, hour in acts)])
    changed, _ = watched(recalculated(clock, policy, after(now)), now)
    expected, _ = watched(plain, now)
    assert (changed.state, changed.due_at, changed.breached_at) == (
        expected.state,
        expected.due_at,
        expected.breached_at,
    )
    assert changed.current is not None
    assert expected.current is not None
    assert changed.current.consumed_s == expected.current.consumed_s
    assert set(changed.fired) <= set(clock.fired) | set(expected.fired)
    assert fold(changed.log, changed.policy, changed.earlier) == changed
