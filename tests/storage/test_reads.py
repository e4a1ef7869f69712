"""Scope, paging and batching as storage promises them to every layer above."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from domain.access import Reach, Role, Scope
from domain.errors import BadInput
from domain.ids import OrgId, PersonId, TeamId
from storage.indexes import INDEXES
from storage.reach import REACH, scope_filter
from storage.reads import PageRequest, Reads, decode_cursor, encode_cursor
from storage.store import Store

ORG = OrgId("org_reads")
REP = Scope(ORG, PersonId("per_1"), Role.REP, TeamId("tea_1"), frozenset({TeamId("tea_1")}))
LOST_REP = Scope(ORG, PersonId("per_9"), Role.REP, None, frozenset())
MANAGER = Scope(ORG, PersonId("per_2"), Role.MANAGER, TeamId("tea_1"), frozenset({TeamId("tea_1"), TeamId("tea_2")}))
ADMIN = Scope(ORG, PersonId("per_3"), Role.ADMIN, None, frozenset())


@pytest.mark.parametrize(
    ("collection", "scope", "expected"),
    [
        ("articles", REP, {"org_id": ORG, "state": "PUBLISHED", "team_ids": {"$in": [None, "tea_1"]}}),
        ("articles", LOST_REP, {"org_id": ORG, "state": "PUBLISHED", "team_ids": {"$in": [None]}}),
        ("articles", MANAGER, {"org_id": ORG, "team_ids": {"$in": [None, "tea_1", "tea_2"]}}),
        (
            "articles",
            replace(MANAGER, teams_above=frozenset({TeamId("tea_0")})),
            {"org_id": ORG, "team_ids": {"$in": [None, "tea_0", "tea_1", "tea_2"]}},
        ),
        ("articles", ADMIN, {"org_id": ORG}),
        ("articles", Scope.whole_organization(ORG), {"org_id": ORG}),
        ("accounts", REP, {"org_id": ORG, "team_id": "tea_1"}),
        ("accounts", LOST_REP, {"org_id": ORG, "team_id": {"$in": []}}),
        ("leads", REP, {"org_id": ORG, "owner_id": "per_1"}),
        ("leads", MANAGER, {"org_id": ORG, "team_id": {"$in": ["tea_1", "tea_2"]}}),
        ("leads", ADMIN, {"org_id": ORG}),
        ("notices", MANAGER, {"org_id": ORG, "owner_id": "per_2"}),
        ("notices", ADMIN, {"org_id": ORG, "owner_id": "per_3"}),
        ("positions", MANAGER, {"org_id": ORG, "team_id": {"$in": ["tea_1", "tea_2"]}}),
        ("positions", ADMIN, {"org_id": ORG, "owner_id": "per_3"}),
        ("people", REP, {"org_id": ORG, "team_id": "tea_1"}),
        ("teams", MANAGER, {"org_id": ORG, "_id": {"$in": ["tea_1", "tea_2"]}}),
        ("organizations", REP, {"_id": ORG}),
        ("files", ADMIN, {"org_id": ORG, "article_id": None}),
        ("article_editions", ADMIN, {"org_id": ORG}),
        (
            "article_editions",
            REP,
            {"org_id": ORG, "_id": {"$in": []}, "team_ids": {"$in": [None, "tea_1"]}},
        ),
        ("leads", Scope.whole_organization(ORG), {"org_id": ORG}),
    ],
)
def test_scope_filter(collection: str, scope: Scope, expected: dict[str, object]) -> None:
    assert scope_filter(collection, scope) == expected


def test_every_read_collection_has_indexes_that_begin_with_what_queries_fix() -> None:
    leading = {"org_id"}
    for collection, reach in REACH.items():
        if reach is Reach.ORGANIZATION and collection == "organizations":
            continue
        assert collection in INDEXES, collection
        keys = [next(iter(index.document["key"])) for index in INDEXES[collection]]
        assert leading & set(keys) or any(key.endswith("_id") for key in keys), (collection, keys)


async def test_declared_indexes_are_the_created_ones(store: Store) -> None:
    for collection, indexes in INDEXES.items():
        declared = {index.document["name"] for index in indexes} | {"_id_"}
        if indexes:
            assert await store[collection].index_names() == declared, collection


async def test_children_are_sorted_limited_and_scoped_for_all_parents_at_once(store: Store) -> None:
    rows = [
        {"_id": f"vis_{n:02d}", "org_id": ORG, "site_id": f"sit_{n % 2}", "owner_id": "per_1" if n < 8 else "per_x"}
        for n in range(10)
    ]
    await store["visits"].insert_many(rows)
    reads = Reads(store, REP)
    found = await reads.children("visits", ["sit_0", "sit_1", "sit_none"], on="site_id", first=3)
    ids = {parent: [each["_id"] for each in children] for parent, children in found.items()}
    assert ids == {"sit_0": ["vis_06", "vis_04", "vis_02"], "sit_1": ["vis_07", "vis_05", "vis_03"]}
    single = await reads.children("visits", ["sit_0"], on="site_id", first=3)
    assert [each["_id"] for each in single["sit_0"]] == ids["sit_0"]
    await store["visits"].delete_many({"org_id": ORG})


async def test_a_callers_filter_cannot_widen_the_scope(store: Store) -> None:
    await store["leads"].insert_many(
        [
            {"_id": "led_mine", "org_id": ORG, "owner_id": "per_1"},
            {"_id": "led_other", "org_id": ORG, "owner_id": "per_x"},
        ]
    )
    reads = Reads(store, REP)
    page = await reads.page("leads", {"owner_id": "per_x"}, PageRequest(10))
    assert page.documents == []
    assert await reads.find("leads", "led_other") is None
    assert set(await reads.by_keys("leads", ["led_mine", "led_other"])) == {"led_mine"}
    await store["leads"].delete_many({"org_id": ORG})


@pytest.mark.parametrize("value", ["Name", 4, None, datetime(2026, 11, 23, 1, 2, 3, 456000)])  # noqa: DTZ001
def test_cursor_round_trip(value: object) -> None:
    assert decode_cursor(encode_cursor("name", value, "acc_1"), "name") == (value, "acc_1")


@pytest.mark.parametrize(
    "cursor",
    ["", "!!!", "bm90", "W10", encode_cursor("-name", "a", "b"), encode_cursor("name", [1], "b"), "é", "A" * 9999],
)
def test_a_foreign_cursor_is_bad_input(cursor: str) -> None:
    with pytest.raises(BadInput):
        decode_cursor(cursor, "name")


async def test_pages_with_missing_sort_values_hold_each_record_once(store: Store) -> None:
    rows = [
        {"_id": f"acc_{n}", "org_id": ORG, "team_id": "tea_1"} | ({"name": f"n{n % 2}"} if n % 3 else {})
        for n in range(9)
    ]
    await store["accounts"].insert_many(rows)
    for order in ("name", "-name", "_id", "-_id"):
        seen, after = [], None
        while True:
            page = await Reads(store, REP).page("accounts", {}, PageRequest(2, after, order))
            seen += [each["_id"] for each in page.documents]
            if not page.has_next:
                break
            after = page.cursor(-1)
        assert sorted(seen) == sorted(each["_id"] for each in rows), order
    await store["accounts"].delete_many({"org_id": ORG})
