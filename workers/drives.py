"""Measures what was driven in each shift, again whenever more of its track has come; run by workers/schedule.py.

Several workers may run it: each measures from all there is, and what was measured from more fixes stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.attendance import working_date
from domain.ids import ShiftId
from domain.people import Person
from domain.shifts import Shift
from domain.tracks import Track, by_region, traced
from resolvers.services import Services
from storage.codec import decode
from storage.driver import Document
from storage.drives import (
    KEEP,
    ShiftTrack,
    find_shift_track,
    forget_unmeasured,
    list_unmeasured,
    mark_measured,
    save_drive,
)
from storage.people import PEOPLE
from storage.store import Store
from storage.times import stored_time
from storage.visits import list_visits_between

BATCHES = 500
"""So many waiting batches are looked at at once; they are of far fewer shifts."""
_PLANNED_EARLIER = timedelta(days=1)
"""A visit that was scheduled on another day may be made in the shift."""

Arrivals = Sequence[tuple[datetime, str | None]]


async def measure_driven(services: Services) -> int:
    """Measures the shifts whose batches have waited for ten minutes; answers how many."""
    shift_ids = await list_unmeasured(services.store, services.clock(), BATCHES)
    for shift_id in shift_ids:
        await _measure(services, shift_id)
    return len(shift_ids)


async def _measure(services: Services, shift_id: ShiftId | None) -> None:
    store, now = services.store, services.clock()
    found = await find_shift_track(store, shift_id)
    if found is None:
        await forget_unmeasured(store, shift_id)
        return
    arrivals = await _arrivals(store, found)
    # A day of fixes takes a while: not on the event loop.
    track = await asyncio.to_thread(traced, found.fixes, found.shift.breaks)
    await save_drive(store, await _drive(store, found, track, arrivals, now))
    await mark_measured(store, found.batches)


async def _arrivals(store: Store, found: ShiftTrack) -> Arrivals:
    """When the rep checked in where."""
    shift, document = found.shift, found.document
    ended_at = shift.ended_at or shift.auto_end_at
    around = (shift.started_at - _PLANNED_EARLIER, ended_at + _PLANNED_EARLIER)
    visits = await list_visits_between(store, document["org_id"], shift.person_id, *around)
    opened = [
        (each.opened_at, each.site_id)
        for each in visits
        if each.opened_at is not None and shift.started_at <= each.opened_at <= ended_at
    ]
    wanted = sorted({site_id for _, site_id in opened})
    sites = await store["sites"].find({"_id": {"$in": wanted}}, projection={"region": 1}, limit=len(wanted) or 1)
    regions = {each["_id"]: each.get("region") for each in sites}
    return [(at, regions.get(site_id)) for at, site_id in opened]


async def _drive(store: Store, found: ShiftTrack, track: Track, arrivals: Arrivals, now: datetime) -> Document:
    shift = found.shift
    return {
        "_id": shift.id,
        "org_id": found.document["org_id"],
        "owner_id": shift.person_id,
        "team_id": found.document.get("team_id"),
        "date": await _local_date(store, shift),
        "reported": len(found.fixes),
        "driven_m": track.driven_m,
        "gap_m": track.gap_m,
        "gaps": len(track.gaps),
        "by_region": [{"region": region, "driven_m": metres} for region, metres in by_region(track, arrivals).items()],
        "measured_at": stored_time(now),
        "expires_at": stored_time(shift.started_at + KEEP),
    }


async def _local_date(store: Store, shift: Shift) -> str:
    found = (await store.whole(PEOPLE, [shift.person_id])).get(shift.person_id)
    return working_date(decode(Person, found), shift.started_at).isoformat() if found is not None else ""
