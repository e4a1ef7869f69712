"""The route planner of a process: problems go to a pool of other processes, never onto the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from contextvars import Context
from dataclasses import dataclass, field, replace
from typing import Any

from routing.period_problem import PeriodLimit, PeriodPlan, PeriodProblem
from routing.problem import DayProblem, Limit
from routing.process import (
    SolvedAgain,
    SolvedDay,
    SolvedTeam,
    period_in_process,
    plan_in_process,
    replan_in_process,
    team_in_process,
)
from routing.replan_problem import ReplanProblem
from routing.team_problem import TeamProblem
from routing.travel_times.source import DETOUR, SPEED_KM_H, TravelSource

SOLVE_S = 0.95
"""With the reading and writing around it, a plan is answered within a second."""
SOLVE_TEAM_S = 4.5
"""A team's day, within five."""
_TEAM_S, _TEAM_CANDIDATE_S = 0.3, 0.03
"""Small teams need less: so much, and so much more for each candidate."""
PERIOD_S, QUICK_PERIOD_S, PERIOD_AT_LEAST_S, PERIOD_SITE_S = 20.0, 3.0, 0.3, 0.05
"""Weeks are searched for some time for each site, up to a limit."""
_REPLAN_SHARE, _REPLAN_TEAM_SHARE = 0.85, 0.75
"""Of these: more is read for the rest of a day than for a whole one, and more is told of it."""
MAX_ASKED = 16
"""So many problems may wait for the solver before questions that save nothing are turned away."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How drives are reckoned that no road engine answers for."""

    detour: float = DETOUR
    speed_km_h: float = SPEED_KM_H


USUAL = Estimate()


@dataclass(slots=True)
class Planner:
    """One per process. `executor` is any concurrent.futures.Executor whose workers can import routing."""

    executor: Executor
    source: TravelSource = field(default_factory=TravelSource)
    solve_s: float = SOLVE_S
    solve_team_s: float = SOLVE_TEAM_S
    period_s: float = PERIOD_S
    slow: Executor | None = None
    """Where weeks are planned, so that nobody's day waits for them; None: with the days."""
    at_once: int = 1
    """So many problems the executor solves side by side."""
    asked: int = 0
    running: dict[str, asyncio.Task[Any]] = field(default_factory=dict)

    async def solve(self, problem: DayProblem, estimate: Estimate = USUAL) -> SolvedDay:
        """The day's plan, searched for `solve_s` seconds at the most in another process."""
        loop = asyncio.get_running_loop()
        limit, source = Limit(seconds=self.solve_s), self.source_with(estimate)
        self.asked += 1
        try:
            return await loop.run_in_executor(self.executor, plan_in_process, problem, limit, source)
        finally:
            self.asked -= 1

    async def solve_team(self, problem: TeamProblem, estimate: Estimate = USUAL) -> SolvedTeam:
        """The team's plan, searched for `solve_team_s` seconds at the most in another process."""
        loop = asyncio.get_running_loop()
        limit, source = Limit(self._team_s(problem)), self.source_with(estimate)
        self.asked += 1
        try:
            return await loop.run_in_executor(self.executor, team_in_process, problem, limit, source)
        finally:
            self.asked -= 1

    async def solve_period(
        self, problem: PeriodProblem, estimate: Estimate = USUAL, *, quickly: bool = False
    ) -> PeriodPlan:
        """The plan of some weeks, searched for as long as their size asks for; `quickly` for a question."""
        loop = asyncio.get_running_loop()
        most_s = min(self.period_s, QUICK_PERIOD_S) if quickly else self.period_s
        limit = PeriodLimit(min(most_s, PERIOD_AT_LEAST_S + PERIOD_SITE_S * len(problem.sites)))
        source = self.source_with(estimate)
        self.asked += 1
        try:
            return await loop.run_in_executor(self.slow or self.executor, period_in_process, problem, limit, source)
        finally:
            self.asked -= 1

    async def replan(self, problem: ReplanProblem, estimate: Estimate = USUAL) -> SolvedAgain:
        """The rest of a published day, searched for about as long as a day or a team's day, in another process."""
        loop = asyncio.get_running_loop()
        alone = len(problem.team.reps) == 1
        seconds = _REPLAN_SHARE * self.solve_s if alone else _REPLAN_TEAM_SHARE * self._team_s(problem.team)
        limit, source = Limit(seconds=seconds), self.source_with(estimate)
        self.asked += 1
        try:
            return await loop.run_in_executor(self.executor, replan_in_process, problem, limit, source)
        finally:
            self.asked -= 1

    def _team_s(self, problem: TeamProblem) -> float:
        return min(self.solve_team_s, _TEAM_S + _TEAM_CANDIDATE_S * len(problem.candidates))

    def source_with(self, estimate: Estimate) -> TravelSource:
        """Where travel times come from for an organization that reckons so."""
        return replace(self.source, detour=estimate.detour, speed_km_h=estimate.speed_km_h)

    @property
    def is_busy(self) -> bool:
        """Whether too many problems wait already."""
        return self.asked >= MAX_ASKED

    def begin(self, plan_id: str, work: Callable[[], Awaitable[Any]]) -> asyncio.Task[Any]:
        """Starts `work` beside the request, once for each plan however often it is asked for."""
        task = self.running.get(plan_id)
        if task is None:
            # In a context of its own: the request's time limit is not the plan's.
            task = asyncio.get_running_loop().create_task(self._run(work), context=Context())
            self.running[plan_id] = task
            task.add_done_callback(lambda _: self.running.pop(plan_id, None))
        return task

    async def _run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        return await work()

    async def close(self) -> None:
        """Gives up what is being solved; a worker finds the plans again."""
        for task in list(self.running.values()):
            task.cancel()
        await asyncio.gather(*self.running.values(), return_exceptions=True)
        self.executor.shutdown(wait=False, cancel_futures=True)
        if self.slow is not None:
            self.slow.shutdown(wait=False, cancel_futures=True)
