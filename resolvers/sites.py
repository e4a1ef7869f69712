"""Creating and changing sites, and which are near: load, decide, save. Called by schema/sites.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.access import Capability
from domain.check_in_policies import DEFAULT_RADIUS_M
from domain.errors import BadInput
from domain.ids import SiteId, is_id, new_id
from domain.places import Point, distance_m
from domain.refusals import InvalidInput, NotAllowed, NotFound, Refusal, VersionConflict
from domain.sites import MOVING, Site, cell_of, cells_around, locate, problem_with, revise
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.accounts import find_account
from storage.driver import Document
from storage.reads import Reads
from storage.sites import COLLECTION, find_site, insert_site, list_sites_in_cells, save_site
from storage.store import Store

MAX_NEAR_M = 10_000


@dataclass(frozen=True, slots=True)
class NewSite:
    """What a caller says about a new site; `coordinates` holds latitude, longitude and datum."""

    account_id: str
    name: str
    coordinates: Mapping[str, Any]
    id: str | None = None
    address: str | None = None
    region: str | None = None
    opening_hours: str | None = None
    time_zone: str | None = None
    radius_m: float = DEFAULT_RADIUS_M
    external_id: str | None = None


async def create_site(context: Context, client_key: str, given: NewSite) -> Document | Refusal:
    """The new site of an account the caller sees. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        if given.id is not None and not is_id("sit", given.id):
            return InvalidInput("id", "must be sit_ and a ULID or UUID")
        described = {
            name: getattr(given, name) for name in ("name", "address", "opening_hours", "radius_m", "external_id")
        }
        account = await find_account(store, actor.scope, given.account_id)
        if account is None:
            return NotFound(given.account_id)
        described["region"] = given.region if given.region is not None else account.region
        described["time_zone"] = given.time_zone or await _home_zone(store, context)
        problem = problem_with(described)
        if problem is not None:
            return problem
        located = locate(given.coordinates)
        if isinstance(located, InvalidInput):
            return located
        site = Site(
            id=SiteId(given.id or new_id("sit", context.now)),
            org_id=actor.org_id,
            account_id=account.id,
            location=located[0],
            given=located[1],
            cell=cell_of(located[0]),
            tier=account.tier,
            owner_id=account.owner_id,
            team_id=account.team_id,
            created_at=context.now,
            updated_at=context.now,
            **described,
        )
        return Saved(COLLECTION, await insert_site(store, site))

    return await once(context, "createSite", client_key, given, act)


async def update_site(
    context: Context, client_key: str, site_id: str, changes: Mapping[str, Any], expected_version: int | None
) -> Document | Refusal:
    """The changed site. A pin or radius is moved by those who plan for others, never by a rep. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        site = await find_site(store, actor.scope, site_id)
        if site is None:
            return NotFound(site_id)
        # Whoever checks in at a fence must not be the one who moves it.
        if MOVING & changes.keys() and not actor.can(Capability.PLAN_FOR_OTHERS):
            return NotAllowed(Capability.PLAN_FOR_OTHERS)
        revised = revise(site, changes, expected_version, context.now)
        if isinstance(revised, Refusal):
            return revised
        saved = await save_site(store, revised)
        return Saved(COLLECTION, saved) if saved is not None else VersionConflict(site_id, site.version)

    given = {"id": site_id, "changes": dict(changes), "expected_version": expected_version}
    return await once(context, "updateSite", client_key, given, act)


async def sites_near(context: Context, coordinates: Mapping[str, Any], radius_m: float, first: int) -> list[Document]:
    """Sites in scope around a position, nearest first. Raises BadInput."""
    located = locate(coordinates, "point")
    if isinstance(located, InvalidInput):
        raise BadInput(located.field, located.reason)
    if not 1 <= radius_m <= MAX_NEAR_M:
        raise BadInput("radiusM", f"must be 1 to {MAX_NEAR_M} m")
    near = await sites_around(context, located[0], radius_m)
    return [site for away_m, site in near if away_m <= radius_m][:first]


async def sites_around(context: Context, point: Point, radius_m: float) -> list[tuple[float, Document]]:
    """Distance and document of each site in scope in the squares a circle touches, nearest first."""
    found = await list_sites_in_cells(context.store, context.me.scope, cells_around(point, radius_m))
    measured = [(distance_m(point, pin_of(site)), site) for site in found]
    return sorted(measured, key=lambda pair: (pair[0], pair[1]["_id"]))


def pin_of(site: Document) -> Point:
    """The pin of a stored site."""
    longitude, latitude = site["location"]["coordinates"]
    return Point(latitude, longitude)


async def _home_zone(store: Store, context: Context) -> str:
    organization = await Reads(store, context.me.scope).find("organizations", context.me.org_id)
    return str(organization["time_zone"]) if organization is not None else "UTC"
