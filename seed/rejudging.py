"""What another policy would have made of the check-ins that are stored; `python -m seed rejudge` calls it.

The verdict engine is pure and all evidence is kept as it was sent, so the past can be judged again. Nothing is written.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from domain.access import Scope
from domain.arrivals import fence_at
from domain.check_in_policies import DEFAULT_POLICY, CheckInPolicy, changed_policy
from domain.check_ins import CheckIn
from domain.ids import CheckInId, OrgId, PersonId, SiteId
from domain.refusals import Refusal
from domain.rejudging import judged_again, standing
from domain.sites import Site
from domain.suspicion import Sighting
from seed.importing import Progress
from seed.running import UsageError
from storage.check_ins import list_own
from storage.people import list_people_ids
from storage.sites import find_site
from storage.store import Store

_AT_ONCE = timedelta(days=7)
LISTED = 1_000
"""So many changes are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class Change:
    """One check-in that would stand otherwise."""

    id: CheckInId
    owner_id: PersonId
    event_at: datetime
    before: str
    after: str


@dataclass(slots=True)
class Rejudged:
    """What was looked at and what would change."""

    check_ins: int = 0
    changes: list[Change] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each change of standing occurs."""


async def rejudge(
    store: Store, org_id: OrgId, policy: CheckInPolicy, since: datetime, now: datetime, *, progress: Progress
) -> Rejudged:
    """The organization's check-ins from `since` on, each rep's in the order of events."""
    found, sites = Rejudged(), dict[SiteId, Site]()
    owners = await list_people_ids(store, org_id)
    for done, owner_id in enumerate(owners, start=1):
        seen: list[Sighting] = []
        window = timedelta(days=policy.signs.window_days)
        for from_at, until_at in _weeks(since - window, now + _AT_ONCE):
            for check_in in await list_own(store, org_id, owner_id, from_at, until_at):
                site = await _site(store, sites, check_in)
                after = _judged(check_in, site, seen, policy)
                seen = [each for each in seen if each.at >= after.event_at - window] + [after.sighting]
                if check_in.event_at >= since:
                    _note(found, check_in, after)
        progress("people", done, len(owners))
    return found


def read_policy(path: Path | None) -> CheckInPolicy:
    """The policy in use, with what the file says otherwise. Raises UsageError."""
    if path is None:
        return DEFAULT_POLICY
    try:
        changes = json.loads(path.read_text(encoding="utf-8"))
        return changed_policy(DEFAULT_POLICY, changes)
    except (OSError, ValueError) as wrong:
        raise UsageError(f"{path}: {wrong}") from wrong


def _judged(check_in: CheckIn, site: Site, seen: list[Sighting], policy: CheckInPolicy) -> CheckIn:
    fence, _ = fence_at(site, check_in.event_at)
    after = judged_again(check_in, fence, site.tier, seen, policy)
    return check_in if isinstance(after, Refusal) else after


def _note(found: Rejudged, before: CheckIn, after: CheckIn) -> None:
    found.check_ins += 1
    was, would_be = standing(before), standing(after)
    if was == would_be:
        return
    found.counts[was, would_be] += 1
    if len(found.changes) < LISTED:
        found.changes.append(Change(before.id, before.owner_id, before.event_at, was, would_be))


async def _site(store: Store, sites: dict[SiteId, Site], check_in: CheckIn) -> Site:
    if check_in.site_id not in sites:
        site = await find_site(store, Scope.whole_organization(check_in.org_id), check_in.site_id)
        assert site is not None, "sites are never deleted"
        sites[check_in.site_id] = site
    return sites[check_in.site_id]


def _weeks(from_at: datetime, until_at: datetime) -> Iterator[tuple[datetime, datetime]]:
    while from_at < until_at:
        yield from_at, min(from_at + _AT_ONCE, until_at)
        from_at += _AT_ONCE
