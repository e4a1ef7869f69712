"""The MongoDB-compatible server beside the program when MONGODB_URI is not set, always as a process of its own.

The supervisor owns it for as long as it runs; commands such as the importers join it or own it for a moment
(`shared_mongo`); tests and benchmarks start short-lived ones. Meant for the first minutes, tests and demos (to about
10,000 documents a collection).
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from wiring.child_process import start_child, stop_child

_START_S = 60.0
_STOP_S = 10.0
_LOG_TAIL_CHARS = 2_000


class MongoUnavailableError(Exception):
    """The server could not be started; the text tells the operator why."""


class FolderInUseError(MongoUnavailableError):
    """Another process owns the data folder: `pid`, and `port` of its server once that answers (else None)."""

    def __init__(self, folder: Path, pid: int | None, port: int | None) -> None:
        self.pid, self.port = pid, port
        where = f", database on port {port}" if port else ""
        super().__init__(f"{folder} is in use by process {pid or 'unknown'}{where}. Stop it or choose another DATA=.")


def bundled_server() -> list[str]:
    """How the server of the extra `embedded`, beside this Python, is called; MongoUnavailableError without it."""
    path = Path(sys.executable).parent / "secantusd-py"
    if not path.exists():
        raise MongoUnavailableError("The embedded database (extra `embedded`) is not installed; set MONGODB_URI.")
    return [sys.executable, str(path)]


def free_port() -> int:
    """A loopback TCP port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EmbeddedMongo:
    """One server on one folder, on a free loopback port.

    `durable` (slower) loses no acknowledged write to kill -9 or a power cut; without it the folder is throw-away, as in
    tests and benchmarks, and the server is stopped the quick way.
    """

    def __init__(self, folder: Path, *, durable: bool = True, binary: Path | None = None, cache: str = "512M") -> None:
        self.folder = folder.resolve()
        self._storage = self.folder / "mongo"
        self._log = self.folder / "mongo.log"
        self._durable = durable
        self._binary = binary
        self._cache = cache
        self._port: int | None = None
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """The address for MONGODB_URI; the same for the life of this object once started."""
        return f"mongodb://127.0.0.1:{self._port}/?replicaSet=secantus"

    @property
    def pid(self) -> int | None:
        """The server's process, None while it is not running."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> str:
        """Takes the folder, starts the server (again, on the same port) and waits until it answers; its URI.

        FolderInUseError if a living process owns the folder, MongoUnavailableError if the server does not come up.
        """
        if self._lock is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = _take(self.folder)
        try:
            _end_orphans(self._storage)
            for port in [self._port] * 3 if self._port is not None else [free_port() for _ in range(3)]:
                if self._launch(port):
                    self._port = port
                    _describe(self._lock, port)
                    return self.uri
        except BaseException:
            self.stop()
            raise
        self.stop()
        raise MongoUnavailableError(f"The embedded database did not start:\n{self._log_tail()}")

    def stop(self) -> None:
        """Stops the server (SIGTERM, wait, SIGKILL) and releases the folder; harmless if it does not run."""
        if self._process is not None:
            if not self._durable:
                self._process.kill()
            stop_child(self._process, _STOP_S)
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _launch(self, port: int) -> bool:
        """Whether the server accepts connections on `port`; it listens only after its storage has been recovered."""
        config = self.folder / "mongo.toml"
        config.touch()  # an empty configuration keeps the server from finding one elsewhere on this machine
        command = [
            *([str(self._binary)] if self._binary else bundled_server()),
            *("--config", str(config), "--host", "127.0.0.1"),
            *("--port", str(port), "--storage-path", str(self._storage)),
            *("--cache-size", self._cache, "--log-level", "WARNING"),
            *(["--sync-on-commit"] if self._durable else []),
        ]
        with self._log.open("wb") as log:
            self._process = start_child(command, output=log)
        deadline = time.monotonic() + _START_S
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return self._process.poll() is None
            time.sleep(0.02)
        stop_child(self._process, _STOP_S)
        return False

    def _log_tail(self) -> str:
        text = self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""
        return text[-_LOG_TAIL_CHARS:].strip() or "it said nothing"


@contextmanager
def shared_mongo(folder: Path) -> Iterator[str]:
    """The URI of the server on `folder`: the running one of another process, else one of our own for the while."""
    server = EmbeddedMongo(folder)
    try:
        uri = server.start()
    except FolderInUseError as owner:
        if owner.port is None:
            raise
        yield f"mongodb://127.0.0.1:{owner.port}/?replicaSet=secantus"
        return
    try:
        yield uri
    finally:
        server.stop()


def _take(folder: Path) -> int:
    """A descriptor that holds the folder's lock; the kernel gives the lock back when the process ends in any way."""
    path = folder / "mongo.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise FolderInUseError(folder, *_owner(path)) from None
    _describe(descriptor, None)
    return descriptor


def _describe(lock: int, port: int | None) -> None:
    """Writes who holds the lock and where its server answers, for whoever comes second."""
    text = json.dumps({"pid": os.getpid(), "port": port}).encode()
    os.pwrite(lock, text, 0)
    os.ftruncate(lock, len(text))


def _owner(path: Path) -> tuple[int | None, int | None]:
    """Process and port in a held lock file, waiting while its server is on the way up."""
    deadline = time.monotonic() + 5
    owner: dict[str, int | None] = {}
    while time.monotonic() < deadline:
        with suppress(ValueError, OSError):
            owner = json.loads(path.read_text(encoding="utf-8"))
            if owner["port"] is not None:
                break
        time.sleep(0.1)
    return owner.get("pid"), owner.get("port")


def _end_orphans(storage: Path) -> None:
    """Ends servers left on this storage; we hold the folder's lock, so their owner is gone."""
    for pid in _servers_on(storage):
        for sign, patience_s in ((signal.SIGTERM, _STOP_S), (signal.SIGKILL, _STOP_S)):
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
            deadline = time.monotonic() + patience_s
            while pid in _servers_on(storage) and time.monotonic() < deadline:
                time.sleep(0.05)
            if pid not in _servers_on(storage):
                break


def _servers_on(storage: Path) -> list[int]:
    """Processes of the server program that were started with exactly this storage path (Linux)."""
    wanted = os.fsencode(storage)
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = entry.read_bytes().split(b"\0")
            if wanted in words and any(b"secantusd" in os.path.basename(word) for word in words[:2]):
                found.append(int(entry.parent.name))
    return found
