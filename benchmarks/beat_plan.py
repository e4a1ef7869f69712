"""`make bench NAME=beat_plan`: the period search on published problems (PVRP p01-p10), from BENCH_DATA or SAMPLES.

Each customer is visited on the days of one of its combinations by vehicles with a capacity; the whole drive is to be as
short as can be. One thread, 60 s each; every answer is checked by itself. The best known values are those of the .res
files (Cordeau, Gendreau and Laporte, 1997), which later work improved by up to 1 %.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import dist
from pathlib import Path

import numpy as np

from benchmarks.measuring import Goal, report
from routing.solver.compiled import IS_COMPILED
from routing.solver.period_model import Assignment, Model, Option, Slot, build_model
from routing.solver.period_search import make_ready, search_period

NAMES = tuple(f"p{number:02}" for number in range(1, 11))
SECONDS, QUICK_S = 60.0, 4.0
WITHIN = Goal(3.0)
_MISSED = 100.0
"""What leaving a customer out costs, in the longest way there is: more than any plan gains by it."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Where, how long, how much a visit unloads, and the sets of days of which one is to be chosen."""

    at: tuple[float, float]
    service: float
    load: float
    ways: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """A published problem; `longest` and `capacity` of each day's vehicles, infinite where nothing is said."""

    vehicles: int
    depot: tuple[float, float]
    customers: tuple[Customer, ...]
    longest: tuple[float, ...]
    capacity: tuple[float, ...]


def read_instance(text: str) -> Instance:
    """Cordeau's format: type, vehicles, customers, days; a line for each day; the depot; the customers."""
    rows = [line.split() for line in text.splitlines() if line.split()]
    vehicles, days = int(rows[0][1]), int(rows[0][3])
    limits = [(float(row[0]) or float("inf"), float(row[1]) or float("inf")) for row in rows[1 : 1 + days]]
    depot, *others = rows[1 + days :]
    return Instance(
        vehicles,
        (float(depot[1]), float(depot[2])),
        tuple(_customer(row, days) for row in others),
        tuple(longest for longest, _ in limits),
        tuple(capacity for _, capacity in limits),
    )


def _customer(row: list[str], days: int) -> Customer:
    codes = [int(code) for code in row[7 : 7 + int(row[6])]]
    # The first day is the highest of the bits.
    ways = tuple(tuple(day for day in range(days) if code >> (days - 1 - day) & 1) for code in codes)
    return Customer((float(row[1]), float(row[2])), float(row[3]), float(row[4]), ways)


def as_model(instance: Instance) -> Model:
    """The problem as the period search takes it: vehicles are reps whom no customer belongs to."""
    count, days = len(instance.customers), range(len(instance.capacity))
    places = np.array([*(each.at for each in instance.customers), instance.depot])
    leg = np.sqrt(((places[:, None] - places[None]) ** 2).sum(-1))
    return build_model(
        leg,
        [each.service for each in instance.customers],
        [each.load for each in instance.customers],
        [_MISSED * float(leg.max())] * count,
        [[Option(way) for way in each.ways] for each in instance.customers],
        [
            Slot(day, vehicle, count, count, min(instance.longest[day], 1e12), min(instance.capacity[day], 1e12))
            for day in days
            for vehicle in range(instance.vehicles)
        ],
    )


def length_of(instance: Instance, answer: Assignment) -> float:
    """How far all vehicles drive; infinite for an answer that breaks a rule."""
    slots = [(day, vehicle) for day in range(len(instance.capacity)) for vehicle in range(instance.vehicles)]
    if len(answer.routes) != len(slots):
        return float("inf")
    visited: list[Counter[int]] = [Counter() for _ in instance.customers]
    total = 0.0
    for (day, _), route in zip(slots, answer.routes, strict=True):
        stops = [instance.customers[number] for number in route]
        way = [instance.depot, *(each.at for each in stops), instance.depot] if stops else []
        driven = sum(dist(a, b) for a, b in pairwise(way))
        busy = driven + sum(each.service for each in stops)
        if busy > instance.longest[day] + 1e-6 or sum(each.load for each in stops) > instance.capacity[day] + 1e-6:
            return float("inf")
        for number in route:
            visited[number][day] += 1
        total += driven
    kept = all(
        Counter(set(days)) == days and tuple(sorted(days)) in each.ways
        for days, each in zip(visited, instance.customers, strict=True)
    )
    return total if kept else float("inf")


def _known(folder: Path) -> dict[str, float]:
    with (folder / "best_known.csv").open(encoding="utf-8", newline="") as lines:
        return {row["instance"]: float(row["value"]) for row in csv.DictReader(lines) if row["set"] == "PVRP/Cordeau"}


def _gaps(folder: Path, seconds: float) -> Iterator[tuple[str, float]]:
    known = _known(folder)
    make_ready()
    for name in NAMES:
        instance = read_instance((folder / "pvrp" / name).read_text(encoding="utf-8"))
        length = length_of(instance, search_period(as_model(instance), seconds))
        yield name, 100 * (length / known[name] - 1)


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    quick = parser.parse_args().quick
    data = os.environ.get("BENCH_DATA") or os.environ.get("SAMPLES")
    if data is None or not (Path(data) / "routing" / "pvrp").is_dir():
        print("beat_plan needs the published problems: set BENCH_DATA to a folder with routing/pvrp.")
        return
    seconds = QUICK_S if quick else SECONDS
    gaps = dict(_gaps(Path(data) / "routing", seconds))
    figures = {f"{name}: over best known, %": gap for name, gap in gaps.items()}
    figures["p01-p10: over best known, mean %"] = statistics.mean(gaps.values())
    notes = (f"{seconds:.0f} s each on one thread, {'compiled' if IS_COMPILED else 'not compiled'}.",)
    report("beat_plan", figures, dict.fromkeys(figures, WITHIN), label="no database", quick=quick, notes=notes)


if __name__ == "__main__":
    main()
