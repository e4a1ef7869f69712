"""What lies beside a check-in: the rep's other evidence, the track, and who else used the phone or the photo.

Called by resolvers/check_ins.py before it judges. Read outside the transaction, side by side: what other calls commit
meanwhile is looked at by resolvers/second_looks.py of whoever comes later.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from domain.check_in_policies import CheckInPolicy
from domain.check_ins import Claim, local_day
from domain.datum import to_wgs84
from domain.evidence import Evidence, evidence_problem
from domain.evidence_times import Timing
from domain.ids import OrgId, PersonId
from domain.places import Point
from domain.sites import Site
from domain.suspicion import Sighting, spot
from domain.verdicts import Beside
from storage import check_ins
from storage.positions import find_fix_before
from storage.shared_phones import is_shared
from storage.store import Store


async def surroundings(
    store: Store,
    org_id: OrgId,
    owner_id: PersonId,
    claim: Claim,
    timing: Timing,
    site: Site,
    policy: CheckInPolicy,
    check_in_id: str = "",
) -> Beside:
    """All that the verdict on the claim needs. In the usual case, evidence later than all other, five small reads."""
    point, at = _point(claim.evidence), timing.event_at
    day = local_day(at, site.time_zone)
    recent, repeats, track, on_device, photo_reused = await asyncio.gather(
        check_ins.list_recent(store, org_id, owner_id),
        _repeats(store, org_id, owner_id, point, timing, policy),
        find_fix_before(store, org_id, owner_id, at),
        _on_device(store, org_id, claim, site, timing),
        _photo_reused(store, org_id, claim, check_in_id),
    )
    own = {each.id: each for each in (*recent, *repeats)}
    if recent and recent[0].at > at:
        since, until = at - timedelta(days=1), at + timedelta(seconds=policy.signs.devices_within_s + 1)
        around = await check_ins.list_own(store, org_id, owner_id, since, until)
        own |= {each.id: each.sighting for each in around}
    others = [each for each in on_device if each.owner_id != owner_id]
    shared = bool(others) and await is_shared(store, org_id, claim.device_id or "")
    return Beside(day, tuple(own.values()), track, tuple(on_device), shared, photo_reused)


def _point(evidence: Evidence) -> Point | None:
    if not evidence.has_position or evidence_problem(evidence) is not None:
        return None
    return to_wgs84(evidence.latitude or 0.0, evidence.longitude or 0.0, evidence.datum).point


async def _repeats(
    store: Store, org_id: OrgId, owner_id: PersonId, point: Point | None, timing: Timing, policy: CheckInPolicy
) -> list[Sighting]:
    if point is None:
        return []
    within = timedelta(days=policy.signs.window_days)
    return await check_ins.list_same_spot(store, org_id, owner_id, spot(point), timing.event_at, within)


async def _on_device(store: Store, org_id: OrgId, claim: Claim, site: Site, timing: Timing) -> list[Sighting]:
    if claim.device_id is None:
        return []
    return await check_ins.list_on_device(store, org_id, claim.device_id, local_day(timing.event_at, site.time_zone))


async def _photo_reused(store: Store, org_id: OrgId, claim: Claim, check_in_id: str) -> bool:
    return claim.photo_hash is not None and await check_ins.is_photo_used(store, org_id, claim.photo_hash, check_in_id)
