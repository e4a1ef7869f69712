"""Searches a period: annealed ruin and recreate, then the exact choice among all routes met on the way.

Called by routing/period.py and by the benchmark of published problems.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

import numpy as np

from routing.solver.compiled import IS_COMPILED
from routing.solver.period_choice import Pool, choose
from routing.solver.period_model import NOT_PLANNED, Assignment, Floats, Model, Option, Slot, build_model
from routing.solver.period_moves import State, empty_state, improve, insert_at, put_in_as

_HOT, _COLD = 0.3, 0.002
"""Temperatures at the beginning and at the end, in legs to a near neighbour."""
_NEIGHBOURS = 10
_CHOICE_SHARE = 0.2
"""So much of the time goes into the exact choice."""
_CHUNK_S = 0.05
_ROUNDS_AT_FIRST = 4
_MOST_ROUNDS = 20_000


def make_ready() -> None:
    """Compiles the loops, or loads them compiled, before the time of any search begins to count."""
    if IS_COMPILED:
        model = build_model(np.zeros((2, 2)), [0.0], [0.0], [1.0], [[Option((0,))]], [Slot(0, 0, 1, 1, 1.0, 1.0)])
        standing, best, trial = (_kept(model, [0], seed) for seed in range(3))
        improve(model, standing, best, trial, 1, 1.0, np.zeros(1), np.zeros(1, dtype=np.int64))


def search_period(
    model: Model,
    seconds: float,
    seed: int = 0,
    rounds: int | None = None,
    is_over: Callable[[], bool] = lambda: False,
    held: Sequence[int] = (),
) -> Assignment:
    """The best assignment found in that time, or in exactly so many rounds where it suffices. Always answers.

    `held` are the ways of a plan in force, one for each site (NOT_PLANNED where it has none): the answer costs no more
    than what of it still has room.
    """
    ends = monotonic() + seconds
    best = _kept(model, held, seed)
    if len(model.service) == 0 or len(model.slot_day) == 0:
        return _assignment(model, best)
    pool = Pool(model)
    pool.keep(best)
    found = _anneal(model, seed, seconds * (1 - _CHOICE_SHARE), rounds, pool, is_over)
    if found.total[0] < best.total[0]:
        best = found
    answer = _assignment(model, best)
    left = ends - monotonic()
    if left > 0 and not is_over():
        chosen = choose(model, pool, answer, seconds=left, seed=seed, exactly=rounds is not None)
        if cost_of(model, chosen) < best.total[0] - 1e-6:
            return chosen
    return answer


def _kept(model: Model, held: Sequence[int], seed: int) -> State:
    """The plan of these ways as far as there is room for them, the others left out."""
    state = empty_state(model, seed)
    costs = np.zeros(len(model.slot_day))
    places = np.zeros(len(model.slot_day), dtype=np.int64)
    for site, number in enumerate(held):
        if number != NOT_PLANNED:
            put_in_as(model, state, site, int(model.first_option[site]) + number, costs, places)
    return state


def _anneal(
    model: Model,
    seed: int,
    seconds: float,
    rounds: int | None,
    pool: Pool,
    is_over: Callable[[], bool],
) -> State:
    """The best plan of one search from nothing."""
    standing, best, trial = (empty_state(model, seed + number) for number in range(3))
    costs = np.zeros(len(model.slot_day))
    places = np.zeros(len(model.slot_day), dtype=np.int64)
    near = _near_leg(model)
    began, done, chunk = monotonic(), 0, _ROUNDS_AT_FIRST
    while not is_over():
        spent = (monotonic() - began) / max(seconds, 1e-9)
        gone = spent if rounds is None else done / max(1, rounds)
        if spent >= 1 or gone >= 1:
            break
        if rounds is not None:
            # Equal however fast the machine is.
            chunk = min(max(1, rounds // 50), rounds - done)
        heat = near * _HOT * (_COLD / _HOT) ** gone
        at = monotonic()
        improve(model, standing, best, trial, chunk, heat, costs, places)
        took = monotonic() - at
        done += chunk
        pool.keep(standing)
        pool.keep(best)
        if rounds is None:
            # The first call may have waited for the compiler: grow step by step.
            chunk = max(1, min(2 * chunk, int(chunk * _CHUNK_S / max(took, 1e-6)), _MOST_ROUNDS))
    return best


def _near_leg(model: Model) -> float:
    """What a leg to one of the nearest sites costs on average; unreachable ones do not count."""
    count = len(model.service)
    nearest = model.near[:, 1 : _NEIGHBOURS + 1]
    legs = model.leg[np.arange(count)[:, None], nearest] if nearest.size else np.zeros(0)
    known = legs[legs < 1e8]
    return max(1e-6, float(known.mean())) if known.size else 1.0


def _assignment(model: Model, state: State) -> Assignment:
    chosen = tuple(
        NOT_PLANNED if option < 0 else int(option - model.first_option[site])
        for site, option in enumerate(state.chosen)
    )
    routes = tuple(
        tuple(int(site) for site in state.route[slot, : state.length[slot]]) for slot in range(len(model.slot_day))
    )
    return Assignment(chosen, routes)


def cost_of(model: Model, assignment: Assignment) -> float:
    """What an assignment costs: driving, prices of ways, uneven work, and the price of each site left out."""
    state = empty_state(model, 0)
    for slot, route in enumerate(assignment.routes):
        for place, site in enumerate(route):
            insert_at(model, state, site, slot, place)
    total = float(state.total[0])
    work: Floats = np.zeros(model.reps)
    for site, number in enumerate(assignment.chosen):
        if number == NOT_PLANNED:
            continue
        option = model.first_option[site] + number
        total += float(model.option_price[option] - model.miss[site])
        if model.option_rep[option] >= 0:
            visits = model.first_day[option + 1] - model.first_day[option]
            work[model.option_rep[option]] += visits * model.service[site]
    return total + model.evenness * float(((work / 3600) ** 2).sum())
