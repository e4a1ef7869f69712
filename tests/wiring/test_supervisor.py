"""What `make up` does with its processes: order, restarts, stopping, and that no kill blocks the next start."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.wiring.test_embedded_mongo import is_alive, wait_until
from wiring.embedded_mongo import free_port

ROOT = Path(__file__).resolve().parents[2]

API = """
import http.server, os, pathlib, signal, sys
pathlib.Path(os.environ["DATA"], "api.pid").write_text(str(os.getpid()))
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(os.environ["MONGODB_URI"].encode())
    do_POST = do_GET
    def log_message(self, *_): pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
WORKERS = """
import os, pathlib, signal, sys, time
def stop(*_):
    pathlib.Path(os.environ["DATA"], "drained").write_text("")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
pathlib.Path(os.environ["DATA"], "workers.pid").write_text(str(os.getpid()))
time.sleep(60)
"""
SEED = """
import json, os, pathlib
data = pathlib.Path(os.environ["DATA"])
runs = data / "seeded"
runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
if os.environ["DEMO"] == "1":
    (data / "demo.json").write_text(json.dumps({
        "logins": [{"role": "REP", "email": "rep@demo.test", "password": "it's"}],
        "example": {"query": "mutation { signIn }"},
    }))
"""
PROGRAM = """
import sys
from wiring.supervisor import Commands, main
seed, api, workers = sys.argv[1:4]
del sys.argv[1:4]
programs = {"api": ("-c", api), "workers": ("-c", workers)}
sys.exit(main(Commands(("-c", seed), programs, at_work=("-c", "import signal; signal.pause()"))))
"""


class Up:
    """A supervisor as an operator has it: a process, its output, the folder and the port."""

    def __init__(self, folder: Path, port: int, log: IO[str], programs: list[str], **settings: str) -> None:
        self.folder, self.port = folder, port
        self.log = Path(log.name)
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *programs],
            env=os.environ | {"DATA": str(folder), "PORT": str(port), "COLUMNS": "80"} | settings,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    @property
    def output(self) -> str:
        """All it has printed so far."""
        return self.log.read_text()

    def wait_for(self, text: str) -> None:
        """Until `text` has been printed."""
        wait_until(lambda: text in self.output or self.process.poll() is not None, 15)
        assert text in self.output

    def pid(self, name: str) -> int:
        """The process that `name` last ran as."""
        return int((self.folder / f"{name}.pid").read_text())


class Operator:
    """Starts supervisors for one test and ends what is left of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[Up] = []

    def up(self, port: int = 0, /, *, seed: str = SEED, api: str = API, workers: str = WORKERS, **settings: str) -> Up:
        """A new supervisor on the test's folder."""
        with (self.folder.parent / f"output{len(self.started)}.log").open("w") as log:
            up = Up(self.folder, port or free_port(), log, [seed, api, workers], **settings)
        self.started.append(up)
        return up


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    (tmp_path / "data").mkdir()
    operator = Operator(tmp_path / "data")
    yield operator
    for up in operator.started:
        up.process.kill()
        up.process.wait()


EXTERNAL = {"MONGODB_URI": "mongodb://127.0.0.1:1/?replicaSet=none"}


def test_it_starts_all_shows_how_to_sign_in_and_ctrl_c_stops_all(operator: Operator) -> None:
    up = operator.up(**EXTERNAL, DEMO="1")
    up.wait_for("try it")
    assert f"http://127.0.0.1:{up.port}/graphql" in up.output
    assert "rep@demo.test  it's  (rep)" in up.output
    (line,) = (line for line in up.output.splitlines() if "curl" in line)
    answer = subprocess.run(line.partition("try it")[2], shell=True, capture_output=True, text=True, check=True)
    assert answer.stdout == EXTERNAL["MONGODB_URI"]
    assert (operator.folder / "signing.key").stat().st_mode & 0o777 == 0o600

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(10) == 0
    assert (operator.folder / "drained").exists(), "a program may finish its work"
    assert not is_alive(up.pid("api"))
    assert not is_alive(up.pid("workers"))
    assert "Traceback" not in up.output


def test_a_program_that_ignores_the_request_is_killed_after_its_time(operator: Operator) -> None:
    deaf = WORKERS.replace("signal.signal(signal.SIGTERM, stop)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    up = operator.up(**EXTERNAL, SHUTDOWN_S="0.3", workers=deaf)
    up.wait_for("try it")
    up.process.terminate()
    assert up.process.wait(5) == 0
    assert not is_alive(up.pid("workers"))


def test_a_killed_program_is_started_again(operator: Operator) -> None:
    up = operator.up(**EXTERNAL)
    up.wait_for("try it")
    before = up.pid("workers")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: up.pid("workers") != before)
    assert "workers   ended with status -9; starting it again in 1 s" in up.output
    assert up.process.poll() is None


@pytest.mark.parametrize(
    ("seed", "workers", "reason"),
    [
        ("raise SystemExit(4)", WORKERS, "seed ended with status 4"),
        (SEED, "raise SystemExit(2)", "workers ended with status 2 before all was ready"),
    ],
)
def test_a_start_that_cannot_succeed_ends_with_the_reason(
    operator: Operator, seed: str, workers: str, reason: str
) -> None:
    up = operator.up(**EXTERNAL, seed=seed, api="import time; time.sleep(0.3)\n" + API, workers=workers)
    assert up.process.wait(10) == 1
    assert reason in up.output
    assert "Traceback" not in up.output


def test_a_port_that_is_taken_is_named_before_anything_is_started(operator: Operator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        up = operator.up(other.getsockname()[1])
        assert up.process.wait(10) == 1
        assert f"Cannot listen on 127.0.0.1:{up.port}" in up.output
    assert not (operator.folder / "mongo").exists()
    assert not (operator.folder / "seeded").exists()


def test_no_kill_blocks_the_next_start_and_a_second_one_is_told_who_is_running(operator: Operator) -> None:
    first = operator.up()
    first.wait_for("try it")
    with urllib.request.urlopen(f"http://127.0.0.1:{first.port}/") as answer:
        uri = answer.read().decode()
    assert uri.startswith("mongodb://127.0.0.1:")

    second = operator.up()
    assert second.process.wait(20) == 1
    assert f"in use by process {first.process.pid}" in second.output

    owner = json.loads((operator.folder / "mongo.lock").read_text())
    assert owner == {"pid": first.process.pid, "port": int(uri.rpartition(":")[2].partition("/")[0])}
    first.process.kill()
    first.process.wait()

    third = operator.up(first.port)
    third.wait_for("try it")
    assert third.pid("api") != first.pid("workers")
    assert (operator.folder / "seeded").read_text() == "xx"
    third.process.kill()
    wait_until(lambda: not any(str(operator.folder) in line for line in _processes()))


def test_it_ends_with_the_process_that_started_it(operator: Operator) -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"
    port = free_port()
    with (operator.folder.parent / "make.log").open("w") as log:
        make = subprocess.Popen(
            [sys.executable, "-c", script, PROGRAM, SEED, API, WORKERS, "--with-parent"],
            env=os.environ | {"DATA": str(operator.folder), "PORT": str(port)} | EXTERNAL,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    pid_file = operator.folder / "api.pid"
    wait_until(lambda: "try it" in (operator.folder.parent / "make.log").read_text(), 15)
    make.kill()
    make.wait()
    wait_until(lambda: not is_alive(int(pid_file.read_text())))


def _processes() -> list[str]:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return lines
