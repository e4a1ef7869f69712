"""What solver processes are given in tests: work that ends well, badly, or with the process."""

from __future__ import annotations

import os
import time
from pathlib import Path


def square(number: int) -> int:
    """The number by itself."""
    return number * number


def fail(message: str) -> None:
    """Raises ValueError."""
    raise ValueError(message)


def die() -> None:
    """As if the system had killed the process for its memory."""
    os._exit(1)


def sleep_then_square(number: int, seconds: float) -> int:
    """The same, later."""
    time.sleep(seconds)
    return square(number)


def die_once(marker: Path) -> str:
    """Dies at the first call; lives at the next, which finds the marker."""
    if marker.exists():
        return "lived"
    marker.touch()
    os._exit(1)


def pid() -> int:
    """Whose process this is."""
    return os.getpid()
