"""What a read answers of a document where its caller names the paths it needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.access import Role, Scope
from domain.ids import OrgId, PersonId, TeamId
from storage.driver import connect
from storage.reads import PageRequest, Reads
from storage.store import Store

ORG = OrgId("org_projected")
REP = Scope(ORG, PersonId("per_1"), Role.REP, TeamId("tea_1"), frozenset({TeamId("tea_1")}))


@pytest.fixture(params=["motor", "pymongo"])
async def reads(request: pytest.FixtureRequest, mongo_uri: str) -> AsyncIterator[Reads]:
    """A rep's reads behind each driver; the rep sees sites of one team."""
    store = Store(connect(mongo_uri, f"projected_{request.param}", driver=request.param))
    teams = ["tea_1", "tea_1", "tea_1", "tea_2"]
    sites = [
        {
            "_id": f"sit_{n}",
            "org_id": ORG,
            "team_id": team,
            "account_id": f"acc_{n % 2}",
            "name": f"n{n}",
            "given": {"datum": "WGS84", "flagged": False},
            "holidays": [{"date": "2026-12-24", "name": "Eve"}, {"date": "2026-12-25", "name": "Day"}],
        }
        for n, team in enumerate(teams)
    ]
    await store["sites"].insert_many(sites)
    await store["people"].insert_many([{"_id": f"per_{n}", "org_id": ORG, "team_id": teams[n]} for n in range(4)])
    yield Reads(store, REP)
    await store.database.drop()
    await store.database.close()


async def test_one(reads: Reads) -> None:
    assert await reads.find("sites", "sit_0", {"given.datum": 1, "holidays.date": 1}) == {
        "_id": "sit_0",
        "given": {"datum": "WGS84"},
        "holidays": [{"date": "2026-12-24"}, {"date": "2026-12-25"}],
    }
    assert await reads.find("sites", "sit_3", {"name": 1}) is None


async def test_what_names_nothing_is_the_id(reads: Reads) -> None:
    assert await reads.find("sites", "sit_0", {}) == {"_id": "sit_0"}


async def test_by_keys_holds_the_key(reads: Reads) -> None:
    found = await reads.by_keys("sites", ["n0", "n3"], on="name", projection={"given.datum": 1})
    assert found == {"n0": {"_id": "sit_0", "name": "n0", "given": {"datum": "WGS84"}}}


async def test_by_keys_keeps_the_scope_where_the_scope_names_the_key(reads: Reads) -> None:
    teams = Reads(reads.store, REP)
    await reads.store["teams"].insert_many([{"_id": f"tea_{n}", "org_id": ORG, "name": f"t{n}"} for n in (1, 2)])
    found = await teams.by_keys("teams", ["tea_1", "tea_2"], projection={"name": 1})
    assert found == {"tea_1": {"_id": "tea_1", "org_id": ORG, "name": "t1"}}


@pytest.mark.parametrize("parents", [["acc_0"], ["acc_0", "acc_1"], ["acc_1", "acc_9"]])
@pytest.mark.parametrize("projection", [{"name": 1}, {}, {"holidays.name": 1, "account_id": 1}])
async def test_children_hold_the_same_as_whole_ones_cut_down(
    reads: Reads, parents: list[str], projection: dict[str, Any]
) -> None:
    whole = await reads.children("sites", parents, on="account_id", first=2, order="-name")
    cut = await reads.children("sites", parents, on="account_id", first=2, order="-name", projection=projection)
    assert {parent: [each["_id"] for each in rows] for parent, rows in cut.items()} == {
        parent: [each["_id"] for each in rows] for parent, rows in whole.items()
    }
    kept = {"_id", "account_id"} | {path.partition(".")[0] for path in projection}
    assert all(set(each) == kept for rows in cut.values() for each in rows)


async def test_a_page_goes_on_where_it_ended(reads: Reads) -> None:
    first = await reads.page("sites", {}, PageRequest(2, None, "name"), {"given.datum": 1})
    assert [set(each) for each in first.documents] == [{"_id", "given", "name"}] * 2
    rest = await reads.page("sites", {}, PageRequest(2, first.cursor(1), "name"), {"given.datum": 1})
    assert [each["_id"] for each in rest.documents] == ["sit_2"]
    assert (first.has_next, rest.has_next, rest.has_previous) == (True, False, True)


@pytest.mark.parametrize("projection", [{"given": 1}, {"given.datum": 1}, {"given": 1, "name": 1}])
async def test_paths_above_and_below_the_order_do_not_clash(reads: Reads, projection: dict[str, Any]) -> None:
    for order in ("given.datum", "given"):
        page = await reads.page("sites", {}, PageRequest(5, None, order), projection)
        assert [each["given"]["datum"] for each in page.documents] == ["WGS84"] * 3


async def test_a_list(reads: Reads) -> None:
    assert await reads.list("sites", {"name": "n1"}, limit=5, projection={"name": 1}) == [
        {"_id": "sit_1", "name": "n1"}
    ]


async def test_more_than_one_batch_comes_at_once(reads: Reads) -> None:
    rows = [{"_id": f"s{n:03}", "org_id": ORG, "team_id": "tea_1", "name": "many"} for n in range(150)]
    await reads.store["sites"].insert_many(rows)
    found = await reads.list("sites", {"name": "many"}, order="_id", limit=120)
    assert [each["_id"] for each in found] == [each["_id"] for each in rows[:120]]
