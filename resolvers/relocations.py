"""Proposing where a site really is, and deciding on it: load, decide, save. Called by schema/relocations.py."""

from __future__ import annotations

from collections.abc import Sequence

from domain.access import Capability
from domain.errors import Unavailable
from domain.ids import RelocationId, new_id
from domain.places import Datum
from domain.refusals import InvalidInput, NotFound, Refusal, WrongState
from domain.relocations import RelocationState, SpotFix, decide, propose
from domain.sites import revise
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.driver import Document
from storage.relocations import COLLECTION, find_relocation, insert_relocation, save_decision
from storage.sites import find_site, save_site
from storage.store import Store


async def propose_site_location(
    context: Context, client_key: str, site_id: str, fixes: Sequence[SpotFix], reason: str
) -> Document | Refusal:
    """A proposal that waits for somebody else. Raises Forbidden."""
    actor = context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        site = await find_site(store, actor.scope, site_id)
        if site is None:
            return NotFound(site_id)
        made = propose(RelocationId(new_id("rlc", context.now)), site, fixes, reason, actor.person_id, context.now)
        return made if isinstance(made, InvalidInput) else Saved(COLLECTION, await insert_relocation(store, made))

    given = {"site_id": site_id, "fixes": list(fixes), "reason": reason}
    return await once(context, "proposeSiteLocation", client_key, given, act)


async def approve_site_location(
    context: Context, client_key: str, relocation_id: str, note: str | None
) -> Document | Refusal:
    """The proposal, with which the pin has moved from now on. Raises Forbidden."""
    return await _decide(context, "approveSiteLocation", client_key, relocation_id, note, approve=True)


async def reject_site_location(context: Context, client_key: str, relocation_id: str, note: str) -> Document | Refusal:
    """The proposal, turned down. Raises Forbidden."""
    return await _decide(context, "rejectSiteLocation", client_key, relocation_id, note, approve=False)


async def _decide(
    context: Context, mutation: str, client_key: str, relocation_id: str, note: str | None, *, approve: bool
) -> Document | Refusal:
    actor = context.require(Capability.PLAN_FOR_OTHERS)

    async def act(store: Store) -> Outcome:
        relocation = await find_relocation(store, actor.scope, relocation_id)
        site = await find_site(store, actor.scope, relocation.site_id) if relocation is not None else None
        if relocation is None or site is None:
            return NotFound(relocation_id)
        decided = decide(relocation, site, actor.person_id, note, context.now, approve=approve)
        if isinstance(decided, Refusal):
            return decided
        if approve:
            point = relocation.location
            pin = {"latitude": point.latitude, "longitude": point.longitude, "datum": Datum.WGS84}
            moved = revise(site, {"coordinates": pin}, None, context.now)
            assert not isinstance(moved, Refusal), "the middle of fixes is a position"
            if await save_site(store, moved) is None:
                raise Unavailable(1)
        saved = await save_decision(store, decided)
        return WrongState(relocation_id, RelocationState.APPROVED) if saved is None else Saved(COLLECTION, saved)

    return await once(context, mutation, client_key, {"id": relocation_id, "note": note}, act)
