"""The customer timeline: everything in one order, page by page, and nothing that the caller may not see."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.files import PNG, upload
from tests.support.leads import ASSIGN, create_lead, log_activity
from tests.support.reads_counter import ReadsCounter
from tests.support.records import make_records
from tests.support.world import Member, World

TIMELINE = """query ($account: ID!, $first: Int! = 50, $after: String, $kinds: [EntryKind!]) {
  customerTimeline(accountId: $account, first: $first, after: $after, kinds: $kinds) {
    edges { cursor node { at kind record {
      __typename
      ... on Account { id name } ... on Contact { id title } ... on Lead { id stage owner { id } }
      ... on Activity { id lead { id } } ... on Visit { id state } ... on CheckIn { id verdict }
      ... on Notice { id body } ... on File { id sha256 lead { id } }
    } } }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}"""
ACCOUNT = """mutation ($key: String!) {
  createAccount(clientKey: $key, input: {name: "Mill", tier: A}) { ... on Account { id } }
}"""
ALL = ["ACCOUNT", "CONTACT", "LEAD", "ACTIVITY", "VISIT", "CHECK_IN", "NOTICE", "FILE"]


async def page(member: Member, account_id: str, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await member.api.first(TIMELINE, account=account_id, **given)
    return answer


async def ids_of(member: Member, account_id: str, **given: Any) -> list[str]:
    return [edge["node"]["record"]["id"] for edge in (await page(member, account_id, **given))["edges"]]


async def busy_account(world: World, store: Store, clock: StoppedClock) -> str:
    """The id of a customer of the rep with several records of every kind, some of them of the same moment."""
    ids = await make_records(world, store)
    account_id = ids["acc"]
    leads = [(await create_lead(world.rep, name=f"Deal {at}", accountId=account_id))["id"] for at in range(3)]
    for lead_id in leads:
        clock.advance(minutes=7)
        await log_activity(world.rep, lead_id)
        await log_activity(world.rep, lead_id, kind="NOTE", note="twice at once")
        await upload(world.rep.api, leadId=lead_id)
    await upload(world.rep.api, PNG, name="front.png", kind="PHOTO", accountId=account_id)
    theirs = (await create_lead(world.manager, name="Given", accountId=account_id, unassigned=True))["id"]
    await world.manager.api.first(ASSIGN, key=new_key(), id=theirs, owner=world.rep.id)
    return account_id


async def test_everything_is_there_in_one_order(world: World, store: Store, clock: StoppedClock) -> None:
    account_id = await busy_account(world, store, clock)
    edges = (await page(world.rep, account_id, first=100))["edges"]
    kinds = {edge["node"]["kind"] for edge in edges}
    assert kinds == set(ALL)
    named = {edge["node"]["kind"].replace("_", "").lower(): edge["node"]["record"]["__typename"] for edge in edges}
    assert all(kind == typename.lower() for kind, typename in named.items())
    places = [(edge["node"]["at"], edge["node"]["record"]["id"]) for edge in edges]
    assert all(newer > older for newer, older in pairwise(places))
    assert len({at for at, _ in places}) < len(places), "ties are part of the test"


@pytest.mark.parametrize("size", [1, 2, 7])
async def test_pages_put_together_are_the_whole(world: World, store: Store, clock: StoppedClock, size: int) -> None:
    account_id = await busy_account(world, store, clock)
    whole = await ids_of(world.rep, account_id, first=100)
    collected: list[str] = []
    after: str | None = None
    while True:
        part = await page(world.rep, account_id, first=size, after=after)
        assert part["pageInfo"]["hasPreviousPage"] is (after is not None)
        collected += [edge["node"]["record"]["id"] for edge in part["edges"]]
        after = part["pageInfo"]["endCursor"]
        if not part["pageInfo"]["hasNextPage"]:
            break
    assert collected == whole


async def test_a_page_goes_on_where_it_ended_whatever_came_meanwhile(
    world: World, store: Store, clock: StoppedClock
) -> None:
    account_id = await busy_account(world, store, clock)
    whole = await ids_of(world.rep, account_id, first=100)
    first = await page(world.rep, account_id, first=4)
    clock.advance(minutes=1)
    await upload(world.rep.api, accountId=account_id)
    assert await ids_of(world.rep, account_id, first=100, after=first["pageInfo"]["endCursor"]) == whole[4:]


@pytest.mark.parametrize("kind", ALL)
async def test_one_kind_alone(world: World, store: Store, clock: StoppedClock, kind: str) -> None:
    account_id = await busy_account(world, store, clock)
    whole = (await page(world.rep, account_id, first=100))["edges"]
    wanted = [edge["node"]["record"]["id"] for edge in whole if edge["node"]["kind"] == kind]
    assert wanted
    assert await ids_of(world.rep, account_id, first=100, kinds=[kind]) == wanted


async def test_what_one_may_not_see_is_absent(
    world: World, other_world: World, store: Store, clock: StoppedClock, anonymous: ApiClient
) -> None:
    account_id = await busy_account(world, store, clock)
    own = (await create_lead(world.second_rep, name="Mine", accountId=account_id))["id"]
    seen = {
        edge["node"]["kind"]: edge["node"]["record"]
        for edge in (await page(world.second_rep, account_id, first=100))["edges"]
    }
    assert set(seen) == {"ACCOUNT", "CONTACT", "LEAD", "FILE"}, "the account's own, and one's own lead"
    assert seen["LEAD"]["id"] == own
    assert seen["FILE"]["lead"] is None
    assert own not in await ids_of(world.rep, account_id, first=100)
    managed = {edge["node"]["kind"] for edge in (await page(world.manager, account_id, first=100))["edges"]}
    assert managed == set(ALL) - {"NOTICE"}, "notices are their recipient's"
    for member in (world.south_rep, world.south_manager, other_world.admin):
        assert await page(member, account_id) is None
    assert await page(world.rep, "acc_01J00000000000000000000000") is None
    assert await anonymous.code(TIMELINE, account=account_id) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("given", "field"),
    [({"first": 0}, "first"), ({"first": 101}, "first"), ({"after": "nonsense"}, "after"), ({"after": ""}, "after")],
)
async def test_arguments_that_cannot_be(world: World, given: dict[str, Any], field: str) -> None:
    account_id = (await world.rep.api.first(ACCOUNT, key=new_key()))["id"]
    answer = await world.rep.api.answer(TIMELINE, account=account_id, **given)
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("BAD_INPUT", field)


async def test_a_cursor_of_another_list_is_refused(world: World, store: Store, clock: StoppedClock) -> None:
    account_id = await busy_account(world, store, clock)
    other = "{ leads(first: 1) { pageInfo { endCursor } } }"
    cursor = (await world.rep.api.first(other))["pageInfo"]["endCursor"]
    assert await world.rep.api.code(TIMELINE, account=account_id, after=cursor) == "BAD_INPUT"


async def test_reads_follow_from_the_document(
    world: World, store: Store, clock: StoppedClock, reads_counter: ReadsCounter
) -> None:
    account_id = await busy_account(world, store, clock)
    cursors = []
    for first in (2, 40):
        reads_counter.take()
        part = await page(world.rep, account_id, first=first)
        cursors.append((part["pageInfo"]["endCursor"], len(reads_counter.take())))
    # The account, the ids of its leads, eight lists; then owner, lead of activities and lead of files.
    assert [count for _, count in cursors][1] <= 10 + 3 + 3
    reads_counter.take()
    await page(world.rep, account_id, first=40, after=cursors[0][0])
    assert len(reads_counter.take()) <= 10 + 8 + 6
