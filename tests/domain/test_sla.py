"""SLA clocks: first contact and follow-up, from the named cases of the specification to any order of arrival."""

from __future__ import annotations

from itertools import permutations

import pytest

from domain.sla import (
    LADDER,
    ClockState,
    EventKind,
    Recipient,
    acknowledge,
    appended,
    cancel,
    fire_due,
    fold,
    reassign,
    record_stop,
    start,
    withdraw_stop,
)
from tests.support.sla_clocks import (
    BOSS,
    FIRST,
    OTHER,
    OWNER,
    PEOPLE,
    T0,
    TOP,
    after,
    begun,
    contacted,
    percents,
    watched,
)


def test_pending_then_running() -> None:
    clock = fold((), FIRST)
    assert (clock.state, clock.due_at, clock.next_fire_at, clock.cycle) == (ClockState.PENDING, None, None, 0)
    clock = begun()
    assert (clock.state, clock.started_at, clock.due_at) == (ClockState.RUNNING, T0, after(24))
    assert clock.next_fire_at == after(18)
    assert start(clock, after(5), after(5), OTHER) == ()


def test_the_ladder_of_a_forgotten_lead() -> None:
    clock = begun()
    told = []
    for hour in (17.99, 18, 18.5, 24, 30, 36, 72, 100):
        clock, firing = watched(clock, hour)
        told.append(percents(firing))
    assert told == [[], [75], [], [100], [], [150], [300], []]
    assert clock.state is ClockState.BREACHED
    assert (clock.breached_at, clock.detected_at) == (after(24), after(24))
    assert clock.fired == (75, 100, 150, 300)
    assert clock.next_fire_at is None


def test_who_is_told() -> None:
    clock, firing = watched(begun(), 24)
    assert firing is not None
    assert firing.breached_at == after(24)
    assert firing.owner_id == OWNER
    assert firing.notices(PEOPLE) == {OWNER: LADDER[1], BOSS: LADDER[1]}
    clock, firing = watched(clock, 36)
    assert firing is not None
    assert firing.notices(PEOPLE) == {TOP: LADDER[2]}
    clock, firing = watched(clock, 72)
    assert firing is not None
    assert firing.notices(PEOPLE) == {BOSS: LADDER[3]}
    assert firing.steps[0].propose_reassignment


def test_after_downtime_each_unsent_step_fires_once_collapsed_to_the_highest() -> None:
    clock, firing = watched(begun(), 40)
    assert firing is not None
    assert percents(firing) == [75, 100, 150]
    assert firing.highest == LADDER[2]
    # One notice per person, at that person's highest step.
    assert firing.notices(PEOPLE) == {OWNER: LADDER[1], BOSS: LADDER[1], TOP: LADDER[2]}
    assert firing.notices({Recipient.OWNER: [OWNER], Recipient.SUPERIOR: []}) == {OWNER: LADDER[1]}
    assert firing.notices({Recipient.OWNER: [BOSS], Recipient.SUPERIOR: [BOSS]}) == {BOSS: LADDER[1]}
    # Breach time is due_at, never the time of the scan.
    assert (firing.breached_at, clock.breached_at, clock.detected_at) == (after(24), after(24), after(40))
    assert fire_due(clock, after(40)) == ((), None)
    assert clock.next_fire_at == after(72)


@pytest.mark.parametrize(
    ("contact_s", "state", "breached"),
    [
        (0, ClockState.MET, False),
        (86_399, ClockState.MET, False),
        (86_400, ClockState.MET, False),
        (86_400.001, ClockState.MET_LATE, True),
        (100_000, ClockState.MET_LATE, True),
        (-3600, ClockState.MET, False),
    ],
)
def test_a_stop_at_each_side_of_due(contact_s: float, state: ClockState, breached: bool) -> None:
    clock = contacted(begun(), contact_s / 3600)
    assert clock.state is state
    assert clock.breached_at == (after(24) if breached else None)
    assert fire_due(clock, after(200)) == ((), None)


