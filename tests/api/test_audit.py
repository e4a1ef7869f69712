"""The audit trail through GraphQL over HTTP: what leaves an entry, and what of it may be read."""

from __future__ import annotations

import json
from functools import partial

from api.app import PUBLIC_MUTATIONS
from domain.audit import AUDITED
from resolvers.services import Services
from schema.nodes import NODES
from storage.audit import COLLECTION
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.id_words import ID_WORDS, OTHER_IDS
from tests.support.schema_calls import call, root_fields
from tests.support.world import World

OTHER_PREFIXES = sorted({*ID_WORDS.values(), *OTHER_IDS.values()})
TRAIL = """query ($filter: AuditFilterInput, $first: Int!, $after: String) {
  auditTrail(filter: $filter, first: $first, after: $after) {
    nodes { at action actorId actorRole subjectId reason changed actor { name } }
    pageInfo { hasNextPage endCursor }
  }
}"""
UPDATE = """mutation ($key: String!, $id: ID!, $changes: PersonChanges!) {
  updatePerson(clientKey: $key, id: $id, changes: $changes) { __typename ... on Refusal { code } }
}"""
DEACTIVATE = """mutation ($key: String!, $id: ID!) {
  deactivatePerson(clientKey: $key, id: $id) { __typename }
}"""
CREATE_ACCOUNT = """mutation ($key: String!) {
  createAccount(clientKey: $key, input: { name: "Harbour Bakery", tier: A }) { __typename }
}"""


def test_every_audited_action_is_a_mutation() -> None:
    assert {each.name for each in root_fields() if each.kind == "mutation"} >= AUDITED


async def test_what_only_administrators_may_do_is_audited(world: World) -> None:
    ids = {prefix: f"{prefix}_01J00000000000000000000000" for prefix in [*NODES, *OTHER_PREFIXES]}
    others = [
        each
        for each in root_fields()
        if each.kind == "mutation" and each.name not in AUDITED | PUBLIC_MUTATIONS | {"signOut"}
    ]
    for field in others:
        given = partial(field.variables, ids)
        told = [(await call(each.api, field, given())).refusal for each in (world.manager, world.rep)]
        assert set(told) != {"FORBIDDEN"}, f"{field.name} belongs into AUDITED"


async def test_deeds_leave_entries_without_personal_data(world: World, clock: StoppedClock) -> None:
    changes = {"role": "MANAGER", "phone": "+49 30 901820", "name": "Robin Harbour"}
    key = new_key()
    for _ in range(2):
        await world.admin.api.first(UPDATE, key=key, id=world.second_rep.id, changes=changes)
    clock.advance(minutes=1)
    refused = await world.admin.api.first(UPDATE, key=new_key(), id=world.rep.id, changes={"name": ""})
    assert refused["code"] == "BAD_INPUT"
    await world.rep.api.first(CREATE_ACCOUNT, key=new_key())
    await world.admin.api.first(DEACTIVATE, key=new_key(), id=world.south_rep.id)
    trail = (await world.admin.api.first(TRAIL, first=10))["nodes"]
    assert [(each["action"], each["subjectId"]) for each in trail] == [
        ("deactivatePerson", world.south_rep.id),
        ("updatePerson", world.second_rep.id),
    ]
    update = trail[1]
    assert (update["actorId"], update["actorRole"], update["actor"]["name"]) == (world.admin.id, "ADMIN", "Admin")
    assert update["changed"] == ["name", "phone", "role=MANAGER"]
    assert update["at"] == "2026-11-23T01:00:00.000Z"
    assert "901820" not in json.dumps(trail)


async def test_the_trail_is_filtered_paged_and_kept_three_years(
    world: World, other_world: World, services: Services
) -> None:
    for member in (world.rep, world.second_rep, world.rep):
        await world.admin.api.first(UPDATE, key=new_key(), id=member.id, changes={"phone": "1"})
    await world.rep.api.first(UPDATE, key=new_key(), id=world.rep.id, changes={"phone": "2"})

    async def found(**wanted: str) -> int:
        return len((await world.admin.api.first(TRAIL, first=10, filter=wanted))["nodes"])

    assert await found(actorId=world.admin.id) == 3
    assert await found(actorId=world.admin.id, recordId=world.rep.id) == 2
    assert await found(action="updatePerson") == 4
    assert await found(action="invitePerson") == 0
    page = await world.admin.api.first(TRAIL, first=3)
    rest = await world.admin.api.first(TRAIL, first=3, after=page["pageInfo"]["endCursor"])
    assert (len(page["nodes"]), len(rest["nodes"]), rest["pageInfo"]["hasNextPage"]) == (3, 1, False)
    assert (await other_world.admin.api.first(TRAIL, first=10))["nodes"] == []
    (kept, *_) = await services.store[COLLECTION].find({"org_id": world.org_id}, limit=9)
    assert (kept["expires_at"] - kept["at"]).days == 1_096
