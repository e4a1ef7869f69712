"""Figures of the routing benchmark: medians over seeds, means over instances, and who is ahead in paired runs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.routing.checker import Verdict
from benchmarks.routing.gaps import Run, figures, overruns
from benchmarks.routing.instance import OURS, Aim, Instance


def instance(name: str, aim: Aim, best_known: float | None) -> Instance:
    """Nothing is asked of it here."""
    return Instance(name, aim, (), (), (), best_known)


def runs(asked: Instance, engine: str, found: Sequence[tuple[int, int] | None], *, set_name: str = "set") -> list[Run]:
    """One for each seed: value and travel, or None for an answer that breaks a limit."""
    return [
        Run(
            set_name,
            asked,
            engine,
            1.0,
            seed,
            Verdict(("broken",)) if each is None else Verdict((), each[0], each[1]),
            1.0 + seed / 10,
        )
        for seed, each in enumerate(found)
    ]


LEAST = instance("least", Aim.LEAST_TRAVEL, 200.0)
MOST = instance("most", Aim.MOST_VALUE, 50.0)
GENERATED = instance("generated", Aim.MOST_VALUE, None)


def test_the_gap_is_the_mean_over_instances_of_the_medians_over_seeds() -> None:
    found = figures([*runs(LEAST, OURS, [(0, 202), (0, 210), (0, 300)]), *runs(MOST, OURS, [(50, 9), (49, 9), (0, 0)])])
    assert found == {"set, 1 s: Fieldbeat, mean gap %": pytest.approx((5.0 + 2.0) / 2)}


def test_who_beats_the_published_value_sets_the_measure_for_all() -> None:
    found = figures([*runs(MOST, OURS, [(100, 9)]), *runs(MOST, "peer", [(50, 9)])])
    assert found == {"set, 1 s: Fieldbeat, mean gap %": 0, "set, 1 s: peer, mean gap %": 50}


@pytest.mark.parametrize(
    ("answers", "gap", "without"),
    [
        ([(50, 1), (25, 1), None], 50, None),
        ([(50, 1), None, None], None, 1),
        ([(50, 1), (50, 1), (50, 1), None, None], 0, None),
        ([(50, 1), None], None, 1),
    ],
)
def test_an_unsound_answer_is_the_worst_and_too_many_are_none(
    answers: list[tuple[int, int] | None], gap: float | None, without: float | None
) -> None:
    found = figures(runs(MOST, "peer", answers))
    assert found.get("set, 1 s: peer, mean gap %") == gap
    assert found.get("set, 1 s: peer, instances without an answer") == without


def test_without_published_values_paired_runs_say_who_is_ahead() -> None:
    ours = runs(GENERATED, OURS, [(10, 5), (10, 5), (10, 5), (10, 5), None])
    peer = runs(GENERATED, "peer", [(10, 5), (10, 6), (11, 9), None, None])
    found = figures([*ours, *peer])
    assert found["set, 1 s: ahead of peer, share of runs"] == 2 / 5
    assert found["set, 1 s: behind peer, share of runs"] == 1 / 5


def test_the_latest_answer_is_told() -> None:
    assert overruns(runs(MOST, OURS, [(1, 1)] * 3)) == {
        "Fieldbeat: latest answer after its time, s": pytest.approx(0.2)
    }
