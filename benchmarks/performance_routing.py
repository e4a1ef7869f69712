"""The planner's part of docs/performance.md and its chart, from benchmarks/results/routing.json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from benchmarks.performance_tables import Result, aim_and_met, measured_by, table
from benchmarks.routing.instance import OURS

TITLE = "Routes beside other solvers"
_ENGINES = (OURS, "OR-Tools", "PyVRP", "VROOM")
_GAP = re.compile(r"(?P<row>.+, [\d.]+ s): (?P<engine>[^:]+), mean gap %")
_WITHOUT = "instances without an answer"
_PAIRED = re.compile(r"(?P<row>.+, [\d.]+ s): (?P<how>ahead of|behind) (?P<engine>.+), share of runs")

TEXT = f"""The same instances for all, the same time, one thread: tours with time windows (TSPTW, Dumas), \
orienteering with one to four vehicles (TOPTW) and vehicle routing (VRPTW, both on Solomon's sites), and generated \
days of reps and teams with appointments, opening hours and lunch, whose values are those of the product.

- A figure is the mean over a set's instances of the median gap of five seeds, in percent of the best value that is \
published, or that any engine found here. On generated days it is value that is lost. Every answer is judged by a \
checker that shares no code with any engine; one that breaks a limit or leaves out what has to be visited is none.
- *{OURS}* is the planner's public door with the time as its limit: what a rep waits for, reasons and verification \
included, with the extra `fast`. *OR-Tools* is the model and the search of its routing guide. *PyVRP* and *VROOM* \
(through pyvroom, which has no seed and ends by itself) run with their own parameters; PyVRP knows no lunch.
- PyVRP and OR-Tools weigh a visit of mean value as much as five mean legs. VROOM ranks values as whole priorities up \
to 60, a must-visit as 100."""


def section(result: Result | None) -> list[str]:
    """Paragraphs below the title."""
    if result is None:
        return [TEXT, "Not measured yet: `make bench NAME=routing`."]
    figures: Mapping[str, float] = result["figures"]
    parts = [TEXT, f"![{_ALT}](routing.svg)", measured_by(result), _gaps(figures)]
    paired = _paired(figures)
    if paired:
        parts += [paired]
    return [*parts, _goals(result), *result["notes"]]


def _rows(figures: Mapping[str, float]) -> dict[str, dict[str, float | None]]:
    """By set and moment, the gap of each engine; None where it has no answer to any instance."""
    rows: dict[str, dict[str, float | None]] = {}
    for key, figure in figures.items():
        gap = _GAP.fullmatch(key)
        if gap is not None and not key.startswith("aim: "):
            rows.setdefault(gap["row"], {})[gap["engine"]] = figure
        elif key.endswith(_WITHOUT):
            row, _, rest = key.partition(" s: ")
            rows.setdefault(f"{row} s", {}).setdefault(rest.removesuffix(f", {_WITHOUT}"), None)
    return rows


def _gaps(figures: Mapping[str, float]) -> str:
    lines = []
    for row, gaps in _rows(figures).items():
        cells = []
        for engine in _ENGINES:
            without = figures.get(f"{row}: {engine}, {_WITHOUT}")
            gap = gaps.get(engine)
            cell = "" if engine not in gaps else "none" if gap is None else f"{gap:.2f}"
            cells.append(f"{cell} ({without:.0f} without)" if without else cell)
        lines.append([row, *cells])
    return table(["mean gap to the best, %", *_ENGINES], lines)


def _paired(figures: Mapping[str, float]) -> str:
    found: dict[str, dict[str, list[str]]] = {}
    for key, figure in figures.items():
        pair = _PAIRED.fullmatch(key)
        if pair is not None:
            found.setdefault(pair["row"], {}).setdefault(pair["engine"], []).append(f"{figure:.0%}")
    if not found:
        return ""
    rows = [[row, *(" / ".join(shares.get(engine, [])) for engine in _ENGINES[1:])] for row, shares in found.items()]
    return table([f"{OURS} ahead of / behind, share of runs", *_ENGINES[1:]], rows)


def _goals(result: Result) -> str:
    rows = [[key, f"{result['figures'][key]:.2f}", *aim_and_met(goal)] for key, goal in result["goals"].items()]
    others = [[key, f"{figure:.2f}", "", ""] for key, figure in result["figures"].items() if "after its time" in key]
    return table(["figure", "measured", "goal", ""], [*rows, *others])


_ALT = "Mean gap to the best value of each engine, by set and time"
_PER_PERCENT, _MOST_PERCENT = 30.0, 15.0
_BAR, _LEFT, _TOP, _GROUP = 13, 200, 40, 16


def chart(result: Result | None) -> str:
    """Gaps as bars, a group for each set and moment, in SVG; longer ones than the scale end in their figure."""
    y, lines = _TOP, []
    figures: Mapping[str, float] = result["figures"] if result else {}
    for row, gaps in _rows(figures).items():
        lines.append(f'  <text x="10" y="{y + 10}" class="row">{escape(row)}</text>')
        for engine in _ENGINES:
            gap = gaps.get(engine)
            if gap is None:
                continue
            without = figures.get(f"{row}: {engine}, {_WITHOUT}")
            said = f"{gap:.2f} ({without:.0f} without an answer)" if without else f"{gap:.2f}"
            length = _PER_PERCENT * min(max(gap, 0.0), _MOST_PERCENT)
            ours = ' class="ours"' if engine == OURS else ""
            lines.append(
                f'  <text x="{_LEFT + 70}" y="{y + 10}" text-anchor="end">{escape(engine)}</text>'
                f'<rect{ours} x="{_LEFT + 76}" y="{y}" width="{length:.1f}" height="{_BAR}"/>'
                f'<text x="{_LEFT + 81 + length:.1f}" y="{y + 10}">{said}</text>'
            )
            y += _BAR + 3
        y += _GROUP
    width = round(_LEFT + 76 + _PER_PERCENT * _MOST_PERCENT + 50)
    drawn = "".join(f"{line}\n" for line in lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" '
        'font-family="system-ui, sans-serif" font-size="11">\n'
        f"  <title>{_ALT}</title>\n"
        "  <style>text { fill: #57606a } .title { fill: #1f2328; font-weight: 600; font-size: 14px } "
        ".row { fill: #1f2328; font-weight: 600 } rect { fill: #b6c2d1 } .ours { fill: #1f6feb }</style>\n"
        f'  <text x="10" y="18" class="title">{_ALT}, % (shorter is better)</text>\n{drawn}</svg>\n'
    )
