"""docs/performance.md and its charts say what the committed results say."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from benchmarks import performance_routing
from benchmarks.measuring import RESULTS
from benchmarks.peers.catalogue import PEERS
from benchmarks.performance_page import CHART, PAGE, ROUTING_CHART, chart, page, results_in
from benchmarks.performance_text import PEER_NAMES
from benchmarks.serving import goals

FIGURES = {f"memory: lead: {server}, CPU s per 1000": 0.5 * 2**at for at, server in enumerate(PEER_NAMES)}
RESULT = {
    "command": "make bench NAME=serving QUICK=1",
    "machine": {"cores": 2},
    "figures": FIGURES | {"memory: lead: fieldbeat / mercurius": 0.41},
    "goals": {"memory: lead: fieldbeat / mercurius": {"goal": 0.4, "better": "lower", "met": False}},
    "notes": [],
}


def test_page_and_chart_are_made_from_the_committed_results() -> None:
    results = results_in(RESULTS)
    again = "run `make performance-page`"
    assert PAGE.read_text(encoding="utf-8") == page(results), again
    assert CHART.read_text(encoding="utf-8") == chart(results), again
    assert ROUTING_CHART.read_text(encoding="utf-8") == performance_routing.chart(results.get("routing")), again


def test_committed_goals_are_those_of_the_benchmark() -> None:
    kept = results_in(RESULTS)["serving"]
    expected = {key: goal for key, goal in goals().items() if key in kept["figures"]}
    assert {key: (each["goal"], each["better"]) for key, each in kept["goals"].items()} == {
        key: (round(goal.goal, 4), goal.better) for key, goal in expected.items()
    }
    for key, goal in expected.items():
        assert kept["goals"][key]["met"] == goal.met(kept["figures"][key]), key


def test_every_server_has_a_name_and_every_name_a_server() -> None:
    assert set(PEER_NAMES) == {each.name for each in PEERS}


def test_a_missed_goal_and_a_quick_run_are_said() -> None:
    made = page({"serving": RESULT})
    assert "| one lead: fieldbeat / mercurius | 0.410 | at most 0.4 | **missed** |" in made.replace("In memory: ", "")
    assert "A quick look" in made
    assert "Not measured yet: `make bench NAME=scale`." in made


@pytest.mark.parametrize("results", [{}, {"serving": RESULT}])
def test_the_chart_is_well_formed_and_a_doubling_is_as_long_everywhere(results: dict[str, dict[str, object]]) -> None:
    drawn = ElementTree.fromstring(chart(results))
    widths = [float(each.get("width", "0")) for each in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert len(widths) == (len(FIGURES) if results else 0)
    assert {round(after - before, 1) for before, after in pairwise(widths)} <= {26.0}
