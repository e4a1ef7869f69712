"""What phones say arrived, as metrics; counted by resolvers/notices.py and shown by `/metrics` of the API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client import Counter, Histogram

from domain.deliveries import Delivery, DeliveryState, mark_received
from domain.notices import Notice, NoticeKind

received_seconds = Histogram(
    "fieldbeat_breach_to_received_seconds",
    "From the transaction that recorded a breach to the phone's word that its push arrived",
    ["channel"],
    buckets=(1, 2, 5, 10, 30, 60, 300, 900, 3_600, 14_400),
)
arrived = Counter(
    "fieldbeat_deliveries_received", "Deliveries of which a phone first said that they arrived", ["channel"]
)
arrived_again = Counter(
    "fieldbeat_deliveries_received_again", "Deliveries that a phone had already received", ["channel"]
)
_THERE = frozenset({DeliveryState.RECEIVED, DeliveryState.OPENED})


def first_arrivals(rows: Sequence[Delivery], now: datetime) -> list[Delivery]:
    """Those of which nobody knew that they arrived; `rows` are as they were before the report."""
    return [row for row in rows if mark_received(row, now) is not row]


def count_arrivals(rows: Sequence[Delivery], notices: Iterable[Notice], now: datetime) -> None:
    """Counts a report; `notices` are those of its first arrivals."""
    for row in rows:
        if row.state in _THERE:
            arrived_again.labels(row.channel).inc()
    told = {notice.id: notice for notice in notices}
    for row in first_arrivals(rows, now):
        arrived.labels(row.channel).inc()
        notice = told.get(row.notice_id)
        if notice is not None and notice.kind is NoticeKind.SLA_BREACHED:
            received_seconds.labels(row.channel).observe((now - notice.created_at).total_seconds())
