"""Every field of the schema against callers who may not: nobody, another organization, and support."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.app import PUBLIC_MUTATIONS
from schema.nodes import NODES
from storage.store import Store
from tests.support.client import ApiClient
from tests.support.records import make_records
from tests.support.schema_calls import Argument, RootField, call, first_codes, root_fields
from tests.support.world import Member, World

FIELDS = root_fields()
QUERIES = [each for each in FIELDS if each.kind == "query"]
MUTATIONS = [each for each in FIELDS if each.kind == "mutation"]
SUBSCRIPTIONS = [each for each in FIELDS if each.kind == "subscription"]
SAMPLE_IDS = {prefix: f"{prefix}_01J00000000000000000000000" for prefix in [*NODES, "dlv"]}

OWN_ONLY = {
    "markSeen.ids": "answers those of the ids that are the caller's notices",
    "markRead.ids": "answers those of the ids that are the caller's notices",
    "received.deliveryKeys": "answers those of the keys that are the caller's deliveries",
}
"""Mutations that succeed on foreign ids and leave them out."""
LABELS = {
    "reportPositions.input.deviceId": "kept beside the position, never followed",
}
"""Ids that are written down and name nothing the server reads."""
FOR_EVERYBODY = {
    "signOut": "ends the caller's own session",
    "registerDevice": "the caller's own phone",
    "removeDevice": "the caller's own phone",
    "markSeen": "the caller's own notices",
    "markRead": "the caller's own notices",
    "acknowledgeNotice": "the caller's own notices",
    "received": "the caller's own deliveries",
}
"""Mutations that need no capability."""


def labels(field: RootField) -> str:
    return field.label


@pytest.mark.parametrize("field", QUERIES + MUTATIONS, ids=labels)
async def test_nobody_gets_in(anonymous: ApiClient, field: RootField) -> None:
    answer = await call(anonymous, field, field.variables(SAMPLE_IDS, everything=True))
    if field.name in PUBLIC_MUTATIONS:
        assert answer.status == 200
        assert answer.refusal is not None
        assert answer.error is None
    else:
        assert answer.error == "UNAUTHENTICATED", answer


@pytest.mark.parametrize("field", SUBSCRIPTIONS, ids=labels)
async def test_nobody_watches(api_url: str, anonymous: ApiClient, field: RootField) -> None:
    codes = await first_codes(api_url, anonymous, field, field.variables(SAMPLE_IDS, everything=True))
    assert codes == {"UNAUTHENTICATED"}


@pytest.fixture
async def ours(world: World, store: Store) -> dict[str, str]:
    """One record of each kind in `world`."""
    return await make_records(world, store)


@pytest.fixture
async def theirs(other_world: World, store: Store) -> dict[str, str]:
    """One record of each kind in `other_world`."""
    return await make_records(other_world, store)


def members(world: World) -> dict[str, Member]:
    """A caller of each kind of role."""
    return {who: getattr(world, who) for who in ("admin", "manager", "rep", "support")}


async def snapshot(store: Store, org_id: str) -> dict[str, list[Any]]:
    """Everything an organization has of what `node` finds."""
    own = {"organizations": {"_id": org_id}}
    return {
        collection: await store[collection].find(own.get(collection, {"org_id": org_id}), order=[("_id", 1)], limit=999)
        for collection, _ in NODES.values()
    }


def places_of_ids(fields: list[RootField]) -> list[tuple[RootField, Argument]]:
    """Where an id goes."""
    return [(field, place) for field in fields for place in field.places() if place.is_id]


def where(field: RootField, place: Argument) -> str:
    """Such as `createSite.input.accountId`."""
    return ".".join([field.name, *(step for step in place.path if isinstance(step, str))])


async def test_a_record_is_found_by_its_owner_and_by_nobody_elsewhere(
    world: World, other_world: World, ours: dict[str, str]
) -> None:
    node = next(each for each in QUERIES if each.name == "node")
    readers = {each.record: each for each in QUERIES if set(each.arguments) == {"id"} and each.record is not None}
    assert len(readers) >= 9
    for prefix, (_, typename) in NODES.items():
        owner = world.manager if prefix == "art" else world.rep  # a draft is seen by those who may edit it
        for field in filter(None, (node, readers.get(typename))):
            own = await call(owner.api, field, {"id": ours[prefix]})
            assert own.value["id"] == ours[prefix], (prefix, own)
            for who, member in members(other_world).items():
                answer = await call(member.api, field, {"id": ours[prefix]})
                assert answer.body == {"data": {field.name: None}}, (prefix, who, answer)


async def test_no_query_shows_anything_of_another_organization(
    other_world: World, ours: dict[str, str], theirs: dict[str, str]
) -> None:
    secret = set(ours.values())
    for field, place in places_of_ids(QUERIES):
        given = field.with_value(theirs, place, ours[field.prefix_of(place)])
        for who, member in members(other_world).items():
            answer = await call(member.api, field, given)
            assert answer.codes <= {"FORBIDDEN"}, (where(field, place), who, answer)
            text = json.dumps(answer.body)
            assert not [each for each in secret if each in text], (where(field, place), who, answer)


@pytest.mark.parametrize("field", SUBSCRIPTIONS, ids=labels)
async def test_no_subscription_takes_an_id_of_another_organization(
    api_url: str, other_world: World, ours: dict[str, str], theirs: dict[str, str], field: RootField
) -> None:
    for _, place in places_of_ids([field]):
        given = field.with_value(theirs, place, ours[field.prefix_of(place)])
        for who, member in members(other_world).items():
            codes = await first_codes(api_url, member.api, field, given)
            assert codes in ({"NOT_FOUND"}, {"FORBIDDEN"}), (where(field, place), who, codes)


async def test_no_mutation_takes_an_id_of_another_organization(
    world: World, other_world: World, ours: dict[str, str], theirs: dict[str, str], store: Store
) -> None:
    before = await snapshot(store, world.org_id)
    for field, place in places_of_ids(MUTATIONS):
        name = where(field, place)
        told = {}
        for who, member in members(other_world).items():
            answer = await call(member.api, field, field.with_value(theirs, place, ours[field.prefix_of(place)]))
            assert answer.codes <= {"FORBIDDEN"}, (name, who, answer)
            assert answer.refusal or name in OWN_ONLY or name in LABELS, (name, who, answer)
            told[who] = answer.refusal
            if name in OWN_ONLY:
                assert [] in answer.value.values(), (name, answer)
        if field.name in PUBLIC_MUTATIONS or name in OWN_ONLY or name in LABELS:
            continue
        if field.is_new_id(place):
            assert "ID_TAKEN" in told.values(), (name, told)
        else:
            assert "NOT_FOUND" in told.values(), (name, told)
            assert set(told.values()) <= {"NOT_FOUND", "FORBIDDEN"}, (name, told)
    assert await snapshot(store, world.org_id) == before


async def test_support_changes_nothing(world: World, ours: dict[str, str], store: Store) -> None:
    before = await snapshot(store, world.org_id)
    for field in MUTATIONS:
        if field.name not in PUBLIC_MUTATIONS | FOR_EVERYBODY.keys():
            for everything in (False, True):
                answer = await call(world.support.api, field, field.variables(ours, everything=everything))
                assert answer.refusal == "FORBIDDEN", (field.label, answer)
    assert await snapshot(store, world.org_id) == before
