"""Which instances the routing benchmark asks, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.field_days import field_day, team_day
from benchmarks.routing.generated import instance_of, without_lunch
from benchmarks.routing.instance import Instance
from benchmarks.routing.parsers import BestKnown, read_toptw, read_tsptw, read_vrptw

SHORT_S, LONG_S = 1.0, 5.0
_TSPTW = ("n20w60.002", "n40w40.001", "n40w100.001")
_TOPTW = (("c104", 1), ("rc104", 1), ("c103", 2), ("r108", 2), ("r106", 3), ("rc107", 3), ("c108", 4), ("r110", 4))
_VRPTW = (("R110", 100), ("RC103", 100), ("C104", 100), ("R108", 50))
_FIELD_DAYS = ((40, 10), (36, 5), (36, 10))
"""Candidates and seed; on each of them all appointments can be kept, as on the team's days."""
_TEAM_DAYS = ((200, 6, 1), (150, 5, 0), (80, 3, 2))
"""Candidates, representatives and seed."""


@dataclass(frozen=True, slots=True)
class Set:
    """Instances of one kind, the hardest first; `moments_s` is when the engines' answers are looked at."""

    name: str
    instances: Sequence[Instance]
    moments_s: tuple[float, ...] = (SHORT_S, LONG_S)


def all_sets(folder: Path) -> list[Set]:
    """`folder` holds tsptw, optw, vrptw and best_known.csv."""
    best = BestKnown(folder / "best_known.csv")

    def text(*parts: str) -> str:
        return folder.joinpath(*parts).read_text(encoding="utf-8")

    tsptw = [
        read_tsptw(text("tsptw", "Dumas", f"{name}.txt"), name, best.tsptw(f"{name}.txt")) for name in reversed(_TSPTW)
    ]
    toptw = [
        read_toptw(text("optw", "solomon_100", f"{name}.txt"), m, f"{name}, {m} vehicles", best.toptw(name, m))
        for name, m in reversed(_TOPTW)
    ]
    vrptw = []
    for name, customers in _VRPTW:
        least, vehicles = best.vrptw(name, customers)
        content = text("vrptw", "solomon", f"{name}.txt")
        vrptw.append(read_vrptw(content, customers, vehicles, f"{name}, {customers} customers", least))
    field_days = []
    for count, seed in _FIELD_DAYS:
        problem = field_day(count, seed)
        field_days.append(instance_of(f"{count} candidates, seed {seed}", problem.candidates, [problem]))
    team_days = []
    for count, reps, seed in _TEAM_DAYS:
        team = team_day(count, reps, seed)
        name = f"{count} candidates, {reps} representatives, seed {seed}"
        # Not all engines know lunch, and skills and locks are left out as well.
        team_days.append(without_lunch(instance_of(name, team.candidates, team.reps)))
    return [
        Set("TSPTW", tsptw, (SHORT_S,)),
        Set("TOPTW", toptw),
        Set("VRPTW", vrptw),
        Set("field days", field_days, (SHORT_S,)),
        Set("field days without lunch", [without_lunch(each) for each in field_days]),
        Set("team days without lunch", team_days),
    ]
