"""Sales procedures, one current version and all earlier ones, and the exceptions from their gates."""

from __future__ import annotations

from domain.access import Scope
from domain.gate_bypasses import BypassState, GateBypass
from domain.ids import OrgId
from domain.sop import Procedure, default_procedure
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.store import Store

COLLECTION = "sales_procedures"
VERSIONS = "sales_procedure_versions"
BYPASSES = "gate_bypasses"
MAX_BYPASSES = 200
"""More than one lead ever needs."""
INDEXES = [IndexModel([("org_id", 1), ("version", -1)], name="by_version")]
"""Requests find procedures by `_id`; this is for whoever looks at the history."""
BYPASS_INDEXES = [
    IndexModel([("lead_id", 1), ("_id", -1)], name="by_lead"),
    IndexModel([("org_id", 1), ("team_id", 1), ("_id", -1)], name="by_team"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("_id", -1)], name="by_requester"),
]


async def current_procedure(store: Store, org_id: OrgId) -> Procedure:
    """The current rules; those every organization begins with until it saves its own."""
    found = await store[COLLECTION].find_one({"_id": org_id})
    return default_procedure(org_id) if found is None else decode(Procedure, found)


async def save_procedure(store: Store, procedure: Procedure) -> Document | None:
    """Saves version n over version n - 1 and keeps a copy; None where another write came first.

    Raises DuplicateKeyError where two save the first one.
    """
    document = encode(procedure)
    if procedure.version == 1:
        await store[COLLECTION].insert_one(document)
    else:
        guard = {"_id": procedure.id, "version": procedure.version - 1}
        if not await store[COLLECTION].replace_one(guard, document):
            return None
    await store[VERSIONS].insert_one({**document, "_id": f"{procedure.org_id}:{procedure.version}"})
    return document


async def find_bypass(store: Store, scope: Scope, bypass_id: str) -> GateBypass | None:
    """The exception in scope."""
    found = await Reads(store, scope).find(BYPASSES, bypass_id)
    return None if found is None else decode(GateBypass, found)


async def insert_bypass(store: Store, bypass: GateBypass) -> Document:
    """A new exception."""
    document = encode(bypass)
    await store[BYPASSES].insert_one(document)
    return document


async def save_approval(store: Store, bypass: GateBypass) -> Document | None:
    """Saves an approval over a request; None where somebody else approved it first."""
    document = encode(bypass)
    guard = {"_id": bypass.id, "state": BypassState.REQUESTED.value}
    return document if await store[BYPASSES].replace_one(guard, document) else None


async def bypassed_stages(store: Store, lead_id: str) -> frozenset[str]:
    """The stages whose gates somebody approved the lead to pass, whoever may see that."""
    query = {"lead_id": lead_id, "state": BypassState.APPROVED.value}
    found = await store[BYPASSES].find(query, limit=MAX_BYPASSES, projection={"stage": 1})
    return frozenset(each["stage"] for each in found)


async def hand_over_bypasses(store: Store, lead_id: str, team_id: str | None) -> None:
    """The managers of the lead's new team read its exceptions."""
    await store[BYPASSES].update_many({"lead_id": lead_id}, {"$set": {"team_id": team_id}})
