"""Packs over HTTP: whole, in portions, what changed, `304`, for whom, and what is refused."""

from __future__ import annotations

import gzip
import json
from typing import Any

import httpx
import pytest

from domain.ids import new_id
from resolvers import article_packs
from resolvers.services import Services
from storage.articles import insert_published
from tests.api.test_article_attachments import READERS, attach, draft_of, given_to, handed_in
from tests.api.test_article_packs import PACK
from tests.api.test_articles import PINNED, RETIRE, UPDATE, create, publish
from tests.conftest import START
from tests.knowledge.articles import an_article
from tests.support.client import ApiClient, new_key
from tests.support.files import PDF
from tests.support.world import Member, World

Pack = dict[str, Any]


async def asked(client: ApiClient, method: str = "GET", etag: str | None = None, **given: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {client.token}"} if client.token else {}
    if etag is not None:
        headers["if-none-match"] = etag
    return await client.http.request(method, "/packs/articles", params=given, headers=headers)


async def pack_of(member: Member, **given: Any) -> Pack:
    response = await asked(member.api, **given)
    assert response.status_code == 200, response.text
    pack: Pack = response.json()
    assert response.headers["etag"] == f'"{pack["version"]}"'
    return pack


async def put(world: World, title: str, **given: Any) -> str:
    draft = await create(world.admin, title=title, **({"pinned": True} | given))
    await publish(world.admin, draft["id"])
    return str(draft["id"])


def titles(pack: Pack) -> list[str]:
    return [each["title"] for each in pack["articles"]]


async def test_a_phone_has_the_whole_pack_then_what_changed(world: World, other_world: World) -> None:
    kept, dropped, loose = [
        await put(world, title, pinned=pinned, body="**Cold** & <b>dry</b>")
        for title, pinned in (("Kept", True), ("Dropped", True), ("Loose", False))
    ]
    await create(world.admin, title="A draft", pinned=True)
    whole = await pack_of(world.rep)
    assert (titles(whole), whole["hasMore"], whole["beginsAnew"], whole["removedIds"]) == (
        ["Kept", "Dropped"],
        False,
        True,
        [],
    )
    first = whole["articles"][0]
    assert (first["id"], first["body"], first["bodyText"]) == (kept, "**Cold** & <b>dry</b>", "Cold & dry")
    assert "<strong>Cold</strong>" in first["bodyHtml"]
    assert "<b>" not in first["bodyHtml"]
    assert first["publishedAt"] == "2026-11-23T01:00:00.000Z"
    nothing = await pack_of(world.rep, since=whole["version"])
    assert nothing == {**whole, "beginsAnew": False, "articles": []}
    await world.admin.api.first(UPDATE, key=new_key(), id=kept, changes={"title": "Kept still"})
    await world.admin.api.first(RETIRE, key=new_key(), id=dropped)
    await world.admin.api.first(UPDATE, key=new_key(), id=loose, changes={"pinned": True})
    delta = await pack_of(world.rep, since=whole["version"])
    assert (titles(delta), delta["removedIds"], delta["beginsAnew"]) == (["Kept still", "Loose"], [dropped], False)
    assert titles(await pack_of(world.rep)) == ["Kept still", "Loose"]
    assert titles(await pack_of(other_world.rep)) == []
    foreign = await pack_of(other_world.rep, since=whole["version"])
    assert (foreign["beginsAnew"], foreign["removedIds"]) == (True, [])


async def test_who_has_everything_is_told_so_without_a_body(world: World) -> None:
    await put(world, "One")
    whole = await pack_of(world.rep)
    tag = f'"{whole["version"]}"'
    for etag in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        for given in ({}, {"since": whole["version"]}):
            response = await asked(world.rep.api, etag=etag, **given)
            assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", tag)
            assert response.headers["cache-control"] == "private, no-cache"
    assert (await asked(world.rep.api, etag='"x"')).status_code == 200
    await put(world, "Two")
    response = await asked(world.rep.api, etag=tag, since=whole["version"])
    assert (response.status_code, titles(response.json())) == (200, ["Two"])


async def test_a_pack_is_that_of_a_role_a_team_an_industry_and_a_language(world: World) -> None:
    await put(world, "any")
    await put(world, "food", industry="Food")
    await put(world, "steel", industry="Steel")
    await put(world, "chinese", language="ZH_CN")
    await put(world, "north", teamIds=[world.north.id])
    food = await pack_of(world.rep, industry="Food", language="en")
    assert titles(food) == ["any", "food", "north"]
    assert titles(await pack_of(world.south_rep, industry="Food", language="en")) == ["any", "food"]
    assert titles(await pack_of(world.rep, language="zh-CN")) == ["chinese"]
    versions = {
        (await pack_of(member, **given))["version"]
        for member in (world.rep, world.south_rep, world.manager)
        for given in ({}, {"industry": "Food"}, {"industry": "Food", "language": "en"})
    }
    assert len(versions) == 9
    assert (await pack_of(world.second_rep))["version"] == (await pack_of(world.rep))["version"]
    for other in ({"industry": "Steel", "language": "en"}, {"industry": "Food"}):
        assert (await pack_of(world.rep, since=food["version"], **other))["beginsAnew"]


async def test_an_article_is_in_the_packs_of_its_roles(world: World) -> None:
    await put(world, "everybody")
    both = await put(world, "leaders", packRoles=["MANAGER", "DIRECTOR"])
    await put(world, "reps", packRoles=["REP"])
    expected = {"rep": ["everybody", "reps"], "manager": ["everybody", "leaders"], "admin": ["everybody"]}
    before = {}
    for who, packed in expected.items():
        member = getattr(world, who)
        before[who] = await pack_of(member)
        assert titles(before[who]) == packed
        assert [each["title"] for each in (await member.api.first(PACK))["articles"]] == packed
        assert sorted(each["title"] for each in await member.api.first(PINNED)) == sorted(packed)
    changed = await world.admin.api.first(UPDATE, key=new_key(), id=both, changes={"packRoles": ["REP"]})
    assert changed["__typename"] == "Article"
    assert titles(await pack_of(world.rep, since=before["rep"]["version"])) == ["leaders"]
    assert (await pack_of(world.manager, since=before["manager"]["version"]))["removedIds"] == [both]
    await world.admin.api.first(UPDATE, key=new_key(), id=both, changes={"packRoles": None})
    assert titles(await pack_of(world.manager)) == ["everybody", "leaders"]


async def test_who_comes_to_another_team_begins_anew(world: World, services: Services) -> None:
    await put(world, "north", teamIds=[world.north.id])
    await put(world, "south", teamIds=[world.south.id])
    before = await pack_of(world.rep)
    assert titles(before) == ["north"]
    await services.store["people"].update_one({"_id": world.rep.id}, {"$set": {"team_id": world.south.id}})
    after = await pack_of(world.rep, since=before["version"])
    assert (titles(after), after["beginsAnew"]) == (["south"], True)


async def publish_many(world: World, services: Services, count: int, **given: Any) -> list[str]:
    articles = [
        an_article(new_id("art", START), f"Article {n}", org_id=world.org_id, **({"pinned": True} | given))
        for n in range(count)
    ]
    await insert_published(services.store, articles)
    return [each.id for each in articles]


async def test_a_large_pack_comes_in_portions_and_misses_nothing_that_happens_between(
    world: World, services: Services
) -> None:
    ids = await publish_many(world, services, 2 * article_packs.AT_ONCE + 1)
    first = await pack_of(world.rep)
    assert ([each["id"] for each in first["articles"]], first["hasMore"]) == (ids[: article_packs.AT_ONCE], True)
    await world.admin.api.first(RETIRE, key=new_key(), id=ids[0])
    await world.admin.api.first(RETIRE, key=new_key(), id=ids[-1])
    second = await pack_of(world.rep, since=first["version"])
    assert (second["hasMore"], second["beginsAnew"], second["removedIds"]) == (False, False, [])
    assert [each["id"] for each in second["articles"]] == ids[article_packs.AT_ONCE : -1]
    third = await pack_of(world.rep, since=second["version"])
    assert (third["articles"], sorted(third["removedIds"])) == ([], sorted([ids[0], ids[-1]]))


async def test_many_changes_come_in_portions_and_too_many_as_a_whole(
    world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = await pack_of(world.rep)
    ids = await publish_many(world, services, article_packs.AT_ONCE)
    exactly = await pack_of(world.rep, since=start["version"])
    assert (len(exactly["articles"]), exactly["hasMore"]) == (article_packs.AT_ONCE, False)
    ids += await publish_many(world, services, 1)
    first = await pack_of(world.rep, since=start["version"])
    second = await pack_of(world.rep, since=first["version"])
    assert [each["id"] for part in (first, second) for each in part["articles"]] == ids
    assert (first["hasMore"], second["hasMore"]) == (True, False)
    changed = len(ids)
    monkeypatch.setattr(article_packs, "MOST_CHANGED", changed)
    assert not (await pack_of(world.rep, since=start["version"]))["beginsAnew"]
    monkeypatch.setattr(article_packs, "MOST_CHANGED", changed - 1)
    assert (await pack_of(world.rep, since=start["version"]))["beginsAnew"]


@pytest.mark.parametrize("since", ["", "x", "0", "-1", "0123456789abcdef.1", "0123456789abcdef.1-2", "9" * 500])
async def test_a_version_that_is_none_begins_anew(world: World, since: str) -> None:
    await put(world, "One")
    pack = await pack_of(world.rep, since=since)
    assert (titles(pack), pack["beginsAnew"]) == (["One"], True)


async def test_a_version_of_a_later_database_begins_anew(world: World) -> None:
    await put(world, "One")
    mark, _, rev = (await pack_of(world.rep))["version"].partition(".")
    for later in (f"{mark}.{int(rev) + 1}", f"{mark}.1-{int(rev) + 1}"):
        assert (await pack_of(world.rep, since=later))["beginsAnew"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("language=fr", "BAD_INPUT"),
        ("industry=", "BAD_INPUT"),
        ("industry=" + "x" * 61, "BAD_INPUT"),
        ("since=a&since=b", "BAD_REQUEST"),
        ("industry=%ff", "BAD_REQUEST"),
    ],
)
async def test_bad_parameters_are_refused(world: World, query: str, code: str) -> None:
    headers = {"authorization": f"Bearer {world.rep.api.token}"}
    response = await world.rep.api.http.get(f"/packs/articles?{query}", headers=headers)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, code)
    assert (await asked(world.rep.api, industry="x" * 60)).status_code == 200


