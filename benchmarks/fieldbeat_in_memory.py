"""`python -m benchmarks.fieldbeat_in_memory`: our API as it is, on the dict server of benchmarks/memory.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from api.__main__ import serve
from benchmarks.memory import load_memory
from storage.store import Store
from wiring.logging import configure_logging
from wiring.settings import load_settings


def main() -> None:
    """Reads the settings and serves."""
    settings = load_settings()
    configure_logging(settings, "api")
    serve(settings, Store(cast("Any", load_memory(Path(os.environ["MEMORY_DATA"])))))


if __name__ == "__main__":
    main()
