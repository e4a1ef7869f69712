"""What `make up` runs: the embedded database, the seed, API and worker as child processes, until Ctrl-C or SIGTERM.

`python -m wiring.supervisor [--with-parent]`; with the flag it also ends when the process that started it does.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from rich.console import Console

from wiring.banner import local_host, print_banner
from wiring.child_process import die_with_parent, start_child, stop_child
from wiring.embedded_mongo import EmbeddedMongo, FolderInUseError, MongoUnavailableError
from wiring.settings import Settings, SettingsError, load_settings
from wiring.signing_keys import load_signing_keys

_READY_S = 60.0
_PREDECESSOR_S = 2.0
_LONGEST_PAUSE_S = 30.0
_STEADY_S = 60.0
_LOOK_S = 0.1


class StartError(Exception):
    """Something that keeps the program from running; the text tells the operator what to do."""


class Stopped(Exception):  # noqa: N818 - a request, not an error
    """The operator asked to stop while something was still being waited for."""


@dataclass(frozen=True, slots=True)
class Commands:
    """What the supervisor starts, as arguments after the interpreter: `seed` runs to its end, then the others stay."""

    seed: tuple[str, ...] = ("-m", "seed", "init")
    programs: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"api": ("-m", "api"), "workers": ("-m", "workers")}
    )
    at_work: tuple[str, ...] = ("-m", "seed", "at-work")
    """Whoever makes a demo move, once all is ready."""


@dataclass(slots=True)
class _Pause:
    """The wait before a crashed process starts again: 1 s, doubled up to 30 s, 1 s again after a steady run."""

    delay_s: float = 1.0
    started: float = field(default_factory=time.monotonic)

    def next_start(self, now: float) -> float:
        if now - self.started > _STEADY_S:
            self.delay_s = 1.0
        due = now + self.delay_s
        self.delay_s = min(self.delay_s * 2, _LONGEST_PAUSE_S)
        return due


class Supervisor:
    """Starts everything in order, keeps it running, and stops it in the opposite order."""

    def __init__(self, settings: Settings, console: Console, commands: Commands) -> None:
        self._settings = settings
        self._console = console
        self._commands = commands
        self._stop = threading.Event()
        self._mongo = None if settings.mongodb_uri else EmbeddedMongo(settings.data)
        self._environment = dict(os.environ)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._pauses: dict[str, _Pause] = {}
        self._due: dict[str, float] = {}

    def request_stop(self, *_: object) -> None:
        """Signal handler: everything is stopped at the next look, a tenth of a second later at most."""
        self._stop.set()

    def run(self) -> None:
        """Returns after a requested stop; StartError or MongoUnavailableError where the program cannot run."""
        try:
            self._wait_for_port()
            self._start_database()
            self._seed()
            for name, command in self._commands.programs.items():
                self._start(name, command)
            self._wait_until_ready()
            print_banner(self._settings, self._demo, self._console)
            if self._demo and self._settings.demo_at_work:
                self._start("at work", self._commands.at_work)
            while not self._stop.wait(_LOOK_S):
                self._look_after()
        except Stopped:
            pass
        finally:
            self._stop_all()

    @property
    def _demo(self) -> bool:
        return self._mongo is not None if self._settings.demo is None else self._settings.demo

    def _say(self, name: str, text: str) -> None:
        self._console.print(f"  {name:<9} {text}", markup=False, highlight=False, soft_wrap=True)

    def _pause_for(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped

    def _patiently(self, attempt: Callable[[], None], error: type[Exception]) -> None:
        """`attempt` until it no longer raises `error`, for a moment: a predecessor may still be on its way out."""
        deadline = time.monotonic() + _PREDECESSOR_S
        while True:
            try:
                return attempt()
            except error:
                if time.monotonic() > deadline:
                    raise
            self._pause_for(_LOOK_S)

    def _wait_for_port(self) -> None:
        self._patiently(lambda: _claimable(self._settings.host, self._settings.port), StartError)

    def _start_database(self) -> None:
        if self._mongo is None:
            self._say("database", "from MONGODB_URI")
        else:
            self._say("database", f"starting in {self._settings.data}")
            began = time.monotonic()
            self._patiently(self._start_mongo, FolderInUseError)
            self._say("database", f"ready after {time.monotonic() - began:.1f} s")
            self._environment["MONGODB_URI"] = self._mongo.uri
            self._pauses["database"] = _Pause()
        self._environment |= {"DATA": str(self._settings.data), "DEMO": "1" if self._demo else "0"}

    def _start_mongo(self) -> None:
        if self._mongo is not None:
            self._mongo.start()

    def _seed(self) -> None:
        self._say("seed", "indexes" + (" and the demo organization" if self._demo else ""))
        began = time.monotonic()
        process = self._running["seed"] = self._spawn(self._commands.seed)
        while process.poll() is None:
            self._pause_for(_LOOK_S)
        del self._running["seed"]
        if process.returncode != 0:
            raise StartError(f"The database could not be prepared (seed ended with status {process.returncode}).")
        self._say("seed", f"done after {time.monotonic() - began:.1f} s")

    def _spawn(self, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
        return start_child([sys.executable, *arguments], self._environment)

    def _start(self, name: str, command: tuple[str, ...]) -> None:
        self._running[name] = self._spawn(command)
        self._pauses.setdefault(name, _Pause()).started = time.monotonic()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_S
        while True:
            ready = _answers(self._settings.host, self._settings.port, "/readyz")
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise StartError(f"{name} ended with status {process.returncode} before all was ready.")
            if ready:
                return
            if time.monotonic() > deadline:
                raise StartError(f"The API was not ready after {_READY_S:.0f} s.")
            self._pause_for(_LOOK_S)

    def _look_after(self) -> None:
        """Starts again whatever has ended, after its pause; the database first, on the same port."""
        now = time.monotonic()
        if self._mongo is not None and self._mongo.pid is None and self._is_due("database", "ended", now):
            self._start_mongo()
            self._pauses["database"].started = time.monotonic()
        commands = {**self._commands.programs, "at work": self._commands.at_work}
        for name, process in self._running.items():
            if process.poll() is not None and self._is_due(name, f"ended with status {process.returncode}", now):
                self._start(name, commands[name])

    def _is_due(self, name: str, what: str, now: float) -> bool:
        if name not in self._due:
            self._due[name] = self._pauses[name].next_start(now)
            self._say(name, f"{what}; starting it again in {self._due[name] - now:.0f} s")
        if now < self._due[name]:
            return False
        del self._due[name]
        return True

    def _stop_all(self) -> None:
        """All programs at once, each with the time it was promised; the database when nobody needs it any more."""
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + self._settings.shutdown_s
        for process in self._running.values():
            stop_child(process, max(0.0, deadline - time.monotonic()))
        if self._mongo is not None:
            self._mongo.stop()


def _claimable(host: str, port: int) -> None:
    """StartError unless the API could listen there now."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise StartError(f"Cannot listen on {host}:{port} ({error.strerror}). Choose another one: PORT=8001") from error


def _answers(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(local_host(host), port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(commands: Commands) -> int:
    """The exit status: 0 after a requested stop, 1 where it could not run, 2 for settings that cannot be used."""
    if "--with-parent" in sys.argv[1:]:
        die_with_parent(os.getppid(), signal.SIGTERM)
    settings = load_settings()
    console = Console()
    errors = Console(stderr=True)
    supervisor = Supervisor(settings, console, commands)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup stays in force
            signal.signal(number, supervisor.request_stop)
    try:
        load_signing_keys(settings)
        supervisor.run()
    except SettingsError as error:
        errors.print(f"{error}\nAll settings: docs/settings.md", markup=False, highlight=False, soft_wrap=True)
        return 2
    except (StartError, MongoUnavailableError) as error:
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 1
    console.print("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main(Commands()))
