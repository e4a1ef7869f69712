"""Solver processes that die: what was lost with them, what is tried again, and what comes after."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest

from tests.support.solving import die, die_once, fail, pid, sleep_then_square, square
from wiring.solver_processes import SolverProcesses

PATIENCE_S = 60


@pytest.fixture
def solvers() -> Iterator[SolverProcesses]:
    executor = SolverProcesses(2)
    yield executor
    executor.shutdown(cancel_futures=True)


def test_one_that_kills_its_process_fails_alone(solvers: SolverProcesses) -> None:
    beside = [solvers.submit(sleep_then_square, number, 0.05) for number in range(6)]
    deadly = solvers.submit(die)
    after = [solvers.submit(square, number) for number in range(6)]
    with pytest.raises(BrokenExecutor):
        deadly.result(PATIENCE_S)
    assert [each.result(PATIENCE_S) for each in beside] == [0, 1, 4, 9, 16, 25]
    assert [each.result(PATIENCE_S) for each in after] == [0, 1, 4, 9, 16, 25]
    assert solvers.submit(square, 7).result(PATIENCE_S) == 49


def test_one_that_was_killed_by_chance_is_solved_at_the_second_try(solvers: SolverProcesses, tmp_path: Path) -> None:
    assert solvers.submit(die_once, tmp_path / "marker").result(PATIENCE_S) == "lived"


def test_an_error_of_the_work_is_its_own_and_costs_no_process(solvers: SolverProcesses) -> None:
    before = solvers.submit(pid).result(PATIENCE_S)
    with pytest.raises(ValueError, match="no such day"):
        solvers.submit(fail, "no such day").result(PATIENCE_S)
    assert before in {solvers.submit(pid).result(PATIENCE_S) for _ in range(8)}


def test_nothing_is_taken_after_the_end() -> None:
    executor = SolverProcesses(1)
    executor.shutdown()
    with pytest.raises(RuntimeError):
        executor.submit(square, 2)
