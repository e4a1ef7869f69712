"""Weeks as people count them (ISO 8601, Monday to Sunday) and their instants in a zone; for norms and abilities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from domain.calendar import DAY_S, Span, known_zone, wall_span

_TEXT = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week by its Monday; written 2026-W48."""

    monday: date

    @classmethod
    def of(cls, day: date) -> Week:
        """The week of a date."""
        return cls(day - timedelta(days=day.weekday()))

    @classmethod
    def parse(cls, text: str) -> Week:
        """Raises ValueError for a text that names no week of the years 2000 to 2199."""
        found = _TEXT.fullmatch(text)
        if found is None or not 2000 <= int(found[1]) < 2200:
            raise ValueError("must be a week such as 2026-W48")
        return cls(date.fromisocalendar(int(found[1]), int(found[2]), 1))

    def __str__(self) -> str:
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02d}"

    @property
    def days(self) -> tuple[date, ...]:
        """Monday to Sunday."""
        return tuple(self.monday + timedelta(days=each) for each in range(7))

    def plus(self, weeks: int) -> Week:
        """So many weeks later."""
        return Week(self.monday + timedelta(weeks=weeks))

    def span(self, zone: str) -> Span:
        """From the midnight it begins with to the one it ends with, in UTC."""
        place = known_zone(zone)
        return wall_span(place, self.monday, 0, DAY_S)[0], wall_span(place, self.plus(1).monday, 0, DAY_S)[0]
