"""`make bench NAME=routing`: our planner beside plain OR-Tools, PyVRP and VROOM, at equal time on one thread.

Published sets of day and fleet problems (their files from BENCH_DATA or SAMPLES) and generated days of reps and teams.
Every answer is judged by a checker that shares no code with any of them. No database.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.measuring import Goal, report
from benchmarks.routing.gaps import figures, gap_key, overruns
from benchmarks.routing.instance import OURS
from benchmarks.routing.runs import ENGINES, engines_named, measured_set
from benchmarks.routing.sets import LONG_S, SHORT_S, all_sets

_FIELD_DAYS = "field days without lunch"
FLOOR = {
    ("TOPTW", SHORT_S): 2.5,
    ("TOPTW", LONG_S): 2.0,
    ("VRPTW", LONG_S): 1.5,
    ("team days without lunch", SHORT_S): 4.0,
    ("team days without lunch", LONG_S): 3.0,
}
AIM = {("TOPTW", SHORT_S): 1.5, ("TOPTW", LONG_S): 1.0, ("VRPTW", SHORT_S): 1.0}
"""Mean gaps in percent; on field days the aim is not to be behind any other engine."""


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one instance of each set, one seed, one second")
    parser.add_argument("--only", default="", help="sets whose name has this in it; nothing is kept")
    parser.add_argument("--engine", default="", help="engines whose name has this in it; nothing is kept")
    parser.add_argument("--at-once", type=int, default=1, help="sets measured side by side, where there are the cores")
    options = parser.parse_args()
    data = os.environ.get("BENCH_DATA") or os.environ.get("SAMPLES")
    if not data:
        sys.stdout.write("routing: skipped; set BENCH_DATA to a folder with routing/best_known.csv and its instances\n")
        return
    folder = Path(data) / "routing"
    names = [each.name for each in all_sets(folder) if options.only in each.name]
    measure = partial(measured_set, folder=folder, engine=options.engine, quick=options.quick)
    if options.at_once > 1:
        with ProcessPoolExecutor(options.at_once, mp_context=get_context("spawn")) as pool:
            runs = [run for found in pool.map(measure, names) for run in found]
    else:
        runs = [run for name in names for run in measure(name)]
    _, notes = engines_named(options.engine)
    measured = figures(runs)
    aims, goals = _goals(measured)
    report(
        "routing",
        measured | aims | overruns(runs),
        goals,
        label="no database",
        quick=options.quick,
        notes=notes,
        keep=not (options.only or options.engine),
        options=f" --at-once {options.at_once}" if options.at_once > 1 else "",
    )


def _goals(measured: Mapping[str, float]) -> tuple[dict[str, float], dict[str, Goal]]:
    """Our gaps beside the floor, and once more beside the aim."""
    aims: dict[str, float] = {}
    goals: dict[str, Goal] = {}
    for (name, moment_s), floor in FLOOR.items():
        goals[gap_key(name, moment_s, OURS)] = Goal(floor)
    aimed = dict(AIM)
    for moment_s in (SHORT_S, LONG_S):
        others = [
            measured.get(gap_key(_FIELD_DAYS, moment_s, engine.name)) for engine in ENGINES if engine.name != OURS
        ]
        aimed[_FIELD_DAYS, moment_s] = min((each for each in others if each is not None), default=0.0)
    for (name, moment_s), aim in aimed.items():
        key = gap_key(name, moment_s, OURS)
        if key in measured:
            aims[f"aim: {key}"] = measured[key]
            goals[f"aim: {key}"] = Goal(aim)
    return aims, goals


if __name__ == "__main__":
    main()
