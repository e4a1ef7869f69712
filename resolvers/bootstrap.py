"""Everything a phone must know to begin, in one answer of few reads. Called by schema/bootstrap.py."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from domain.access import Scope
from domain.apps import too_old
from domain.attendance import planned_work
from domain.calendar import TIME_ZONE_DATA, known_zone
from domain.check_in_policies import DEFAULT_POLICY
from domain.errors import BadInput
from domain.labels import labels
from domain.people import Person
from domain.positions import MAX_POINTS
from domain.presence import DEFAULT_CADENCE_S, IDLE_CADENCE_S, MOVING_M
from domain.refusals import Refusal
from domain.shifts import MAX_AHEAD, MAX_LATE
from resolvers.consents import my_consents
from resolvers.context import Context
from storage.codec import decode, encode
from storage.driver import Document
from storage.norms import find_norms
from storage.people import ORGANIZATIONS, PEOPLE
from storage.reads import Reads
from storage.shifts import find_open
from storage.times import stored_time


async def bootstrap(context: Context, app_version: str | None, page_size: int) -> Document | Refusal:
    """The answer, or AppTooOld. Raises BadInput for a version that is none."""
    actor, app = context.me, context.services.app
    try:
        refused = too_old(app_version, app.min_version) if app_version is not None else None
    except ValueError as wrong:
        raise BadInput("appVersion", str(wrong)) from wrong
    if refused is not None:
        return refused
    everything = Reads(context.store, Scope.whole_organization(actor.org_id))
    me, organization, shift, consents, norms = await asyncio.gather(
        everything.find(PEOPLE, actor.person_id),
        everything.find(ORGANIZATIONS, actor.org_id),
        find_open(context.store, actor.org_id, actor.person_id),
        my_consents(context),
        find_norms(context.store, actor.org_id),
    )
    return {
        "__typename": "Bootstrap",
        "server_now": stored_time(context.now),
        "minimum_app_version": app.min_version,
        "time_zone_data": TIME_ZONE_DATA,
        "me": me,
        "organization": organization,
        "shift": shift,
        "planned_shift": _planned(context, me),
        "limits": {
            "page": page_size,
            "body_bytes": app.max_body_bytes,
            "positions_per_batch": MAX_POINTS,
            "evidence_late_s": int(MAX_LATE.total_seconds()),
            "evidence_ahead_s": int(MAX_AHEAD.total_seconds()),
        },
        "policies": {
            "version": DEFAULT_POLICY.version,
            "fence_radius_m": DEFAULT_POLICY.radius_m,
            "fence_modes": [{"tier": tier.value, "mode": mode.value} for tier, mode in DEFAULT_POLICY.modes.items()],
            "tracking": {"moving_s": DEFAULT_CADENCE_S, "moving_m": MOVING_M, "idle_s": IDLE_CADENCE_S},
        },
        "consents": consents,
        "norms": encode(norms),
        "labels": [asdict(label) for label in labels()],
    }


def _planned(context: Context, me: Document | None) -> Document | None:
    person = decode(Person, me) if me is not None else None
    if person is None or person.roster is None:
        return None
    planned = planned_work(person, context.now.astimezone(known_zone(person.roster.zone)).date())
    if planned is None:
        return None
    return {"starts_at": stored_time(planned[0]), "ends_at": stored_time(planned[1])}
