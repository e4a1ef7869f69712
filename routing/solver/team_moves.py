"""Ruin and recreate on a team's routes, in loops over arrays that compile where `compiled` can.

SISR (J. Christiaens and G. Vanden Berghe, 2020) where visits may stay out: strings of neighbouring visits are taken out
of the routes, and whatever is out is put in again in an order by chance. Lunch is kept by two labels for each visit, as
in routing/day.py, and by the latest times from behind. Run by routing/solver/team_search.py.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np

from routing.day import NEVER
from routing.solver.compiled import compiled, inlined
from routing.solver.team_model import IMPOSSIBLE, Floats, Ints, Model

_BLINK = 0.01
_REMOVED = 10.0
_STRING = 10.0
_SPLIT = 0.5
_DEEPER = 0.01


class State(NamedTuple):
    """Routes and what is known of them.

    `before` and `after` are the labels after the visit (place 0: the start), `late_before` and `late_after` the latest
    times to be ready at a visit (the last place: the end). `totals`: must-visits, worth, travel.
    """

    route: Ints
    length: Ints
    rep_of: Ints
    before: Ints
    after: Ints
    late_before: Ints
    late_after: Ints
    load: Ints
    totals: Ints


def empty_state(model: Model) -> State:
    """Nobody visits anything."""
    reps, count = model.opens.shape[:2]
    state = State(
        route=np.zeros((reps, count + 1), dtype=np.int64),
        length=np.zeros(reps, dtype=np.int64),
        rep_of=np.full(count, -1, dtype=np.int64),
        before=np.zeros((reps, count + 2), dtype=np.int64),
        after=np.zeros((reps, count + 2), dtype=np.int64),
        late_before=np.zeros((reps, count + 2), dtype=np.int64),
        late_after=np.zeros((reps, count + 2), dtype=np.int64),
        load=np.zeros(reps, dtype=np.int64),
        totals=np.zeros(3, dtype=np.int64),
    )
    for rep in range(reps):
        refresh(model, state, rep)
    return state


@compiled
def copy_route(source: State, target: State, rep: int) -> None:
    """One route with all that is known of it; not whose the visits are."""
    length = source.length[rep]
    target.length[rep] = length
    target.load[rep] = source.load[rep]
    target.route[rep, :length] = source.route[rep, :length]
    target.before[rep, : length + 1] = source.before[rep, : length + 1]
    target.after[rep, : length + 1] = source.after[rep, : length + 1]
    target.late_before[rep, : length + 1] = source.late_before[rep, : length + 1]
    target.late_after[rep, : length + 1] = source.late_after[rep, : length + 1]


@compiled
def copy_state(source: State, target: State) -> None:
    """All of it."""
    for rep in range(source.length.shape[0]):
        copy_route(source, target, rep)
    target.rep_of[:] = source.rep_of
    target.totals[:] = source.totals


@inlined
def _done(model: Model, rep: int, node: int, ready: int) -> int:
    """The end of service for one who is ready at the site; NEVER where it is too late."""
    for number in range(model.opens.shape[2]):
        if ready <= model.closes[rep, node, number]:
            return int(max(ready, model.opens[rep, node, number]) + model.service[node])
    return NEVER


@inlined
def _latest(model: Model, rep: int, node: int, leave: int) -> int:
    """The latest time to be ready at the site for one who has to leave it by `leave`; -1 for never."""
    last_start = leave - model.service[node]
    for number in range(model.opens.shape[2] - 1, -1, -1):
        latest = min(model.closes[rep, node, number], last_start)
        if latest >= model.opens[rep, node, number]:
            return int(latest)
    return IMPOSSIBLE


@inlined
def _ready(model: Model, rep: int, before: int, after: int, leg: int) -> tuple[int, int]:
    """`Day.gap`: when one is ready behind the leg, without lunch and with it."""
    ready_before, ready_after = NEVER, min(after + leg, NEVER)
    if leg < NEVER and before <= model.lunch_last[rep]:
        ready_before = before + leg
        fed = max(ready_before, model.lunch_opens[rep]) + model.lunch_s[rep]
        ready_after = min(ready_after, fed)
    return ready_before, ready_after


@compiled
def refresh(model: Model, state: State, rep: int) -> None:
    """Labels and latest times of a route that has changed."""
    count, length = model.service.shape[0], state.length[rep]
    start, end = count + 2 * rep, count + 2 * rep + 1
    before, after = model.first_before[rep], model.first_after[rep]
    state.before[rep, 0], state.after[rep, 0] = before, after
    at, load = start, 0
    for place in range(length):
        node = state.route[rep, place]
        before, after = _ready(model, rep, before, after, model.leg[at, node])
        before, after = _done(model, rep, node, before), _done(model, rep, node, after)
        state.before[rep, place + 1], state.after[rep, place + 1] = before, after
        load += model.load[node]
        at = node
    state.load[rep] = load
    opens, last, takes = model.lunch_opens[rep], model.lunch_last[rep], model.lunch_s[rep]
    late_after = model.horizon[rep]
    # Lunch may follow the route.
    late_before = min(late_after, last)
    state.late_before[rep, length], state.late_after[rep, length] = late_before, late_after
    at = end
    for place in range(length - 1, -1, -1):
        node = state.route[rep, place]
        leg = model.leg[node, at]
        leave_before = min(last, late_before - leg)
        if opens + takes <= late_after:
            leave_before = max(leave_before, min(last, late_after - takes - leg))
        late_before = _latest(model, rep, node, leave_before)
        late_after = _latest(model, rep, node, late_after - leg)
        state.late_before[rep, place], state.late_after[rep, place] = late_before, late_after
        at = node


@inlined
def _best_place(model: Model, state: State, rep: int, node: int, least: int) -> tuple[int, int]:
    """What the visit adds to the driving at its best place in the route, and where; `least` and -1 where nothing is
    below that. Places are overlooked by chance."""
    best, best_place = least, -1
    if state.load[rep] + model.load[node] > model.most_load[rep]:
        return best, best_place
    count, length = model.service.shape[0], state.length[rep]
    last_close = -1
    for number in range(model.opens.shape[2]):
        last_close = max(last_close, model.closes[rep, node, number])
    at = count + 2 * rep
    for place in range(length + 1):
        before, after = state.before[rep, place], state.after[rep, place]
        if min(before, after) > last_close:
            break
        to = state.route[rep, place] if place < length else count + 2 * rep + 1
        leg_in, leg_out = model.leg[at, node], model.leg[node, to]
        added = leg_in + leg_out
        if length > 0:
            added -= model.leg[at, to]
        # Most places fall to the simplest question.
        arrives = min(before, after) + leg_in + model.service[node] + leg_out
        if added < best and arrives <= max(state.late_before[rep, place], state.late_after[rep, place]):
            before, after = _ready(model, rep, before, after, leg_in)
            before, after = _done(model, rep, node, before), _done(model, rep, node, after)
            before, after = _ready(model, rep, before, after, leg_out)
            fits = before <= state.late_before[rep, place] or after <= state.late_after[rep, place]
            if fits and np.random.random() >= _BLINK:
                best, best_place = added, place
        at = to
    return best, best_place


@compiled
def insert(model: Model, state: State, rep: int, node: int, place: int, added: int) -> None:
    """The visit at this place, which has room for it."""
    for later in range(state.length[rep], place, -1):
        state.route[rep, later] = state.route[rep, later - 1]
    state.route[rep, place] = node
    state.length[rep] += 1
    state.rep_of[node] = rep
    state.totals[0] += model.must[node]
    state.totals[1] += model.worth[node]
    state.totals[2] += added
    refresh(model, state, rep)


@compiled
def route_travel(model: Model, state: State, rep: int) -> int:
    """Seconds of driving; none for a route without visits."""
    count, length = model.service.shape[0], state.length[rep]
    if length == 0:
        return 0
    at, travel = count + 2 * rep, 0
    for place in range(length):
        travel += model.leg[at, state.route[rep, place]]
        at = state.route[rep, place]
    return int(travel + model.leg[at, count + 2 * rep + 1])


@compiled
def _take_out(model: Model, state: State, rep: int, first: int, length: int, kept_from: int, kept: int) -> None:
    """`length` visits from place `first` on, but not the `kept` ones from `kept_from` on."""
    state.totals[2] -= route_travel(model, state, rep)
    target = first
    for place in range(first, state.length[rep]):
        node = state.route[rep, place]
        if place >= first + length or kept_from <= place < kept_from + kept:
            state.route[rep, target] = node
            target += 1
        else:
            state.rep_of[node] = -1
            state.totals[0] -= model.must[node]
            state.totals[1] -= model.worth[node]
    state.length[rep] = target
    state.totals[2] += route_travel(model, state, rep)
    refresh(model, state, rep)


@compiled
def _ruin(model: Model, state: State, touched: Ints) -> None:
    """Strings of visits around one place."""
    count, reps = model.service.shape[0], model.horizon.shape[0]
    visits, used = 0, 0
    for rep in range(reps):
        visits += state.length[rep]
        used += 1 if state.length[rep] else 0
    if used == 0:
        touched[:] = 1
        return
    longest = min(_STRING, max(1.0, visits / used))
    strings = int(1 + np.random.random() * (4.0 * _REMOVED / (1.0 + longest) - 1.0))
    centre = np.random.randint(count)
    for number in range(count):
        if strings == 0:
            break
        node = model.near[centre, number]
        rep = state.rep_of[node]
        if rep < 0 or touched[rep]:
            continue
        length = state.length[rep]
        takes = int(1 + np.random.random() * min(longest, float(length)))
        takes = min(takes, length)
        place = 0
        while state.route[rep, place] != node:
            place += 1
        kept = 0
        if takes > 1 and takes < length and np.random.random() < _SPLIT:
            kept = 1
            while takes + kept < length and np.random.random() < _DEEPER:
                kept += 1
        span = takes + kept
        low = max(0, place - span + 1)
        high = min(place, length - span)
        first = low + np.random.randint(high - low + 1)
        kept_from = first + 1 + np.random.randint(max(1, takes - 1)) if kept else 0
        _take_out(model, state, rep, first, span, kept_from, kept)
        touched[rep] = 1
        strings -= 1


@compiled
def _order(model: Model, absent: Ints, many: int, keys: Floats) -> Ints:
    """The absent visits in an order by chance: must-visits first."""
    dice = np.random.random()
    kind = -1
    if dice < 0.30:
        kind = 1
    elif dice < 0.50:
        kind = 0
    elif dice < 0.60:
        kind = 2
    elif dice < 0.67:
        kind = 3
    elif dice < 0.77:
        kind = 4
    elif dice < 0.84:
        kind = 5
    for number in range(many):
        node = absent[number]
        if kind < 0:
            key = np.random.random()
        elif kind in {0, 1}:
            key = model.keys[kind, node] * (0.7 + 0.3 * np.random.random())
        else:
            key = model.keys[kind, node]
        keys[number] = key - 1e15 * model.must[node]
    return np.argsort(keys[:many])


@compiled
def _recreate(model: Model, state: State, touched: Ints, was_out: Ints, absent: Ints, keys: Floats) -> None:
    """Puts in what fits. What was out before the ruin finds room at most where visits were taken out."""
    count, reps = model.service.shape[0], model.horizon.shape[0]
    many = 0
    for node in range(count):
        if state.rep_of[node] < 0:
            absent[many] = node
            many += 1
    for number in _order(model, absent, many, keys):
        node = absent[number]
        best, best_place, best_rep = 4 * NEVER, -1, -1
        for rep in range(reps):
            if was_out[node] and not touched[rep]:
                continue
            added, place = _best_place(model, state, rep, node, best)
            if place >= 0:
                best, best_place, best_rep = added, place, rep
        if best_place >= 0:
            insert(model, state, best_rep, node, best_place, best)
            touched[best_rep] = 1


@compiled
def energy(model: Model, state: State) -> float:
    """What the search lowers: driving less the prizes of what is visited."""
    lost = 0.0
    for node in range(model.service.shape[0]):
        if state.rep_of[node] >= 0:
            lost += model.prize[node]
    return float(state.totals[2]) - lost


@compiled
def is_better(one: State, other: State) -> bool:
    """More must-visits, then more worth, then less driving."""
    for number in range(2):
        if one.totals[number] != other.totals[number]:
            return bool(one.totals[number] > other.totals[number])
    return bool(one.totals[2] < other.totals[2])


@compiled
def seed_chances(seed: int) -> None:
    """Equal seeds give equal searches."""
    np.random.seed(seed)


@compiled
def iterate(model: Model, current: State, trial: State, best: State, rounds: int, heat: float) -> None:
    """`rounds` of ruin and recreate at one temperature. `trial` equals `current` before and afterwards."""
    count, reps = model.service.shape[0], model.horizon.shape[0]
    touched = np.zeros(reps, dtype=np.int64)
    was_out = np.zeros(count, dtype=np.int64)
    absent = np.zeros(count, dtype=np.int64)
    keys = np.zeros(count)
    level = energy(model, current)
    for _ in range(rounds):
        touched[:] = 0
        for node in range(count):
            was_out[node] = 1 if trial.rep_of[node] < 0 else 0
        _ruin(model, trial, touched)
        _recreate(model, trial, touched, was_out, absent, keys)
        reached = energy(model, trial)
        if is_better(trial, best):
            copy_state(trial, best)
        accepted = reached < level - heat * log(np.random.random() + 1e-300)
        if accepted:
            level = reached
        source, target = (trial, current) if accepted else (current, trial)
        for rep in range(reps):
            if touched[rep]:
                copy_route(source, target, rep)
        target.rep_of[:] = source.rep_of
        target.totals[:] = source.totals
