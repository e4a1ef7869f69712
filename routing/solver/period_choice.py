"""The exact choice of a period by CP-SAT: one way for each site and one known route for each slot, at the least cost.

The search meets many good routes in plans that are not the best one; this puts the best of them together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ortools.sat.python import cp_model

from routing.solver.period_model import NOT_PLANNED, Assignment, Model
from routing.solver.period_moves import State

MOST_ROUTES = 2_500
_SCALE = 1_000
_EFFORT = 20.0
"""Deterministic seconds where the same answer is wanted on every machine."""

Kind = tuple[int, int, int, float, float]
"""What makes slots interchangeable: rep (where sites belong to reps), start, end, room and most."""


@dataclass(slots=True)
class _Route:
    order: tuple[int, ...]
    cost: float
    used: float
    load: float
    met: int


class Pool:
    """Routes by the kind of slot that can drive them: each set of sites once, in its shortest known order."""

    def __init__(self, model: Model) -> None:
        self._model = model
        owned = bool((model.option_rep >= 0).any())
        self.kinds: list[Kind] = [
            (
                int(model.slot_rep[slot]) if owned else -1,
                int(model.slot_start[slot]),
                int(model.slot_end[slot]),
                float(model.slot_room[slot]),
                float(model.slot_most[slot]),
            )
            for slot in range(len(model.slot_day))
        ]
        self._routes: dict[tuple[Kind, frozenset[int]], _Route] = {}
        self._met = 0

    def keep(self, state: State) -> None:
        """Remembers the routes of a plan."""
        for slot, length in enumerate(state.length):
            if length:
                self.add(slot, tuple(int(site) for site in state.route[slot, :length]))

    def add(self, slot: int, order: tuple[int, ...]) -> None:
        """Remembers one route."""
        model = self._model
        path = [int(model.slot_start[slot]), *order, int(model.slot_end[slot])]
        cost = float(sum(model.leg[a, b] for a, b in pairwise(path)))
        key = (self.kinds[slot], frozenset(order))
        known = self._routes.get(key)
        self._met += 1
        if known is not None and known.cost <= cost:
            known.met = self._met
            return
        sites = list(order)
        used, load = cost + float(model.service[sites].sum()), float(model.load[sites].sum())
        self._routes[key] = _Route(order, cost, used, load, self._met)

    def latest(self) -> list[tuple[Kind, frozenset[int], _Route]]:
        """The routes met last, MOST_ROUTES at the most."""
        newest = sorted(self._routes.items(), key=lambda item: -item[1].met)[:MOST_ROUTES]
        return [(kind, sites, route) for (kind, sites), route in newest]


def choose(
    model: Model, pool: Pool, start: Assignment, *, seconds: float, seed: int = 0, exactly: bool = False
) -> Assignment:
    """The cheapest assignment made of known routes, not counting evenness; `start` where none is found."""
    for slot, order in enumerate(start.routes):
        if order:
            pool.add(slot, order)
    problem = cp_model.CpModel()
    ways = [
        [problem.new_bool_var("") for _ in range(model.first_option[site], model.first_option[site + 1])]
        for site in range(len(model.service))
    ]
    for each in ways:
        problem.add_at_most_one(each)
    slots: dict[tuple[int, Kind], list[int]] = defaultdict(list)
    for slot, kind in enumerate(pool.kinds):
        slots[int(model.slot_day[slot]), kind].append(slot)
    driven, through = _route_variables(problem, model, pool, slots)
    _link(problem, model, ways, through)
    cost = [round(_SCALE * route.cost) * variable for _, route, variable in driven]
    for site, each in enumerate(ways):
        for number, variable in enumerate(each):
            price = model.option_price[model.first_option[site] + number] - model.miss[site]
            cost.append(round(_SCALE * float(price)) * variable)
    problem.minimize(sum(cost))
    _hint(problem, ways, driven, start, slots)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    if exactly:
        solver.parameters.max_deterministic_time = _EFFORT
    if solver.solve(problem) not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return start
    routes: list[tuple[int, ...]] = [()] * len(model.slot_day)
    for group, route, variable in driven:
        if solver.boolean_value(variable):
            routes[next(slot for slot in slots[group] if not routes[slot])] = route.order
    chosen = [
        next((number for number, variable in enumerate(each) if solver.boolean_value(variable)), NOT_PLANNED)
        for each in ways
    ]
    return Assignment(tuple(chosen), tuple(routes))


_Driven = list[tuple[tuple[int, Kind], _Route, cp_model.IntVar]]
_Through = dict[tuple[int, int, int], list[cp_model.IntVar]]


def _route_variables(
    problem: cp_model.CpModel, model: Model, pool: Pool, slots: dict[tuple[int, Kind], list[int]]
) -> tuple[_Driven, _Through]:
    """A variable for each route on each day it may be driven, and those through each site by day and rep."""
    days_of: list[set[int]] = []
    for site in range(len(model.service)):
        first, last = model.first_option[site], model.first_option[site + 1]
        days_of.append({int(day) for day in model.option_days[model.first_day[first] : model.first_day[last]]})
    groups_of: dict[Kind, list[tuple[int, Kind]]] = defaultdict(list)
    for group in slots:
        groups_of[group[1]].append(group)
    driven: _Driven = []
    through: _Through = defaultdict(list)
    of_group: dict[tuple[int, Kind], list[cp_model.IntVar]] = defaultdict(list)
    for kind, sites, route in pool.latest():
        for group in groups_of[kind]:
            day = group[0]
            if all(day in days_of[site] for site in sites):
                variable = problem.new_bool_var("")
                driven.append((group, route, variable))
                of_group[group].append(variable)
                for site in sites:
                    through[site, day, kind[0]].append(variable)
    for group, variables in of_group.items():
        problem.add(sum(variables) <= len(slots[group]))
    return driven, through


def _link(
    problem: cp_model.CpModel, model: Model, ways: Sequence[Sequence[cp_model.IntVar]], through: _Through
) -> None:
    """A site is driven to on exactly the days of its way, by the rep of its way."""
    asked: _Through = defaultdict(list)
    for site, each in enumerate(ways):
        for number, variable in enumerate(each):
            option = model.first_option[site] + number
            for day in model.option_days[model.first_day[option] : model.first_day[option + 1]]:
                asked[site, int(day), int(model.option_rep[option])].append(variable)
    for key in {*asked, *through}:
        problem.add(sum(through.get(key, [])) == sum(asked.get(key, [])))


def _hint(
    problem: cp_model.CpModel,
    ways: Sequence[Sequence[cp_model.IntVar]],
    driven: _Driven,
    start: Assignment,
    slots: dict[tuple[int, Kind], list[int]],
) -> None:
    for each, number in zip(ways, start.chosen, strict=True):
        for other, variable in enumerate(each):
            problem.add_hint(variable, other == number)
    planned = {
        (group, frozenset(start.routes[slot]))
        for group, members in slots.items()
        for slot in members
        if start.routes[slot]
    }
    for group, route, variable in driven:
        problem.add_hint(variable, (group, frozenset(route.order)) in planned)
