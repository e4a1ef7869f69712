"""Writes the daily report of each rep whose shift has ended; a job of workers/schedule.py.

Each report is a transaction under an id that follows from person and date, so several workers may run it.
"""

from __future__ import annotations

from functools import partial

import structlog

from resolvers.daily_reports import write_report
from resolvers.services import Services
from storage.daily_reports import list_unreported, mark_reported
from storage.driver import DuplicateKeyError, PyMongoError
from storage.shifts import KeptShift
from storage.store import Store

log = structlog.get_logger(__name__)
BATCH = 100


async def write_reports(services: Services) -> int:
    """Writes the reports of shifts that ended, at most one batch; answers how many shifts it has done with.

    Raises PyMongoError where the database fails; a shift that fails for another reason is logged and left out.
    """
    due = await list_unreported(services.store, services.clock(), BATCH)
    for kept in due:
        try:
            await services.store.transaction(partial(_write, kept=kept, by=services))
        except DuplicateKeyError:
            # Another worker wrote the first one meanwhile; the next look finds it.
            continue
        except PyMongoError:
            raise
        except Exception:
            log.exception("daily_report_not_written", shift_id=kept.shift.id)
            await mark_reported(services.store, kept)
    return len(due)


async def _write(store: Store, kept: KeptShift, by: Services) -> None:
    await write_report(store, kept, by.clock())
    await mark_reported(store, kept)
