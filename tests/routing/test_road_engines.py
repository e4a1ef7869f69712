"""Travel times from OSRM and Valhalla over HTTP: blocks, faults, marks, memory and lines, on strict stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from multiprocessing import get_context
from random import Random
from time import monotonic

import numpy as np
import pytest

from domain.places import Point
from routing.problem import Candidate, DayProblem, Limit
from routing.process import plan_in_process
from routing.travel_times.cells import Cells
from routing.travel_times.geodesic import GeodesicTravelTimes
from routing.travel_times.json_http import JsonHttp
from routing.travel_times.matrix import TravelTable
from routing.travel_times.osrm import Osrm
from routing.travel_times.road import MAX_SPLITS, RoadTravelTimes
from routing.travel_times.source import Engine, TravelSource
from routing.travel_times.valhalla import Valhalla
from tests.support import road_servers
from tests.support.edge_server import serving
from tests.support.road_servers import CENTRE, ISLAND, SPEED_M_PER_S, RoadServer, bend, road_m

FAR = Point(-33.9, 18.4)
Open = Callable[..., RoadTravelTimes]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[RoadServer, int]]:
    server = RoadServer()
    with serving(server.app()) as at:
        yield server, at.port


@pytest.fixture
def server(running: tuple[RoadServer, int]) -> RoadServer:
    running[0].reset()
    return running[0]


@pytest.fixture(params=["osrm", "valhalla"])
def connect(request: pytest.FixtureRequest, running: tuple[RoadServer, int], server: RoadServer) -> Iterator[Open]:
    http = JsonHttp(f"http://127.0.0.1:{running[1]}")
    engine = Osrm(http) if request.param == "osrm" else Valhalla(http)
    yield lambda **values: RoadTravelTimes(engine, **{"timeout_s": 60.0, **values})
    http.close()


def spread(count: int, seed: int = 1) -> list[Point]:
    random = Random(seed)
    return [
        Point(CENTRE.latitude + random.uniform(-0.1, 0.1), CENTRE.longitude + random.uniform(-0.15, 0.15))
        for _ in range(count)
    ]


def marks(table: TravelTable) -> np.ndarray:
    assert table.estimated is not None
    return table.estimated


@pytest.mark.parametrize("count", [1, 2, 30, 101])
def test_a_table_is_asked_in_blocks(connect: Open, count: int) -> None:
    points = spread(count)
    table = connect().table(points)
    assert not marks(table).any()
    for row, column in {(0, count - 1), (count - 1, 0), (count // 2, count // 3)}:
        expected = road_m(points[row], points[column])
        assert table.distance_m[row, column] == pytest.approx(expected, abs=0.6)
        assert table.leg_s[row, column] == pytest.approx(expected / SPEED_M_PER_S if expected else 0, abs=0.6)


def test_no_points_need_no_question(connect: Open, server: RoadServer) -> None:
    assert connect().table([]).leg_s.shape == (0, 0)
    assert server.asked == []


def test_points_off_the_map_are_estimated_and_marked(connect: Open) -> None:
    points = [*spread(5), FAR]
    table = connect().table(points)
    expected = np.zeros((6, 6), dtype=bool)
    expected[5, :5] = expected[:5, 5] = True
    assert (marks(table) == expected).all()
    estimate = GeodesicTravelTimes().table(points)
    assert table.leg_s[0, 5] == estimate.leg_s[0, 5]
    assert table.distance_m[0, 1] == pytest.approx(road_m(points[0], points[1]), abs=0.6)


def test_no_way_is_an_answer_and_no_failure(connect: Open, server: RoadServer) -> None:
    points = [*spread(4), ISLAND]
    travel = connect()
    table = travel.table(points)
    assert not marks(table).any()
    assert not table.reachable[:4, 4].any()
    assert not table.reachable[4, :4].any()
    assert table.reachable[:4, :4].all()
    asked = len(server.asked)
    assert not travel.table(points).reachable[0, 4]
    assert len(server.asked) == asked


@pytest.mark.parametrize(
    "fault",
    [road_servers.error_500, road_servers.page, road_servers.wrong_size, road_servers.words, road_servers.nothing],
    ids=lambda fault: fault.__name__,
)
def test_an_engine_that_fails_leaves_estimates_and_a_pause(
    connect: Open, server: RoadServer, fault: road_servers.Fault
) -> None:
    clock = Clock()
    travel = connect(clock=clock, pause_s=30.0)
    points = spread(6)
    server.faults = [fault]
    table = travel.table(points)
    assert marks(table).sum() == 30
    assert (table.leg_s == GeodesicTravelTimes().table(points).leg_s).all()
    asked = len(server.asked)
    clock.now = 29.9
    assert marks(travel.table(points)).any()
    assert len(server.asked) == asked
    clock.now = 30.0
    assert not marks(travel.table(points)).any()


def test_what_was_answered_before_the_failure_stays(connect: Open, server: RoadServer) -> None:
    points = spread(120)
    server.fail_after = 3
    table = connect(clock=Clock()).table(points)
    assert 0 < marks(table).sum() < 120 * 119
    answered = ~marks(table) & ~np.eye(120, dtype=bool)
    row, column = np.argwhere(answered)[0]
    assert table.distance_m[row, column] == pytest.approx(road_m(points[row], points[column]), abs=0.6)


@pytest.mark.parametrize("fault", [road_servers.hang, road_servers.trickle], ids=lambda fault: fault.__name__)
def test_a_slow_engine_costs_its_time_limit_once(connect: Open, server: RoadServer, fault: road_servers.Fault) -> None:
    travel = connect(timeout_s=0.3)
    server.faults = [fault]
    began = monotonic()
    assert marks(travel.table(spread(6))).any()
    assert monotonic() - began < 10
    assert len(server.asked) == 1


def test_a_closed_port_is_a_failure(connect: Open) -> None:
    for engine in (Osrm(JsonHttp("http://127.0.0.1:9")), Valhalla(JsonHttp("http://127.0.0.1:9"))):
        assert marks(RoadTravelTimes(engine).table(spread(3))).sum() == 6


def test_refused_questions_are_halved(connect: Open, server: RoadServer) -> None:
    server.max_pairs = 150
    assert not marks(connect().table(spread(30))).any()


def test_halving_has_an_end(connect: Open, server: RoadServer) -> None:
    server.max_pairs = 1
    table = connect().table(spread(30))
    assert marks(table).any()
    assert len(server.asked) <= MAX_SPLITS + 4


# --- memory -----------------------------------------------------------------------------------------------------------


def test_known_points_are_not_asked_again(connect: Open, server: RoadServer) -> None:
    points = spread(20)
    travel = connect()
    first = travel.table(points)
    asked = len(server.asked)
    again = travel.table([*reversed(points)])
    assert len(server.asked) == asked
    assert (again.leg_s[::-1, ::-1] == first.leg_s).all()
    assert not marks(again).any()
    moved = Point(points[0].latitude + 0.000001, points[0].longitude)
    assert travel.table([moved, *points[1:]]).leg_s[0, 5] == first.leg_s[0, 5]
    assert len(server.asked) == asked
    new = spread(1, seed=9)[0]
    with_new = travel.table([*points, new])
    assert not marks(with_new).any()
    assert with_new.distance_m[20, 3] == pytest.approx(road_m(new, points[3]), abs=0.6)


def test_memory_ends_after_a_day_and_when_it_is_full(connect: Open, server: RoadServer) -> None:
    clock = Clock()
    travel = connect(cells=Cells(capacity=10, keep_s=86_400, clock=clock))
    points = spread(10)
    travel.table(points)
    asked = len(server.asked)
    clock.now = 86_399
    travel.table(points)
    assert len(server.asked) == asked
    clock.now = 86_400
    travel.table(points)
    assert len(server.asked) > asked
    travel.table(spread(3, seed=5))
    asked = len(server.asked)
    travel.table(points[3:])
    assert len(server.asked) == asked
    assert not marks(travel.table(points)).any()
    assert len(server.asked) > asked
    # More than it holds: answered, not kept.
    assert not marks(travel.table(spread(11, seed=6))).any()


def test_one_place_twice_is_no_drive(connect: Open) -> None:
    points = spread(3)
    table = connect().table([points[0], points[1], points[0]])
    assert table.leg_s[0, 2] == 0
    assert table.leg_s[1, 0] == table.leg_s[1, 2]
    assert not marks(table).any()


# --- lines ------------------------------------------------------------------------------------------------------------


def test_lines_follow_the_roads_and_are_straight_for_estimates(connect: Open, server: RoadServer) -> None:
    points = [Point(round(each.latitude, 5), round(each.longitude, 5)) for each in spread(45)]
    travel = connect()
    estimated = [number in {0, 7} for number in range(44)]
    lines = travel.lines(points, estimated)
    assert len(lines) == 44
    for number, line in enumerate(lines):
        a, b = points[number], points[number + 1]
        assert line == ((a, b) if estimated[number] else (a, bend(a, b), b))


def test_lines_are_straight_when_the_engine_fails(connect: Open, server: RoadServer) -> None:
    travel = connect(clock=Clock())
    points = [*spread(3), ISLAND, *spread(2)]
    assert travel.lines(points, [False] * 5) == list(pairwise(points))
    server.faults = [road_servers.error_500]
    assert travel.lines(points[:3], [False] * 2) == list(pairwise(points[:3]))
    asked = len(server.asked)
    assert len(travel.lines(points[:3], [False] * 2)) == 2
    assert len(server.asked) == asked
    assert travel.lines(points[:1], []) == []


def test_a_planning_process_asks_by_itself(running: tuple[RoadServer, int], server: RoadServer) -> None:
    points = spread(5)
    problem = DayProblem(
        shift_start=datetime(2026, 3, 2, 8, tzinfo=UTC),
        shift_end=datetime(2026, 3, 2, 17, tzinfo=UTC),
        start=CENTRE,
        end=CENTRE,
        lunch=None,
        candidates=(
            *(Candidate(f"v{number}", point, 1800, 100) for number, point in enumerate(points)),
            Candidate("far", FAR, 1800, 100),
        ),
    )
    source = TravelSource(Engine.OSRM, url=f"http://127.0.0.1:{running[1]}", timeout_s=60)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        solved = pool.submit(plan_in_process, problem, Limit(30.0), source).result()
    assert len(solved.plan.stops) == 5
    assert not any(stop.leg_estimated for stop in solved.plan.stops)
    assert [len(line) for line in solved.lines] == [3] * 6
    assert server.asked == ["table", "route"]
