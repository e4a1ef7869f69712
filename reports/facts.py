"""What a report of the cockpit is: facts of one day and team, each from one record, and the cells they add up to.

A report is data (`Report`); reports/registry.py lists all. The nightly count, the drill-down to the records behind a
cell and the tests' recount read the same facts.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256
from math import fsum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from domain.calendar import DAY_S, wall_span
from domain.ids import LeadId, PersonId, TeamId
from domain.norms import Norms
from domain.people import Person
from domain.sla import Clock, Metric
from reports.rows import Period, Rows

DECIMALS = 3
READY_HOUR = 4
"""When a day is counted, on the morning after: it stands by six."""


class Dimension(StrEnum):
    """What cells are told apart by."""

    DAY = "DAY"
    TEAM = "TEAM"
    REP = "REP"
    TIER = "TIER"
    REGION = "REGION"
    METRIC = "METRIC"
    STAGE = "STAGE"
    TENURE_WEEK = "TENURE_WEEK"


class Unit(StrEnum):
    """What a measure is counted in."""

    COUNT = "COUNT"
    SECONDS = "SECONDS"
    METRES = "METRES"
    SHARE = "SHARE"


@dataclass(frozen=True, slots=True)
class Measure:
    """One column. What is `over` two others is worked out when it is read: only sums are stored."""

    key: str
    title_en: str
    title_zh: str
    unit: Unit = Unit.COUNT
    over: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """What one record adds to its day: values by measure, for a rep and under labels by dimension."""

    record_id: str
    rep_id: str | None
    values: Mapping[str, float]
    labels: Mapping[Dimension, str] = field(default_factory=dict)


class HeldClock(Protocol):
    """A promise on a lead and who holds it."""

    @property
    def id(self) -> str: ...
    @property
    def lead_id(self) -> LeadId: ...
    @property
    def owner_id(self) -> PersonId | None: ...
    @property
    def team_id(self) -> TeamId | None: ...
    @property
    def metric(self) -> Metric: ...
    @property
    def clock(self) -> Clock: ...


class Events(Rows, Protocol):
    """The records of one team as raw events: rows, and promises read from their logs."""

    async def clocks(self, metrics: Sequence[Metric], since: datetime) -> Sequence[HeldClock]:
        """Clocks of these metrics that something was recorded of since then (naive UTC)."""
        ...


@dataclass(frozen=True, slots=True)
class ReportDay:
    """The day that is counted and what the organization and team are; `people` are who is in the team, by id."""

    date: date
    zone: ZoneInfo
    people: Mapping[str, Person]
    norms: Norms
    stages: tuple[str, ...]
    """Keys of the organization's stages in their order."""
    lost_stages: frozenset[str]
    """Those in which a lead is lost or disqualified."""

    @property
    def period(self) -> Period:
        """From the midnight it begins with to the one it ends with, in the organization's zone."""
        return period_of(self.date, self.zone)

    def is_further(self, from_stage: str, to_stage: str) -> bool:
        """Whether a lead that went from one stage to the other went on: to a later one, and not out of the funnel."""
        if to_stage in self.lost_stages or not {from_stage, to_stage} <= set(self.stages):
            return False
        return self.stages.index(to_stage) > self.stages.index(from_stage)


def period_of(day: date, zone: ZoneInfo) -> Period:
    """The instants of a date there."""
    begins_at, ends_at = wall_span(zone, day, 0, 0)[0], wall_span(zone, day, DAY_S, DAY_S)[0]
    return Period(begins_at.replace(tzinfo=None), ends_at.replace(tzinfo=None))


def latest_day(now: datetime, zone: ZoneInfo) -> date:
    """The latest date that is over and ready to be counted."""
    local = now.astimezone(zone)
    return local.date() - timedelta(days=1 if local.time() >= time(READY_HOUR) else 2)


@dataclass(frozen=True, slots=True)
class Report:
    """A report of the cockpit, as data. `facts` reads one day of one team.

    `of_positions`: made of what only the chain of superiors may see, never administrators or support.
    """

    key: str
    title_en: str
    title_zh: str
    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    facts: Callable[[Events, ReportDay], Awaitable[list[Fact]]]
    of_positions: bool = False

    def measure(self, key: str) -> Measure | None:
        """The measure of that key."""
        return next((each for each in self.measures if each.key == key), None)

    @property
    def sums(self) -> tuple[Measure, ...]:
        """The measures that are stored."""
        return tuple(each for each in self.measures if each.over is None)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of cells; `labels` hold the report's dimensions, a missing one is not known."""

    labels: Mapping[str, str]
    values: Mapping[str, float]


def labels_of(fact: Fact, dimensions: Iterable[Dimension]) -> dict[str, str]:
    """Where the fact is counted."""
    found: dict[str, str | None] = {
        each.value: fact.rep_id if each is Dimension.REP else fact.labels.get(each) for each in dimensions
    }
    return {name: value for name, value in found.items() if value is not None}


def rows_of(report: Report, facts: Iterable[Fact]) -> list[Row]:
    """The cells that the facts add up to, in one order whatever theirs is; lines without a value are left out."""
    lines = ((labels_of(each, report.dimensions), each.values) for each in facts)
    return summed(report, lines)


def summed(report: Report, lines: Iterable[tuple[Mapping[str, str], Mapping[str, float]]]) -> list[Row]:
    """Lines of the same labels added up."""
    grouped: dict[tuple[tuple[str, str], ...], dict[str, list[float]]] = {}
    for labels, values in lines:
        cells = grouped.setdefault(tuple(sorted(labels.items())), {})
        for key, value in values.items():
            cells.setdefault(key, []).append(value)
    rows = []
    for labels_key, cells in sorted(grouped.items()):
        known = {each.key: _total(cells[each.key]) for each in report.sums if each.key in cells}
        if any(known.values()):
            rows.append(Row(dict(labels_key), known))
    return rows


def _total(values: Sequence[float]) -> float:
    # fsum gives the same sum in any order.
    total = round(fsum(values), DECIMALS)
    return int(total) if total.is_integer() else total


def cells_of(report: Report, values: Mapping[str, float]) -> dict[str, float | None]:
    """Every measure of a line: a sum that nothing was added to is 0, a share of nothing None."""
    found: dict[str, float | None] = {each.key: values.get(each.key, 0) for each in report.sums}
    for each in report.measures:
        if each.over is not None:
            part, whole = (found[key] for key in each.over)
            found[each.key] = part / whole if part is not None and whole else None
    return found


def digest_of(key: str, day: str, rows: Sequence[Row]) -> str:
    """SHA-256 of the snapshot's only spelling: the same events give the same bytes."""
    return sha256(canonical(key, day, rows)).hexdigest()


def canonical(key: str, day: str, rows: Sequence[Row]) -> bytes:
    """The snapshot as canonical JSON."""
    spelled: dict[str, Any] = {
        "key": key,
        "day": day,
        "rows": [{"labels": dict(each.labels), "values": dict(each.values)} for each in rows],
    }
    return json.dumps(spelled, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
