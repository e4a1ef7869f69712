"""The heat map of visits through GraphQL: each figure a recount of the raw visits, for those whom the caller sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from domain.datum import from_wgs84
from domain.places import Datum, Point
from domain.visit_heat import FINEST_DEG, square_of
from resolvers.services import Services
from storage.driver import Document
from tests.support.report_days import TODAY, local, visits_of_a_week
from tests.support.world import Member, World

FIGURES = "made planned done missed"
CORNER = "latitude longitude datum"
HEAT = f"""query ($since: Date!, $until: Date!, $team: ID, $most: Int! = 300, $datum: Datum! = WGS84) {{
  visitHeat(since: $since, until: $until, teamId: $team, most: $most) {{
    since until sideDeg {FIGURES} elsewhere
    squares {{
      {FIGURES} centre(datum: $datum) {{ {CORNER} }}
      southWest(datum: $datum) {{ {CORNER} }} northEast(datum: $datum) {{ {CORNER} }}
    }}
  }}
}}"""
LAST = TODAY + timedelta(days=4)
PINS = (Point(31.2310, 121.470), Point(31.2311, 121.471), Point(31.260, 121.500), Point(31.900, 122.100))
"""The first two share a square; the last is of the other team."""
CALLED_OFF = {"CANCELLED", "RESCHEDULED"}
MADE = {"DONE", "AUTO_CLOSED"}


async def heat(member: Member, since: date = TODAY, until: date = LAST, **given: Any) -> Any:
    return await member.api.first(HEAT, since=since.isoformat(), until=until.isoformat(), **given)


async def pinned(world: World, services: Services, seed: int = 7) -> tuple[list[Document], dict[str, Point]]:
    """A week of visits and where their sites are."""
    visits = await visits_of_a_week(world, services, Random(seed))
    sites = await services.store["sites"].find({"org_id": world.org_id}, limit=10)
    pins = {}
    for site in sites:
        pin = pins[site["_id"]] = PINS[int(site["name"].removeprefix("Shop "))]
        location = {"type": "Point", "coordinates": [pin.longitude, pin.latitude]}
        await services.store["sites"].update_one({"_id": site["_id"]}, {"$set": {"location": location}})
    return visits, pins


def recount(visits: list[Document]) -> Counter[str]:
    """By the words of the schema."""
    found: Counter[str] = Counter()
    for each in visits:
        planned, state = each["kind"] != "UNPLANNED", each["state"]
        found["made"] += state in MADE
        found["planned"] += planned and state not in CALLED_OFF
        found["done"] += planned and state in MADE
        found["missed"] += planned and state == "MISSED"
    return found


def shown(figures: Mapping[str, Any]) -> dict[str, int]:
    return {name: figures[name] for name in FIGURES.split()}


def by_square(answer: dict[str, Any]) -> dict[tuple[int, int], dict[str, int]]:
    """The figures by the square that each centre lies in."""
    return {
        square_of(Point(each["centre"]["latitude"], each["centre"]["longitude"]), answer["sideDeg"]): shown(each)
        for each in answer["squares"]
    }


def recounted(visits: list[Document], pins: dict[str, Point], side_deg: float) -> dict[tuple[int, int], dict[str, int]]:
    squares: dict[tuple[int, int], list[Document]] = {}
    for each in visits:
        squares.setdefault(square_of(pins[each["site_id"]], side_deg), []).append(each)
    return {square: shown(recount(found)) for square, found in squares.items() if any(recount(found).values())}


async def test_every_figure_is_a_recount_within_the_scope(world: World, other_world: World, services: Services) -> None:
    visits, pins = await pinned(world, services)
    callers: dict[str, tuple[Member, dict[str, Any], list[Document]]] = {
        "director": (world.director, {}, visits),
        "admin": (world.admin, {}, visits),
        "manager": (world.manager, {}, [each for each in visits if each["team_id"] == world.north.id]),
        "south": (world.director, {"team": world.south.id}, [e for e in visits if e["team_id"] == world.south.id]),
        "rep": (world.rep, {}, [each for each in visits if each["owner_id"] == world.rep.id]),
    }
    for name, (member, given, seen) in callers.items():
        answer = await heat(member, **given)
        assert seen, name
        assert answer["sideDeg"] == FINEST_DEG
        assert by_square(answer) == recounted(seen, pins, FINEST_DEG), name
        assert (shown(answer), answer["elsewhere"]) == (dict(recount(seen)), 0), name
        made = [each["made"] for each in answer["squares"]]
        assert made == sorted(made, reverse=True)
    assert len((await heat(world.director))["squares"]) == 3

    for member in (other_world.director, other_world.admin):
        nothing = await heat(member)
        assert (nothing["squares"], nothing["made"], nothing["elsewhere"]) == ([], 0, 0)
        assert await heat(member, team=world.north.id) is None
    assert await heat(world.manager, team=world.south.id) is None
    values = {"since": TODAY.isoformat(), "until": LAST.isoformat()}
    assert await world.rep.api.as_("").code(HEAT, **values) == "UNAUTHENTICATED"


async def test_both_days_are_whole_days_there(world: World, services: Services) -> None:
    visits, pins = await pinned(world, services)
    for since, until in ((1, 1), (0, 3), (4, 9), (-2, -1)):
        first, last = TODAY + timedelta(days=since), TODAY + timedelta(days=until)
        seen = [each for each in visits if first <= local(each["scheduled_at"]) <= last]
        answer = await heat(world.director, first, last)
        assert (answer["since"], answer["until"]) == (first.isoformat(), last.isoformat())
        assert by_square(answer) == recounted(seen, pins, FINEST_DEG)


async def test_visits_at_sites_of_others_are_counted_and_not_placed(world: World, services: Services) -> None:
    visits, pins = await pinned(world, services)
    (moved,) = [site_id for site_id, pin in pins.items() if pin == PINS[2]]
    await services.store["sites"].update_one({"_id": moved}, {"$set": {"team_id": world.south.id}})
    seen = [each for each in visits if each["team_id"] == world.north.id]
    answer = await heat(world.manager)
    assert by_square(answer) == recounted([each for each in seen if each["site_id"] != moved], pins, FINEST_DEG)
    assert answer["elsewhere"] == recount([each for each in seen if each["site_id"] == moved])["made"] > 0
    assert shown(answer) == dict(recount(seen))


async def test_squares_come_in_the_datum_of_the_tiles(world: World, services: Services) -> None:
    await pinned(world, services)
    plain, shifted = await heat(world.manager), await heat(world.manager, datum="GCJ02")
    for one, other in zip(plain["squares"], shifted["squares"], strict=True):
        for place in ("centre", "southWest", "northEast"):
            moved = from_wgs84(Point(one[place]["latitude"], one[place]["longitude"]), Datum.GCJ02)
            assert (
                (other[place]["latitude"], other[place]["longitude"])
                == moved
                != (one[place]["latitude"], one[place]["longitude"])
            )
            assert other[place]["datum"] == "GCJ02"


async def test_more_places_than_squares_make_them_wider(world: World, services: Services) -> None:
    """Eleven customers in a row, each in a square of its own."""
    visits, pins = await pinned(world, services)
    (like,) = await services.store["sites"].find({"_id": next(iter(pins))}, limit=1)
    rest = {f"{like['_id'][:-2]}{number:02}": Point(40 + number * FINEST_DEG, 100) for number in range(8)}
    for site_id, pin in rest.items():
        location = {"type": "Point", "coordinates": [pin.longitude, pin.latitude]}
        await services.store["sites"].insert_one({**like, "_id": site_id, "location": location})
        visit = {**visits[0], "_id": f"vis{site_id}", "site_id": site_id, "state": "DONE"}
        await services.store["visits"].insert_one(visit)
        visits.append(visit)
    pins |= rest
    fine, wide = await heat(world.director, most=11), await heat(world.director, most=10)
    assert (len(fine["squares"]), fine["sideDeg"]) == (11, FINEST_DEG)
    assert (len(wide["squares"]), wide["sideDeg"]) == (7, 2 * FINEST_DEG)
    assert by_square(wide) == recounted(visits, pins, 2 * FINEST_DEG)


@pytest.mark.parametrize(
    ("since", "until", "most", "code"),
    [
        (TODAY - timedelta(days=91), TODAY, 10, None),
        (TODAY - timedelta(days=92), TODAY, 10, "BAD_INPUT"),
        (TODAY + timedelta(days=1), TODAY, 10, "BAD_INPUT"),
        (date.min, date.min, 10, "BAD_INPUT"),
        (date.max, date.max, 10, "BAD_INPUT"),
        (TODAY, TODAY, 9, "BAD_INPUT"),
        (TODAY, TODAY, 1_000, None),
        (TODAY, TODAY, 1_001, "BAD_INPUT"),
    ],
)
async def test_limits(world: World, since: date, until: date, most: int, code: str | None) -> None:
    if code is None:
        assert (await heat(world.manager, since, until, most=most))["squares"] == []
    else:
        values = {"since": since.isoformat(), "until": until.isoformat(), "most": most}
        assert await world.manager.api.code(HEAT, **values) == code
