"""What a rep's phone does around positions, and the queries of the team map; for the tests of both."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.ids import PersonId, new_id
from resolvers.services import Services
from storage.people import insert_person
from tests.conftest import START
from tests.support.client import new_key
from tests.support.world import Member, World

REPORT = """mutation ($key: String!, $input: ReportPositionsInput!) {
  reportPositions(clientKey: $key, input: $input) {
    __typename
    ... on PositionsReceived { accepted latestAt dropped { reason count } droppedPoints { index reason } }
    ... on Refusal { code }
    ... on InvalidInput { field }
  }
}"""
STATE = """mutation ($key: String!, $state: PhoneState!, $at: DateTime!) {
  reportDeviceState(clientKey: $key, state: $state, at: $at) {
    __typename
    ... on DeviceStateReceived { state at }
    ... on Refusal { code }
  }
}"""
TAPS = {
    name: f"""mutation ($key: String!, $at: DateTime!) {{
  {name}(clientKey: $key, at: $at) {{ __typename ... on Refusal {{ code message }} }}
}}"""
    for name in ("startShift", "startBreak", "endBreak", "endShift")
}
ENTRY = """personId person { name } state freshness condition shiftStartedAt
  latest { at accuracyM batteryPct location { latitude longitude datum } }
  openVisit { id state }"""
MAP = f"""query ($teamId: ID, $first: Int, $after: String) {{
  teamMap(teamId: $teamId, first: $first, after: $after) {{ nodes {{ {ENTRY} }} pageInfo {{ hasNextPage endCursor }} }}
}}"""
WATCH = f"""subscription ($teamId: ID) {{
  teamMapChanged(teamId: $teamId) {{ isFull removedIds at entries {{ {ENTRY} }} }}
}}"""


def iso(at: datetime) -> str:
    """As a phone writes it."""
    return at.isoformat()


async def tap(member: Member, name: str, at: datetime) -> None:
    """A tap that must be taken."""
    answer = await member.api.first(TAPS[name], key=new_key(), at=iso(at))
    assert answer["__typename"] == "Shift", answer


def point(at: datetime, latitude: float = 31.23, **given: Any) -> dict[str, Any]:
    """A good point."""
    return {"latitude": latitude, "longitude": 121.47, "datum": "WGS84", "accuracyM": 10.0, "at": iso(at)} | given


async def report(member: Member, *points: dict[str, Any], key: str | None = None, **given: Any) -> dict[str, Any]:
    """One batch."""
    values = {"cadenceS": 60, "points": list(points)} | given
    answer: dict[str, Any] = await member.api.first(REPORT, key=key or new_key(), input=values)
    return answer


async def on_the_map(member: Member, **variables: Any) -> dict[str, dict[str, Any]]:
    """The first page of the map by person."""
    page = await member.api.first(MAP, **variables)
    return {entry["personId"]: entry for entry in page["nodes"]}


async def add_reps(services: Services, world: World, count: int) -> list[PersonId]:
    """More reps in the north, each with a position and an open shift, written straight into the database."""
    made = []
    now = services.clock()
    naive = now.replace(tzinfo=None)
    for number in range(count):
        person_id = PersonId(new_id("per", now))
        email = f"extra.{person_id.lower()}@example.test"
        await insert_person(
            services.store, replace(world.rep.person, id=person_id, email=email, name=f"Extra {number}")
        )
        owned = {"org_id": world.org_id, "owner_id": person_id, "team_id": world.north.id}
        await services.store["positions"].insert_one(
            {
                "_id": person_id,
                **owned,
                "location": {"type": "Point", "coordinates": [121.4, 31.2]},
                "accuracy_m": 9.0,
                "at": naive,
                "received_at": naive,
                "cadence_s": 60,
            }
        )
        shift = {"started_at": naive, "auto_end_at": naive + timedelta(hours=9), "is_open": True, "version": 1}
        await services.store["shifts"].insert_one({"_id": new_id("shf", now), **owned, "breaks": [], **shift})
        made.append(person_id)
    return made


async def open_visit(services: Services, world: World, person_id: str) -> str:
    """The id of an open visit, written straight into the database."""
    visit_id = new_id("vis", START)
    document = {
        "_id": visit_id,
        "org_id": world.org_id,
        "owner_id": person_id,
        "team_id": world.north.id,
        "site_id": new_id("sit", START),
        "account_id": new_id("acc", START),
        "kind": "UNPLANNED",
        "state": "OPEN",
        "tier": "B",
        "scheduled_at": START.replace(tzinfo=None),
        "version": 1,
    }
    await services.store["visits"].insert_one(document)
    return visit_id
