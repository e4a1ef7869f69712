"""The servers of benchmarks/serving.py: how each is started, in which modes it runs, and whether it can run here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers import parse_operations
from benchmarks.serving_data import OPERATIONS

NODE_PEERS = Path(__file__).parent / "node"
BOTH = ("memory", "database")


@dataclass(frozen=True, slots=True)
class Peer:
    """One server: a Python module or a Node script, and what it is told besides the addresses."""

    name: str
    start: str
    modes: Sequence[str] = BOTH
    environment: Sequence[tuple[str, str]] = ()
    in_memory: str | None = None
    """The module to start in memory mode where that is another one."""
    operations: Mapping[str, str] = field(default_factory=lambda: OPERATIONS)
    """The measured operations as this server wants them written."""

    @property
    def is_node(self) -> bool:
        """Whether Node runs it."""
        return self.start.endswith(".mjs")

    def command(self, mode: str) -> list[str]:
        """How it is started."""
        if self.is_node:
            return [shutil.which("node") or "node", str(NODE_PEERS / self.start)]
        return [sys.executable, "-m", (self.in_memory if mode == "memory" else None) or self.start]


OURS_IN_MEMORY = "benchmarks.fieldbeat_in_memory"
PEERS = [
    Peer("fieldbeat", "api", in_memory=OURS_IN_MEMORY),
    Peer("fieldbeat-pymongo", "api", modes=("database",), environment=[("MONGODB_DRIVER", "pymongo")]),
    Peer("fallback", "api", modes=("memory",), environment=[("COMPILED", "0")], in_memory=OURS_IN_MEMORY),
    Peer("strawberry", "benchmarks.peers.plain_strawberry"),
    Peer("handwritten", "benchmarks.peers.hand_written"),
    Peer("handwritten-token", "benchmarks.peers.hand_written", environment=[("TOKEN_ONLY", "1")]),
    Peer("node", "raw.mjs"),
    Peer("apollo", "apollo.mjs"),
    Peer("mercurius", "mercurius.mjs"),
    Peer(
        "parse",
        "parse.mjs",
        modes=("database",),
        environment=[("PARSE_SERVER_LOGS_FOLDER", "null"), ("SILENT", "1")],
        operations=parse_operations.OPERATIONS,
    ),
]


def available(peers: Sequence[Peer]) -> tuple[list[Peer], list[str]]:
    """Those that can run here, and the reasons for leaving out the others."""
    if not any(each.is_node for each in peers):
        return list(peers), []
    reason = _node_problem()
    if reason is None:
        return list(peers), []
    left_out = ", ".join(each.name for each in peers if each.is_node)
    return [each for each in peers if not each.is_node], [f"left out: {left_out} ({reason})"]


def _node_problem() -> str | None:
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        return "Node and npm are not installed"
    lock, installed = NODE_PEERS / "package-lock.json", NODE_PEERS / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return None
    print("Installing the packages of the Node peers; this takes about a minute once.")
    done = subprocess.run([npm, "ci", "--omit=dev"], cwd=NODE_PEERS, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"npm ci failed: {done.stderr.strip()[-300:]}"
