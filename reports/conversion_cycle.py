"""Conversion cycle: how long it took from a prospect showing up until they were a customer."""

from __future__ import annotations

from reports.rows import Period, Rows, Spread, all_rows, spread


async def conversion_cycle(rows: Rows, period: Period) -> Spread:
    """Figures of the leads that were converted in the period; wall-clock seconds."""
    found = await all_rows(
        rows, "leads", {"converted_at": period.bounds}, {"occurred_at": 1, "converted_at": 1}, "converted_at"
    )
    return spread((each["converted_at"] - each["occurred_at"]).total_seconds() for each in found)
