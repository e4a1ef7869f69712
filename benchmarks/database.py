"""The database of a benchmark run and its label in the results; `make bench-db` builds the fast one by this module.

In this order: MONGODB_URI, the fast stand-in if it has been built, the embedded server (small data only).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wiring.child_process import start_child, stop_child
from wiring.embedded_mongo import EmbeddedMongo
from wiring.settings import Settings, load_settings

PACKAGE, VERSION = "secantus-mdb", "0.5.3-beta.196"
BUILD = Path(__file__).resolve().parent.parent / "build" / f"secantus-{VERSION}"
EMBEDDED_LIMIT = 10_000


class BuildError(Exception):
    """The fast database cannot be had here; the text says why."""


@dataclass(frozen=True, slots=True)
class BenchmarkDatabase:
    """Where to connect, how results are labelled, and the most documents a collection may hold (None: no limit)."""

    uri: str
    label: str
    most_documents: int | None


def fast_server(settings: Settings) -> Path | None:
    """BENCH_DB_BIN or the binary that was built, None if there is neither."""
    built = BUILD / "bin" / "secantusd-rs"
    return settings.bench_db_bin or (built if built.exists() else None)


@contextmanager
def benchmark_database(settings: Settings) -> Iterator[BenchmarkDatabase]:
    """An empty database for one run (with MONGODB_URI: whatever is there), gone afterwards."""
    if settings.mongodb_uri is not None:
        yield BenchmarkDatabase(settings.mongodb_uri, "MONGODB_URI", None)
        return
    binary = fast_server(settings)
    label, most = (f"{PACKAGE} {VERSION}", None) if binary else ("embedded server", EMBEDDED_LIMIT)
    with (
        tempfile.TemporaryDirectory(prefix="fieldbeat-bench-") as folder,
        EmbeddedMongo(Path(folder), durable=False, binary=binary, cache="1G") as server,
    ):
        yield BenchmarkDatabase(server.uri, label, most)


def build(root: Path = BUILD) -> Path:
    """Builds the pinned version with cargo (about ten minutes on two cores); BuildError with the reason otherwise."""
    cargo = shutil.which("cargo")
    if cargo is None:
        raise BuildError("cargo is not installed: the fast database is a Rust program. Set MONGODB_URI instead.")
    compilers = [name for name in ("cc", "c++", "cmake") if shutil.which(name) is None]
    if compilers:
        raise BuildError(f"{', '.join(compilers)} not found: its storage engine is C. Set MONGODB_URI instead.")
    command = [
        cargo,
        "install",
        PACKAGE,
        "--version",
        VERSION,
        "--locked",
        "--ignore-rust-version",
        "--root",
        str(root),
    ]
    process = start_child(command, os.environ | {"CARGO_TARGET_DIR": str(root / "target")})
    try:
        status = process.wait()
    except KeyboardInterrupt:
        stop_child(process, 5)
        raise
    if status != 0:
        raise BuildError(f"cargo ended with status {status}; its last lines above say why. Set MONGODB_URI instead.")
    shutil.rmtree(root / "target", ignore_errors=True)
    return root / "bin" / "secantusd-rs"


def reported_version(binary: Path) -> str:
    """The first line of what the binary says it is; BuildError if it does not run here."""
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError) as error:
        raise BuildError(f"{binary} does not run here: {error}") from error
    return answer.stdout.partition("\n")[0]


def main() -> int:
    """0 when the fast database is there or MONGODB_URI takes its place, else 1 with the reason."""
    settings = load_settings()
    if settings.mongodb_uri is not None:
        print("MONGODB_URI is set and takes the place of the fast database; nothing to build.")
        return 0
    try:
        binary = fast_server(settings)
        if binary is None:
            print(f"Building {PACKAGE} {VERSION} into {BUILD}; this takes about ten minutes once.")
            binary = build()
        print(f"{reported_version(binary)}\n{binary}")
    except BuildError as error:
        print(f"No fast database: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
