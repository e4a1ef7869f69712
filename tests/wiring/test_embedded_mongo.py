"""The embedded database as a process: data survives, nothing is left behind, and one folder has one owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from wiring.embedded_mongo import (
    EmbeddedMongo,
    FolderInUseError,
    MongoUnavailableError,
    bundled_server,
    free_port,
    shared_mongo,
)

ROOT = Path(__file__).resolve().parents[2]
OWNER = """
import sys, time
from pathlib import Path
from wiring.embedded_mongo import EmbeddedMongo
server = EmbeddedMongo(Path(sys.argv[1]))
print(server.start(), server.pid, flush=True)
time.sleep(60)
"""


def marks(uri: str, add: str | None = None) -> list[str]:
    """The ids stored so far, after adding one."""
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=5_000) as client:
        if add is not None:
            client.trial.marks.insert_one({"_id": add})
        return sorted(document["_id"] for document in client.trial.marks.find())


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Fails the test if `condition` does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_data_survives_a_stop_and_a_kill_and_nothing_keeps_running(tmp_path: Path) -> None:
    server = EmbeddedMongo(tmp_path)
    first = server.start()
    assert marks(first, "before stop") == ["before stop"]
    stopped = server.pid
    server.stop()
    assert stopped is not None
    assert not is_alive(stopped)
    assert server.pid is None

    assert server.start() == first, "the address stays, so that clients find it again"
    marks(first, "before kill")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: server.pid is None)
    assert server.start() == first
    assert marks(first) == ["before kill", "before stop"]
    os.kill(server.pid, signal.SIGKILL)
    server.stop()


def test_a_killed_owner_takes_its_server_along_and_the_next_command_has_its_data(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        uri, pid = owner.stdout.readline().split()
        marks(uri, "acknowledged")
        owner.kill()
    wait_until(lambda: not is_alive(int(pid)))
    with shared_mongo(tmp_path) as uri:
        assert marks(uri) == ["acknowledged"]


def test_a_server_without_an_owner_is_ended_and_its_data_taken_over(tmp_path: Path) -> None:
    port = free_port()
    command = [*bundled_server(), "--port", str(port), "--storage-path", str(tmp_path / "mongo"), "--sync-on-commit"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path) as orphan:
        marks(f"mongodb://127.0.0.1:{port}/?replicaSet=secantus", "from the orphan")
        with EmbeddedMongo(tmp_path, durable=False) as server:
            assert not is_alive(orphan.pid)
            assert marks(server.uri) == ["from the orphan"]


def test_a_folder_has_one_owner_and_others_are_told_or_join(tmp_path: Path) -> None:
    (tmp_path / "mongo.lock").write_text("left by an older version")
    with EmbeddedMongo(tmp_path, durable=False) as owner:
        with pytest.raises(FolderInUseError) as refusal:
            EmbeddedMongo(tmp_path).start()
        assert refusal.value.pid == os.getpid()
        assert str(refusal.value.port) in owner.uri
        assert f"process {os.getpid()}" in str(refusal.value)
        with shared_mongo(tmp_path) as uri:
            assert uri == owner.uri
        assert marks(owner.uri, "still there") == ["still there"]


def test_a_server_that_cannot_start_says_why_and_leaves_the_folder_free(tmp_path: Path) -> None:
    broken = tmp_path / "secantusd-broken"
    broken.write_text("#!/bin/sh\necho no space left on this device >&2\nexit 3\n")
    broken.chmod(0o755)
    for _ in range(2):
        with pytest.raises(MongoUnavailableError, match="no space left on this device"):
            EmbeddedMongo(tmp_path, binary=broken).start()
