"""The planner's table and chart say what its result says, also where an engine has no answer or is not there."""

from __future__ import annotations

from xml.etree import ElementTree

from benchmarks.performance_routing import chart, section

RESULT = {
    "command": "make bench NAME=routing",
    "machine": {"cores": 2},
    "figures": {
        "TOPTW, 1 s: Fieldbeat, mean gap %": 2.6,
        "TOPTW, 1 s: PyVRP, mean gap %": 40.0,
        "TOPTW, 1 s: VROOM, instances without an answer": 8.0,
        "team days, 1 s: Fieldbeat, mean gap %": 0.0,
        "team days, 1 s: OR-Tools, mean gap %": 5.25,
        "team days, 1 s: OR-Tools, instances without an answer": 1.0,
        "team days, 1 s: ahead of OR-Tools, share of runs": 0.8,
        "team days, 1 s: behind OR-Tools, share of runs": 0.1,
        "aim: TOPTW, 1 s: Fieldbeat, mean gap %": 2.6,
        "Fieldbeat: latest answer after its time, s": 0.05,
    },
    "goals": {
        "TOPTW, 1 s: Fieldbeat, mean gap %": {"goal": 2.5, "better": "lower", "met": False},
        "aim: TOPTW, 1 s: Fieldbeat, mean gap %": {"goal": 1.5, "better": "lower", "met": False},
    },
    "notes": ["left out: something"],
}


def test_the_table_has_a_row_for_each_set_and_a_column_for_each_engine() -> None:
    made = "\n".join(section(RESULT))
    assert "| mean gap to the best, % | Fieldbeat | OR-Tools | PyVRP | VROOM |" in made
    assert "| TOPTW, 1 s | 2.60 |  | 40.00 | none (8 without) |" in made
    assert "| team days, 1 s | 0.00 | 5.25 (1 without) |  |  |" in made
    assert "| team days, 1 s | 80% / 10% |  |  |" in made
    assert "| TOPTW, 1 s: Fieldbeat, mean gap % | 2.60 | at most 2.5 | **missed** |" in made
    assert "| Fieldbeat: latest answer after its time, s | 0.05 |  |  |" in made
    assert "left out: something" in made
    assert made.count("aim: ") == 1


def test_without_a_result_it_says_how_to_get_one() -> None:
    assert section(None)[-1] == "Not measured yet: `make bench NAME=routing`."
    assert "svg" not in "".join(section(None))


def test_the_chart_is_well_formed_and_long_bars_end_at_the_scale() -> None:
    drawn = ElementTree.fromstring(chart(RESULT))
    widths = [float(each.get("width", "0")) for each in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths == [78.0, 450.0, 0.0, 157.5]
    assert not list(ElementTree.fromstring(chart(None)).iter("{http://www.w3.org/2000/svg}rect"))
