"""Organization, teams and people over HTTP: inviting, changing, moving, deactivating, and who may."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.ids import new_id
from resolvers.services import Services
from seed.organizations import create_organization
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.sign_in import ME, PASSWORD, SESSION, Phone
from tests.support.world import Member, World

REFUSED = """... on Refusal { code message } ... on InvalidInput { field }"""
INVITE = f"""mutation ($key: String!, $input: InvitePersonInput!) {{
  invitePerson(clientKey: $key, input: $input) {{
    __typename ... on OneTimeLink {{ purpose token expiresAt person {{ id email state role }} }} {REFUSED}
  }}
}}"""
ACCEPT = f"""mutation ($key: String!, $token: String!, $password: String!, $name: String) {{
  acceptInvitation(clientKey: $key, token: $token, password: $password, name: $name) {{ {SESSION} }}
}}"""
ISSUE_RESET = f"""mutation ($key: String!, $id: ID!) {{
  issuePasswordReset(clientKey: $key, personId: $id) {{
    __typename ... on OneTimeLink {{ purpose token expiresAt }} {REFUSED}
  }}
}}"""
RESET = f"""mutation ($key: String!, $token: String!, $password: String!) {{
  resetPassword(clientKey: $key, token: $token, newPassword: $password) {{ {SESSION} }}
}}"""
UPDATE = f"""mutation ($key: String!, $id: ID!, $changes: PersonChanges!, $expected: Int) {{
  updatePerson(clientKey: $key, id: $id, changes: $changes, expectedVersion: $expected) {{
    __typename
    ... on Person {{ id name email phone locale role version team {{ id }} startPoint {{ latitude }} }}
    {REFUSED}
  }}
}}"""
DEACTIVATE = f"""mutation ($key: String!, $id: ID!) {{
  deactivatePerson(clientKey: $key, id: $id) {{ __typename ... on Person {{ id state }} {REFUSED} }}
}}"""
ROSTER = f"""mutation ($key: String!, $id: ID!, $roster: RosterInput!) {{
  setRoster(clientKey: $key, personId: $id, roster: $roster) {{
    __typename
    ... on Person {{ id roster {{ zone weekly exceptions {{ date times }} absences {{ first last }} }} }}
    {REFUSED}
  }}
}}"""
PERSON = "query ($id: ID!) { person(id: $id) { id name } }"
TEAM = "query ($id: ID!) { team(id: $id) { id name } }"
PEOPLE = """query ($first: Int!, $filter: PersonFilter) {
  people(first: $first, filter: $filter) { nodes { id name } }
}"""
WEEK = ["09:00-12:00 13:00-18:00"] * 5 + ["", ""]


@pytest.fixture
async def admin(world: World, store: Store) -> Member:
    await store["sign_in_attempts"].delete_many({})
    return world.admin


def newcomer(world: World, **given: Any) -> dict[str, Any]:
    """Somebody whose address nobody has."""
    email = f"{new_id('per', START).lower()}@example.test"
    return {"email": email, "name": "New Rep", "role": "REP", "teamId": world.north.id} | given


async def invite(admin: Member, given: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = await admin.api.first(INVITE, key=key or new_key(), input=given)
    return answer


async def test_an_invited_person_chooses_a_password_and_is_in(
    world: World, admin: Member, anonymous: ApiClient
) -> None:
    given = newcomer(world)
    invited = await invite(admin, given)
    assert (invited["purpose"], invited["expiresAt"]) == ("INVITATION", "2026-11-30T01:00:00.000Z")
    assert invited["person"]["state"] == "INVITED"
    early = await Phone(anonymous).sign_in(given["email"])
    assert early["code"] == "WRONG_CREDENTIALS"
    accepted = await anonymous.first(ACCEPT, key=new_key(), token=invited["token"], password=PASSWORD, name="Newer Rep")
    assert accepted["person"] == {"id": invited["person"]["id"], "email": given["email"], "state": "ACTIVE"}
    me = await anonymous.as_(accepted["accessToken"]).first(ME)
    assert me == {"id": invited["person"]["id"], "name": "Newer Rep"}
    assert (await Phone(anonymous).sign_in(given["email"]))["__typename"] == "Session"


async def test_an_invitation_is_shown_again_to_a_repeated_call_and_kept_as_a_digest(
    world: World, admin: Member, store: Store
) -> None:
    key, given = new_key(), newcomer(world)
    first = await invite(admin, given, key)
    assert await invite(admin, given, key) == first
    assert (await invite(admin, given | {"name": "Other"}, key))["code"] == "KEY_REUSED"
    for name in ("one_time_links", "receipts", "people"):
        assert not any(first["token"] in str(document) for document in await store[name].find({}, limit=5_000))


async def test_an_invitation_works_once(world: World, admin: Member, anonymous: ApiClient, clock: StoppedClock) -> None:
    token, key = (await invite(admin, newcomer(world)))["token"], new_key()
    short = await anonymous.first(ACCEPT, key=key, token=token, password="x" * 9)
    assert (short["code"], short["field"]) == ("BAD_INPUT", "password")
    accepted = await anonymous.first(ACCEPT, key=key, token=token, password=PASSWORD)
    again = await anonymous.first(ACCEPT, key=key, token=token, password=PASSWORD)
    assert again["refreshToken"] == accepted["refreshToken"], "the answer may have got lost"
    guessed = await anonymous.first(ACCEPT, key=key, token=token, password="not the password")
    assert guessed["code"] == "LINK_INVALID"
    second = await anonymous.first(ACCEPT, key=new_key(), token=token, password=PASSWORD)
    assert second["code"] == "LINK_INVALID"


async def test_an_invitation_in_parallel_works_once(world: World, admin: Member, anonymous: ApiClient) -> None:
    token = (await invite(admin, newcomer(world)))["token"]
    calls = (anonymous.first(ACCEPT, key=new_key(), token=token, password=f"password {n:02d}") for n in range(4))
    answers = [answer["__typename"] for answer in await asyncio.gather(*calls)]
    assert sorted(answers) == ["LinkInvalid"] * 3 + ["Session"]


async def test_an_invitation_expires_and_can_be_issued_again(
    world: World, admin: Member, anonymous: ApiClient, clock: StoppedClock
) -> None:
    invited = await invite(admin, newcomer(world))
    clock.advance(days=7)
    late = await anonymous.first(ACCEPT, key=new_key(), token=invited["token"], password=PASSWORD)
    assert late["code"] == "LINK_INVALID"
    fresh = await admin.api.first(ISSUE_RESET, key=new_key(), id=invited["person"]["id"])
    assert fresh["purpose"] == "INVITATION"
    accepted = await anonymous.first(ACCEPT, key=new_key(), token=fresh["token"], password=PASSWORD)
    assert accepted["__typename"] == "Session"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"email": "nobody"}, "email"),
        ({"teamId": None}, "teamId"),
        ({"locale": "de"}, "locale"),
        ({"timeZone": "Mars/Base"}, "timeZone"),
        ({"timeZone": "../etc/passwd"}, "timeZone"),
        ({"phone": "1" * 121}, "phone"),
        ({"id": "per_1"}, "id"),
    ],
)
async def test_invite_person_names_the_bad_field(
    world: World, admin: Member, given: dict[str, Any], field: str
) -> None:
    refused = await invite(admin, newcomer(world, **given))
    assert (refused["code"], refused["field"]) == ("BAD_INPUT", field)


async def test_invite_person_refuses_taken_addresses_and_strange_teams(
    world: World, other_world: World, admin: Member
) -> None:
    for taken in (world.rep, other_world.rep):
        refused = await invite(admin, newcomer(world, email=taken.person.email.upper()))
        assert refused["code"] == "EMAIL_TAKEN"
    refused = await invite(admin, newcomer(world, teamId=other_world.north.id))
    assert refused["code"] == "NOT_FOUND"
    given = newcomer(world)
    both = await asyncio.gather(invite(admin, given), invite(admin, given))
    assert sorted(answer["__typename"] for answer in both) == ["EmailTaken", "OneTimeLink"]


async def test_a_password_reset_ends_every_session(world: World, admin: Member, anonymous: ApiClient) -> None:
    link = await admin.api.first(ISSUE_RESET, key=new_key(), id=world.rep.id)
    assert (link["purpose"], link["expiresAt"]) == ("PASSWORD_RESET", "2026-11-24T01:00:00.000Z")
    wrong_door = await anonymous.first(ACCEPT, key=new_key(), token=link["token"], password=PASSWORD)
    assert wrong_door["code"] == "LINK_INVALID"
    newer = await admin.api.first(ISSUE_RESET, key=new_key(), id=world.rep.id)
    replaced = await anonymous.first(RESET, key=new_key(), token=link["token"], password=PASSWORD)
    assert replaced["code"] == "LINK_INVALID"
    session = await anonymous.first(RESET, key=new_key(), token=newer["token"], password=PASSWORD)
    assert session["person"]["id"] == world.rep.id
    assert await world.rep.api.code(ME) == "UNAUTHENTICATED"
    assert (await anonymous.as_(session["accessToken"]).first(ME))["id"] == world.rep.id


async def test_deactivation_ends_access_at_once(world: World, admin: Member, anonymous: ApiClient) -> None:
    link = await admin.api.first(ISSUE_RESET, key=new_key(), id=world.rep.id)
    gone = await admin.api.first(DEACTIVATE, key=new_key(), id=world.rep.id)
    assert gone == {"__typename": "Person", "id": world.rep.id, "state": "DEACTIVATED"}
    assert await world.rep.api.code(ME) == "UNAUTHENTICATED"
    refused = await anonymous.first(RESET, key=new_key(), token=link["token"], password=PASSWORD)
    assert refused["code"] == "LINK_INVALID"
    for query in (DEACTIVATE, ISSUE_RESET):
        assert (await admin.api.first(query, key=new_key(), id=world.rep.id))["code"] == "WRONG_STATE"


async def test_the_last_administrator_stays(world: World, admin: Member) -> None:
    assert (await admin.api.first(DEACTIVATE, key=new_key(), id=admin.id))["code"] == "LAST_ADMIN"
    changes = {"role": "SUPPORT"}
    assert (await admin.api.first(UPDATE, key=new_key(), id=admin.id, changes=changes))["code"] == "LAST_ADMIN"
    promoted = await admin.api.first(UPDATE, key=new_key(), id=world.director.id, changes={"role": "ADMIN"})
    assert promoted["role"] == "ADMIN"
    each_other = await asyncio.gather(
        admin.api.answer(DEACTIVATE, key=new_key(), id=world.director.id),
        world.director.api.answer(DEACTIVATE, key=new_key(), id=admin.id),
    )
    alive = [await member.api.answer(ME) for member in (admin, world.director)]
    assert len([answer for answer in alive if "errors" not in answer]) == 1, each_other


async def test_people_change_their_own_and_administrators_the_rest(world: World, other_world: World) -> None:
    home = {"latitude": 31.2, "longitude": 121.4, "datum": "WGS84"}
    own = await world.rep.api.first(
        UPDATE, key=new_key(), id=world.rep.id, changes={"name": "Rep R.", "phone": "1", "startPoint": home}
    )
    assert (own["name"], own["phone"], own["startPoint"], own["version"]) == ("Rep R.", "1", {"latitude": 31.2}, 2)
    nowhere = {"latitude": 0, "longitude": 0, "datum": "WGS84"}
    refused = await world.rep.api.first(UPDATE, key=new_key(), id=world.rep.id, changes={"startPoint": nowhere})
    assert refused["field"] == "startPoint"
    cleared = await world.rep.api.first(UPDATE, key=new_key(), id=world.rep.id, changes={"startPoint": None})
    assert cleared["startPoint"] is None
    cases: list[tuple[Member, str, dict[str, Any]]] = [
        (world.rep, world.rep.id, {"role": "ADMIN"}),
        (world.rep, world.second_rep.id, {"name": "X"}),
        (world.manager, world.rep.id, {"name": "X"}),
        (world.support, world.rep.id, {"name": "X"}),
        (world.rep, other_world.rep.id, {"name": "X"}),
    ]
    for member, person_id, changes in cases:
        assert await member.api.code(UPDATE, key=new_key(), id=person_id, changes=changes) == "FORBIDDEN"
    moved = await world.admin.api.first(
        UPDATE, key=new_key(), id=world.rep.id, changes={"teamId": world.south.id, "email": "Moved@Example.test"}
    )
    assert (moved["team"]["id"], moved["email"]) == (world.south.id, "moved@example.test")
    assert await world.manager.api.first(PERSON, id=world.rep.id) is None
    stale = await world.admin.api.first(UPDATE, key=new_key(), id=world.rep.id, changes={"name": "Y"}, expected=1)
    assert stale["code"] == "CONFLICT"
    bad: list[tuple[dict[str, Any], str]] = [
        ({"teamId": None}, "BAD_INPUT"),
        ({"teamId": other_world.north.id}, "NOT_FOUND"),
        ({"email": world.manager.person.email}, "EMAIL_TAKEN"),
        ({"locale": None}, "BAD_INPUT"),
    ]
    for changes, code in bad:
        answer = await world.admin.api.first(UPDATE, key=new_key(), id=world.rep.id, changes=changes)
        assert answer["code"] == code
    elsewhere = await world.admin.api.first(UPDATE, key=new_key(), id=other_world.rep.id, changes={"name": "X"})
    assert elsewhere["code"] == "NOT_FOUND"


async def test_where_somebody_starts_is_for_those_who_lead(world: World) -> None:
    home = {"latitude": 31.2, "longitude": 121.4, "datum": "WGS84"}
    await world.rep.api.first(UPDATE, key=new_key(), id=world.rep.id, changes={"startPoint": home})
    query = "query ($id: ID!) { person(id: $id) { startPoint { latitude longitude } } }"
    seen = {"latitude": 31.2, "longitude": 121.4}
    for member, start in (
        (world.rep, seen),
        (world.manager, seen),
        (world.director, seen),
        (world.second_rep, None),
        (world.admin, None),
        (world.support, None),
    ):
        assert await member.api.first(query, id=world.rep.id) == {"startPoint": start}, member.person.name


async def test_people_and_teams_scope(world: World, other_world: World, anonymous: ApiClient) -> None:
    for member in (world.rep, world.second_rep, world.manager, world.director, world.admin, world.support):
        assert await member.api.first(PERSON, id=world.rep.id) is not None, member.person.name
        assert await member.api.first(TEAM, id=world.north.id) is not None, member.person.name
    for member in (world.south_rep, world.south_manager, other_world.rep, other_world.admin):
        assert await member.api.first(PERSON, id=world.rep.id) is None, member.person.name
        assert await member.api.first(TEAM, id=world.north.id) is None, member.person.name
    for member in (world.admin, world.support, world.rep):
        assert (await member.api.first(ME))["id"] == member.id
    listed = await world.manager.api.first(PEOPLE, first=20)
    assert {each["id"] for each in listed["nodes"]} == {world.manager.id, world.rep.id, world.second_rep.id}
    by_team = {"teamId": world.south.id}
    assert (await world.manager.api.first(PEOPLE, first=20, filter=by_team))["nodes"] == []
    assert len((await world.director.api.first(PEOPLE, first=20, filter=by_team))["nodes"]) == 2
    for query in (ME, "{ organization { id } }", "{ teams { nodes { id } } }", "{ people { nodes { id } } }"):
        assert await anonymous.code(query) == "UNAUTHENTICATED"
    assert await world.rep.api.first("{ organization { id name isDemo } }") == {
        "id": world.org_id,
        "name": "north-and-south",
        "isDemo": False,
    }
    node = "query ($id: ID!) { node(id: $id) { __typename id } }"
    for node_id, name in ((world.org_id, "Organization"), (world.north.id, "Team"), (world.rep.id, "Person")):
        assert await world.rep.api.first(node, id=node_id) == {"__typename": name, "id": node_id}
        assert await other_world.rep.api.first(node, id=node_id) is None


async def test_rosters_are_set_by_those_who_lead(world: World, other_world: World) -> None:
    roster: dict[str, Any] = {
        "weekly": WEEK,
        "exceptions": [{"date": "2026-12-24", "times": "09:00-12:00"}, {"date": "2026-11-28", "times": "22:00-06:00"}],
        "absences": [{"first": "2026-12-28", "last": "2026-12-31"}],
    }
    for member in (world.manager, world.director, world.admin):
        answer = await member.api.first(ROSTER, key=new_key(), id=world.rep.id, roster=roster)
        assert answer["roster"] == {
            "zone": "Asia/Shanghai",
            "weekly": WEEK,
            "exceptions": [roster["exceptions"][1], roster["exceptions"][0]],
            "absences": roster["absences"],
        }
    for member in (world.south_manager, other_world.admin):
        refused = await member.api.first(ROSTER, key=new_key(), id=world.rep.id, roster=roster)
        assert refused["code"] == "NOT_FOUND"
    for member in (world.rep, world.support):
        assert await member.api.code(ROSTER, key=new_key(), id=world.rep.id, roster=roster) == "FORBIDDEN"
    for bad in (
        {"weekly": WEEK[:6]},
        {"weekly": ["9-12", *WEEK[1:]]},
        {"weekly": WEEK, "exceptions": [{"date": "2026-2-1", "times": ""}]},
        {"weekly": WEEK, "absences": [{"first": "soon", "last": "later"}]},
        {"weekly": WEEK, "absences": [{"first": "2026-01-01", "last": "2026-01-01"}] * 401},
    ):
        refused = await world.manager.api.first(ROSTER, key=new_key(), id=world.rep.id, roster=bad)
        assert (refused["code"], refused["field"]) == ("BAD_INPUT", "roster")
    await world.admin.api.first(UPDATE, key=new_key(), id=world.rep.id, changes={"timeZone": "Europe/Berlin"})
    moved = await world.rep.api.first("{ me { roster { zone } } }")
    assert moved == {"roster": {"zone": "Europe/Berlin"}}


async def test_a_real_organization_begins_with_a_link(services: Services, anonymous: ApiClient) -> None:
    email = f"{new_id('per', START).lower()}@example.test"
    token = await create_organization(services, "Harbour Supplies", email.upper())
    assert isinstance(token, str)
    session = await anonymous.first(ACCEPT, key=new_key(), token=token, password=PASSWORD, name="First Admin")
    signed_in = anonymous.as_(session["accessToken"])
    found = await signed_in.data("{ me { role name timeZone } organization { name locale } }")
    assert found == {
        "me": {"role": "ADMIN", "name": "First Admin", "timeZone": "Asia/Shanghai"},
        "organization": {"name": "Harbour Supplies", "locale": "zh-CN"},
    }
    again = await create_organization(services, "Harbour Supplies", email)
    assert not isinstance(again, str)
    assert again.code == "EMAIL_TAKEN"
    nobody = await create_organization(services, "Harbour Supplies", "nobody")
    assert not isinstance(nobody, str)
    assert nobody.code == "BAD_INPUT"
