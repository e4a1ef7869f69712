"""The published instance sets of the routing benchmark, read from their files.

Distances of Solomon's sets are cut to one decimal, as the exact methods for them do, and all numbers are tenths.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from math import floor, hypot
from pathlib import Path

from benchmarks.routing.instance import Aim, Instance, Vehicle, Visit

TENTHS = 10
_SPARE_VEHICLES = 2
"""So many more than the best known plan uses: the fleet of 25 in the files is no limit at all."""


def read_tsptw(text: str, name: str = "TSPTW", best_known: float | None = None) -> Instance:
    """Dumas et al.: the number of places, the matrix, a window for each place; the first place is the depot."""
    numbers = [int(float(each)) for each in text.split()]
    count = numbers[0]
    matrix = [numbers[1 + row * count : 1 + (row + 1) * count] for row in range(count)]
    flat = numbers[1 + count * count : 1 + count * count + 2 * count]
    if len(flat) != 2 * count:
        raise ValueError(f"{name}: {count} places need a matrix and as many windows")
    windows = list(zip(flat[::2], flat[1::2], strict=True))
    order = [*range(1, count), 0]
    return Instance(
        name,
        Aim.LEAST_TRAVEL,
        tuple(Visit(((opens, closes),), service=0) for opens, closes in windows[1:]),
        (Vehicle(count - 1, count - 1, *windows[0]),),
        tuple(tuple(matrix[a][b] for b in order) for a in order),
        best_known,
    )


def read_toptw(text: str, vehicles: int, name: str = "TOPTW", best_known: float | None = None) -> Instance:
    """Righini and Salani's form: two lines of sizes, then number, x, y, service, prize, ..., opens, closes."""
    rows = [[float(each) for each in line.split()] for line in text.splitlines()[2:] if line.strip()]
    depot, *sites = rows
    places = [*sites, depot]
    home = Vehicle(len(sites), len(sites), round(depot[-2] * TENTHS), round(depot[-1] * TENTHS))
    visits = tuple(
        Visit(((round(row[-2] * TENTHS), round(row[-1] * TENTHS)),), round(row[3] * TENTHS), value=round(row[4]))
        for row in sites
    )
    travel = _truncated([(row[1], row[2]) for row in places])
    return Instance(name, Aim.MOST_VALUE, visits, (home,) * vehicles, travel, best_known)


def read_vrptw(
    text: str, customers: int, vehicles: int, name: str = "VRPTW", best_known: float | None = None
) -> Instance:
    """Solomon's form: a header with the capacity, then number, x, y, demand, ready, due, service; the depot first.

    The first `customers` alone are asked, as his smaller sets do; `vehicles` is what the best known plan uses.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    capacity = int(next(lines[at + 2][1] for at, line in enumerate(lines) if line[0] == "VEHICLE"))
    first = next(at for at, line in enumerate(lines) if line[0] == "CUST")
    depot, *sites = [[float(each) for each in line] for line in lines[first + 1 :]][: customers + 1]
    if len(sites) != customers:
        raise ValueError(f"{name}: {customers} customers asked, {len(sites)} there")
    home = Vehicle(customers, customers, round(depot[4] * TENTHS), round(depot[5] * TENTHS), capacity)
    visits = tuple(
        Visit(((round(row[4] * TENTHS), round(row[5] * TENTHS)),), round(row[6] * TENTHS), load=round(row[3]))
        for row in sites
    )
    travel = _truncated([(row[1], row[2]) for row in [*sites, depot]])
    fleet = (home,) * (vehicles + _SPARE_VEHICLES)
    return Instance(name, Aim.LEAST_TRAVEL, visits, fleet, travel, best_known)


def _truncated(points: Sequence[tuple[float, float]]) -> tuple[tuple[int, ...], ...]:
    # A hair more, so that a distance of exactly 0.7 does not become 0.6.
    return tuple(tuple(floor(hypot(a[0] - b[0], a[1] - b[1]) * TENTHS + 1e-9) for b in points) for a in points)


class BestKnown:
    """best_known.csv: the best value published for an instance; the better one where sources differ."""

    def __init__(self, path: Path) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            self._rows = list(csv.DictReader(file))

    def tsptw(self, name: str) -> float:
        """Least travel time."""
        return min(float(row["value"]) for row in self._of("TSPTW/", name))

    def toptw(self, name: str, vehicles: int) -> float:
        """Most value with so many vehicles."""
        rows = [*self._of("TOPTW/", name), *self._of("OPTW/", f"{name}_100")]
        return max(float(row["value"]) for row in rows if int(row["m"]) == vehicles)

    def vrptw(self, name: str, customers: int) -> tuple[float, int]:
        """Least distance in tenths, distances cut to one decimal, and the vehicles it takes."""
        rows = self._of(f"VRPTW/LKH3_Solomon_{customers}", name)
        best = min(rows, key=lambda row: float(row["value"]))
        return float(best["value"]), int(best["m"])

    def _of(self, kind: str, name: str) -> list[dict[str, str]]:
        return [row for row in self._rows if row["set"].startswith(kind) and row["instance"] == name]
