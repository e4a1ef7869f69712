"""Shared by the benchmarks: servers as processes, their CPU time, and results as a table and a JSON file."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from wiring.child_process import start_child, stop_child
from wiring.embedded_mongo import free_port

RESULTS = Path(__file__).parent / "results"
_START_S = 90
_CPU_CLOCK_OF_PROCESS = 2
_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""Servers keep their compiled modules, as where nothing says otherwise: a start compiles them once, not each time."""
_BUDGETS = {"RATE_USER_COST_PER_MINUTE": "1000000000", "RATE_ORG_COST_PER_MINUTE": "1000000000"}
"""One person asks for as much as thousands do: budgets are kept as ever, but cannot be as small as for a person."""


def cpu_s_of(pid: int) -> float:
    """User and system seconds so far of a process and all its threads and children."""
    return own_cpu_s_of(pid) + sum(cpu_s_of(child) for child in _children(pid))


def own_cpu_s_of(pid: int) -> float:
    """User and system seconds so far of a process and all its threads, without its children."""
    # The clock id of a process as clock_getcpuclockid(3) makes it: nanoseconds, where /proc/PID/stat counts in 10 ms.
    return time.clock_gettime((~pid << 3) | _CPU_CLOCK_OF_PROCESS)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, listed.read_text(encoding="ascii").split())
    return found


@dataclass(frozen=True, slots=True)
class Server:
    """A running server process."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def cpu_s(self) -> float:
        """User and system seconds so far of the process, its threads and its children."""
        return cpu_s_of(self.process.pid)

    def rss_mb(self) -> float:
        """Resident memory of the process, MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def wait_until_ready(self, every_s: float = 0.1) -> None:
        """Until it answers GET /readyz with 200, or at all where it has no such page. Raises RuntimeError."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with status {self.process.returncode}")
            with suppress(OSError, HTTPException):
                asking = HTTPConnection("127.0.0.1", self.port, timeout=2)
                asking.request("GET", "/readyz")
                if asking.getresponse().status < 500:
                    return
            time.sleep(every_s)
        raise RuntimeError(f"{self.name} did not become ready")


@contextmanager
def server(name: str, command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Server]:
    """The command on a free port, given as PORT; the caller waits until it is ready."""
    port = free_port()
    told = {**os.environ, **_COMPILED, **_BUDGETS, **environment, "PORT": str(port), "LOG_LEVEL": "WARNING"}
    process = start_child(command, told)
    try:
        yield Server(name, port, process)
    finally:
        stop_child(process, 10)


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be."""

    goal: float
    better: str = "lower"

    def met(self, figure: float) -> bool:
        """Whether it is."""
        return figure <= self.goal if self.better == "lower" else figure >= self.goal


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    node = shutil.which("node")
    versions = {"python": platform.python_version()}
    if node is not None:
        versions["node"] = subprocess.run(
            [node, "--version"], capture_output=True, text=True, check=True
        ).stdout.strip()
    return {"cores": os.cpu_count(), "architecture": platform.machine(), **versions}


def report(
    name: str,
    figures: Mapping[str, float],
    goals: Mapping[str, Goal],
    *,
    label: str,
    quick: bool,
    notes: Sequence[str] = (),
    keep: bool = True,
    options: str = "",
) -> None:
    """Prints the table and, unless told not to `keep` it, writes benchmarks/results/<name>.json.

    Goals without a figure (a peer that is absent here) are left out. `options` is what else was said to `make bench`.
    """
    table = Table(title=f"{name} ({label}{', quick' if quick else ''})")
    for column in ("figure", "value", "goal", "met"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for key, figure in figures.items():
        goal = goals.get(key)
        sign = {"lower": "≤", "higher": "≥"}.get(goal.better, "") if goal else ""
        met = "" if goal is None else ("yes" if goal.met(figure) else "no")
        table.add_row(key, f"{figure:.3f}", f"{sign} {goal.goal:.3g}" if goal else "", met)
    console = Console()
    console.print(table)
    for note in notes:
        console.print(note)
    if not keep:
        return
    result = {
        "command": f"make bench NAME={name}" + (" QUICK=1" if quick else "") + options,
        "machine": {**machine(), "database": label},
        "figures": {key: round(figure, 4) for key, figure in figures.items()},
        "goals": {
            key: {"goal": round(goal.goal, 4), "better": goal.better, "met": goal.met(figures[key])}
            for key, goal in goals.items()
            if key in figures
        },
        "notes": list(notes),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
