"""Taking in positions and states of phones, and telling a rep who looked; called by schema/positions.py."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.access import Actor, Capability, Scope
from domain.consents import TrackingConsent
from domain.ids import is_id
from domain.positions import (
    PhoneState,
    Position,
    ReportedPoint,
    Sifted,
    batch_problem,
    sift,
    state_problem,
)
from domain.presence import wake_at
from domain.refusals import InvalidInput, Refusal
from domain.shifts import Shift
from resolvers.context import Context
from resolvers.once import Facts, Outcome, once
from storage.consents import tracking_consent
from storage.driver import Document
from storage.positions import (
    VIEWS,
    find_latest_at,
    insert_track,
    list_shifts_around,
    move_forward,
    note_sign_of_life,
    save_phone_state,
)
from storage.reads import Page, PageRequest, Reads, unique
from storage.store import Store
from storage.times import stored_time

AT_ONCE = 500
"""So many points are looked through in a few milliseconds."""


@dataclass(frozen=True, slots=True)
class PositionBatch:
    """What a phone reports in one call; `cadence_s` is how often it means to report."""

    points: Sequence[ReportedPoint]
    cadence_s: int
    device_id: str | None = None


async def report_positions(context: Context, client_key: str, given: PositionBatch) -> Document | Refusal:
    """Keeps the points inside the caller's shift and consent, moves the latest position forward. Raises Forbidden."""
    actor = context.require(Capability.DO_FIELD_WORK)
    problem = batch_problem(len(given.points), given.cadence_s)
    if given.device_id is not None and not is_id("dev", given.device_id):
        problem = problem or InvalidInput("deviceId", "must be dev_ and a ULID or UUID")
    if problem is not None:
        return problem

    async def act(store: Store) -> Outcome:
        shifts = await list_shifts_around(store, actor.org_id, actor.person_id, context.now)
        consent = await tracking_consent(store, actor.org_id, actor.person_id)
        sifted = await _sifted(given.points, shifts, consent, context.now)
        latest = _latest(actor, given, sifted, context.now) if sifted.kept else None
        if latest is not None:
            await insert_track(store, latest, sifted.kept)
            if await move_forward(store, latest):
                return Facts(_received(sifted, stored_time(latest.at)))
        await note_sign_of_life(store, actor.person_id)
        return Facts(_received(sifted, await find_latest_at(store, actor.person_id)))

    return await once(context, "reportPositions", client_key, given, act)


async def _sifted(
    points: Sequence[ReportedPoint], shifts: Sequence[Shift], consent: TrackingConsent, now: datetime
) -> Sifted:
    """Thousands take a while: not on the event loop."""
    if len(points) <= AT_ONCE:
        return sift(points, shifts, consent, now)
    return await asyncio.to_thread(sift, points, shifts, consent, now)


def _latest(actor: Actor, given: PositionBatch, sifted: Sifted, now: datetime) -> Position:
    last = sifted.kept[-1]
    return Position(
        id=actor.person_id,
        org_id=actor.org_id,
        owner_id=actor.person_id,
        team_id=actor.team_id,
        location=last.location,
        accuracy_m=last.accuracy_m,
        at=last.at,
        received_at=now,
        cadence_s=given.cadence_s,
        speed_mps=last.speed_mps,
        heading_deg=last.heading_deg,
        battery_pct=last.battery_pct,
        device_id=given.device_id,
        wake_after=wake_at(last.at, given.cadence_s),
    )


def _received(sifted: Sifted, latest_at: datetime | None) -> Document:
    return {
        "accepted": len(sifted.kept),
        "dropped": [{"reason": reason.value, "count": count} for reason, count in sifted.counts.items()],
        "dropped_points": [{"index": each.index, "reason": each.reason.value} for each in sifted.dropped],
        "latest_at": latest_at,
    }


async def report_device_state(context: Context, client_key: str, state: PhoneState, at: datetime) -> Document | Refusal:
    """What the phone told last. Raises Forbidden."""
    actor = context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        problem = state_problem(at, context.now)
        if problem is not None:
            return problem
        owner: Document = {"_id": actor.person_id, "org_id": actor.org_id, "owner_id": actor.person_id}
        owner["team_id"] = actor.team_id
        return Facts(await save_phone_state(store, owner, state, at))

    return await once(context, "reportDeviceState", client_key, {"state": state, "at": at}, act)


async def who_saw_me(context: Context, request: PageRequest) -> Page:
    """The hours in which others looked at the caller's position; names are shown whatever the viewer's team."""
    page = await context.reads.page(VIEWS, {}, request)
    everyone = Reads(context.store, Scope.whole_organization(context.me.org_id))
    viewers = await everyone.by_keys("people", unique(each["viewer_id"] for each in page.documents))
    for each in page.documents:
        viewer = viewers.get(each["viewer_id"], {})
        each["viewer_name"], each["viewer_role"] = viewer.get("name"), viewer.get("role")
    return page
