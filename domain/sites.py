"""Sites: the places of an account where visits happen, with their pin, fence and hours; used by resolvers/sites.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil, cos, floor, radians
from typing import Any

from domain.accounts import Tier
from domain.calendar import known_zone
from domain.check_in_policies import DEFAULT_RADIUS_M, MAX_RADIUS_M, MIN_RADIUS_M
from domain.datum import to_wgs84
from domain.ids import AccountId, OrgId, PersonId, SiteId, TeamId
from domain.opening_hours import parse_problem
from domain.places import Datum, Point
from domain.refusals import InvalidInput, VersionConflict

NAME_LENGTH = range(1, 201)
KEPT_LOCATIONS = 10
CELL_DEG = 0.02
_METRES_PER_DEG = 110_500.0
"""At the least: a degree of latitude at the equator, of the meridian ellipse."""
_CELLS_AROUND = round(360 / CELL_DEG)


@dataclass(frozen=True, slots=True)
class GivenCoordinates:
    """The pin as it was entered. Flagged: a GCJ-02 or BD-09 claim outside mainland China, taken as WGS-84."""

    latitude: float
    longitude: float
    datum: Datum
    flagged: bool = False


@dataclass(frozen=True, slots=True)
class LocationVersion:
    """Where the pin was from `valid_from` until the next version."""

    version: int
    location: Point
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class Site:
    """A place of an account. Tier, owner and team are the account's, so that whoever sees it sees its sites."""

    id: SiteId
    org_id: OrgId
    account_id: AccountId
    name: str
    location: Point
    given: GivenCoordinates
    cell: str
    """The square of CELL_DEG degrees the pin lies in; finding sites nearby is an equality on it."""
    tier: Tier
    time_zone: str
    owner_id: PersonId | None
    team_id: TeamId | None
    created_at: datetime
    updated_at: datetime
    radius_m: float = DEFAULT_RADIUS_M
    address: str | None = None
    region: str | None = None
    opening_hours: str | None = None
    external_id: str | None = None
    location_version: int = 1
    earlier_locations: tuple[LocationVersion, ...] = ()
    located_at: datetime | None = None
    """Since when the pin is where it is; None for since ever."""
    version: int = 1


MOVING = frozenset({"coordinates", "radius_m"})
EDITABLE = frozenset({"name", "address", "region", "opening_hours", "time_zone", "radius_m", "external_id"})


def locate(coordinates: Mapping[str, Any], field: str = "coordinates") -> tuple[Point, GivenCoordinates] | InvalidInput:
    """The WGS-84 point of {latitude, longitude, datum} and the numbers as given."""
    latitude, longitude = float(coordinates["latitude"]), float(coordinates["longitude"])
    datum = Datum(coordinates["datum"])
    if latitude == 0 and longitude == 0:
        return InvalidInput(field, "0, 0 is the answer of a phone without a position")
    try:
        converted = to_wgs84(latitude, longitude, datum)
    except ValueError as wrong:
        return InvalidInput(field, str(wrong))
    return converted.point, GivenCoordinates(latitude, longitude, datum, flagged=converted.outside_region)


def problem_with(changes: Mapping[str, Any]) -> InvalidInput | None:
    """The first value that can never be accepted."""
    if "name" in changes and (changes["name"] is None or len(changes["name"].strip()) not in NAME_LENGTH):
        return InvalidInput("name", "must have 1 to 200 characters")
    if "radius_m" in changes and not MIN_RADIUS_M <= (changes["radius_m"] or 0) <= MAX_RADIUS_M:
        return InvalidInput("radiusM", "must be 100 to 1000 m")
    if "time_zone" in changes and not _is_zone(changes["time_zone"]):
        return InvalidInput("timeZone", "must be an IANA time zone such as Asia/Shanghai")
    if len(changes.get("address") or "") > 500:
        return InvalidInput("address", "must have at most 500 characters")
    if len(changes.get("region") or "") > 120:
        return InvalidInput("region", "must have at most 120 characters")
    if len(changes.get("external_id") or "") > 120:
        return InvalidInput("externalId", "must have at most 120 characters")
    hours = changes.get("opening_hours")
    wrong = parse_problem(hours) if hours is not None else None
    return InvalidInput("openingHours", wrong.reason) if wrong is not None else None


def _is_zone(name: str | None) -> bool:
    try:
        return name is not None and bool(known_zone(name))
    except ValueError:
        return False


def revise(
    site: Site, changes: Mapping[str, Any], expected_version: int | None, now: datetime
) -> Site | InvalidInput | VersionConflict:
    """The site with `changes` (EDITABLE and `coordinates`; None clears) and the next version.

    A moved pin becomes a new location version, valid from `now`; the earlier ones stay for check-ins that arrive late.
    """
    if expected_version is not None and expected_version != site.version:
        return VersionConflict(site.id, site.version)
    described = {name: value for name, value in changes.items() if name in EDITABLE}
    problem = problem_with(described)
    if problem is not None:
        return problem
    revised = replace(site, **described, version=site.version + 1, updated_at=now)
    if "coordinates" not in changes:
        return revised
    if changes["coordinates"] is None:
        return InvalidInput("coordinates", "cannot be cleared")
    located = locate(changes["coordinates"])
    return located if isinstance(located, InvalidInput) else _moved(revised, *located, now)


def _moved(site: Site, point: Point, given: GivenCoordinates, now: datetime) -> Site:
    if point == site.location:
        return replace(site, given=given)
    left = LocationVersion(site.location_version, site.location, site.located_at or site.created_at)
    return replace(
        site,
        location=point,
        given=given,
        cell=cell_of(point),
        location_version=site.location_version + 1,
        earlier_locations=(*site.earlier_locations, left)[-KEPT_LOCATIONS:],
        located_at=now,
    )


def location_at(site: Site, at: datetime) -> LocationVersion:
    """The pin that was valid at `at`; before the oldest one kept, that one."""
    current = LocationVersion(site.location_version, site.location, site.located_at or site.created_at)
    versions = (*site.earlier_locations, current)
    return next((each for each in reversed(versions) if each.valid_from <= at), versions[0])


def cell_of(point: Point) -> str:
    """The name of the square a point lies in."""
    return _cell(floor(point.latitude / CELL_DEG), floor(point.longitude / CELL_DEG))


def cells_around(point: Point, radius_m: float) -> tuple[str, ...]:
    """Every square that a circle touches (and a few more), across the antimeridian too; radius up to 10 km."""
    rows = ceil(radius_m / _METRES_PER_DEG / CELL_DEG)
    width_m = max(_METRES_PER_DEG * cos(radians(min(abs(point.latitude) + rows * CELL_DEG, 89.5))), 1.0)
    columns = ceil(radius_m / width_m / CELL_DEG)
    row, column = floor(point.latitude / CELL_DEG), floor(point.longitude / CELL_DEG)
    return tuple(
        _cell(row + up, column + along) for up in range(-rows, rows + 1) for along in range(-columns, columns + 1)
    )


def _cell(row: int, column: int) -> str:
    half = _CELLS_AROUND // 2
    return f"{row}:{(column + half) % _CELLS_AROUND - half}"
