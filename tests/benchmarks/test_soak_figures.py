"""The figures of the soak are those of its counts and samples."""

from __future__ import annotations

import pytest

from benchmarks.soak_figures import DESCRIPTORS, GOALS, GROWTH, SLOPE, Durations, Sample, Tally, figures, slope_an_hour


def samples(seconds: int, *, grows_mb_an_hour: float = 0.0, descriptors_an_hour: float = 0.0) -> list[Sample]:
    """A process of 150 MB and 60 descriptors that grows evenly once it is warm, one sample every 10 s."""
    warm = seconds / 5
    return [
        Sample(
            at,
            80.0 + 70 * min(1.0, at / warm) + grows_mb_an_hour * max(0.0, at - warm) / 3_600,
            round(60 + descriptors_an_hour * at / 3_600),
        )
        for at in range(0, seconds, 10)
    ]


def tally(*times_s: float) -> Tally:
    """Of readings that took so long."""
    made = Tally()
    for each in times_s:
        made.note("reading", each)
    return made


def met(found: dict[str, float]) -> set[str]:
    """The goals that are met."""
    return {name for name, goal in GOALS.items() if name in found and goal.met(found[name])}


def test_a_server_that_only_warms_up_meets_every_goal() -> None:
    found = figures(tally(0.001), samples(1_800), 1_800, 500)
    assert met(found) == set(GOALS)
    assert (found[SLOPE], found[DESCRIPTORS], found[GROWTH]) == (0, 0, 1)
    assert found["memory: after warm-up, MB"] == found["memory: most, MB"] == 150


@pytest.mark.parametrize(
    ("growth", "missed"),
    [
        ({"grows_mb_an_hour": 7.0}, set()),
        ({"grows_mb_an_hour": 9.0}, {SLOPE}),
        ({"grows_mb_an_hour": 40.0}, {SLOPE, GROWTH}),
        ({"descriptors_an_hour": 12.0}, {DESCRIPTORS}),
    ],
)
def test_a_leak_is_seen(growth: dict[str, float], missed: set[str]) -> None:
    found = figures(tally(0.001), samples(3_600, **growth), 3_600, 500)
    assert set(GOALS) - met(found) == missed
    assert found[SLOPE] == pytest.approx(growth.get("grows_mb_an_hour", 0), abs=0.01)


def test_one_error_misses_the_goal_and_only_the_first_few_are_kept() -> None:
    made = tally(0.001)
    made.wrong("first")
    assert "errors" not in met(figures(made, samples(1_800), 1_800, 500))
    for number in range(100):
        made.wrong(str(number))
    assert figures(made, samples(1_800), 1_800, 500)["errors"] == 101
    assert made.problems == ["first", "0", "1", "2", "3"]


def test_a_short_run_has_no_slope_an_hour() -> None:
    found = figures(tally(0.001), samples(300), 300, 500)
    assert GROWTH in found
    assert SLOPE not in found
    assert DESCRIPTORS not in found


def test_peaks_do_not_tilt_the_slope() -> None:
    flat = [(float(at), 100.0) for at in range(0, 1_000, 10)]
    assert slope_an_hour([*flat[:90], *((at, 900.0) for at, _ in flat[90:])]) == 0
    assert slope_an_hour([(at, at / 3_600) for at in range(100)]) == pytest.approx(1)


def test_quantiles_are_at_most_two_percent_above_the_true_ones() -> None:
    times = [number / 1_000 for number in range(1, 1_001)]
    durations = Durations()
    for each in times:
        durations.add(each)
    for part in (0.01, 0.5, 0.95, 0.99, 1.0):
        true = times[round(part * 1_000) - 1]
        assert true * 0.999 <= durations.quantile_s(part) <= true * 1.02
    assert durations.slowest_s == 1
    assert Durations().quantile_s(0.5) == 0


def test_requests_are_counted_by_kind_and_by_second() -> None:
    made = tally(0.001, 0.003)
    made.note("check-in", 0.2)
    found = figures(made, samples(1_800), 1_800, 500)
    assert (found["requests"], found["requests: reading"], found["requests: check-in"]) == (3, 2, 1)
    assert found["requests a second"] == pytest.approx(3 / 1_800)
    assert found["slowest, ms"] == 200
