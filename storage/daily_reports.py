"""Daily reports in the database: one for each person and date, found by shift's end, read under a Scope."""

from __future__ import annotations

from datetime import datetime

from domain.access import Scope
from domain.daily_reports import DailyReport
from domain.ids import DailyReportId
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.shifts import COLLECTION as SHIFTS
from storage.shifts import KeptShift, kept_shift
from storage.store import Store
from storage.times import stored_time

COLLECTION = "daily_reports"
INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("date", -1), ("_id", -1)], name="by_owner_date"),
    IndexModel([("org_id", 1), ("team_id", 1), ("date", -1), ("_id", -1)], name="by_team_date"),
    IndexModel([("org_id", 1), ("date", -1), ("_id", -1)], name="by_date"),
]


async def list_unreported(store: Store, now: datetime, limit: int) -> list[KeptShift]:
    """Shifts of all organizations that ended and whose day was not reported since, the longest ago first."""
    query: Document = {"report_due_at": {"$lte": stored_time(now)}}
    found = await store[SHIFTS].find(query, order=[("report_due_at", 1)], limit=limit)
    return [kept_shift(each) for each in found]


async def mark_reported(store: Store, kept: KeptShift) -> None:
    """Its day is reported; a shift that changed meanwhile waits again."""
    guard = {"_id": kept.shift.id, "version": kept.document["version"]}
    await store[SHIFTS].update_one(guard, {"$unset": {"report_due_at": ""}})


async def find_shift(store: Store, shift_id: str) -> KeptShift | None:
    """The shift, for the server's own work."""
    found = await store[SHIFTS].find_one({"_id": shift_id})
    return None if found is None else kept_shift(found)


async def load_report(store: Store, report_id: DailyReportId) -> DailyReport | None:
    """The report, whoever may see it."""
    found = await store[COLLECTION].find_one({"_id": report_id})
    return None if found is None else decode(DailyReport, found)


async def find_report(store: Store, scope: Scope, report_id: str) -> DailyReport | None:
    """The report in scope."""
    found = await Reads(store, scope).find(COLLECTION, report_id)
    return None if found is None else decode(DailyReport, found)


async def save_report(store: Store, report: DailyReport) -> Document | None:
    """Inserts version 1 or saves version n over version n - 1; None where another write came first.

    Raises DuplicateKeyError where two write the first one.
    """
    document = encode(report)
    if report.version == 1:
        await store[COLLECTION].insert_one(document)
        return document
    guard = {"_id": report.id, "version": report.version - 1}
    return document if await store[COLLECTION].replace_one(guard, document) else None
