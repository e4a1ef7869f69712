"""Compiles number-crunching loops where the extra `fast` is installed, and leaves them as they are elsewhere.

A compiled loop is kept beside its source (numba's cache), so that only the first call on a machine waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ParamSpec, TypeVar

numba: Any = import_module("numba") if find_spec("numba") else None

_P = ParamSpec("_P")
_R = TypeVar("_R")
IS_COMPILED = numba is not None and not numba.config.DISABLE_JIT
"""Whether loops run as machine code here."""


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The same function, of numbers and arrays, as machine code where that is possible."""
    if numba is None:
        return function
    faster: Callable[_P, _R] = _machine_code(function)
    return faster


def inlined(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """`compiled`, and put into the loops that call it: handing over many arrays would cost more than a short body."""
    if numba is None:
        return function
    faster: Callable[_P, _R] = _machine_code(function, inline="always")
    return faster


def _machine_code(function: Callable[_P, _R], **options: str) -> Any:
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # there is no folder to keep it in: each process compiles for itself
        return numba.njit(**options)(function)
