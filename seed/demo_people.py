"""Who works in the demo organization: three teams, thirteen people, rosters and starting points; for
seed/demo_organization.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.access import Role
from domain.ids import OrgId, PersonId, TeamId
from domain.notices import derived_id
from domain.people import Organization, Person, PersonState, Team
from domain.places import Datum, Point
from domain.refusals import Refusal
from domain.shifts import Roster, work_times
from domain.sites import GivenCoordinates, locate
from seed.demo_places import CITIES, HAMBURG, HANGZHOU, City

ORG_ID = OrgId(derived_id("org", "demo"))
_HOURS = "09:00-18:00"
_MAIL = "demo.example"
_LOCALES = {HANGZHOU.key: "zh-CN", HAMBURG.key: "en"}
_REGION_WORDS = {"城西": "west", "城东": "east", "West": "west", "East": "east"}
_TEAM_NAMES = {"top": "Demo", HANGZHOU.key: "杭州", HAMBURG.key: "Hamburg"}


@dataclass(frozen=True, slots=True)
class Staff:
    """The demo organization's people; `reps` maps each city and region to its reps."""

    organization: Organization
    teams: tuple[Team, ...]
    people: tuple[Person, ...]
    reps: dict[str, dict[str, list[Person]]]


def team_id(key: str) -> TeamId:
    """The id of the team `top`, or of a city's."""
    return TeamId(derived_id("tea", "demo", key))


def demo_staff(now: datetime) -> Staff:
    """The same people, with the same ids and addresses, on every installation."""
    reps = {city.key: {region: _reps(city, region, now) for region in city.regions} for city in CITIES}
    managers = {
        city.key: _person(f"manager.{_place(city)}", _manager_name(city), Role.MANAGER, city, now) for city in CITIES
    }
    director = _person("director", "Dana Director", Role.DIRECTOR, None, now)
    admin = _person("admin", "Alex Admin", Role.ADMIN, None, now)
    support = _person("support", "Sasha Support", Role.SUPPORT, None, now)
    teams = [Team(team_id("top"), ORG_ID, _TEAM_NAMES["top"], None, director.id, now, "demo-top")]
    teams += [
        Team(
            team_id(city.key),
            ORG_ID,
            _TEAM_NAMES[city.key],
            team_id("top"),
            managers[city.key].id,
            now,
            f"demo-{city.key}",
        )
        for city in CITIES
    ]
    field = [person for city in reps.values() for region in city.values() for person in region]
    people = (director, *managers.values(), *field, admin, support)
    organization = Organization(ORG_ID, "Fieldbeat Demo", HANGZHOU.time_zone, "en", now, is_demo=True)
    return Staff(organization, tuple(teams), people, reps)


def _place(city: City) -> str:
    return {"hz": "hangzhou", "hh": "hamburg"}[city.key]


def _manager_name(city: City) -> str:
    return "杭州经理" if city is HANGZHOU else "Hamburg Manager"


def _reps(city: City, region: str, now: datetime) -> list[Person]:
    """Two reps who start from either side of the centre, within a kilometre or two."""
    side = 0.01 if region == city.regions[1] else -0.01
    people = []
    for number in (1, 2):
        word = _REGION_WORDS[region]
        name = f"{region}销售{number}" if city is HANGZHOU else f"{region} Rep {number}"
        start = (city.latitude + (number - 1.5) * 0.01, city.longitude + side)
        people.append(_person(f"{word}{number}.{_place(city)}", name, Role.REP, city, now, start))
    return people


def _person(
    who: str, name: str, role: Role, city: City | None, now: datetime, start: tuple[float, float] | None = None
) -> Person:
    """An active person; without a city they sit above the cities, or have no team if they administer."""
    home = city or HAMBURG
    zone = home.time_zone
    team = team_id(city.key) if city else team_id("top") if role is Role.DIRECTOR else None
    point, given = _located(home, start) if start is not None else (None, None)
    works = role not in {Role.ADMIN, Role.SUPPORT}
    return Person(
        id=PersonId(derived_id("per", "demo", who)),
        org_id=ORG_ID,
        email=f"{who}@{_MAIL}",
        name=name,
        role=role,
        team_id=team,
        state=PersonState.ACTIVE,
        locale=_LOCALES[home.key],
        time_zone=zone,
        created_at=now,
        updated_at=now,
        start_point=point,
        start_given=given,
        external_id=f"demo-{who}",
        roster=Roster(zone, (work_times(_HOURS),) * 6 + ((),)) if works else None,
    )


def _located(city: City, pair: tuple[float, float]) -> tuple[Point, GivenCoordinates]:
    located = locate({"latitude": pair[0], "longitude": pair[1], "datum": Datum(city.datum)})
    if isinstance(located, Refusal):
        raise TypeError(located.message)
    return located
