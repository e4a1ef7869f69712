"""The proven best day, by dynamic programming over sets of visits in whole layers of arrays; used by the door.

A label is a partial route: the set it has visited, its last visit, the earliest times to go on (before and after lunch)
and its driving. Labels of one set and last visit that are nowhere better than another are dropped (M. Held and R. Karp,
1962; M. Desrochers and F. Soumis, 1988), as are those whose bound does not reach the best plan known. A first run that
keeps only a few labels a layer finds that plan; the second keeps all and proves it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.day import NEVER, Day
from routing.solver.bounds import Bounds
from routing.solver.must_sets import must_sets

MAX_EXACT = 58
"""Sets are bits of one number, beside six bits for the last visit."""
MAX_LABELS = 1_500_000
_BEAM = 300
_CHUNK = 1 << 11
"""So many labels are worked on at once: their arrays stay in the processor's cache."""
_COMPARED = 3
"""With how many of its neighbours in order a label is compared; more find little."""

_Ints = NDArray[np.int64]


@dataclass(slots=True)
class _Layer:
    """Labels by column; see bounds.py for `room`, `bound` and `price`. `parent` is a place in the layer before."""

    visited: NDArray[np.uint64]
    last: _Ints
    before: _Ints
    after: _Ints
    travel: _Ints
    value: _Ints
    load: _Ints
    room: NDArray[np.float64]
    bound: NDArray[np.float64]
    price: NDArray[np.float64]
    parent: _Ints

    def take(self, chosen: NDArray[np.bool_] | _Ints | slice) -> _Layer:
        return _Layer(*(getattr(self, name)[chosen] for name in self.__slots__))

    @classmethod
    def joined(cls, parts: Sequence[_Layer]) -> _Layer:
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))


def solve_exactly(day: Day, hint: Sequence[int], is_over: Callable[[], bool]) -> tuple[list[int], bool]:
    """The best order by `Day.score` and whether that is proven; `hint` is a feasible order it starts from.

    Not proven: the day is too large, or the search was stopped. The order is then the best one seen.
    """
    best = list(hint)
    if not 0 < day.count <= MAX_EXACT:
        return best, day.count == 0
    for together in must_sets(day, best):
        if day.score(best)[0] > len(together):
            break
        # Of must-visits that exclude each other a bound would count all: one question for each set that goes together.
        nodes = [node for node in range(day.count) if not day.must[node] or node in together]
        if not nodes:
            continue
        search = _Search(day.only(nodes), day.score(best), is_over)
        complete = search.run(beam=_BEAM) or search.run(beam=None)
        if search.best is not None:
            best = [nodes[node] for node in search.best]
        if not complete:
            return best, False
    return best, True


