"""Figures of the routing benchmark from judged answers: gaps to the best, and who is ahead of whom in paired runs."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.routing.checker import Verdict
from benchmarks.routing.instance import OURS, Aim, Instance


@dataclass(frozen=True, slots=True)
class Run:
    """One answer, judged."""

    set_name: str
    instance: Instance
    engine: str
    moment_s: float
    seed: int
    verdict: Verdict
    took_s: float

    @property
    def is_sound(self) -> bool:
        """Whether it keeps all limits and makes all visits that have to be made."""
        return not self.verdict.faults

    @property
    def score(self) -> tuple[int, int]:
        """More is better; of two answers that are worth the same the one with less driving."""
        if self.instance.aim is Aim.LEAST_TRAVEL:
            return (-self.verdict.travel, 0)
        return (self.verdict.value, -self.verdict.travel)


def best_of(runs: Iterable[Run]) -> dict[str, float]:
    """By instance the best value known: published, or seen in any sound run."""
    best: dict[str, float] = {}
    for run in runs:
        key = key_of(run)
        minimal = run.instance.aim is Aim.LEAST_TRAVEL
        seen = float(abs(run.score[0])) if run.is_sound else None
        known = [each for each in (best.get(key), run.instance.best_known, seen) if each is not None]
        if known:
            best[key] = min(known) if minimal else max(known)
    return best


def key_of(run: Run) -> str:
    """Names the instance among all sets."""
    return f"{run.set_name}: {run.instance.name}"


def gap_percent(run: Run, best: float) -> float:
    """How far a sound answer is from the best, in percent of the best."""
    if run.instance.aim is Aim.LEAST_TRAVEL:
        return 100 * (run.verdict.travel - best) / max(1.0, best)
    return 100 * (best - run.verdict.value) / max(1.0, best)


def gap_key(set_name: str, moment_s: float, engine: str) -> str:
    """The name of a mean gap among the figures."""
    return f"{set_name}, {moment_s:g} s: {engine}, mean gap %"


def overruns(runs: Sequence[Run]) -> dict[str, float]:
    """By engine, how long after its time the latest answer came; negative where all came before."""
    return {
        f"{engine}: latest answer after its time, s": max(
            run.took_s - run.moment_s for run in runs if run.engine == engine
        )
        for engine in dict.fromkeys(run.engine for run in runs)
    }


def figures(runs: Sequence[Run]) -> dict[str, float]:
    """Means over the instances of the medians over the seeds.

    An instance counts as one without an answer where an engine had none with at least half of the seeds; the mean is
    that of the others. Without published values, paired runs say as well who is ahead.
    """
    best = best_of(runs)
    found: dict[str, float] = {}
    for set_name, moment_s in dict.fromkeys((run.set_name, run.moment_s) for run in runs):
        here = [run for run in runs if (run.set_name, run.moment_s) == (set_name, moment_s)]
        title = f"{set_name}, {moment_s:g} s"
        for engine in dict.fromkeys(run.engine for run in here):
            medians, without = _medians([run for run in here if run.engine == engine], best)
            if medians:
                found[gap_key(set_name, moment_s, engine)] = statistics.fmean(medians)
            if without:
                found[f"{title}: {engine}, instances without an answer"] = float(without)
        if here[0].instance.best_known is None:
            found |= _paired(title, here)
    return found


def _medians(runs: Sequence[Run], best: Mapping[str, float]) -> tuple[list[float], int]:
    by_instance: dict[str, list[Run]] = {}
    for run in runs:
        by_instance.setdefault(key_of(run), []).append(run)
    medians, without = [], 0
    for key, several in by_instance.items():
        gaps = [gap_percent(run, best[key]) for run in several if run.is_sound]
        if 2 * len(gaps) <= len(several):
            without += 1
        else:
            unanswered = [float("inf")] * (len(several) - len(gaps))
            medians.append(statistics.median([*gaps, *unanswered]))
    return medians, without


def _paired(title: str, runs: Sequence[Run]) -> dict[str, float]:
    """The shares of runs with the same instance and seed in which ours is ahead of another engine, or behind it."""
    ours = {(key_of(run), run.seed): run for run in runs if run.engine == OURS}
    found = {}
    for engine in dict.fromkeys(run.engine for run in runs if run.engine != OURS):
        pairs = [(ours.get((key_of(run), run.seed)), run) for run in runs if run.engine == engine]
        compared = [_ahead(mine, theirs) for mine, theirs in pairs if mine is not None]
        if compared:
            found[f"{title}: ahead of {engine}, share of runs"] = compared.count(1) / len(compared)
            found[f"{title}: behind {engine}, share of runs"] = compared.count(-1) / len(compared)
    return found


def _ahead(ours: Run, other: Run) -> int:
    mine = (ours.is_sound, *ours.score) if ours.is_sound else (False,)
    theirs = (other.is_sound, *other.score) if other.is_sound else (False,)
    return (mine > theirs) - (mine < theirs)
