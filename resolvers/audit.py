"""Writing and reading the audit trail. `leave_trace` is called by resolvers/once.py, the rest by schema/audit.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from domain.access import Capability
from domain.audit import AUDITED, AuditEntry, changed_in, reason_in
from domain.ids import AuditEntryId, new_id
from resolvers.context import Context
from storage.audit import COLLECTION, insert_entry
from storage.driver import Document
from storage.reads import Page, PageRequest
from storage.store import Store


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: all of what is given must hold."""

    action: str | None = None
    actor_id: str | None = None
    record_id: str | None = None


async def leave_trace(store: Store, context: Context, mutation: str, given: object, record_id: str | None) -> None:
    """Adds an entry for a mutation of AUDITED, in its transaction; nothing for any other."""
    if mutation not in AUDITED:
        return
    actor, said = context.me, _values(given)
    entry = AuditEntry(
        id=AuditEntryId(new_id("aud", context.now)),
        org_id=actor.org_id,
        at=context.now,
        action=mutation,
        actor_id=actor.person_id,
        actor_role=actor.role,
        record_id=record_id or said.get("id"),
        reason=reason_in(said),
        changed=changed_in(said),
    )
    await insert_entry(store, entry)


def _values(given: object) -> Mapping[str, Any]:
    if is_dataclass(given) and not isinstance(given, type):
        return {each.name: getattr(given, each.name) for each in fields(given)}
    return given if isinstance(given, Mapping) else {}


async def audit_trail(context: Context, wanted: AuditFilter, request: PageRequest) -> Page:
    """The entries, latest first. Raises Forbidden."""
    context.require(Capability.READ_AUDIT)
    where: Document = {name: value for name, value in _values(wanted).items() if value is not None}
    return await context.reads.page(COLLECTION, where, request)
