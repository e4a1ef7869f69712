"""Days that share their candidates as arrays, for the loops of routing/solver/team_moves.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.day import NEVER, Day

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
IMPOSSIBLE = -1
"""No time to be ready at a visit is early enough."""


class Model(NamedTuple):
    """A team as arrays. Places: candidates, then start and end of each representative. Times are each one's own."""

    leg: Ints
    opens: Ints
    closes: Ints
    service: Ints
    worth: Ints
    must: Ints
    load: Ints
    most_load: Ints
    horizon: Ints
    lunch_opens: Ints
    lunch_last: Ints
    lunch_s: Ints
    first_before: Ints
    first_after: Ints
    near: Ints
    prize: Floats
    keys: Floats


def model_of(days: Sequence[Day], prize: Floats) -> Model:
    """Of days that share their candidates; `prize` is what a visit is worth in seconds of driving."""
    count, reps = days[0].count, len(days)
    size = count + 2 * reps
    leg = np.full((size, size), NEVER, dtype=np.int64)
    for rep, day in enumerate(days):
        own = np.array([*range(count), count + 2 * rep, count + 2 * rep + 1])
        leg[np.ix_(own, own)] = np.array(day.leg, dtype=np.int64)
    windows = max(1, *(len(starts) for day in days for starts in day.starts))
    opens = np.full((reps, count, windows), NEVER, dtype=np.int64)
    closes = np.full((reps, count, windows), IMPOSSIBLE, dtype=np.int64)
    for rep, day in enumerate(days):
        for node, starts in enumerate(day.starts):
            for number, (low, high) in enumerate(starts):
                opens[rep, node, number], closes[rep, node, number] = low, high
    service = np.array(days[0].service, dtype=np.int64)
    between = leg[:count, :count] + leg[:count, :count].T
    near = np.argsort(between, axis=1, kind="stable")
    closest = np.sort(between, axis=1)[:, 1 : 1 + max(1, min(5, count - 1))].mean(axis=1) / 2 if count > 1 else service
    from_start = leg[count, :count].astype(np.float64)
    load = np.array(days[0].load, dtype=np.int64)
    keys = np.stack(
        [
            -prize - load * 1e-3,
            -prize / (service + closest + 1.0),
            -from_start,
            from_start,
            closes.max(axis=(0, 2)).astype(np.float64),
            opens.min(axis=(0, 2)).astype(np.float64),
        ]
    )
    lunches = [day.lunch for day in days]
    firsts = [day.first() for day in days]
    return Model(
        leg=leg,
        opens=opens,
        closes=closes,
        service=service,
        worth=np.array(days[0].worth, dtype=np.int64),
        must=np.array(days[0].must, dtype=np.int64),
        load=load,
        most_load=np.array([NEVER if day.max_load is None else day.max_load for day in days], dtype=np.int64),
        horizon=np.array([day.horizon for day in days], dtype=np.int64),
        lunch_opens=np.array([0 if one is None else one.opens for one in lunches], dtype=np.int64),
        lunch_last=np.array([IMPOSSIBLE if one is None else one.last_start for one in lunches], dtype=np.int64),
        lunch_s=np.array([0 if one is None else one.duration for one in lunches], dtype=np.int64),
        first_before=np.array([first[0] for first in firsts], dtype=np.int64),
        first_after=np.array([first[1] for first in firsts], dtype=np.int64),
        near=near.astype(np.int64),
        prize=prize,
        keys=keys,
    )
