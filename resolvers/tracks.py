"""The way of a rep on one day, for a map: who may see it, and what of it is known. Called by schema/tracks.py."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from domain.access import Actor, Capability, Role
from domain.attendance import working_zone
from domain.calendar import DAY_S, Span, wall_span
from domain.errors import BadInput, Forbidden
from domain.ids import PersonId
from domain.people import Person
from domain.routes import PlanState
from domain.shifts import Break, Shift
from domain.tracks import Fix, Run, Track, simplified, traced
from resolvers.context import Context
from storage.codec import decode
from storage.driver import Document
from storage.people import PEOPLE
from storage.positions import VIEWS_OF_TRACK, list_track, log_views, shift_of
from storage.reads import Reads
from storage.routes import COLLECTION as PLANS
from storage.shifts import COLLECTION as SHIFTS
from storage.times import stored_time

MIN_TOLERANCE_M, MAX_TOLERANCE_M = 1.0, 1_000.0
MAX_SHOWN = 2_000
"""More points than a map can tell apart: the line is simplified until it has no more."""
MAX_SHIFTS = 10
YEARS = range(2000, 2200)
"""Beyond them a day has no begin and end in every zone."""


def position_watcher(actor: Actor) -> Actor:
    """The caller, who may see positions of somebody. Raises Forbidden for roles that never see any."""
    if actor.role is not Role.REP and not actor.can(Capability.SEE_TEAM_MAP):
        raise Forbidden("Positions are seen by the rep and the managers above only.")
    return actor


async def track_of_day(context: Context, rep_id: str | None, day: date, tolerance_m: float) -> Document | None:
    """The way of the shifts that began on the rep's local date; None where the caller may not see the rep.

    Raises Forbidden for roles that never see positions, BadInput for a tolerance outside 1 to 1,000 m or such a date.
    """
    actor = position_watcher(context.me)
    if not MIN_TOLERANCE_M <= tolerance_m <= MAX_TOLERANCE_M:
        raise BadInput("toleranceM", "must be 1 to 1000 m")
    if day.year not in YEARS:
        raise BadInput("date", "must be within 2000 and 2199")
    if rep_id is not None and actor.role is Role.REP and rep_id != actor.person_id:
        return None
    found = await context.reads.find(PEOPLE, rep_id or actor.person_id)
    if found is None:
        return None
    rep = decode(Person, found)
    shifts = await _shifts_of(context.reads, rep, day)
    fixes, planned = await asyncio.gather(
        list_track(context.reads, rep.id, _whole(shifts, context)) if shifts else _nothing(),
        _planned_m(context.reads, rep.id, day),
    )
    # Thousands of points: not on the event loop.
    track, shown, used_m = await asyncio.to_thread(_drawn, fixes, _pauses(shifts), tolerance_m)
    if track.runs and rep.id != actor.person_id:
        await log_views(context.store, actor.org_id, actor.person_id, [rep.id], VIEWS_OF_TRACK, context.now)
    return {
        "owner_id": rep.id,
        "date": day,
        "started_at": stored_time(shifts[0].started_at) if shifts else None,
        "ended_at": stored_time(shifts[-1].ended_at) if shifts else None,
        "tolerance_m": used_m,
        "segments": [_segment(run, fixes) for run, fixes in zip(track.runs, shown, strict=True)],
        "gaps": [_gap(track, number) for number in range(len(track.gaps))],
        "driven_m": track.driven_m,
        "gap_m": track.gap_m,
        "planned_m": planned,
    }


async def _nothing() -> list[Fix]:
    return []


async def _shifts_of(reads: Reads, rep: Person, day: date) -> list[Shift]:
    begins, ends = wall_span(working_zone(rep), day, 0, DAY_S)
    where = {"owner_id": rep.id, "started_at": {"$gte": stored_time(begins), "$lt": stored_time(ends)}}
    found = await reads.list(SHIFTS, where, order="started_at", limit=MAX_SHIFTS)
    return [shift_of(each) for each in found]


def _whole(shifts: Sequence[Shift], context: Context) -> Span:
    last = shifts[-1]
    return shifts[0].started_at, last.ended_at or max(last.auto_end_at, context.now) + timedelta(seconds=1)


def _pauses(shifts: Sequence[Shift]) -> list[Break]:
    """Breaks, and the times between the shifts of the day."""
    between = [Break(a.ended_at, b.started_at) for a, b in pairwise(shifts) if a.ended_at is not None]
    return [*between, *(each for shift in shifts for each in shift.breaks)]


async def _planned_m(reads: Reads, rep_id: PersonId, day: date) -> float | None:
    where = {"owner_id": rep_id, "date": day.isoformat(), "state": PlanState.PUBLISHED.value}
    plans = await reads.list(PLANS, where, order="date", limit=1, projection={"distance_m": 1})
    return plans[0].get("distance_m") if plans else None


def _drawn(
    fixes: Sequence[Fix], pauses: Sequence[Break], tolerance_m: float
) -> tuple[Track, list[tuple[Fix, ...]], float]:
    """The track, the fixes to show of each run, and the tolerance at which they are few enough."""
    track = traced(fixes, pauses)
    while True:
        shown = [simplified(run.fixes, tolerance_m) for run in track.runs]
        # Two ends of each run stay at any tolerance.
        if sum(map(len, shown)) <= max(MAX_SHOWN, 2 * len(shown)) or tolerance_m > MAX_TOLERANCE_M:
            return track, shown, tolerance_m
        tolerance_m *= 2


def _segment(run: Run, shown: Sequence[Fix]) -> Document:
    return {
        "started_at": stored_time(run.fixes[0].at),
        "ended_at": stored_time(run.fixes[-1].at),
        "reported": len(run.fixes),
        "driven_m": run.driven_m,
        "points": [_point(each) for each in shown],
    }


def _point(fix: Fix) -> Document:
    return {
        "location": {"type": "Point", "coordinates": [fix.location.longitude, fix.location.latitude]},
        "at": stored_time(fix.at),
        "accuracy_m": fix.accuracy_m,
        "speed_mps": fix.speed_mps,
    }


def _gap(track: Track, number: int) -> Document:
    gap = track.gaps[number]
    return {
        "from_at": stored_time(gap.from_at),
        "until_at": stored_time(gap.until_at),
        "reason": gap.reason.value,
        "distance_m": gap.distance_m,
    }
