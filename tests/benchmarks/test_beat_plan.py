"""The benchmark of the period search: its reader, and its checker on sound and broken answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.beat_plan import as_model, length_of, read_instance
from routing.solver.period_model import Assignment
from routing.solver.period_search import search_period

# Two days, one vehicle that carries 10 on the first and 20 on the second and drives 100 at the most.
TEXT = """1 1 3 2
100 10
100 20
0 0 0 0 0 0 0
1 3 4 5 10 1 2 1 2
2 0 10 0 10 2 1 3
3 6 8 0 5 1 1 1
"""
SOUND = Assignment((1, 0, 0), ((1,), (1, 2, 0)))


def test_the_reader() -> None:
    instance = read_instance(TEXT)
    assert (instance.vehicles, instance.longest, instance.capacity) == (1, (100.0, 100.0), (10.0, 20.0))
    assert [customer.ways for customer in instance.customers] == [((1,), (0,)), ((0, 1),), ((1,),)]
    assert read_instance(TEXT.replace("100 20", "0 0")).capacity[1] == float("inf")


def test_length_of_a_sound_answer() -> None:
    instance = replace(read_instance(TEXT), capacity=(10.0, 25.0))
    # There and back, then 10, the 6.32 to (6, 8), 5 and 5.
    assert length_of(instance, SOUND) == pytest.approx(20 + 10 + 40**0.5 + 5 + 5)


@pytest.mark.parametrize(
    "answer",
    [
        Assignment((1, 0, 0), ((1,), (1, 2))),
        Assignment((1, 0, 0), ((), (1, 2, 0))),
        Assignment((1, 0, 0), ((1, 0), (1, 2, 0))),
        Assignment((1, 0, 0), ((1,), (1, 2, 0, 0))),
        Assignment((1, 0, 0), ((1, 2), (1, 0))),
        Assignment((1, 0, 0), ((1,),)),
    ],
)
def test_no_length_for_a_broken_answer(answer: Assignment) -> None:
    assert length_of(replace(read_instance(TEXT), capacity=(100.0, 100.0)), answer) == float("inf")


@pytest.mark.parametrize(("capacity", "longest"), [((10.0, 24.0), (100.0, 100.0)), ((10.0, 25.0), (100.0, 31.0))])
def test_no_length_over_a_limit(capacity: tuple[float, float], longest: tuple[float, float]) -> None:
    instance = replace(read_instance(TEXT), capacity=capacity, longest=longest)
    assert length_of(instance, SOUND) == float("inf")


def test_the_search_answers_the_question() -> None:
    instance = replace(read_instance(TEXT), capacity=(20.0, 25.0))
    answer = search_period(as_model(instance), 20.0, rounds=30)
    assert length_of(instance, answer) < float("inf")
