"""Ruin and recreate over a period: stretches of neighbouring routes are emptied and their sites visited otherwise.

SISR (Christiaens and Vanden Berghe, 2020) where a site that is taken out may come back on any of its allowed days. The
loops work on arrays in place and compile where `compiled` can; routing/solver/period_search.py runs them.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np

from routing.solver.compiled import compiled
from routing.solver.period_model import Floats, Ints, Model

_BLINK = 0.01
_REMOVED = 10.0
"""So many visits are taken out at a time, on average."""
_STRETCH = 10.0
_SPREAD = 0.15
"""How often sites from anywhere are taken out instead of neighbouring ones."""


class State(NamedTuple):
    """A plan as arrays: `where[i, d]` is the slot in which site i is visited on day d, or -1; `chosen` its option.

    `total` is its cost, `dice` the generator of chances, `work` the seconds of service of each rep.
    """

    route: Ints
    length: Ints
    used: Floats
    load: Floats
    chosen: Ints
    where: Ints
    work: Floats
    total: Floats
    dice: Ints


def empty_state(model: Model, seed: int) -> State:
    """Nobody is visited."""
    count, slots = len(model.service), len(model.slot_day)
    days = len(model.first_slot) - 1
    return State(
        route=np.zeros((slots, count + 1), dtype=np.int64),
        length=np.zeros(slots, dtype=np.int64),
        used=np.zeros(slots),
        load=np.zeros(slots),
        chosen=np.full(count, -1, dtype=np.int64),
        where=np.full((count, days), -1, dtype=np.int64),
        work=np.zeros(model.reps + 1),
        total=np.array([float(model.miss.sum())]),
        dice=np.array([(seed * 7919 + 12345) & 0x7FFFFFFF], dtype=np.int64),
    )


@compiled
def copy_state(source: State, target: State) -> None:
    """The plan of one state in another; the chances stay its own."""
    for slot in range(source.length.shape[0]):
        for place in range(source.length[slot]):
            target.route[slot, place] = source.route[slot, place]
    target.length[:] = source.length
    target.used[:] = source.used
    target.load[:] = source.load
    target.chosen[:] = source.chosen
    target.where[:] = source.where
    target.work[:] = source.work
    target.total[0] = source.total[0]


@compiled
def _chance(state: State) -> float:
    state.dice[0] = (state.dice[0] * 1103515245 + 12345) & 0x7FFFFFFF
    return float(state.dice[0] / 2147483648.0)


@compiled
def _evenness(model: Model, before_s: float, after_s: float) -> float:
    return model.evenness * ((after_s / 3600.0) ** 2 - (before_s / 3600.0) ** 2)


@compiled
def take_out(model: Model, state: State, site: int) -> None:
    """The site is not visited any more."""
    option = state.chosen[site]
    if option < 0:
        return
    count = 0
    for number in range(model.first_day[option], model.first_day[option + 1]):
        day = model.option_days[number]
        slot = state.where[site, day]
        state.where[site, day] = -1
        length = state.length[slot]
        place = 0
        while state.route[slot, place] != site:
            place += 1
        before = model.slot_start[slot] if place == 0 else state.route[slot, place - 1]
        after = model.slot_end[slot] if place == length - 1 else state.route[slot, place + 1]
        saved = model.leg[before, site] + model.leg[site, after]
        if length > 1:
            saved -= model.leg[before, after]
        for later in range(place, length - 1):
            state.route[slot, later] = state.route[slot, later + 1]
        state.length[slot] = length - 1
        state.used[slot] -= saved + model.service[site]
        state.load[slot] -= model.load[site]
        state.total[0] -= saved
        count += 1
    rep = model.option_rep[option]
    if rep >= 0:
        work = state.work[rep]
        state.work[rep] = work - count * model.service[site]
        state.total[0] += _evenness(model, work, state.work[rep])
    state.total[0] += model.miss[site] - model.option_price[option]
    state.chosen[site] = -1


@compiled
def _cheapest_place(model: Model, state: State, site: int, slot: int, blink: float) -> tuple[float, int]:
    """What one more visit costs at its best place in the slot, and where; 1e18 where there is no room."""
    best, best_place = 1e18, -1
    if state.load[slot] + model.load[site] > model.slot_most[slot] + 1e-9:
        return best, best_place
    room = model.slot_room[slot] - state.used[slot] - model.service[site] + 1e-9
    length = state.length[slot]
    if length == 0:
        added = model.leg[model.slot_start[slot], site] + model.leg[site, model.slot_end[slot]]
        return (added, 0) if added <= room else (best, best_place)
    before = model.slot_start[slot]
    for place in range(length + 1):
        after = model.slot_end[slot] if place == length else state.route[slot, place]
        added = model.leg[before, site] + model.leg[site, after] - model.leg[before, after]
        if added < best and added <= room and (blink <= 0.0 or _chance(state) >= blink):
            best, best_place = added, place
        before = after
    return best, best_place


@compiled
def put_in(model: Model, state: State, site: int, blink: float, costs: Floats, places: Ints) -> bool:
    """Visits the site in the cheapest of its ways that has room; False where none has or none is worth it.

    `costs` and `places` hold one number for each slot and are overwritten.
    """
    costs[:] = -1.0
    best, best_option = model.miss[site], -1
    for option in range(model.first_option[site], model.first_option[site + 1]):
        rep = model.option_rep[option]
        total = model.option_price[option]
        if rep >= 0:
            visits = model.first_day[option + 1] - model.first_day[option]
            total += _evenness(model, state.work[rep], state.work[rep] + visits * model.service[site])
        for number in range(model.first_day[option], model.first_day[option + 1]):
            day = model.option_days[number]
            cheapest = 1e18
            for at in range(model.first_slot[day], model.first_slot[day + 1]):
                slot = model.day_slots[at]
                if rep >= 0 and model.slot_rep[slot] != rep:
                    continue
                if costs[slot] < -0.5:
                    cost, place = _cheapest_place(model, state, site, slot, blink)
                    # Where legs break the triangle rule a visit may save driving; costs stay above the mark.
                    costs[slot], places[slot] = max(cost, 0.0), place
                cheapest = min(cheapest, costs[slot])
            total += cheapest
            if total >= best:
                break
        if total < best:
            best, best_option = total, option
    if best_option < 0:
        return False
    _commit(model, state, site, best_option, costs, places)
    return True


@compiled
def put_in_as(model: Model, state: State, site: int, option: int, costs: Floats, places: Ints) -> bool:
    """Visits the site in this way where each of its days has room; False, and nothing changed, where one has none."""
    costs[:] = 1e18
    rep = model.option_rep[option]
    for number in range(model.first_day[option], model.first_day[option + 1]):
        day = model.option_days[number]
        cheapest = 1e18
        for at in range(model.first_slot[day], model.first_slot[day + 1]):
            slot = model.day_slots[at]
            if rep < 0 or model.slot_rep[slot] == rep:
                cost, places[slot] = _cheapest_place(model, state, site, slot, 0.0)
                costs[slot] = max(cost, 0.0)
                cheapest = min(cheapest, costs[slot])
        if cheapest >= 1e17:
            return False
    _commit(model, state, site, option, costs, places)
    return True


@compiled
def _commit(model: Model, state: State, site: int, option: int, costs: Floats, places: Ints) -> None:
    rep = model.option_rep[option]
    count = 0
    for number in range(model.first_day[option], model.first_day[option + 1]):
        day = model.option_days[number]
        chosen, cheapest = -1, 1e18
        for at in range(model.first_slot[day], model.first_slot[day + 1]):
            slot = model.day_slots[at]
            if (rep < 0 or model.slot_rep[slot] == rep) and costs[slot] < cheapest:
                chosen, cheapest = slot, costs[slot]
        insert_at(model, state, site, chosen, places[chosen])
        state.where[site, day] = chosen
        count += 1
    if rep >= 0:
        work = state.work[rep]
        state.work[rep] = work + count * model.service[site]
        state.total[0] += _evenness(model, work, state.work[rep])
    state.total[0] += model.option_price[option] - model.miss[site]
    state.chosen[site] = option


@compiled
def insert_at(model: Model, state: State, site: int, slot: int, place: int) -> None:
    """Adds one visit to the slot's route at that place, with its driving."""
    length = state.length[slot]
    before = model.slot_start[slot] if place == 0 else state.route[slot, place - 1]
    after = model.slot_end[slot] if place == length else state.route[slot, place]
    added = model.leg[before, site] + model.leg[site, after]
    if length > 0:
        added -= model.leg[before, after]
    for later in range(length, place, -1):
        state.route[slot, later] = state.route[slot, later - 1]
    state.route[slot, place] = site
    state.length[slot] = length + 1
    state.used[slot] += added + model.service[site]
    state.load[slot] += model.load[site]
    state.total[0] += added


