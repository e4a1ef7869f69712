"""Counts of what the API did, for Prometheus: plain numbers of one event loop, so that counting costs next to nothing.

Filled by api/metering.py and api/connections.py, shown by `/metrics`. Labels are from fixed sets: no users, no names.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
OK: Final = "ok"
PARTIAL: Final = "partial"
"""Data with errors beside it."""
_OTHER: Final = "other"
_CODES: Final = frozenset(
    {
        OK,
        PARTIAL,
        "BAD_INPUT",
        "BAD_REQUEST",
        "DOCUMENT_TOO_LARGE",
        "FORBIDDEN",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "INTERNAL",
        "NOT_FOUND",
        "OPERATION_RESOLUTION_FAILURE",
        "PERSISTED_QUERY_NOT_FOUND",
        "PERSISTED_QUERY_ONLY",
        "RATE_LIMITED",
        "TIMEOUT",
        "TOO_COMPLEX",
        "TOO_DEEP",
        "TOO_MANY_ALIASES",
        "TOO_MANY_DIRECTIVES",
        "TOO_MANY_OPERATIONS",
        "TOO_MANY_SUBSCRIPTIONS",
        "UNAUTHENTICATED",
        "UNAVAILABLE",
    }
)


class Tally(Collector):
    """One per process; every method is called on the event loop's thread."""

    def __init__(self) -> None:
        self._operations: Counter[tuple[str, str]] = Counter()
        self._cost: Counter[str] = Counter()
        self._seconds: dict[str, list[int]] = {}
        self._seconds_sum: Counter[str] = Counter()
        self._executed: Counter[str] = Counter()
        self._answers: Counter[int] = Counter()
        self._refused_connections: Counter[str] = Counter()
        self.connections = 0

    def operation(self, kind: str, code: str, cost: int, seconds: float | None) -> None:
        """One operation that ended with `code`; without `seconds` it was refused before it ran."""
        self._operations[kind, code if code in _CODES else _OTHER] += 1
        if seconds is not None:
            self._cost[kind] += cost
            buckets = self._seconds.get(kind)
            if buckets is None:
                buckets = self._seconds[kind] = [0] * (len(SECONDS) + 1)
            buckets[bisect_left(SECONDS, seconds)] += 1
            self._seconds_sum[kind] += seconds  # type: ignore[assignment]

    def executed(self, way: str) -> None:
        """One query or mutation, by the way it was executed (api/operations.py)."""
        self._executed[way] += 1

    def answer(self, status: int) -> None:
        """One HTTP answer of the GraphQL endpoint."""
        self._answers[status] += 1

    def refused_connection(self, reason: str) -> None:
        """One connection closed by a limit of api/connections.py; `reason` names the limit."""
        self._refused_connections[reason] += 1

    def collect(self) -> Iterator[Metric]:
        """All numbers since the process began."""
        operations = CounterMetricFamily(
            "fieldbeat_graphql_operations", "Operations by kind and outcome.", labels=("kind", "code")
        )
        for (kind, code), count in self._operations.items():
            operations.add_metric((kind, code), count)
        yield operations
        cost = CounterMetricFamily("fieldbeat_graphql_cost", "Cost units of the operations that ran.", labels=("kind",))
        for kind, units in self._cost.items():
            cost.add_metric((kind,), units)
        yield cost
        seconds = HistogramMetricFamily(
            "fieldbeat_graphql_seconds", "Time of queries and mutations until the answer.", labels=("kind",)
        )
        for kind, counts in self._seconds.items():
            bounds = [*(str(bound) for bound in SECONDS), "+Inf"]
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            seconds.add_metric((kind,), buckets, self._seconds_sum[kind])
        yield seconds
        executed = CounterMetricFamily(
            "fieldbeat_graphql_executed", "Queries and mutations by the way they were executed.", labels=("way",)
        )
        for way, count in self._executed.items():
            executed.add_metric((way,), count)
        yield executed
        answers = CounterMetricFamily("fieldbeat_graphql_answers", "HTTP answers by status.", labels=("status",))
        for status, count in self._answers.items():
            answers.add_metric((str(status),), count)
        yield answers
        refused = CounterMetricFamily(
            "fieldbeat_connections_refused", "Connections closed by a limit.", labels=("reason",)
        )
        for reason, count in self._refused_connections.items():
            refused.add_metric((reason,), count)
        yield refused
        yield GaugeMetricFamily("fieldbeat_connections", "Open connections.", self.connections)
