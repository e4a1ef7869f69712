"""The text of the generated functions and the objects they refer to; selections.py writes, operation.py runs them."""

from __future__ import annotations

from typing import Any


class Source:
    """Python text in the making. Names and paths from documents only ever enter it through `repr`."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names: dict[str, Any] = {}
        self._count = 0

    def name(self, prefix: str) -> str:
        """A name that is not taken."""
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, value: Any, prefix: str = "c") -> str:
        """A name for an object that the functions use."""
        name = self.name(prefix)
        self._names[name] = value
        return name

    def function(self, name: str, parameters: str, body: list[str]) -> None:
        """Adds `def name(parameters)` with its lines, which are indented here."""
        self._lines += [f"def {name}({parameters}):", *(f"    {line}" for line in body or ["pass"]), ""]

    def table(self, entries: dict[str, str], prefix: str) -> str:
        """A name for a dict from texts to functions written before it."""
        name = self.name(prefix)
        rows = ", ".join(f"{key!r}: {function}" for key, function in entries.items())
        self._lines += [f"{name} = {{{rows}}}", ""]
        return name

    def compiled(self, label: str) -> dict[str, Any]:
        """All functions by name."""
        namespace = dict(self._names)
        # The text is made of our own words, numbers and `repr` of names that graphql-core has validated.
        exec(compile("\n".join(self._lines), f"<operation {label}>", "exec"), namespace)  # noqa: S102
        return namespace
