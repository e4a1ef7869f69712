"""Reads the examples of docs/api.md and compares what they show with a server's answers; for tests/api/test_docs.py.

A comment such as `<!-- as: rep -->` begins an example and says who calls: `nobody`, `rep`, `manager`. Its fences are
`graphql`, `json variables` and `json answer`; `sh` and `json answer`; or `json client` and `json server` messages.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_EXAMPLE = re.compile(r"<!-- as: (\w+) -->")
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CHOSEN_BY_SERVER = re.compile(r"[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{32}|.+…", re.DOTALL)


@dataclass(frozen=True)
class Example:
    """Who calls, and the fences as (kind, text)."""

    line: int
    who: str
    fences: tuple[tuple[str, str], ...]

    def of(self, kind: str) -> list[str]:
        """The texts of one kind."""
        return [text for each, text in self.fences if each == kind]


def read_examples(text: str) -> Iterator[Example]:
    """All of a page, in order."""
    marks = list(_EXAMPLE.finditer(text))
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        part = text[mark.end() : after.start() if after else len(text)]
        part = part.partition("\n## ")[0]
        fences = tuple((kind.strip(), body) for kind, body in _FENCE.findall(part))
        yield Example(text[: mark.start()].count("\n") + 1, mark[1], fences)


@dataclass
class Values:
    """What the page's ids, tokens and cursors are called in this run."""

    known: dict[str, str] = field(default_factory=dict)

    def real(self, given: Any) -> Any:
        """A value of the page with this run's values in it."""
        if isinstance(given, dict):
            return {name: self.real(value) for name, value in given.items()}
        if isinstance(given, list):
            return [self.real(value) for value in given]
        if isinstance(given, str):
            for shown in sorted(self.known, key=len, reverse=True):
                given = given.replace(shown, self.known[shown])
        return given

    def difference(self, shown: Any, real: Any, path: str = "answer") -> str | None:
        """Where the page is wrong; values the server chooses are learnt the first time they are seen."""
        if isinstance(shown, dict) and isinstance(real, dict):
            if list(shown) != list(real):
                return f"{path}: {list(shown)} shown, {list(real)} answered"
            found = (self.difference(shown[name], real[name], f"{path}.{name}") for name in shown)
        elif isinstance(shown, list) and isinstance(real, list) and len(shown) == len(real):
            pairs = enumerate(zip(shown, real, strict=True))
            found = (self.difference(one, other, f"{path}[{at}]") for at, (one, other) in pairs)
        elif isinstance(shown, str) and isinstance(real, str):
            if shown not in self.known and _CHOSEN_BY_SERVER.fullmatch(shown):
                self.known[shown] = real
            wanted = self.real(shown)
            return None if wanted == real else f"{path}: {shown!r} shown, {real!r} answered"
        elif isinstance(shown, float) and isinstance(real, float):
            same = math.isclose(shown, real, rel_tol=1e-4)
            return None if same else f"{path}: {shown} shown, {real} answered"
        else:
            same = shown == real and type(shown) is type(real)
            return None if same else f"{path}: {json.dumps(shown)} shown, {json.dumps(real)} answered"
        return next((each for each in found if each is not None), None)
