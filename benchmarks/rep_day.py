"""`make bench NAME=rep_day`: how many generated days of a rep are proven optimal, and what the proof costs.

CPU seconds of one thread from the question to the verified plan, after a first one; and what of the proven value is
reached when the answer is due in a second. No database.
"""

from __future__ import annotations

import argparse
import statistics
import time

from benchmarks.field_days import field_day
from benchmarks.measuring import Goal, report
from routing.check import check_plan
from routing.plan import plan_day
from routing.problem import DayPlan, DayProblem, Limit, Proof
from routing.travel_times.geodesic import GeodesicTravelTimes

COUNTS = (12, 16, 20, 24, 28, 32, 36, 40)
SEEDS = 10
PROVEN_S = 0.5
ANSWER_S = 1.0
PATIENCE_S = 20.0
_SHARE = "proven optimal within 0.5 CPU s, share"
_LOST = "value lost where the answer is due in 1 s, mean %"
_TRAVEL = GeodesicTravelTimes()


def _planned(problem: DayProblem, seconds: float) -> tuple[DayPlan, float]:
    """The verified plan and its CPU seconds."""
    began = time.process_time()
    plan = plan_day(problem, _TRAVEL, Limit(seconds))
    took = time.process_time() - began
    assert check_plan(problem, plan, _TRAVEL) == ()
    return plan, took


def _figures(seeds: int) -> dict[str, float]:
    _planned(field_day(12, 0), ANSWER_S)
    figures: dict[str, float] = {}
    proven: list[bool] = []
    lost: list[float] = []
    for count in COUNTS:
        cpu_s = []
        for seed in range(seeds):
            problem = field_day(count, seed)
            plan, took = _planned(problem, PATIENCE_S)
            cpu_s.append(took)
            proven.append(plan.proof is Proof.OPTIMAL and took <= PROVEN_S)
            if plan.proof is Proof.OPTIMAL:
                lost.append(100 * (1 - _planned(problem, ANSWER_S)[0].value / max(1, plan.value)))
        figures[f"{count} candidates: CPU s, median"] = statistics.median(cpu_s)
        figures[f"{count} candidates: CPU s, worst"] = max(cpu_s)
    figures[_SHARE] = sum(proven) / len(proven)
    figures[_LOST] = statistics.mean(lost)
    return figures


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    quick = parser.parse_args().quick
    goals = {_SHARE: Goal(0.85, better="higher"), _LOST: Goal(1.0)}
    report("rep_day", _figures(2 if quick else SEEDS), goals, label="no database", quick=quick)


if __name__ == "__main__":
    main()