async def test_a_pack_needs_a_signed_in_caller_and_get(world: World, anonymous: ApiClient) -> None:
    response = await asked(anonymous)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    assert (await asked(world.rep.api, "POST")).status_code == 405
    head = await asked(world.rep.api, "HEAD")
    assert (head.status_code, head.content) == (200, b"")


async def test_a_pack_is_compressed_for_who_takes_that(world: World) -> None:
    await put(world, "Long", body="The same words again. " * 500)
    headers = {"authorization": f"Bearer {world.rep.api.token}", "accept-encoding": "gzip"}
    async with world.rep.api.http.stream("GET", "/packs/articles", headers=headers) as response:
        raw = b"".join([part async for part in response.aiter_raw()])
    assert (response.headers["content-encoding"], response.headers["vary"]) == (
        "gzip",
        "authorization, accept-encoding",
    )
    assert titles(json.loads(gzip.decompress(raw))) == ["Long"]
    assert len(raw) < 2_000


async def test_a_pack_names_the_files_of_its_articles(world: World) -> None:
    article_id = await draft_of(world.manager, pinned=True)
    card = await handed_in(world.manager, article_id)
    await attach(world.manager, article_id, card)
    await publish(world.manager, article_id)
    ((attached,),) = [each["attachments"] for each in (await pack_of(world.rep))["articles"]]
    assert (attached["fileId"], attached["name"], attached["sizeBytes"]) == (card, "card.pdf", len(PDF))
    assert await given_to(world, attached["fileId"]) == READERS