def test_contact_one_second_before_due_leaves_nothing_for_the_watcher() -> None:
    clock, firing = watched(begun(), 18)
    clock = contacted(clock, 24 - 1 / 3600)
    clock, firing = watched(clock, 24)
    assert firing is None
    assert (clock.state, clock.breached_at) == (ClockState.MET, None)


def test_a_contact_before_assignment_is_met_with_0_s() -> None:
    clock = contacted(fold((), FIRST), -2)
    assert clock.state is ClockState.PENDING
    clock = appended(clock, start(clock, T0, T0, OWNER))
    assert clock.current is not None
    assert (clock.state, clock.met_at, clock.current.consumed_s) == (ClockState.MET, T0, 0)
    assert clock.next_fire_at is None


def test_a_stop_after_due_before_detection_records_the_breach_without_notice() -> None:
    clock = contacted(begun(), 30, now=31)
    assert [event.kind for event in clock.log] == [
        EventKind.STARTED,
        EventKind.CONTACTED,
        EventKind.BREACH_DETECTED,
    ]
    assert (clock.state, clock.breached_at, clock.detected_at) == (ClockState.MET_LATE, after(24), after(31))
    assert clock.fired == ()


def test_a_late_proof_withdraws_the_breach() -> None:
    clock, _ = watched(begun(), 25)
    clock = contacted(clock, 20, now=30)
    assert clock.log[-1].kind is EventKind.BREACH_WITHDRAWN
    assert (clock.state, clock.breached_at, clock.met_at) == (ClockState.MET, None, after(20))
    # Nothing is deleted.
    assert EventKind.BREACH_DETECTED in {event.kind for event in clock.log}


def test_a_proof_at_due_exactly_withdraws_too() -> None:
    clock, _ = watched(begun(), 24)
    assert contacted(clock, 24, now=24.1).state is ClockState.MET


def test_a_doubtful_proof_waits_for_a_manager() -> None:
    clock, _ = watched(begun(), 25)
    clock = contacted(clock, 20, now=30, trusted=False)
    assert (clock.state, clock.breached_at) == (ClockState.MET_LATE, after(24))
    clock = contacted(clock, 20, now=35, trusted=True)
    assert (clock.state, clock.breached_at) == (ClockState.MET, None)


def test_a_withdrawn_stop_brings_the_breach_back() -> None:
    clock = begun()
    clock = appended(clock, record_stop(clock, after(20), after(20), "vis_1", provisional=True))
    assert clock.current is not None
    assert clock.current.provisional
    assert clock.state is ClockState.MET
    clock = appended(clock, withdraw_stop(clock, "vis_1", after(26)))
    assert (clock.state, clock.due_at) == (ClockState.RUNNING, after(24))
    clock, firing = watched(clock, 26)
    assert firing is not None
    assert (firing.breached_at, percents(firing)) == (after(24), [75, 100])
    assert withdraw_stop(clock, "vis_1", after(27)) == ()
    assert withdraw_stop(clock, "vis_9", after(27)) == ()


def test_a_verified_visit_is_no_longer_provisional() -> None:
    clock = begun()
    clock = appended(clock, record_stop(clock, after(20), after(20), "vis_1", provisional=True))
    clock = appended(clock, record_stop(clock, after(20), after(21), "vis_1"))
    assert clock.current is not None
    assert not clock.current.provisional
    assert record_stop(clock, after(20), after(22), "vis_1") == ()


def test_when_its_proof_falls_the_recorded_breach_stands_again() -> None:
    clock, _ = watched(begun(), 25)
    clock = contacted(clock, 20, now=30, source="vis_1")
    assert clock.state is ClockState.MET
    clock = appended(clock, withdraw_stop(clock, "vis_1", after(31)))
    assert (clock.state, clock.breached_at, clock.detected_at) == (ClockState.BREACHED, after(24), after(25))
    clock = contacted(clock, 33, source="act_2")
    assert clock.state is ClockState.MET_LATE


