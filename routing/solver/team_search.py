"""Routes by compiled ruin and recreate, for a team or for one day that has no proof; used by the planner's doors.

Only in processes in which the loops are machine code by now: whoever asks never waits for the compiler. Elsewhere, and
without the extra `fast`, OR-Tools searches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Event, Thread
from time import monotonic

import numpy as np

from routing.day import NEVER, Day
from routing.solver.compiled import IS_COMPILED
from routing.solver.ortools_day import prizes
from routing.solver.team_model import Model, model_of
from routing.solver.team_moves import (
    State,
    copy_state,
    empty_state,
    iterate,
    refresh,
    route_travel,
    seed_chances,
)
from routing.team import Routes

_HOT_LEGS, _COLD_LEGS = 0.3, 0.01
"""Temperatures at the beginning and at the end, in mean legs."""
_CHUNK_S = 0.01
_MOST_ROUNDS = 1_000
_EXAMPLE = Day(
    origin=datetime(2026, 1, 1, tzinfo=UTC),
    horizon=100,
    ids=("a",),
    service=(1,),
    worth=(1,),
    must=(False,),
    fixed=(False,),
    starts=(((0, 50),),),
    lunch=None,
    leg=[[0, 1, 1], [1, 0, 0], [1, 0, 0]],
    leg_m=[[0.0] * 3] * 3,
    leg_estimated=[[False] * 3] * 3,
    load=(1,),
    max_load=None,
)
_ready = Event()
_begun = Event()


def is_ready() -> bool:
    """Whether the loops are machine code in this process."""
    return _ready.is_set()


def make_ready() -> None:
    """Compiles the loops, or loads what was compiled before; nothing without the extra `fast`."""
    if IS_COMPILED and not _ready.is_set():
        search_routes([_EXAMPLE], [[]], seconds=60.0, seed=0, rounds=1, is_over=lambda: False)
        _ready.set()


def make_ready_aside() -> None:
    """`make_ready` in a thread, once, so that a later question finds it done."""
    if IS_COMPILED and not _begun.is_set():
        _begun.set()
        Thread(target=make_ready, name="compiles", daemon=True).start()


def search_routes(
    days: Sequence[Day],
    hint: Routes,
    *,
    seconds: float,
    seed: int,
    rounds: int | None = None,
    is_over: Callable[[], bool],
) -> Routes:
    """The best routes found in that time, or in exactly so many rounds where it suffices; never worse than `hint`.

    The days share their candidates; `hint` are feasible routes. `is_over` is asked at least every 100 ms or so.
    """
    model = model_of(days, np.array(prizes(days[0]), dtype=np.float64))
    current = _state(model, hint)
    trial, best = empty_state(model), empty_state(model)
    copy_state(current, trial)
    copy_state(current, best)
    seed_chances(seed)
    mean_leg = _mean_leg(model)
    began, done, chunk = monotonic(), 0, 1
    while not is_over():
        spent = (monotonic() - began) / seconds
        gone = spent if rounds is None else done / rounds
        if spent >= 1 or gone >= 1:
            break
        heat = mean_leg * _HOT_LEGS * (_COLD_LEGS / _HOT_LEGS) ** gone
        at = monotonic()
        iterate(model, current, trial, best, chunk, heat)
        took = monotonic() - at
        done += chunk
        if rounds is None:
            chunk = max(1, min(2 * chunk, int(chunk * _CHUNK_S / max(took, 1e-6)), _MOST_ROUNDS))
    return [[int(node) for node in best.route[rep, : best.length[rep]]] for rep in range(len(days))]


def _state(model: Model, routes: Routes) -> State:
    state = empty_state(model)
    for rep, route in enumerate(routes):
        state.length[rep] = len(route)
        state.route[rep, : len(route)] = route
        for node in route:
            state.rep_of[node] = rep
            state.totals[0] += model.must[node]
            state.totals[1] += model.worth[node]
        refresh(model, state, rep)
        state.totals[2] += route_travel(model, state, rep)
    return state


def _mean_leg(model: Model) -> float:
    count = len(model.service)
    legs = model.leg[:count, :count]
    usable = legs[(legs > 0) & (legs < NEVER)]
    return float(usable.mean()) if usable.size else 1.0
