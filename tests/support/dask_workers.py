"""A real scheduler of dask.distributed and real workers, each a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60


@dataclass(slots=True)
class Cluster:
    """Where the scheduler listens, and its workers, which a test may kill."""

    address: str
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add_worker(self) -> subprocess.Popen[bytes]:
        """One more, with one thread, in the program's folder."""
        command = ["worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
        worker = _start([*command, "--local-directory", str(self.folder)], self.folder / "worker.log")
        self.workers.append(worker)
        return worker


@contextmanager
def a_cluster(folder: Path, workers: int) -> Iterator[Cluster]:
    """The cluster, and no process afterwards."""
    told = folder / "scheduler.json"
    command = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)]
    scheduler = _start(command, folder / "scheduler.log")
    cluster = Cluster("", folder)
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while not cluster.address:
            assert time.monotonic() < deadline, "the scheduler did not start"
            assert scheduler.poll() is None, (folder / "scheduler.log").read_text()
            time.sleep(0.05)
            if told.exists() and told.read_text().strip():
                cluster.address = json.loads(told.read_text())["address"]
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        for process in (*cluster.workers, scheduler):
            process.kill()
            process.wait()


def _start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen([sys.executable, "-m", "dask", *command], cwd=ROOT, stdout=output, stderr=output)
