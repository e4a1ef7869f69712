"""What every report is made from: records of a period under a Scope, and figures of a list of durations.

A report asks for rows through `Rows`; storage's `Reads` is one, and puts the caller's Scope first in each query.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import fmean, median
from typing import Any, Protocol

from domain.errors import BadInput

MAX_ROWS = 100_000
LONGEST = timedelta(days=400)


class Rows(Protocol):
    """Reads of one caller."""

    async def list(
        self,
        collection: str,
        where: Mapping[str, Any],
        *,
        order: str = ...,
        limit: int,
        projection: Mapping[str, Any] | None = ...,
    ) -> list[dict[str, Any]]:
        """At most `limit` documents in scope."""
        ...


@dataclass(frozen=True, slots=True)
class Period:
    """Instants from `since` to before `until`, as documents hold them: naive UTC."""

    since: datetime
    until: datetime

    def __contains__(self, at: datetime) -> bool:
        return self.since <= at < self.until

    @property
    def bounds(self) -> dict[str, datetime]:
        """As a condition of a query."""
        return {"$gte": self.since, "$lt": self.until}

    @property
    def between(self) -> dict[str, datetime]:
        """The same, without a bound that is included: the embedded server leaves one out where an index goes on."""
        return {"$gt": self.since - timedelta(milliseconds=1), "$lt": self.until}

    @property
    def onwards(self) -> dict[str, datetime]:
        """From `since` on, as a condition of a query."""
        return {"$gt": self.since - timedelta(milliseconds=1)}


@dataclass(frozen=True, slots=True)
class Spread:
    """Figures of some durations; all None where there are none. `p90_s`: nine of ten took at most so long."""

    count: int
    median_s: float | None
    mean_s: float | None
    p90_s: float | None


def spread(durations_s: Iterable[float]) -> Spread:
    """The figures; the ninetieth percentile by nearest rank."""
    ordered = sorted(durations_s)
    if not ordered:
        return Spread(0, None, None, None)
    return Spread(len(ordered), median(ordered), fmean(ordered), ordered[ceil(0.9 * len(ordered)) - 1])


async def all_rows(
    rows: Rows, collection: str, where: Mapping[str, Any], projection: Mapping[str, Any], order: str
) -> list[dict[str, Any]]:
    """Every record that matches. Raises BadInput where a period has more than a report may read."""
    found = await rows.list(collection, where, order=order, limit=MAX_ROWS + 1, projection=projection)
    if len(found) > MAX_ROWS:
        raise BadInput("until", f"the period holds more than {MAX_ROWS} records; ask for a shorter one")
    return found
