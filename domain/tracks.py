"""What a rep's positions of a shift say of the way: lines, gaps and metres driven, simplified for a map.

Used by resolvers/tracks.py for the replay of a day and by workers/drives.py for what was driven. All in event order,
whatever the order in which points arrived.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import cos, hypot, radians, sin, sqrt

from domain.places import Point
from domain.shifts import Break

GAP_AFTER = timedelta(minutes=10)
GAP_M = 4_000.0
USABLE_ACCURACY_M = 200.0
"""A wider circle says too little of where the line runs."""
STILL_M = 25.0
"""Fixes of a phone that lies still scatter by so much; a way counts from here on, or from the worse accuracy."""
FASTEST_MPS = 97.0
_SHORTEST_S = 5.0
_BELIEVED = 3
"""So many fixes in a row that agree with each other are believed although nobody can have got there."""
_SLICE = 1_000
_EQUATOR_M, _SQUARED_ECCENTRICITY = 6_378_137.0, 0.006_694_379_990_14


class GapReason(StrEnum):
    """Why a line is interrupted."""

    ON_BREAK = "ON_BREAK"
    SILENT = "SILENT"
    JUMP = "JUMP"


@dataclass(frozen=True, slots=True)
class Fix:
    """One kept position."""

    at: datetime
    location: Point
    accuracy_m: float
    speed_mps: float | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Fixes without a gap, and each move that counts: when it ended and how far it went."""

    fixes: tuple[Fix, ...]
    moves: tuple[tuple[datetime, float], ...]

    @property
    def driven_m(self) -> float:
        """Length of the way."""
        return sum(metres for _, metres in self.moves)


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two runs nothing is known; `distance_m` is the straight line."""

    from_at: datetime
    until_at: datetime
    reason: GapReason
    distance_m: float


@dataclass(frozen=True, slots=True)
class Track:
    """The way of a shift: a gap lies between each run and the next."""

    runs: tuple[Run, ...]
    gaps: tuple[Gap, ...]

    @property
    def driven_m(self) -> float:
        """Length of all runs; what lies in gaps does not count."""
        return sum(run.driven_m for run in self.runs)

    @property
    def gap_m(self) -> float:
        """Straight lines across the gaps."""
        return sum(gap.distance_m for gap in self.gaps)


def near_distance_m(a: Point, b: Point) -> float:
    """Metres between points of one track, by the curvature of the ellipsoid in their middle.

    For the thousands of short steps of a day, which the geodesic of domain/places.py is too slow for.
    """
    north_m, east_m = _scale((a.latitude + b.latitude) / 2)
    return hypot((b.latitude - a.latitude) * north_m, _turn(b.longitude - a.longitude) * east_m)


def _scale(latitude: float) -> tuple[float, float]:
    """Metres of one degree to the north and to the east."""
    bent = 1 - _SQUARED_ECCENTRICITY * sin(radians(latitude)) ** 2
    east = _EQUATOR_M / sqrt(bent)
    north = east * (1 - _SQUARED_ECCENTRICITY) / bent
    return radians(north), radians(east) * cos(radians(latitude))


def _turn(degrees: float) -> float:
    """A difference of longitudes the short way round."""
    return (degrees + 180) % 360 - 180


def traced(fixes: Iterable[Fix], breaks: Sequence[Break] = ()) -> Track:
    """The track of these fixes, in any order and with repeats.

    Over 10 minutes or 4 km between two fixes is a gap. A fix nobody can have got to (over 97 m/s) is left out, unless
    three in a row agree; so is one whose circle is wider than 200 m.
    """
    runs: list[list[Fix]] = []
    gaps: list[Gap] = []
    doubted: list[Fix] = []
    for fix in _in_order(fixes):
        if not runs:
            runs.append([fix])
        elif not _too_fast(runs[-1][-1], fix):
            doubted.clear()
            gap = _gap(runs[-1][-1], fix, breaks)
            if gap is None:
                runs[-1].append(fix)
            else:
                gaps.append(gap)
                runs.append([fix])
        else:
            if doubted and _too_fast(doubted[-1], fix):
                doubted.clear()
            doubted.append(fix)
            if len(doubted) == _BELIEVED:
                left, first = runs[-1][-1], doubted[0]
                jumped = near_distance_m(left.location, first.location)
                gaps.append(_gap(left, first, breaks) or Gap(left.at, first.at, GapReason.JUMP, jumped))
                runs.append(list(doubted))
                doubted.clear()
    return Track(tuple(Run(tuple(each), _moves(each)) for each in runs), tuple(gaps))


def _in_order(fixes: Iterable[Fix]) -> list[Fix]:
    usable = (each for each in fixes if each.accuracy_m <= USABLE_ACCURACY_M)
    found: dict[datetime, Fix] = {}
    for each in sorted(usable, key=lambda fix: (fix.at, fix.accuracy_m, fix.location.latitude, fix.location.longitude)):
        # Of several of one instant the best, whichever came first.
        found.setdefault(each.at, each)
    return list(found.values())


def _too_fast(a: Fix, b: Fix) -> bool:
    apart_m = near_distance_m(a.location, b.location) - a.accuracy_m - b.accuracy_m
    return apart_m > FASTEST_MPS * max((b.at - a.at).total_seconds(), _SHORTEST_S)


def _gap(a: Fix, b: Fix, breaks: Sequence[Break]) -> Gap | None:
    apart_m = near_distance_m(a.location, b.location)
    silent = b.at - a.at > GAP_AFTER
    if not silent and apart_m <= GAP_M:
        return None
    if any(each.started_at < b.at and (each.ended_at is None or each.ended_at > a.at) for each in breaks):
        return Gap(a.at, b.at, GapReason.ON_BREAK, apart_m)
    return Gap(a.at, b.at, GapReason.SILENT if silent else GapReason.JUMP, apart_m)


def _moves(run: Sequence[Fix]) -> tuple[tuple[datetime, float], ...]:
    """From one anchor to the next fix that lies surely apart from it."""
    anchor, moves = run[0], []
    for fix in run[1:]:
        apart_m = near_distance_m(anchor.location, fix.location)
        if apart_m > max(STILL_M, anchor.accuracy_m, fix.accuracy_m):
            moves.append((fix.at, apart_m))
            anchor = fix
    return tuple(moves)


def by_region(track: Track, arrivals: Iterable[tuple[datetime, str | None]]) -> Mapping[str | None, float]:
    """Metres driven in each region: a way belongs to where it led, the last one to where it came from.

    `arrivals` are the check-ins with their site's region; without any, no region is known.
    """
    ordered = sorted(arrivals, key=lambda each: each[0])
    times = [at for at, _ in ordered]
    found: dict[str | None, float] = {}
    for run in track.runs:
        for at, metres in run.moves:
            region = ordered[min(bisect_left(times, at), len(ordered) - 1)][1] if ordered else None
            found[region] = found.get(region, 0.0) + metres
    return found


def simplified(fixes: Sequence[Fix], tolerance_m: float) -> tuple[Fix, ...]:
    """The fewest fixes that Douglas and Peucker's rule finds: none left out lies further from the line than that."""
    kept: list[Fix] = []
    for start in range(0, max(len(fixes) - 1, 1), _SLICE):
        part = fixes[start : start + _SLICE + 1]
        chosen = _chosen([*_flat(part)], tolerance_m)
        # The last of each slice is the first of the next.
        kept += [part[index] for index in chosen if not kept or index > 0]
    return tuple(kept)


