"""The runs of a set by all engines, interleaved and judged; for benchmarks/routing/__main__.py and its processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.routing.checker import judge
from benchmarks.routing.gaps import Run
from benchmarks.routing.instance import Engine, Instance, MissingEngineError
from benchmarks.routing.peer_ortools import PlainOrTools
from benchmarks.routing.peer_pyvrp import PyVrp
from benchmarks.routing.peer_vroom import Vroom
from benchmarks.routing.planner import Planner
from benchmarks.routing.sets import Set, all_sets

SEEDS = 5
ENGINES = (Planner, PlainOrTools, PyVrp, Vroom)


def measured_set(name: str, folder: Path, engine: str, *, quick: bool) -> list[Run]:
    """All runs of one set."""
    (found,) = (each for each in all_sets(folder) if each.name == name)
    if quick:
        found = Set(name, found.instances[:1], found.moments_s[:1])
    return _runs(found, engines_named(engine)[0], 1 if quick else SEEDS)


def engines_named(wanted: str) -> tuple[list[Engine], list[str]]:
    """Those whose name has this in it, and why others are left out."""
    found: list[Engine] = []
    notes: list[str] = []
    for engine in ENGINES:
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
