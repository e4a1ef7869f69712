"""What a phone asks first, over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest
from graphql import GraphQLEnumType

from domain.labels import labels
from resolvers.services import AppRules, Services
from schema.root import build_schema
from tests.support.client import ApiClient, new_key
from tests.support.reads_counter import ReadsCounter
from tests.support.sign_in import another_server
from tests.support.world import World

BOOTSTRAP = """query ($version: String) { bootstrap(appVersion: $version) {
  __typename
  ... on Bootstrap {
    serverNow minimumAppVersion me { id role } organization { id } shift { id } plannedShift { startsAt endsAt }
    limits { page bodyBytes positionsPerBatch evidenceLateS evidenceAheadS }
    policies { version fenceRadiusM fenceModes { tier mode } tracking { movingS movingM idleS } }
    labels { enumName value en zhCn }
  }
  ... on AppTooOld { code appVersion minimumVersion }
} }"""
ROSTER = """mutation ($key: String!, $id: ID!, $roster: RosterInput!) {
  setRoster(clientKey: $key, personId: $id, roster: $roster) { __typename }
}"""


async def test_bootstrap_tells_all_in_few_reads(world: World, reads_counter: ReadsCounter) -> None:
    roster = {"weekly": ["09:00-18:00", *[""] * 6]}
    await world.manager.api.first(ROSTER, key=new_key(), id=world.rep.id, roster=roster)
    shift = await world.rep.api.first(
        'mutation ($key: String!) { startShift(clientKey: $key, at: "2026-11-23T01:00:00Z") { ... on Shift { id } } }',
        key=new_key(),
    )
    reads_counter.take()
    told = await world.rep.api.first(BOOTSTRAP, version="9.9.9")
    assert len(reads_counter.take()) == 10, "person, session, two teams; person, organization, shift, consent, norms"
    assert told["me"] == {"id": world.rep.id, "role": "REP"}
    assert told["organization"] == {"id": world.org_id}
    assert told["shift"] == shift
    assert told["serverNow"] == "2026-11-23T01:00:00.000Z"
    assert told["plannedShift"] == {"startsAt": "2026-11-23T01:00:00.000Z", "endsAt": "2026-11-23T10:00:00.000Z"}
    assert told["limits"] == {
        "page": 100,
        "bodyBytes": 2_000_000,
        "positionsPerBatch": 10_000,
        "evidenceLateS": 72 * 3600,
        "evidenceAheadS": 120,
    }
    assert told["policies"]["fenceRadiusM"] == 200
    assert told["policies"]["tracking"] == {"movingS": 60, "movingM": 100, "idleS": 300}
    assert {"tier": "A", "mode": "HARD"} in told["policies"]["fenceModes"]
    assert {"enumName": "Tier", "value": "A", "en": "Tier A", "zhCn": "A 级"} in told["labels"]


async def test_bootstrap_of_somebody_without_team_or_roster(world: World) -> None:
    told = await world.admin.api.first(BOOTSTRAP)
    assert (told["me"]["id"], told["shift"], told["plannedShift"]) == (world.admin.id, None, None)


async def test_bootstrap_needs_a_session(anonymous: ApiClient) -> None:
    assert await anonymous.code(BOOTSTRAP) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("version", "refused"),
    [("2.9.9", True), ("2.10", False), ("2.10.0-beta.1", False), ("3", False), ("1.99.99", True), (None, False)],
)
async def test_bootstrap_tells_old_apps(world: World, services: Services, version: str | None, refused: bool) -> None:
    async with another_server(replace(services, app=AppRules(min_version="2.10.0"))) as api:
        told = await api.as_(world.rep.api.token or "").first(BOOTSTRAP, version=version)
    if refused:
        assert told == {
            "__typename": "AppTooOld",
            "code": "APP_TOO_OLD",
            "appVersion": version,
            "minimumVersion": "2.10.0",
        }
    else:
        assert told["minimumAppVersion"] == "2.10.0"


@pytest.mark.parametrize("version", ["", "new", "1.2.3.4", "1..2", "-1", "1" * 10])
async def test_bootstrap_refuses_what_is_no_version(world: World, version: str) -> None:
    assert await world.rep.api.code(BOOTSTRAP, version=version) == "BAD_INPUT"


def test_labels_name_values_of_the_schema() -> None:
    types = build_schema()._schema.type_map
    for label in labels():
        enum = types[label.enum_name]
        assert isinstance(enum, GraphQLEnumType)
        assert label.value in enum.values
