"""Every engine of the routing benchmark that is installed answers what it can state, in the instance's own numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.routing.checker import judge
from benchmarks.routing.instance import Aim, Break, Engine, Instance, MissingEngineError, Vehicle, Visit
from benchmarks.routing.peer_ortools import PlainOrTools
from benchmarks.routing.peer_pyvrp import PyVrp
from benchmarks.routing.peer_vroom import Vroom
from benchmarks.routing.planner import Planner
from benchmarks.routing.recorder import Recorder

# On a line at 10 to 60 from the first depot; the second one is at 70.
PLACES = (10, 20, 30, 40, 50, 60, 0, 70)
TRAVEL = tuple(tuple(abs(a - b) for b in PLACES) for a in PLACES)
SHORT_S = 0.3
DAY = Instance(
    "day",
    Aim.MOST_VALUE,
    (
        Visit(((0, 12), (100, 140)), 5, value=20),
        Visit(((0, 500),), 5, value=30),
        *(Visit(((0, 160),), 5, value=7) for _ in range(4)),
    ),
    (Vehicle(6, 6, 0, 200),),
    TRAVEL,
)
TWO = replace(DAY, vehicles=(Vehicle(6, 6, 0, 200, 4), Vehicle(7, 6, 0, 150, 2)))
WITH_LUNCH = replace(DAY, vehicles=(Vehicle(6, 6, 0, 200, lunch=Break(60, 90, 20)),))
TOUR = replace(DAY, aim=Aim.LEAST_TRAVEL)
INSTANCES = {"day": DAY, "two vehicles": TWO, "lunch": WITH_LUNCH, "tour": TOUR}


def made(engine: type[Engine]) -> Engine:
    """Skips where it is not installed."""
    try:
        return engine()
    except MissingEngineError as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("engine", [PlainOrTools, PyVrp, Vroom])
@pytest.mark.parametrize("name", INSTANCES)
def test_what_a_peer_answers_is_sound(engine: type[Engine], name: str) -> None:
    peer, instance = made(engine), INSTANCES[name]
    if not peer.can_state(instance):
        pytest.skip("it cannot state this")
    (answer,) = peer.answers(instance, 1, [SHORT_S]).values()
    # A machine that is too busy for any answer in this time would leave no routes.
    if answer.routes:
        assert judge(instance, answer.routes).faults == ()


def test_only_one_peer_lacks_lunch() -> None:
    assert not made(PyVrp).can_state(WITH_LUNCH)
    assert PlainOrTools().can_state(WITH_LUNCH)


@pytest.mark.parametrize(("name", "value", "travel"), [("day", 78, 120), ("lunch", 78, 120), ("tour", 78, 120)])
def test_our_planner_proves_the_best(name: str, value: int, travel: int) -> None:
    (answer,) = Planner().answers(INSTANCES[name], 0, [60.0]).values()
    verdict = judge(INSTANCES[name], answer.routes)
    assert (verdict.faults, verdict.value, verdict.travel) == ((), value, travel)


def test_what_was_found_by_each_moment_is_kept() -> None:
    recorder = Recorder((1e-9, 60.0))
    assert recorder.is_better(1.0)
    recorder.keep([[1, 2], []])
    assert not recorder.is_better(1.0)
    assert recorder.is_better(2.0)
    recorder.keep([(2, 1), ()])
    answers = recorder.answers()
    assert answers[1e-9].routes == ()
    assert answers[60.0].routes == ((2, 1), ())
    assert answers[60.0].took_s < 60
