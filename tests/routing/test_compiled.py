"""Loops compile where the extra is, also where nothing can be kept, and stay as they are elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from routing.solver import compiled as compiling
from routing.solver.compiled import compiled, inlined


def double(number: int) -> int:
    return 2 * number


def test_without_the_extra_a_loop_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "numba", None)
    assert compiled(double) is double
    assert inlined(double) is double


@pytest.mark.parametrize("may_write", [True, False])
def test_it_compiles_also_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch, may_write: bool) -> None:
    asked: list[dict[str, object]] = []

    def njit(**options: object) -> Callable[[Callable[[int], int]], Callable[[int], int]]:
        if options.get("cache") and not may_write:
            raise RuntimeError("cannot cache function")
        asked.append(options)
        return lambda function: lambda number: function(number) + 1

    monkeypatch.setattr(compiling, "numba", SimpleNamespace(njit=njit))
    assert compiled(double)(2) == inlined(double)(2) == 5
    kept: dict[str, object] = {"cache": True} if may_write else {}
    assert asked == [kept, {**kept, "inline": "always"}]