def _flat(fixes: Sequence[Fix]) -> Iterable[tuple[float, float]]:
    if not fixes:
        return
    origin = fixes[0].location
    north_m, east_m = _scale(origin.latitude)
    for each in fixes:
        east = _turn(each.location.longitude - origin.longitude) * east_m
        yield east, (each.location.latitude - origin.latitude) * north_m


def _chosen(flat: Sequence[tuple[float, float]], tolerance_m: float) -> list[int]:
    last = len(flat) - 1
    chosen = {0, last} if last > 0 else {*range(last + 1)}
    open_parts = [(0, last)]
    while open_parts:
        first, end = open_parts.pop()
        if end - first < 2:
            continue
        away_m, index = max((_away_m(flat[each], flat[first], flat[end]), each) for each in range(first + 1, end))
        if away_m > tolerance_m:
            chosen.add(index)
            open_parts += [(first, index), (index, end)]
    return sorted(chosen)


def _away_m(point: tuple[float, float], start: tuple[float, float], end: tuple[float, float]) -> float:
    along, across = end[0] - start[0], end[1] - start[1]
    length = along * along + across * across
    if length == 0:
        return hypot(point[0] - start[0], point[1] - start[1])
    share = ((point[0] - start[0]) * along + (point[1] - start[1]) * across) / length
    share = min(1.0, max(0.0, share))
    return hypot(point[0] - start[0] - share * along, point[1] - start[1] - share * across)
