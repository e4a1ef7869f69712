"""Logging what was done about a lead; a human contact moves its SLA clocks. Called by schema/activities.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.access import Capability
from domain.activities import OLDEST, Activity, ActivityKind, Direction, Evidence
from domain.coaching import covered_problem
from domain.ids import ActivityId, VisitId, is_id, new_id
from domain.leads import Lead, occurrence_problem
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict
from resolvers import sla
from resolvers.coaching import coach_after
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.codec import encode
from storage.driver import Document
from storage.leads import ACTIVITIES, find_activity, find_lead, insert_activity, save_lead, save_release
from storage.reads import Reads
from storage.store import Store


@dataclass(frozen=True, slots=True)
class NewActivity:
    """What a caller says was done; `visit_id` is needed where the evidence is a visit."""

    lead_id: str
    kind: ActivityKind
    direction: Direction = Direction.OUTBOUND
    automatic: bool = False
    evidence: Evidence = Evidence.DECLARED
    occurred_at: datetime | None = None
    note: str | None = None
    evidence_ref: str | None = None
    visit_id: str | None = None
    covered: Sequence[str] = ()
    id: str | None = None


async def log_activity(context: Context, client_key: str, given: NewActivity) -> Document | Refusal:
    """The stored activity. Raises Forbidden."""
    actor = context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        problem = _problem_with(given, context.now)
        if problem is not None:
            return problem
        lead = await find_lead(store, actor.scope, given.lead_id)
        if lead is None:
            return NotFound(given.lead_id)
        if given.visit_id is not None and await Reads(store, actor.scope).find("visits", given.visit_id) is None:
            return NotFound(given.visit_id)
        activity = Activity(
            id=ActivityId(given.id or new_id("act", context.now)),
            org_id=actor.org_id,
            lead_id=lead.id,
            owner_id=lead.owner_id,
            team_id=lead.team_id,
            by_id=actor.person_id,
            kind=given.kind,
            direction=given.direction,
            automatic=given.automatic,
            evidence=given.evidence,
            occurred_at=min(given.occurred_at or context.now, context.now),
            created_at=context.now,
            note=given.note,
            evidence_ref=given.evidence_ref,
            visit_id=VisitId(given.visit_id) if given.visit_id else None,
            stage=lead.stage,
            covered=tuple(dict.fromkeys(given.covered)),
        )
        document = await insert_activity(store, activity)
        await coach_after(context, store, activity)
        if sla.counts(activity):
            changed = await _contacted(context, store, lead, activity)
        else:
            changed = lead
        latest = max(lead.last_activity_at or activity.occurred_at, activity.occurred_at)
        # Written for every activity: what follows the lead's owner must conflict with giving the lead away.
        changed = replace(changed, last_activity_at=latest, version=lead.version + 1, updated_at=context.now)
        saved = await save_lead(store, changed)
        return Saved(ACTIVITIES, document) if saved is not None else VersionConflict(lead.id, lead.version)

    return await once(context, "logActivity", client_key, given, act)


async def release_activity(context: Context, client_key: str, activity_id: str) -> Document | Refusal:
    """The activity, for which the caller vouches: a breach that it disproves is withdrawn. Raises Forbidden."""
    actor = context.require(Capability.ASSIGN_LEADS)

    async def act(store: Store) -> Outcome:
        activity = await find_activity(store, actor.scope, activity_id)
        if activity is None:
            return NotFound(activity_id)
        if activity.by_id == actor.person_id:
            return InvalidInput("id", "is your own: somebody else has to release it")
        if activity.is_proof:
            return Saved(ACTIVITIES, encode(activity))
        lead = await find_lead(store, actor.scope, activity.lead_id)
        if lead is None:
            return NotFound(activity.lead_id)
        released = replace(activity, released_at=context.now, released_by_id=actor.person_id)
        changed = await _contacted(context, store, lead, released) if sla.counts(released) else lead
        saved = await save_lead(store, replace(changed, version=lead.version + 1, updated_at=context.now))
        if saved is None:
            return VersionConflict(lead.id, lead.version)
        return Saved(ACTIVITIES, await save_release(store, released))

    return await once(context, "releaseActivity", client_key, {"id": activity_id}, act)


async def _contacted(context: Context, store: Store, lead: Lead, activity: Activity) -> Lead:
    return await sla.contacted(
        store,
        lead,
        activity.occurred_at,
        activity.id,
        context.now,
        outbox=context.services.outbox,
        trusted=activity.is_proof,
    )


def _problem_with(given: NewActivity, now: datetime) -> InvalidInput | None:
    if given.id is not None and not is_id("act", given.id):
        return InvalidInput("id", "must be act_ and a ULID or UUID")
    if len(given.note or "") > 4000:
        return InvalidInput("note", "must have at most 4000 characters")
    if len(given.evidence_ref or "") > 200:
        return InvalidInput("evidenceRef", "must have at most 200 characters")
    if given.evidence is Evidence.VISIT and given.visit_id is None:
        return InvalidInput("visitId", "is needed where the evidence is a visit")
    return covered_problem(given.covered) or occurrence_problem(given.occurred_at, now, OLDEST)
