"""Shared by the benchmarks: servers as processes, their CPU time, and results as a table and a JSON file."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from wiring.child_process import start_child, stop_child

RESULTS = Path(__file__).parent / "results"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server process."""

    name: str
    url: str
    process: subprocess.Popen[bytes]

    def cpu_s(self) -> float:
        """User and system seconds of the process so far, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def server(name: str, module: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """`python -m module` on a free port, given as PORT, until it answers GET /readyz."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start_child(
        [sys.executable, "-m", module], {**os.environ, **environment, "PORT": str(port), "LOG_LEVEL": "WARNING"}
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(name, url, process)
        yield Server(name, url, process)
    finally:
        stop_child(process, 10)


def _wait_until_ready(name: str, url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with status {process.returncode}")
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{name} did not become ready")


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be."""

    goal: float
    better: str = "lower"

    def met(self, figure: float) -> bool:
        """Whether it is."""
        return figure <= self.goal if self.better == "lower" else figure >= self.goal


def report(name: str, figures: Mapping[str, float], goals: Mapping[str, Goal], *, label: str, quick: bool) -> None:
    """Prints the table and writes benchmarks/results/<name>.json."""
    table = Table(title=f"{name} ({label}{', quick' if quick else ''})")
    for column in ("figure", "value", "goal", "met"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for key, figure in figures.items():
        goal = goals.get(key)
        sign = {"lower": "≤", "higher": "≥"}.get(goal.better, "") if goal else ""
        met = "" if goal is None else ("yes" if goal.met(figure) else "no")
        table.add_row(key, f"{figure:.3f}", f"{sign} {goal.goal:g}" if goal else "", met)
    Console().print(table)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; database: {label}"
    result = {
        "command": f"make bench NAME={name}" + (" QUICK=1" if quick else ""),
        "machine": machine,
        "figures": {key: round(figure, 4) for key, figure in figures.items()},
        "goals": {
            key: {"goal": goal.goal, "better": goal.better, "met": goal.met(figures[key])}
            for key, goal in goals.items()
        },
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
