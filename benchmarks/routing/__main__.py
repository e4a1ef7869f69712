"""`make bench NAME=routing`: our planner beside plain OR-Tools, PyVRP and VROOM, at equal time on one thread.

Published sets of day and fleet problems (their files from BENCH_DATA or SAMPLES) and generated days of reps and teams.
Every answer is judged by a checker that shares no code with any of them. No database.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.measuring import Goal, report
from benchmarks.routing.checker import judge
from benchmarks.routing.gaps import Run, figures, gap_key, overruns
from benchmarks.routing.instance import OURS, Engine, Instance, MissingEngineError
from benchmarks.routing.peer_ortools import PlainOrTools
from benchmarks.routing.peer_pyvrp import PyVrp
from benchmarks.routing.peer_vroom import Vroom
from benchmarks.routing.planner import Planner
from benchmarks.routing.sets import LONG_S, SHORT_S, Set, all_sets

SEEDS = 5
_ENGINES = (Planner, PlainOrTools, PyVrp, Vroom)
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
    options = parser.parse_args()
    data = os.environ.get("BENCH_DATA") or os.environ.get("SAMPLES")
    if not data:
        sys.stdout.write("routing: skipped; set BENCH_DATA to a folder with routing/best_known.csv and its instances\n")
        return
    sets = [each for each in all_sets(Path(data) / "routing") if options.only in each.name]
    engines, notes = _engines(options.engine)
    seeds = 1 if options.quick else SEEDS
    if options.quick:
        sets = [Set(each.name, each.instances[:1], each.moments_s[:1]) for each in sets]
    runs = [run for each in sets for run in _runs(each, engines, seeds)]
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
    )


def _engines(wanted: str) -> tuple[list[Engine], list[str]]:
    found: list[Engine] = []
    notes: list[str] = []
    for engine in _ENGINES:
        try:
            made: Engine = engine()
        except MissingEngineError as missing:
            notes.append(f"left out: {missing}")
        else:
            if wanted in made.name:
                found.append(made)
    return found, notes


def _runs(each: Set, engines: Sequence[Engine], seeds: int) -> list[Run]:
    """Of one set, interleaved: each seed begins with another engine. An engine without seeds is asked once."""
    runs: list[Run] = []
    for instance in each.instances:
        able = [engine for engine in engines if engine.can_state(instance)]
        for seed in range(seeds):
            first = seed % len(able)
            for engine in (*able[first:], *able[:first]):
                if engine.is_seeded or seed == 0:
                    runs += _asked(each, instance, engine, seed)
        firsts = [run for run in runs if run.instance is instance and run.seed == 0]
        for engine in able:
            if not engine.is_seeded:
                once = [run for run in firsts if run.engine == engine.name]
                runs += [replace(run, seed=seed) for seed in range(1, seeds) for run in once]
    return runs


def _asked(each: Set, instance: Instance, engine: Engine, seed: int) -> list[Run]:
    runs = []
    for moment_s, answer in engine.answers(instance, seed, each.moments_s).items():
        verdict = judge(instance, answer.routes)
        runs.append(Run(each.name, instance, engine.name, moment_s, seed, verdict, answer.took_s))
    return runs


def _goals(measured: Mapping[str, float]) -> tuple[dict[str, float], dict[str, Goal]]:
    """Our gaps beside the floor, and once more beside the aim."""
    aims: dict[str, float] = {}
    goals: dict[str, Goal] = {}
    for (name, moment_s), floor in FLOOR.items():
        goals[gap_key(name, moment_s, OURS)] = Goal(floor)
    aimed = dict(AIM)
    for moment_s in (SHORT_S, LONG_S):
        others = [
            measured.get(gap_key(_FIELD_DAYS, moment_s, engine.name)) for engine in _ENGINES if engine.name != OURS
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
