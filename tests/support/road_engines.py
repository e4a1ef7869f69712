"""The real OSRM and Valhalla on a real extract, as `make road-engines` installs them; for tests/routing."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from wiring.child_process import start_child, stop_child
from wiring.embedded_mongo import free_port

ENGINES = Path(__file__).parents[2] / "build" / "road-engines"
MISSING = None if (ENGINES / "installed").is_file() else "`make road-engines` was not run"


def _package(name: str) -> Path:
    return next(ENGINES.glob(f"lib/python*/site-packages/{name}"))


def _run(command: Sequence[str | Path], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]


@contextmanager
def osrm(extract: Path, folder: Path) -> Iterator[str]:
    """The address of `osrm-routed` on the extract until the block ends."""
    tools = _package("osrm")
    (folder / "map.osm.pbf").write_bytes(extract.read_bytes())
    _run([tools / "bin" / "osrm-extract", "-p", tools / "share" / "profiles" / "car.lua", "map.osm.pbf"], folder)
    _run([tools / "bin" / "osrm-contract", "map.osrm"], folder)
    port = free_port()
    server = tools / "bin" / "osrm-routed"
    command = [server, "--algorithm", "ch", "-i", "127.0.0.1", "-p", str(port), "-t", "1", folder / "map.osrm"]
    with _serving([str(part) for part in command], port, folder):
        yield f"http://127.0.0.1:{port}"


def build_tiles(extract: Path, folder: Path) -> Path:
    """Valhalla's tiles of the extract."""
    tiles = folder / "tiles"
    tiles.mkdir()
    script = "import json, sys, valhalla; print(json.dumps(valhalla.get_config(tile_dir=sys.argv[1], tile_extract='')))"
    made = subprocess.run(
        [ENGINES / "bin" / "python", "-c", script, tiles], capture_output=True, text=True, check=True, timeout=60
    )
    config = json.loads(made.stdout)
    config["httpd"]["service"] |= {
        "listen": "tcp://127.0.0.1:PORT",
        "loopback": f"ipc://{folder}/loopback",
        "interrupt": f"ipc://{folder}/interrupt",
    }
    (folder / "valhalla.json").write_text(json.dumps(config), encoding="utf-8")
    _run([_package("valhalla") / "bin" / "valhalla_build_tiles", "-c", "valhalla.json", extract], folder)
    return tiles


@contextmanager
def valhalla(folder: Path) -> Iterator[str]:
    """The address of `valhalla_service` on the tiles built in `folder` until the block ends."""
    port = free_port()
    config = (folder / "valhalla.json").read_text(encoding="utf-8").replace(":PORT", f":{port}")
    (folder / "serve.json").write_text(config, encoding="utf-8")
    command = [str(_package("valhalla") / "bin" / "valhalla_service"), str(folder / "serve.json"), "1"]
    with _serving(command, port, folder):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _serving(command: list[str], port: int, folder: Path) -> Iterator[None]:
    with (folder / "server.log").open("wb") as output:
        process = start_child(command, output=output)
    try:
        deadline = time.monotonic() + 60
        while not _listens(port):
            assert process.poll() is None, (folder / "server.log").read_text(errors="replace")[-2_000:]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        stop_child(process, grace_s=5)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