class _Search:
    def __init__(self, day: Day, known: tuple[int, int, int], is_over: Callable[[], bool]) -> None:
        """`known` is the score that a plan has to exceed."""
        self.best: list[int] | None = None
        self._day = day
        self._is_over = is_over
        self._bounds = Bounds(day)
        self._nodes = np.arange(day.count)
        self._bits = np.left_shift(np.uint64(1), self._nodes.astype(np.uint64))
        self._leg = np.minimum(np.array(day.leg, dtype=np.int64), day.horizon + 1)
        self._service = np.array(day.service, dtype=np.int64)
        self._load = np.array(day.load, dtype=np.int64)
        self._most = NEVER if day.max_load is None else day.max_load
        ranges = max(len(starts) for starts in day.starts)
        self._opens = np.full((day.count, ranges), NEVER, dtype=np.int64)
        self._closes = np.full((day.count, ranges), -1, dtype=np.int64)
        for node, starts in enumerate(day.starts):
            for place, (opens, closes) in enumerate(starts):
                self._opens[node, place], self._closes[node, place] = opens, closes
        self._best_value, self._best_travel = self._bounds.value_of(*known[:2]), -known[2]

    def run(self, beam: int | None) -> bool:
        """Looks for a better plan and puts it into `best`; True where no label was left out: there is no better one."""
        before, after = self._day.first()
        zero = np.zeros(1, dtype=np.int64)
        layer = _Layer(
            visited=zero.astype(np.uint64),
            last=zero + self._day.count,
            before=zero + before,
            after=zero + after,
            travel=zero,
            value=zero,
            load=zero,
            room=np.zeros(1),
            bound=np.zeros(1),
            price=np.zeros(1),
            parent=zero,
        )
        self._bound(layer)
        history: list[tuple[_Ints, _Ints]] = []
        made, complete = 0, True
        while len(layer.last):
            parts = []
            for first in range(0, len(layer.last), _CHUNK):
                if self._is_over() or made > MAX_LABELS:
                    return False
                parts.append(self._grown(layer.take(slice(first, first + _CHUNK)), first))
                made += len(parts[-1].last)
            layer = _undominated(_Layer.joined(parts))
            if beam is not None and len(layer.last) > beam:
                complete = False
                layer = layer.take(np.argsort(-layer.bound, kind="stable")[:beam])
            history.append((layer.last, layer.parent))
            self._close(layer, history)
        return complete

    def _grown(self, layer: _Layer, first: int) -> _Layer:
        """All labels with one visit more that may still lead to a better plan."""
        legs = self._leg[layer.last, : self._day.count]
        ready_before, ready_after = self._gap(layer.before, layer.after, legs)
        done_before, done_after = self._begun(ready_before), self._begun(ready_after)
        unvisited = (layer.visited[:, None] & self._bits) == 0
        possible = unvisited & (np.minimum(done_before, done_after) <= self._day.horizon)
        if self._most < NEVER:
            possible &= layer.load[:, None] + self._load <= self._most
        row, node = np.nonzero(possible)
        before, after = done_before[row, node], done_after[row, node]
        room = self._bounds.room(node, before, after)
        # The price of a second before the visit bounds the knapsack after it, at a fraction of the cost of filling it.
        price = layer.price[row]
        gain = np.minimum(self._bounds.prize[node], price * self._bounds.weight[node])
        bound = layer.bound[row] - price * (layer.room[row] - room) + gain
        likely = bound >= self._best_value
        row, node, before, after, room = row[likely], node[likely], before[likely], after[likely], room[likely]
        grown = _Layer(
            visited=layer.visited[row] | self._bits[node],
            last=node,
            before=before,
            after=after,
            travel=layer.travel[row] + legs[row, node],
            value=layer.value[row] + self._bounds.prize[node],
            load=layer.load[row] + self._load[node],
            room=room,
            bound=np.zeros_like(room),
            price=np.zeros_like(room),
            parent=row + first,
        )
        self._bound(grown)
        return grown.take(self._is_ahead(grown))

    def _bound(self, layer: _Layer) -> None:
        layer.room[:] = self._bounds.room(layer.last, layer.before, layer.after)
        for at in range(0, len(layer.last), _CHUNK):
            part = slice(at, at + _CHUNK)
            ready = np.minimum(layer.before[part], layer.after[part])
            layer.bound[part], layer.price[part] = self._bounds.value(
                layer.visited[part], layer.last[part], ready, layer.room[part], layer.value[part]
            )

    def _is_ahead(self, layer: _Layer) -> NDArray[np.bool_]:
        """Whether a label may lead to a plan of more value than the best, or of the same with less driving."""
        least_s = layer.travel + self._bounds.travel_left(layer.last, self._best_value - layer.value)
        bound = np.floor(layer.bound)
        ahead: NDArray[np.bool_] = (bound > self._best_value) | (
            (bound == self._best_value) & (least_s < self._best_travel)
        )
        return ahead

    def _gap(self, before: _Ints, after: _Ints, legs: _Ints) -> tuple[_Ints, _Ints]:
        """`Day.gap` for every label and leg."""
        lunch = self._day.lunch
        if lunch is None:
            return np.full_like(legs, NEVER), after[:, None] + legs
        hungry = (np.maximum(before, lunch.opens) <= lunch.last_start)[:, None]
        arrive = before[:, None] + legs
        fed = np.maximum(arrive, lunch.opens) + lunch.duration
        return np.where(hungry, arrive, NEVER), np.minimum(after[:, None] + legs, np.where(hungry, fed, NEVER))

    def _begun(self, ready: _Ints) -> _Ints:
        """The end of service at each node for one that is ready there."""
        done = np.full(ready.shape, NEVER, dtype=np.int64)
        for place in reversed(range(self._opens.shape[1])):
            start = np.maximum(ready, self._opens[:, place])
            done = np.where(ready <= self._closes[:, place], start + self._service, done)
        return done

    def _close(self, layer: _Layer, history: list[tuple[_Ints, _Ints]]) -> None:
        """Ends each label's route, and keeps the best one that is over in time."""
        if not len(layer.last):
            return
        home = self._leg[layer.last, self._day.count + 1][:, None]
        before, after = (ends[:, 0] for ends in self._gap(layer.before, layer.after, home))
        lunch = self._day.lunch
        end = after if lunch is None else np.where(before <= lunch.last_start, np.minimum(before, after), after)
        travel = layer.travel + home[:, 0]
        (over,) = np.nonzero(end <= self._day.horizon)
        if not len(over):
            return
        label = int(over[np.lexsort((travel[over], -layer.value[over]))[0]])
        if (layer.value[label], -travel[label]) > (self._best_value, -self._best_travel):
            self._best_value, self._best_travel = int(layer.value[label]), int(travel[label])
            self.best = []
            for last, parent in reversed(history):
                self.best.insert(0, int(last[label]))
                label = int(parent[label])


def _undominated(layer: _Layer) -> _Layer:
    key = layer.visited << np.uint64(6) | layer.last.astype(np.uint64)
    times = layer.before << 32 | layer.after
    order = np.lexsort((layer.travel, times, key))
    layer, key = layer.take(order), key[order]
    alive = np.ones(len(key), dtype=np.bool_)
    for back in range(1, _COMPARED + 1):
        mine, other = slice(back, None), slice(None, -back)
        alive[back:] &= ~(
            (key[mine] == key[other])
            & (layer.before[other] <= layer.before[mine])
            & (layer.after[other] <= layer.after[mine])
            & (layer.travel[other] <= layer.travel[mine])
        )
    return layer.take(alive)
