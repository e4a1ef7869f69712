"""A period in numbers: who may be visited on which days by whom, and the routes those visits are shared out to.

Made by routing/period.py for a team's weeks and by the benchmark for published problems; read by the period's solvers.
Nodes 0 .. n-1 are sites; after them come the places where routes start and end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
ANY_REP = -1
NOT_PLANNED = -1


@dataclass(frozen=True, slots=True)
class Slot:
    """A route that may be driven: one rep's day. `room` bounds driving and service, `most` the load."""

    day: int
    rep: int
    start: int
    end: int
    room: float
    most: float


@dataclass(frozen=True, slots=True)
class Option:
    """One way to visit a site in the period: these days, by one rep or (ANY_REP) by whoever has room, at a price."""

    days: tuple[int, ...]
    rep: int = ANY_REP
    price: float = 0.0


class Model(NamedTuple):
    """All arrays of a period; a named tuple because compiled loops know no classes.

    The options of site i are `first_option[i] : first_option[i + 1]`, the days of option o `first_day[o] : ...` in
    `option_days`, the slots of day d `first_slot[d] : ...` in `day_slots`. `miss` is the price of a site that is not
    planned, `evenness` what uneven work costs: for each rep the square of the hours of service, times this.
    """

    leg: Floats
    near: Ints
    service: Floats
    load: Floats
    miss: Floats
    first_option: Ints
    option_rep: Ints
    option_price: Floats
    first_day: Ints
    option_days: Ints
    first_slot: Ints
    day_slots: Ints
    slot_day: Ints
    slot_rep: Ints
    slot_start: Ints
    slot_end: Ints
    slot_room: Floats
    slot_most: Floats
    evenness: float
    reps: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """An answer: the option of each site (numbered among its own; NOT_PLANNED), and each slot's sites in order."""

    chosen: tuple[int, ...]
    routes: tuple[tuple[int, ...], ...]


_NEAR = 60


def build_model(
    leg: Floats,
    service: Sequence[float],
    load: Sequence[float],
    miss: Sequence[float],
    options: Sequence[Sequence[Option]],
    slots: Sequence[Slot],
    evenness: float = 0.0,
) -> Model:
    """The arrays of a period; `leg` is what driving costs between all nodes."""
    count = len(options)
    days = 1 + max((slot.day for slot in slots), default=-1)
    flat = [option for each in options for option in each]
    by_day: list[list[int]] = [[] for _ in range(days)]
    for number, slot in enumerate(slots):
        by_day[slot.day].append(number)
    reps = 1 + max((slot.rep for slot in slots), default=-1)
    return Model(
        leg=np.ascontiguousarray(leg, dtype=np.float64),
        near=_nearest(leg[:count, :count]),
        service=np.array(service, dtype=np.float64),
        load=np.array(load, dtype=np.float64),
        miss=np.array(miss, dtype=np.float64),
        first_option=_offsets([len(each) for each in options]),
        option_rep=np.array([option.rep for option in flat], dtype=np.int64),
        option_price=np.array([option.price for option in flat], dtype=np.float64),
        first_day=_offsets([len(option.days) for option in flat]),
        option_days=np.array([day for option in flat for day in option.days], dtype=np.int64),
        first_slot=_offsets([len(each) for each in by_day]),
        day_slots=np.array([slot for each in by_day for slot in each], dtype=np.int64),
        slot_day=np.array([slot.day for slot in slots], dtype=np.int64),
        slot_rep=np.array([slot.rep for slot in slots], dtype=np.int64),
        slot_start=np.array([slot.start for slot in slots], dtype=np.int64),
        slot_end=np.array([slot.end for slot in slots], dtype=np.int64),
        slot_room=np.array([slot.room for slot in slots], dtype=np.float64),
        slot_most=np.array([slot.most for slot in slots], dtype=np.float64),
        evenness=float(evenness),
        reps=reps,
    )


def _offsets(lengths: Sequence[int]) -> Ints:
    return np.concatenate(([0], np.cumsum(np.array(lengths, dtype=np.int64)))).astype(np.int64)


def _nearest(leg: Floats) -> Ints:
    """For each site the nearest ones, itself first."""
    mutual = leg + leg.T
    np.fill_diagonal(mutual, -1.0)
    return np.argsort(mutual, axis=1, kind="stable")[:, :_NEAR].astype(np.int64)
