"""Documents and short cuts for tests in which somebody leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from domain.hand_overs import BATCH
from domain.ids import PersonId, new_id
from domain.people import Person, PersonState
from resolvers.services import Services
from storage.people import insert_person
from storage.store import Store
from tests.conftest import START
from tests.support.client import new_key
from tests.support.world import Member, World
from workers.hand_overs import hand_over_due

REFUSED = """... on Refusal { code message } ... on InvalidInput { field } ... on WrongState { currentState }
  ... on SuccessorNotAvailable { field personId }"""
START_DEPARTURE = f"""mutation ($key: String!, $id: ID!, $successor: ID!) {{
  startDeparture(clientKey: $key, personId: $id, successorId: $successor) {{
    __typename ... on HandOver {{ id state personId successorId startedById }} {REFUSED}
  }}
}}"""
DEACTIVATE = f"""mutation ($key: String!, $id: ID!, $successor: ID) {{
  deactivatePerson(clientKey: $key, id: $id, successorId: $successor) {{
    __typename ... on Person {{ id state successorId }} {REFUSED}
    ... on SuccessorRequired {{ field personId openLeads plannedVisits proposedId }}
  }}
}}"""
HAND_OVER = """query ($id: ID!) {
  handOver(id: $id) { id state leads visits notices accounts finishedAt person { id state } successor { id } }
}"""
ENTRIES = """query ($id: ID!, $first: Int!, $after: String) {
  handOverEntries(handOverId: $id, first: $first, after: $after) {
    nodes { kind recordId fromId toId } pageInfo { hasNextPage endCursor }
  }
}"""


async def a_newcomer(store: Store, world: World) -> Person:
    """A rep of the north who has nothing yet, written straight into the database."""
    person_id = PersonId(new_id("per", START))
    person = replace(
        world.rep.person,
        id=person_id,
        email=f"{person_id.lower()}@example.test",
        name="Young Rep",
        state=PersonState.INVITED,
    )
    await insert_person(store, person)
    return person


async def start_departure(world: World, person_id: str, successor_id: str) -> dict[str, Any]:
    """What startDeparture answers the administrator."""
    answer: dict[str, Any] = await world.admin.api.first(
        START_DEPARTURE, key=new_key(), id=person_id, successor=successor_id
    )
    return answer


async def entries_of(member: Member, hand_over_id: str) -> list[dict[str, Any]]:
    """The whole log, page by page."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = await member.api.first(ENTRIES, id=hand_over_id, first=50, after=after)
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def moved(services: Services, size: int = BATCH) -> int:
    """Lets workers go on until nothing is left to move."""
    total = 0
    while done := await hand_over_due(services, size):
        total += done
    return total