@compiled
def _ruin(model: Model, state: State, removed: Ints) -> int:
    """Takes out neighbouring sites, or some from anywhere; how many, listed in `removed` with all that were out."""
    count = len(model.service)
    out = 0
    for site in range(count):
        if state.chosen[site] < 0:
            removed[out] = site
            out += 1
    routes = 0
    visits = 0
    for slot in range(len(state.length)):
        if state.length[slot] > 0:
            routes += 1
            visits += state.length[slot]
    if routes == 0:
        return out
    if _chance(state) < _SPREAD:
        wanted = 1 + int(_chance(state) * _REMOVED)
        for _ in range(wanted):
            site = int(_chance(state) * count)
            if state.chosen[site] >= 0:
                take_out(model, state, site)
                removed[out] = site
                out += 1
        return out
    longest = min(_STRETCH, visits / routes)
    most = 4.0 * _REMOVED / (1.0 + longest) - 1.0
    wanted = int(_chance(state) * most + 1.0)
    seed = int(_chance(state) * count)
    ruined = 0
    marked = np.zeros(len(state.length), dtype=np.int64)
    stretch = np.zeros(16, dtype=np.int64)
    for neighbour in range(model.near.shape[1]):
        if ruined >= wanted:
            break
        site = model.near[seed, neighbour]
        option = state.chosen[site]
        if option < 0:
            continue
        first, last = model.first_day[option], model.first_day[option + 1]
        if first == last:
            continue
        day = model.option_days[first + int(_chance(state) * (last - first))]
        slot = state.where[site, day]
        if marked[slot] == 1:
            continue
        marked[slot] = 1
        ruined += 1
        length = state.length[slot]
        size = int(1.0 + _chance(state) * min(longest, length))
        size = min(size, length)
        place = 0
        while state.route[slot, place] != site:
            place += 1
        low, high = max(0, place - size + 1), min(place, length - size)
        begin = low + int(_chance(state) * (high - low + 1))
        for number in range(size):
            stretch[number] = state.route[slot, begin + number]
        for number in range(size):
            take_out(model, state, stretch[number])
            removed[out] = stretch[number]
            out += 1
    return out


