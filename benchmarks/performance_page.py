"""`make performance-page`: docs/performance.md and its charts from benchmarks/results, so that no figure is typed.

What is measured and how is written here; the figures are those of the results that are committed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path

from benchmarks import performance_routing
from benchmarks.measuring import RESULTS
from benchmarks.performance_tables import Result, aim_and_met, measured_by, table
from benchmarks.performance_text import AFTER_DUTIES, BEFORE_DUTIES, DUTIES, HEAD, PEER_NAMES

DOCS = Path(__file__).parent.parent / "docs"
PAGE, CHART = DOCS / "performance.md", DOCS / "performance.svg"
ROUTING_CHART = DOCS / "routing.svg"
OPERATIONS = {"lead": "one lead", "list": "page of 50 leads", "home": "home screen", "checkin": "check-in"}
MODES = {"memory": "In memory", "database": "With the database"}
OTHERS = {
    "startup": "Start-up and memory",
    "scale": "From ten thousand leads to a million",
    "soak": "An hour at half load",
    "sla_calendar": "Due times on a calendar",
    "sla_watch": "Breaches found among open clocks",
    "push": "Push messages",
    "positions": "Positions taken in",
    "team_map": "The live team map",
    "console": "The team map in a browser",
    "rep_day": "A rep's day, planned",
    "region_night": "A thousand reps, planned at night",
    "beat_plan": "Weeks ahead, on published problems",
    "search": "Articles found",
}
_CPU = "CPU s per 1000"
_RATE = "requests per s"


def page(results: Mapping[str, Result]) -> str:
    """The page in Markdown. `results`: the content of the files by benchmark name; an absent one is said to be."""
    parts = [HEAD, *_serving(results.get("serving")), BEFORE_DUTIES, _duties(), AFTER_DUTIES]
    for name, title in OTHERS.items():
        parts += [f"## {title}", *_other(name, results.get(name))]
    parts += [f"## {performance_routing.TITLE}", *performance_routing.section(results.get("routing"))]
    return "\n\n".join(parts) + "\n"


def _serving(result: Result | None) -> list[str]:
    if result is None:
        return ["Not measured yet."]
    figures: Mapping[str, float] = result["figures"]
    parts = [measured_by(result)]
    for mode, title in MODES.items():
        for kind, what, digits in (
            (_CPU, "CPU seconds of the server per 1,000 requests", 2),
            (_RATE, "requests a second at 16 connections", 0),
        ):
            rows = _by_server(figures, mode, kind, digits)
            if rows:
                parts += [f"### {title}: {what}", table(["server", *OPERATIONS.values()], rows)]
    parts += ["### Goals", _goals(result)]
    return parts


def _by_server(figures: Mapping[str, float], mode: str, kind: str, digits: int) -> list[list[str]]:
    rows = []
    for server, name in PEER_NAMES.items():
        found = [figures.get(f"{mode}: {operation}: {server}, {kind}") for operation in OPERATIONS]
        if any(each is not None for each in found):
            rows.append([name, *("" if each is None else f"{each:.{digits}f}" for each in found)])
    return rows


def _goals(result: Result) -> str:
    rows = []
    for key, goal in result["goals"].items():
        sign = "at most" if goal["better"] == "lower" else "at least"
        met = "met" if goal["met"] else "**missed**"
        rows.append([_spoken(key), f"{result['figures'][key]:.3f}", f"{sign} {goal['goal']:.3g}", met])
    return table(["ratio of CPU seconds", "measured", "goal", ""], rows)


def _spoken(key: str) -> str:
    for short, name in (*OPERATIONS.items(), *MODES.items()):
        key = key.replace(f"{short}: ", f"{name}: ", 1)
    return key


def _duties() -> str:
    return table(
        ["server", *(each for each, _ in DUTIES)],
        [[name, *(has.get(server, has[""]) for _, has in DUTIES)] for server, name in PEER_NAMES.items()],
    )


def _other(name: str, result: Result | None) -> list[str]:
    if result is None:
        return [f"Not measured yet: `make bench NAME={name}`."]
    rows = []
    for key, figure in result["figures"].items():
        rows.append([key, f"{figure:.2f}", *aim_and_met(result["goals"].get(key))])
    return [measured_by(result), table(["figure", "measured", "goal", ""], rows)]


def chart(results: Mapping[str, Result]) -> str:
    """CPU seconds of every server by operation, one panel for each mode, as bars on a logarithmic scale, in SVG."""
    figures = results.get("serving", {"figures": {}})["figures"]
    return _Chart(figures).svg()


class _Chart:
    """Panels side by side, a group of bars for each operation; a bar grows by the same length for each doubling."""

    width, left, top, bar, gap, doubling = 460, 140, 50, 13, 20, 26.0

    def __init__(self, figures: Mapping[str, float]) -> None:
        self._figures = figures
        self._least = min((value for key, value in figures.items() if key.endswith(_CPU)), default=1.0) / 2

    def svg(self) -> str:
        """The whole drawing."""
        panels = [self._panel(mode, title, number * self.width) for number, (mode, title) in enumerate(MODES.items())]
        height = max((bottom for _, bottom in panels), default=0) + 10
        drawn = "\n".join(body for body, _ in panels)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width * len(MODES)} {height}" '
            'font-family="system-ui, sans-serif" font-size="11">\n'
            "  <title>CPU seconds of the server per 1,000 requests by operation and server</title>\n"
            "  <style>text { fill: #57606a } .title { fill: #1f2328; font-weight: 600; font-size: 14px } "
            ".operation { fill: #1f2328; font-weight: 600 } rect { fill: #b6c2d1 } .ours { fill: #1f6feb }</style>\n"
            f'  <text x="10" y="18" class="title">CPU seconds of the server per 1,000 requests '
            f"(logarithmic, shorter is better)</text>\n{drawn}\n</svg>\n"
        )

    def _panel(self, mode: str, title: str, x: int) -> tuple[str, int]:
        y = self.top
        lines = [f'  <text x="{x + 10}" y="{y - 10}" class="title">{escape(title)}</text>']
        for operation, spoken in OPERATIONS.items():
            lines.append(f'  <text x="{x + 10}" y="{y + 10}" class="operation">{escape(spoken)}</text>')
            y += self.bar + 4
            for server, name in PEER_NAMES.items():
                value = self._figures.get(f"{mode}: {operation}: {server}, {_CPU}")
                if value is not None:
                    lines.append(self._bar(server, name, value, x, y))
                    y += self.bar + 3
            y += self.gap
        return "\n".join(lines), y

    def _bar(self, server: str, name: str, value: float, x: int, y: int) -> str:
        length = 0.0
        at = self._least
        # Straight pieces between doublings: the same on every machine to the last digit, as logarithms need not be.
        while at * 2 < value:
            length, at = length + self.doubling, at * 2
        length += self.doubling * (value / at - 1)
        ours = ' class="ours"' if server == "fieldbeat" else ""
        start = x + self.left
        return (
            f'  <text x="{start - 6}" y="{y + 10}" text-anchor="end">{escape(name)}</text>'
            f'<rect{ours} x="{start}" y="{y}" width="{length:.1f}" height="{self.bar}"/>'
            f'<text x="{start + length + 5:.1f}" y="{y + 10}">{value:.2f}</text>'
        )


def results_in(folder: Path) -> dict[str, Result]:
    """The committed results by name."""
    return {each.stem: json.loads(each.read_text(encoding="utf-8")) for each in sorted(folder.glob("*.json"))}


def main() -> None:
    """Writes all three files."""
    results = results_in(RESULTS)
    PAGE.write_text(page(results), encoding="utf-8")
    CHART.write_text(chart(results), encoding="utf-8")
    ROUTING_CHART.write_text(performance_routing.chart(results.get("routing")), encoding="utf-8")


if __name__ == "__main__":
    main()
