"""Every field of the schema against callers who may not: nobody, another organization, and support."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from api.app import PUBLIC_MUTATIONS
from resolvers.services import Services
from schema.nodes import NODES
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient
from tests.support.records import make_records
from tests.support.schema_calls import Answer, Argument, RootField, call, first_codes, root_fields
from tests.support.world import Member, World, make_world

FIELDS = root_fields()
QUERIES = [each for each in FIELDS if each.kind == "query"]
MUTATIONS = [each for each in FIELDS if each.kind == "mutation"]
SUBSCRIPTIONS = [each for each in FIELDS if each.kind == "subscription"]
SAMPLE_IDS = {prefix: f"{prefix}_01J00000000000000000000000" for prefix in [*NODES, "dlv", "abs", "drq"]}

OWN_ONLY = {
    "markSeen.ids": "answers those of the ids that are the caller's notices",
    "markRead.ids": "answers those of the ids that are the caller's notices",
    "received.deliveryKeys": "answers those of the keys that are the caller's deliveries",
    "opened.deliveryKeys": "answers those of the keys that are the caller's deliveries",
}
"""Mutations that succeed on foreign ids and leave them out."""
LABELS = {
    **{
        f"sendFieldWork.items.{each}": "each item is answered for itself, by the resolver of the mutation for one"
        for each in (
            *(f"checkIn.{name}" for name in ("siteId", "id", "visitId", "newVisitId", "leadId")),
            "checkOut.visitId",
        )
    },
    "replanDay.id": "a day without a published plan is refused first",
    "replanTeam.id": "a day without a published plan is refused first",
    "checkIn.input.newVisitId": "names the visit that opens; here one is open at the site already",
    "giveConsent.deviceId": "kept beside the answer, never followed",
    "reportPositions.input.deviceId": "kept beside the position, never followed",
}
"""Ids that are written down and name nothing the server reads."""
FOR_EVERYBODY = {
    "exportMyData": "the caller's own data",
    "signOut": "ends the caller's own session",
    "registerDevice": "the caller's own phone",
    "removeDevice": "the caller's own phone",
    "bindChannel": "the caller's own channels",
    "markSeen": "the caller's own notices",
    "markRead": "the caller's own notices",
    "acknowledgeNotice": "the caller's own notices",
    "received": "the caller's own deliveries",
    "opened": "the caller's own deliveries",
    "askQuestion": "the caller's own question",
    "recordArticleUse": "the caller's own opinion",
    "saveNoticePreferences": "the caller's own preferences",
    "recordSurvey": "support asks the customers",
}
"""Mutations that need no capability."""
TELLS_NOTHING = {"routePlanChanged": "an id that is not theirs answers as one that does not exist: no plan ever comes"}
"""Subscriptions that take any id."""
OF_MANAGERS = {"art": "a draft is seen by those who may edit it", "prn": "asked for by a manager", "tdy": "of managers"}
"""Kinds whose sample the rep does not see."""


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


@pytest.fixture(scope="module")
async def world(services: Services, shared_http: ApiClient, session_clock: StoppedClock) -> World:
    """One for the whole file: whatever its tests try must not change it."""
    session_clock.now = START
    return await make_world(services, shared_http, "ours")


@pytest.fixture(scope="module")
async def other_world(services: Services, shared_http: ApiClient, session_clock: StoppedClock) -> World:
    """Another organization, for the whole file too."""
    session_clock.now = START
    return await make_world(services, shared_http, "theirs")


@pytest.fixture(scope="module")
async def ours(world: World, store: Store) -> dict[str, str]:
    """One record of each kind in `world`."""
    return await make_records(world, store)


@pytest.fixture(scope="module")
async def theirs(other_world: World, store: Store) -> dict[str, str]:
    """One record of each kind in `other_world`."""
    return await make_records(other_world, store)


def members(world: World) -> dict[str, Member]:
    """A caller of each kind of role."""
    return {who: getattr(world, who) for who in ("admin", "manager", "rep", "support")}


async def told_to_each(world: World, field: RootField, given: Callable[[], Mapping[str, Any]]) -> dict[str, Answer]:
    """What every kind of role is answered, all calls side by side."""
    callers = members(world)
    answers = await asyncio.gather(*(call(each.api, field, given()) for each in callers.values()))
    return dict(zip(callers, answers, strict=True))


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
        owner = world.manager if prefix in OF_MANAGERS else world.rep
        for field in filter(None, (node, readers.get(typename))):
            own = await call(owner.api, field, {"id": ours[prefix]})
            assert own.value["id"] == ours[prefix], (prefix, own)
            given: partial[dict[str, Any]] = partial(dict, id=ours[prefix])
            for who, answer in (await told_to_each(other_world, field, given)).items():
                assert answer.body == {"data": {field.name: None}}, (prefix, who, answer)


async def test_no_query_shows_anything_of_another_organization(
    other_world: World, ours: dict[str, str], theirs: dict[str, str]
) -> None:
    secret = set(ours.values())
    for field, place in places_of_ids(QUERIES):
        given = partial(field.with_value, theirs, place, ours[field.prefix_of(place)])
        for who, answer in (await told_to_each(other_world, field, given)).items():
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
            silent: set[frozenset[str]] = {frozenset()} if field.name in TELLS_NOTHING else set()
            assert frozenset(codes) in {frozenset({"NOT_FOUND"}), frozenset({"FORBIDDEN"})} | silent, (
                where(field, place),
                who,
                codes,
            )


async def test_no_mutation_takes_an_id_of_another_organization(
    world: World, other_world: World, ours: dict[str, str], theirs: dict[str, str], store: Store
) -> None:
    before = await snapshot(store, world.org_id)
    for field, place in places_of_ids(MUTATIONS):
        name = where(field, place)
        told = {}
        given = partial(field.with_value, theirs, place, ours[field.prefix_of(place)])
        for who, answer in (await told_to_each(other_world, field, given)).items():
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
    forbidden = [each for each in MUTATIONS if each.name not in PUBLIC_MUTATIONS | FOR_EVERYBODY.keys()]
    for everything in (False, True):
        calls = (call(world.support.api, each, each.variables(ours, everything=everything)) for each in forbidden)
        for field, answer in zip(forbidden, await asyncio.gather(*calls), strict=True):
            assert answer.refusal == "FORBIDDEN", (field.label, answer)
    assert await snapshot(store, world.org_id) == before
