"""What a visit means beyond itself: proof of the stay from live tracking, the lead's history and its SLA clocks.

Called by resolvers/check_ins.py and workers/visits.py, in the transaction that saves the visit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.access import Scope
from domain.activities import of_visit
from domain.dwell import inside
from domain.sites import Site, location_at
from domain.visits import Visit
from resolvers import sla
from resolvers.clocks import save_changed
from storage.leads import find_lead, put_activity
from storage.outbox import Outbox
from storage.positions import list_track
from storage.reads import Reads
from storage.store import Store


async def seen_inside(store: Store, visit: Visit, site: Site) -> Sequence[datetime]:
    """When the phone's track during the visit was inside the fence, by the pin that was valid then."""
    assert visit.opened_at is not None
    assert visit.closed_at is not None
    reads = Reads(store, Scope.whole_organization(visit.org_id))
    track = await list_track(reads, visit.owner_id, (visit.opened_at, visit.closed_at + timedelta(milliseconds=1)))
    fixes = ((each.at, each.location, each.accuracy_m) for each in track)
    pin = location_at(site, visit.opened_at).location
    return inside(fixes, pin, site.radius_m, visit.opened_at, visit.closed_at)


async def contact_by_visit(store: Store, visit: Visit, now: datetime, outbox: Outbox) -> None:
    """An open visit stops its lead's clocks provisionally, at its check-in."""
    lead = await find_lead(store, Scope.whole_organization(visit.org_id), str(visit.lead_id))
    if lead is not None and visit.opened_at is not None:
        await sla.record_contact(store, lead, visit.opened_at, visit.id, now, provisional=True, outbox=outbox)


async def settle_visit(store: Store, visit: Visit, now: datetime, outbox: Outbox) -> None:
    """A visit that has ended: an outcome goes to the lead's history, and what its check-in stopped is proved or not."""
    if visit.lead_id is None or visit.opened_at is None:
        return
    lead = await find_lead(store, Scope.whole_organization(visit.org_id), visit.lead_id)
    if lead is None or (visit.outcome is None and not visit.counts_for_lead):
        return
    if visit.outcome is not None:
        await put_activity(store, of_visit(visit, lead, now))
        lead = replace(lead, last_activity_at=max(lead.last_activity_at or visit.opened_at, visit.opened_at))
    if visit.counts_for_lead and visit.verified:
        lead = await sla.contacted(store, lead, visit.opened_at, visit.id, now, outbox=outbox)
    elif visit.counts_for_lead:
        lead = await sla.withdrawn(store, lead, visit.id, now)
    await save_changed(store, lead, now)
