"""Markdown that the parts of docs/performance.md share; used by benchmarks/performance_page.py and its sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Result = Mapping[str, Any]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, figures to the right."""
    right = ["---:" if number else "---" for number in range(len(head))]
    lines = [head, right, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def measured_by(result: Result) -> str:
    """The command and the machine."""
    machine: Mapping[str, Any] = result["machine"]
    where = ", ".join(f"{what} {value}" for what, value in machine.items())
    quick = " A quick look, not a measurement: few requests, few rounds." if "QUICK=1" in result["command"] else ""
    return f"`{result['command']}` ({where}).{quick}"


def aim_and_met(goal: Mapping[str, Any] | None) -> list[str]:
    """The last two columns of a table of figures."""
    if goal is None:
        return ["", ""]
    sign = "at most" if goal["better"] == "lower" else "at least"
    return [f"{sign} {goal['goal']:g}", "met" if goal["met"] else "**missed**"]