@compiled
def _order(model: Model, state: State, removed: Ints, out: int) -> Ints:
    """The order in which sites come back: by chance, the most demanding, the farthest or the nearest ones first."""
    keys = np.zeros(out)
    kind = _chance(state) * 12.0
    for number in range(out):
        site = removed[number]
        first = model.first_option[site]
        if first == model.first_option[site + 1]:
            keys[number] = 1e17
        elif kind < 4.0:
            keys[number] = _chance(state)
        elif kind < 8.0:
            visits = model.first_day[first + 1] - model.first_day[first]
            keys[number] = -(visits * (model.load[site] + model.service[site])) + 1e-6 * _chance(state)
        elif kind < 10.0:
            keys[number] = -model.leg[model.slot_start[0], site]
        elif kind < 11.0:
            keys[number] = model.leg[model.slot_start[0], site]
        else:
            keys[number] = float(model.first_option[site + 1] - first) + _chance(state)
    return np.argsort(keys)


@compiled
def improve(
    model: Model, state: State, best: State, trial: State, rounds: int, heat: float, costs: Floats, places: Ints
) -> int:
    """So many rounds of ruin and recreate at one temperature; how often the best plan became better.

    `state` is where the search stands, `best` what it found so far, `trial` room to work in.
    """
    removed = np.zeros(len(model.service) + 64, dtype=np.int64)
    better = 0
    copy_state(state, trial)
    for _ in range(rounds):
        out = _ruin(model, trial, removed)
        for number in _order(model, trial, removed, out):
            put_in(model, trial, removed[number], _BLINK, costs, places)
        if trial.total[0] < state.total[0] - heat * log(_chance(trial) + 1e-12):
            copy_state(trial, state)
            if state.total[0] < best.total[0] - 1e-9:
                copy_state(state, best)
                better += 1
        else:
            copy_state(state, trial)
    return better
