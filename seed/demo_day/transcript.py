"""What the operator reads while the demo plays, and the checks that stop it; for seed/demo_day/day.py."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

_PLAIN_WIDTH = 140
"""Columns where the transcript goes into a file."""
_LABEL_WIDTH = 11
_INDENT = (0, 0, 0, 3)


class StepFailedError(Exception):
    """A step is not as it should be; the text says what was expected and what was seen."""


class Transcript:
    """Numbered steps with their facts on the screen; `steps` and `checks` count what was shown and proved."""

    def __init__(self) -> None:
        plain = Console()
        self._console = plain if plain.is_terminal else Console(width=_PLAIN_WIDTH)
        self._began = time.monotonic()
        self.steps = 0
        self.checks = 0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the demo began."""
        return time.monotonic() - self._began

    def step(self, title: str) -> None:
        """Begins the next step; the first has number 0."""
        self._console.print(f"\n[bold]{self.steps}  {escape(title)}[/bold]  [dim]{self.elapsed_s:.0f} s[/dim]")
        self.steps += 1

    def fact(self, label: str, text: object) -> None:
        """One thing that happened."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=_LABEL_WIDTH, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(escape(label), escape(str(text)))
        self._console.print(Padding(grid, _INDENT, expand=False))

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Several things of the same kind."""
        table = Table(*headings, box=None, padding=(0, 2, 0, 0), header_style="dim")
        for row in rows:
            table.add_row(*(escape(str(cell)) for cell in row))
        self._console.print(Padding(table, _INDENT, expand=False))

    def expect(self, what: str, expected: object, seen: object) -> None:
        """Raises StepFailedError unless both are equal."""
        self.ensure(what, expected == seen, expected, seen)

    def ensure(self, what: str, holds: bool, expected: object, seen: object) -> None:
        """Raises StepFailedError unless it holds."""
        if not holds:
            raise StepFailedError(f"{what}\n  expected: {expected}\n  seen:     {seen}")
        self.checks += 1

    def failed(self, problem: str) -> None:
        """The last words of a demo that did not go as it should."""
        self._console.print(f"\n[bold red]Step {max(0, self.steps - 1)} failed:[/bold red] {escape(problem)}")

    def done(self) -> None:
        """The last words of a demo that went well."""
        self._console.print(
            f"\n[bold green]All is as it should be:[/bold green] {self.steps} steps, {self.checks} checks, "
            f"{self.elapsed_s:.1f} s."
        )
