"""The loop of a worker process: intervals, failures, stopping; and the process itself."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from storage.driver import ConnectionFailure
from wiring.embedded_mongo import free_port
from wiring.settings import SettingsError
from workers import schedule
from workers.metrics_server import serving_metrics
from workers.schedule import Job, run_jobs


async def run_for(seconds: float, *jobs: Job, grace_s: float = 1, until: Callable[[], bool] = lambda: False) -> None:
    """Runs the jobs and stops them, early once `until` holds."""
    stop = asyncio.Event()
    running = asyncio.create_task(run_jobs(jobs, stop, grace_s))
    for _ in range(int(seconds / 0.005)):
        if until():
            break
        await asyncio.sleep(0.005)
    stop.set()
    await running


async def test_run_jobs_at_their_interval_and_at_once_while_there_is_work() -> None:
    left, calls = [3], []

    async def work() -> int:
        calls.append(left[0])
        left[0] = max(0, left[0] - 1)
        return calls[-1]

    await run_for(5, Job("work", 60, work), until=lambda: len(calls) == 4)
    assert calls == [3, 2, 1, 0]


@pytest.mark.parametrize("error", [ConnectionFailure("gone"), ValueError("a bug")])
async def test_run_jobs_survives_failures_and_holds_up_no_other(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "FIRST_PAUSE_S", 0.01)
    calls = {"bad": 0, "good": 0}

    async def bad() -> int:
        calls["bad"] += 1
        if calls["bad"] < 3:
            raise error
        return 0

    async def good() -> int:
        calls["good"] += 1
        return 0

    await run_for(5, Job("bad", 60, bad), Job("good", 0.01, good), until=lambda: calls["bad"] == 3 < calls["good"])
    assert calls["bad"] == 3
    assert calls["good"] > 3


async def test_run_jobs_lets_work_finish_within_the_grace_period() -> None:
    ended: list[str] = []

    async def slow(name: str, seconds: float) -> int:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            ended.append(f"{name} cut off")
            raise
        ended.append(f"{name} done")
        return 0

    short, long = Job("short", 60, lambda: slow("short", 0.1)), Job("long", 60, lambda: slow("long", 60))
    await run_for(0.02, short, long, grace_s=0.3)
    assert ended == ["short done", "long cut off"]


def test_worker_process_shows_metrics_and_ends_on_sigterm(mongo_uri: str, tmp_path: Path) -> None:
    port = free_port()
    environment = os.environ | {"MONGODB_URI": mongo_uri, "DATA": str(tmp_path), "LOG_FORMAT": "json"}
    environment |= {"WORKERS_METRICS_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "workers"], env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        lines = [process.stderr.readline()]
        shown = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
        process.send_signal(signal.SIGTERM)
        lines += process.stderr.readlines()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.stderr.close()
        process.wait()
    assert "workers_started" in lines[0]
    assert "workers_stopped" in lines[-1]
    assert "fieldbeat_deliveries_in_state" in shown


def test_a_worker_whose_metrics_port_is_taken_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match="WORKERS_METRICS_PORT"), serving_metrics("127.0.0.1", port):
            pytest.fail("it serves")


def test_worker_process_without_a_database_says_so(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MONGODB_URI"} | {"DATA": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "workers"], env=environment, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 1
    assert "MONGODB_URI" in ended.stderr