@pytest.mark.parametrize("order", list(permutations([("act_a", 10), ("act_b", 22), ("act_c", 30)])))
def test_the_earliest_stop_wins_whatever_the_order(order: tuple[tuple[str, int], ...]) -> None:
    clock, _ = watched(begun(), 25)
    for source, hour in order:
        clock = contacted(clock, hour, now=40, source=source)
    assert clock.current is not None
    assert (clock.state, clock.met_at, clock.current.met_by) == (ClockState.MET, after(10), "act_a")


def test_reassigning_keeps_the_clock_and_begins_a_leg() -> None:
    clock = begun()
    assert reassign(clock, OWNER, after(5), after(5)) == ()
    clock = appended(clock, reassign(clock, OTHER, after(6), after(6)))
    assert (clock.due_at, clock.owner_id) == (after(24), OTHER)
    clock = contacted(clock, 10)
    assert [(leg.owner_id, leg.started_at, leg.ended_at, leg.open_s) for leg in clock.legs] == [
        (OWNER, T0, after(6), 6 * 3600),
        (OTHER, after(6), after(10), 4 * 3600),
    ]
    clock = appended(clock, reassign(clock, BOSS, after(12), after(12)))
    assert len(clock.legs) == 2
    assert reassign(fold((), FIRST), OTHER, T0, T0) == ()


def test_a_running_leg_has_no_end() -> None:
    leg = begun().legs[0]
    assert (leg.owner_id, leg.ended_at, leg.open_s) == (OWNER, None, None)


def test_sent_steps_are_not_sent_again_after_reassigning() -> None:
    clock, _ = watched(begun(), 18)
    clock = appended(clock, reassign(clock, OTHER, after(19), after(19)))
    clock, firing = watched(clock, 24)
    assert firing is not None
    assert (percents(firing), firing.owner_id) == ([100], OTHER)


def test_acknowledging_stops_the_steps_but_not_the_breach() -> None:
    clock, _ = watched(begun(), 18)
    clock = appended(clock, acknowledge(clock, after(19), after(19)))
    assert acknowledge(clock, after(20), after(20)) == ()
    assert clock.next_fire_at == after(24)
    clock, firing = watched(clock, 25)
    assert firing is not None
    assert (firing.steps, firing.breached_at, firing.highest) == ((), after(24), None)
    assert (clock.state, clock.next_fire_at) == (ClockState.BREACHED, None)
    clock = appended(clock, reassign(clock, OTHER, after(26), after(26)))
    assert percents(watched(clock, 26)[1]) == [100]


def test_cancelling_keeps_what_was_broken() -> None:
    clock = appended(begun(), cancel(begun(), after(5), after(5), "lost"))
    assert clock.current is not None
    assert (clock.state, clock.current.cancel_reason, clock.breached_at) == (ClockState.CANCELLED, "lost", None)
    assert fire_due(clock, after(90)) == ((), None)
    assert cancel(clock, after(6), after(6), "again") == ()
    late = appended(begun(), cancel(begun(), after(30), after(30), "lost"))
    assert (late.state, late.breached_at, late.detected_at) == (ClockState.CANCELLED, after(24), after(30))
    met = contacted(begun(), 3)
    assert cancel(met, after(4), after(4), "lost") == ()


def test_cancelled_before_the_start() -> None:
    clock = appended(fold((), FIRST), cancel(fold((), FIRST), T0, T0, "disqualified"))
    assert clock.state is ClockState.CANCELLED
    assert start(clock, after(1), after(1), OWNER) == ()


def test_a_contact_before_the_cancellation_that_arrives_later_counts() -> None:
    clock = appended(begun(), cancel(begun(), after(5), after(5), "lost"))
    assert contacted(clock, 4, now=6).state is ClockState.MET
    assert contacted(clock, 5.5, now=6).state is ClockState.CANCELLED
