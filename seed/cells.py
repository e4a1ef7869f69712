"""What a cell may hold: one parser per column, and what an absent, empty or cleared cell means; for every importer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from domain.calendar import known_zone
from domain.refusals import InvalidInput
from seed.csv_file import Row

CLEARED = r"\N"
Parse = Callable[[str], Any]
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an import file. `parse` raises ValueError with a reason that fits after the column's name."""

    name: str
    others: tuple[str, ...] = ()
    parse: Parse = str
    clearable: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row, or a part of it, did not go in. `column` is empty where the whole row is meant."""

    line: int
    column: str
    reason: str
    fatal: bool = True
    """False for a warning: the row went in without this value."""

    def __str__(self) -> str:
        return f"line {self.line}: {f'{self.column}: ' if self.column else ''}{self.reason}"


def names_of(columns: tuple[Column, ...]) -> dict[str, tuple[str, ...]]:
    """What `read_table` needs to know of the columns."""
    return {column.name: column.others for column in columns}


def read_cells(row: Row, columns: tuple[Column, ...]) -> tuple[dict[str, Any], list[Problem]]:
    r"""The values a row gives and what is wrong with the others.

    A column the file lacks and an empty cell are not in the answer (what is stored is kept); `\N` is None (cleared).
    """
    given: dict[str, Any] = {}
    problems: list[Problem] = []
    for column in columns:
        text = row.cells.get(column.name, "")
        if text == CLEARED:
            if column.clearable:
                given[column.name] = None
            else:
                problems.append(Problem(row.line, column.name, "cannot be cleared"))
        elif text:
            try:
                given[column.name] = column.parse(text)
            except ValueError as wrong:
                problems.append(Problem(row.line, column.name, str(wrong)))
    return given, problems


def one_of(kind: type[E], others: Mapping[str, E] | None = None) -> Callable[[str], E]:
    """The member of an enum, in any case, or by another word."""
    known = {member.value.casefold(): member for member in kind} | {
        word.casefold(): member for word, member in (others or {}).items()
    }

    def parse(text: str) -> E:
        found = known.get(text.casefold())
        if found is None:
            raise ValueError(f"{text!r} is none of {', '.join(kind)}")
        return found

    return parse


def number(text: str) -> float:
    """A decimal number, with a point or a comma."""
    try:
        value = float(text.replace(",", ".") if "." not in text else text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if value != value or abs(value) == float("inf"):  # noqa: PLR0124 - NaN is the value that differs from itself
        raise ValueError(f"{text!r} is not a number")
    return value


def amount(text: str) -> Decimal:
    """An exact decimal number with a point; grouping is not guessed."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number such as 1250.50") from None


def moment(text: str) -> datetime:
    """An instant in ISO 8601 with its offset: a time without one would have to be guessed."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time such as 2026-11-23T09:00:00+08:00") from None
    if read.tzinfo is None:
        raise ValueError(f"{text!r} has no offset; write 2026-11-23T09:00:00+08:00")
    return read.astimezone(UTC)


def zone(text: str) -> str:
    """The name of an IANA time zone."""
    try:
        return known_zone(text).key
    except ValueError:
        raise ValueError(f"{text!r} is no IANA time zone such as Asia/Shanghai") from None


def refused(line: int, problem: InvalidInput) -> Problem:
    """A refusal of the domain as a row's problem; its field is named as in the API."""
    return Problem(line, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", problem.field).lower(), problem.reason)
