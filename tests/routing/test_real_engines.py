"""Road engines for real, on real extracts and real shops: the servers over HTTP and Valhalla inside the process."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.opening_hours import windows
from domain.places import Point, distance_m
from domain.refusals import Refusal
from routing.check import check_plan
from routing.problem import Candidate, DayProblem, DropReason, Limit, Lunch, Window
from routing.process import plan_in_process
from routing.travel_times.opening import open_travel_times
from routing.travel_times.source import Engine, TravelSource
from tests.support import road_engines
from wiring.settings import read_settings

SAMPLES = read_settings().samples
pytestmark = [
    pytest.mark.skipif(SAMPLES is None, reason="SAMPLES does not name a folder with real extracts"),
    pytest.mark.skipif(road_engines.MISSING is not None, reason=str(road_engines.MISSING)),
]
MONDAY = datetime(2026, 3, 2, tzinfo=ZoneInfo("Europe/Helsinki"))


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return road_engines.build_tiles(_extract("liechtenstein"), tmp_path_factory.mktemp("valhalla"))


@pytest.fixture(scope="module", params=["osrm", "valhalla", "tiles"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TravelSource]:
    engine = Engine(request.param)
    if engine is Engine.OSRM:
        with road_engines.osrm(_extract("liechtenstein"), tmp_path_factory.mktemp("osrm")) as url:
            yield TravelSource(engine, url=url, timeout_s=60)
        return
    tiles = request.getfixturevalue("tiles")
    if engine is Engine.TILES:
        pytest.importorskip("valhalla", reason="the extra `road` is not installed")
        yield TravelSource(engine, tiles=tiles, timeout_s=60)
        return
    with road_engines.valhalla(tiles.parent) as url:
        yield TravelSource(engine, url=url, timeout_s=60)


def _extract(name: str) -> Path:
    assert SAMPLES is not None
    return Path(SAMPLES) / "road" / f"{name}.osm.pbf"


def _shops(name: str = "liechtenstein") -> list[dict[str, str]]:
    assert SAMPLES is not None
    with (Path(SAMPLES) / "sites" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _point(shop: dict[str, str]) -> Point:
    return Point(float(shop["latitude"]), float(shop["longitude"]))


def test_real_roads_are_longer_than_the_straight_line_and_driven_at_real_speeds(source: TravelSource) -> None:
    points = [_point(shop) for shop in _shops()[:60]]
    table = open_travel_times(source).table(points)
    assert table.estimated is not None
    assert not table.estimated.any()
    far = [(a, b) for a in range(60) for b in range(60) if distance_m(points[a], points[b]) > 500]
    assert len(far) > 1_000
    known = [(a, b) for a, b in far if table.reachable[a, b]]
    assert len(known) > 0.97 * len(far)
    factors = np.array([table.distance_m[a, b] / distance_m(points[a], points[b]) for a, b in known])
    speeds = np.array([table.distance_m[a, b] / table.leg_s[a, b] for a, b in known])
    assert 1.1 < np.median(factors) < 2.2
    assert 15 / 3.6 < np.median(speeds) < 80 / 3.6
    assert speeds.max() < 130 / 3.6


def test_other_countries_are_estimated_and_marked(source: TravelSource) -> None:
    points = [*(_point(shop) for shop in _shops()[:4]), Point(48.85, 2.35), Point(-33.9, 18.4)]
    table = open_travel_times(source).table(points)
    assert table.estimated is not None
    expected = np.ones((6, 6), dtype=bool)
    expected[:4, :4] = np.eye(6, dtype=bool)[4:, :4].any()
    np.fill_diagonal(expected, val=False)
    assert (table.estimated == expected).all()


def test_lines_are_the_ways_of_the_table(source: TravelSource) -> None:
    points = [_point(shop) for shop in _shops()[:25]]
    travel = open_travel_times(source)
    table = travel.table(points)
    lines = travel.lines(points, [False] * 24)
    lengths = [sum(distance_m(a, b) for a, b in pairwise(line)) for line in lines]
    for number, line in enumerate(lines):
        assert distance_m(line[0], points[number]) < 500
        assert distance_m(line[-1], points[number + 1]) < 500
    told = [table.distance_m[number, number + 1] for number in range(24)]
    # Not all: on one and the same street a matrix may drive round the block where a route does not.
    alike = [length == pytest.approx(other, rel=0.1, abs=60) for length, other in zip(lengths, told, strict=True)]
    assert sum(alike) > 20
    assert sum(len(line) > 2 for line in lines) > 18


def _day(shops: list[dict[str, str]]) -> DayProblem:
    start, end = (MONDAY + timedelta(hours=hour) for hour in (9, 18))
    candidates = []
    for shop in shops:
        spans = windows(shop["opening_hours"], "Europe/Helsinki", start, end) if shop["opening_hours"] else None
        open_times = None if spans is None or isinstance(spans, Refusal) else tuple(Window(*span) for span in spans)
        candidates.append(Candidate(shop["external_id"], _point(shop), 1800, 100, open_times))
    office = candidates[0].point
    lunch = Lunch(Window(MONDAY + timedelta(hours=11.5), MONDAY + timedelta(hours=13.5)), 45 * 60)
    return DayProblem(start, end, office, office, lunch, tuple(candidates))


def test_a_day_of_real_shops_drives_real_roads(source: TravelSource) -> None:
    problem = _day(_shops()[:40])
    solved = plan_in_process(problem, Limit(0.5), source)
    assert check_plan(problem, solved.plan, open_travel_times(source)) == ()
    assert len(solved.plan.stops) >= 8
    assert len(solved.lines) == len(solved.plan.stops) + 1
    assert not any(stop.leg_estimated for stop in solved.plan.stops)
    assert solved.plan.end_at <= problem.shift_end.astimezone(UTC)


def test_a_map_with_cut_roads_is_planned_around(tmp_path: Path) -> None:
    # The extract ends in the middle of one-way streets: from half of the shops there is no way to the others.
    shops = [shop for shop in _shops("helsinki") if shop["opening_hours"]][:40]
    with road_engines.osrm(_extract("helsinki"), tmp_path) as url:
        source = TravelSource(Engine.OSRM, url=url, timeout_s=60)
        problem = _day(shops)
        solved = plan_in_process(problem, Limit(0.5), source)
        assert check_plan(problem, solved.plan, open_travel_times(source)) == ()
    assert len(solved.plan.stops) >= 8
    assert DropReason.UNREACHABLE in {drop.reason for drop in solved.plan.dropped}
