"""Lines, gaps and metres of a day's positions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import hypot
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import Point, distance_m
from domain.shifts import Break
from domain.tracks import Fix, GapReason, by_region, near_distance_m, simplified, traced

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HERE = Point(52.5, 13.4)
NORTH_M = 111_268.0
"""Of a degree of latitude there."""


def fix(at_s: float, north_m: float = 0.0, east_m: float = 0.0, accuracy_m: float = 10.0) -> Fix:
    """So far from HERE, so long after NOW."""
    east = east_m / 67_880.0
    return Fix(
        NOW + timedelta(seconds=at_s), Point(HERE.latitude + north_m / NORTH_M, HERE.longitude + east), accuracy_m
    )


def drive(steps: int, every_s: float = 10.0, step_m: float = 100.0, **first: Any) -> list[Fix]:
    """Northwards at an even speed."""
    return [fix(number * every_s, number * step_m, **first) for number in range(steps)]


def test_a_way_is_as_long_as_its_steps() -> None:
    track = traced(drive(101))
    assert (len(track.runs), track.gaps) == (1, ())
    assert track.driven_m == pytest.approx(10_000, rel=1e-3)


@pytest.mark.parametrize(
    ("silent_s", "apart_m", "gap"),
    [
        (600, 300, None),
        (600.001, 300, GapReason.SILENT),
        (60, 3_999, None),
        (60, 4_001, GapReason.JUMP),
        (700, 4_001, GapReason.SILENT),
    ],
)
def test_a_gap_is_over_ten_minutes_or_four_kilometres(silent_s: float, apart_m: float, gap: GapReason | None) -> None:
    track = traced([fix(0), fix(silent_s, apart_m)])
    assert [each.reason for each in track.gaps] == ([] if gap is None else [gap])
    assert len(track.runs) == (1 if gap is None else 2)
    driven_m, gap_m = (apart_m, 0) if gap is None else (0, apart_m)
    assert track.driven_m == pytest.approx(driven_m, rel=1e-3)
    assert track.gap_m == pytest.approx(gap_m, rel=1e-3)


@pytest.mark.parametrize(
    ("starts_s", "ends_s", "reason"),
    [
        (100, 800, GapReason.ON_BREAK),
        (100, None, GapReason.ON_BREAK),
        (-500, 0, GapReason.SILENT),
        (900, 950, GapReason.SILENT),
    ],
)
def test_a_gap_in_a_break_is_a_break(starts_s: float, ends_s: float | None, reason: GapReason) -> None:
    pause = Break(NOW + timedelta(seconds=starts_s), None if ends_s is None else NOW + timedelta(seconds=ends_s))
    assert [each.reason for each in traced([fix(0), fix(900)], [pause]).gaps] == [reason]


@pytest.mark.parametrize(
    ("apart_m", "accuracy_m", "counts"),
    [(24.5, 10, False), (25.5, 10, True), (79, 80, False), (81, 80, True)],
)
def test_a_phone_that_lies_still_drives_nowhere(apart_m: float, accuracy_m: float, counts: bool) -> None:
    there_and_back = [fix(10 * each, apart_m * (each % 2), accuracy_m=accuracy_m) for each in range(11)]
    assert traced(there_and_back).driven_m == (pytest.approx(10 * apart_m, rel=1e-3) if counts else 0)


@pytest.mark.parametrize(("accuracy_m", "kept"), [(200.0, 3), (200.1, 2)])
def test_a_fix_that_says_too_little_is_left_out(accuracy_m: float, kept: int) -> None:
    track = traced([fix(0), fix(60, 500, accuracy_m=accuracy_m), fix(120)])
    assert [len(run.fixes) for run in track.runs] == [kept]


@pytest.mark.parametrize(("apart_m", "kept"), [(969 + 20, 3), (971 + 20, 2)])
def test_a_fix_nobody_can_have_got_to_is_left_out(apart_m: float, kept: int) -> None:
    """97 m/s for 10 s, beyond both circles."""
    track = traced([fix(0), fix(10, apart_m), fix(20)])
    assert [len(run.fixes) for run in track.runs] == [kept]


@pytest.mark.parametrize(("count", "gaps"), [(2, 0), (3, 1)])
def test_three_fixes_that_agree_are_believed(count: int, gaps: int) -> None:
    there = [fix(10 + each, 500_000 + 20 * each) for each in range(count)]
    track = traced([fix(0), *there])
    assert [each.reason for each in track.gaps] == [GapReason.JUMP] * gaps
    assert sum(len(run.fixes) for run in track.runs) == 1 + (count if gaps else 0)


def test_outliers_that_do_not_agree_are_never_believed() -> None:
    wild = [fix(10 * each, 100_000 * each) for each in range(1, 6)]
    assert [len(run.fixes) for run in traced([fix(0), *wild, fix(60)]).runs] == [2]


def test_an_empty_track() -> None:
    assert (traced([]).driven_m, traced([]).gap_m, simplified([], 10)) == (0, 0, ())


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(-2_000, 2_000)), max_size=40), st.randoms())
def test_order_and_repeats_do_not_matter(steps: list[tuple[int, int]], random: Any) -> None:
    fixes = [fix(at, north) for at, north in steps]
    shuffled = fixes + fixes[: len(fixes) // 2]
    random.shuffle(shuffled)
    assert traced(shuffled) == traced(fixes)


@given(st.lists(st.tuples(st.integers(0, 30_000), st.floats(-50_000, 50_000), st.floats(1, 400)), max_size=40))
def test_every_usable_fix_is_in_one_run_or_left_out_and_gaps_lie_between(steps: list[tuple[int, float, float]]) -> None:
    fixes = [fix(at, north, accuracy_m=accuracy) for at, north, accuracy in steps]
    track = traced(fixes)
    assert len(track.gaps) == max(len(track.runs) - 1, 0)
    shown = [each.at for run in track.runs for each in run.fixes]
    assert shown == sorted(set(shown))
    assert set(shown) <= {each.at for each in fixes if each.accuracy_m <= 200}
    for before, gap, after in zip(track.runs, track.gaps, track.runs[1:], strict=False):
        assert (before.fixes[-1].at, after.fixes[0].at) == (gap.from_at, gap.until_at)


@given(
    st.floats(-80, 80),
    st.floats(-180, 180),
    st.floats(-0.05, 0.05),
    st.floats(-0.05, 0.05),
)
def test_the_short_way_of_measuring_agrees_with_the_geodesic(
    latitude: float, longitude: float, north: float, east: float
) -> None:
    a = Point(latitude, longitude)
    b = Point(latitude + north, (longitude + east + 180) % 360 - 180)
    assert near_distance_m(a, b) == pytest.approx(distance_m(a, b), rel=1e-4, abs=0.01)


@given(
    st.lists(st.tuples(st.floats(-3_000, 3_000), st.floats(-3_000, 3_000)), min_size=1, max_size=60),
    st.floats(1, 500),
)
def test_no_fix_left_out_lies_further_from_the_line_than_the_tolerance(
    places: list[tuple[float, float]], tolerance_m: float
) -> None:
    fixes = [fix(10 * number, *place) for number, place in enumerate(places)]
    line = simplified(fixes, tolerance_m)
    assert (line[0], line[-1]) == (fixes[0], fixes[-1])
    assert [each for each in fixes if each in line] == list(line)
    flat = {each.at: place for each, place in zip(fixes, places, strict=True)}
    for each in fixes:
        after = next((number for number, kept in enumerate(line) if kept.at >= each.at), 0)
        start, end = flat[line[max(after - 1, 0)].at], flat[line[after].at]
        assert _from_line(flat[each.at], start, end) <= tolerance_m * 1.001 + 1


def _from_line(point: tuple[float, float], start: tuple[float, float], end: tuple[float, float]) -> float:
    """By trying a thousand places of the line."""
    shares = [number / 1_000 for number in range(1_001)]
    return min(
        hypot(point[0] - start[0] - (end[0] - start[0]) * each, point[1] - start[1] - (end[1] - start[1]) * each)
        for each in shares
    )


def test_a_straight_line_needs_two_fixes_and_a_corner_three() -> None:
    straight = drive(50)
    assert simplified(straight, 5) == (straight[0], straight[-1])
    corner = [*straight, *(fix(500 + 10 * each, 4_900, 100.0 * each) for each in range(1, 50))]
    assert [each.at for each in simplified(corner, 5)] == [straight[0].at, straight[-1].at, corner[-1].at]


def test_a_long_line_is_simplified_in_slices_that_join() -> None:
    long = drive(3_500, every_s=1, step_m=10)
    line = simplified(long, 5)
    assert [each.at for each in line] == sorted({each.at for each in line})
    assert 2 <= len(line) <= 5


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        ([], {None: 1_000}),
        ([(50, "north")], {"north": 1_000}),
        ([(50, "north"), (100, "south")], {"north": 500, "south": 500}),
        ([(100, "south"), (49, "north")], {"north": 400, "south": 600}),
        ([(20, None), (60, "north")], {None: 200, "north": 800}),
    ],
)
def test_a_way_belongs_to_the_region_it_led_to(
    arrivals: list[tuple[float, str | None]], expected: dict[str | None, float]
) -> None:
    found = by_region(traced(drive(11)), [(NOW + timedelta(seconds=at), region) for at, region in arrivals])
    assert found == {region: pytest.approx(metres, rel=1e-3) for region, metres in expected.items()}


@given(st.lists(st.integers(0, 110), max_size=5))
def test_regions_add_up_to_the_whole(arrivals: list[int]) -> None:
    track = traced(drive(11))
    found = by_region(track, [(NOW + timedelta(seconds=at), f"r{at}") for at in arrivals])
    assert sum(found.values()) == pytest.approx(track.driven_m)
    assert (None in found) == (not arrivals)
