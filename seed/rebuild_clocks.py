"""Makes all SLA clocks anew from their events, and what they say on leads; `python -m seed rebuild-clocks` calls it.

The events of a clock are the truth and stand in its document; all else there is their fold. So this repairs whatever a
fold of an older version, or a hand in the database, left behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from domain.access import Scope
from domain.ids import LeadId, OrgId
from resolvers.clocks import summed
from seed.importing import Progress
from storage.clocks import list_clock_documents, list_clocks, rebuilt, replace_clock_document
from storage.driver import Document
from storage.leads import find_lead, save_lead
from storage.store import Store

BATCH = 200


@dataclass(slots=True)
class Rebuilt:
    """What was looked at, and what differed from its events."""

    clocks: int = 0
    clocks_changed: int = 0
    leads: int = 0
    leads_changed: int = 0


async def rebuild_clocks(store: Store, *, dry_run: bool, progress: Progress) -> Rebuilt:
    """Every clock and every lead that has one. What changes meanwhile is right already and is left alone."""
    found, after_id = Rebuilt(), ""
    leads: dict[LeadId, OrgId] = {}
    while batch := await list_clock_documents(store, after_id, BATCH):
        after_id = batch[-1]["_id"]
        leads |= {LeadId(each["lead_id"]): OrgId(each["org_id"]) for each in batch}
        found.clocks += len(batch)
        found.clocks_changed += await _rebuild(store, batch, dry_run=dry_run)
        progress("clocks", found.clocks, found.clocks)
    for lead_id, org_id in leads.items():
        found.leads += 1
        found.leads_changed += await _sum_up(store, lead_id, org_id, dry_run=dry_run)
        progress("leads", found.leads, len(leads))
    return found


async def _rebuild(store: Store, batch: Iterable[Document], *, dry_run: bool) -> int:
    changed = 0
    for document in batch:
        fresh = rebuilt(document)
        if fresh != document and (dry_run or await replace_clock_document(store, fresh)):
            changed += 1
    return changed


async def _sum_up(store: Store, lead_id: LeadId, org_id: OrgId, *, dry_run: bool) -> bool:
    lead = await find_lead(store, Scope.whole_organization(org_id), lead_id)
    if lead is None:
        return False
    fresh = summed(lead, await list_clocks(store, lead_id))
    if fresh == lead:
        return False
    return dry_run or await save_lead(store, replace(fresh, version=lead.version + 1)) is not None
