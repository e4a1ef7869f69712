"""Where a Python peer finds its records: the database, or in memory mode the dict server of benchmarks/memory.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from benchmarks.memory import load_memory
from storage.driver import connect


def open_database() -> Any:
    """A storage.driver.Database or what stands in for it."""
    path = os.environ.get("MEMORY_DATA")
    if path is not None:
        return load_memory(Path(path))
    return connect(os.environ["MONGODB_URI"], os.environ["MONGODB_DATABASE"])
