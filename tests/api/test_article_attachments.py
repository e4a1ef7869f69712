"""Files of articles: who hands them in and attaches them, and that nobody gets one whose text they do not read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.test_article_reviews import DISCARD, act, require_review
from tests.api.test_articles import RETIRE, UPDATE, create, publish
from tests.api.test_files import account_of, handed_out, refused, stored
from tests.support.client import ApiClient, new_key
from tests.support.files import PDF, PNG, upload
from tests.support.world import Member, World

FILES = "attachments { fileId name contentType sizeBytes sha256 downloadPath }"
ANSWER = f"__typename ... on Article {{ id {FILES} next {{ {FILES} }} editions {{ number {FILES} }} }}"
ATTACH = f"""mutation ($key: String!, $id: ID!, $files: [ID!]) {{
  reviseArticle(clientKey: $key, id: $id, changes: {{attachmentIds: $files}}) {{
    {ANSWER} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
  }}
}}"""
ATTACH_NOW = ATTACH.replace("reviseArticle", "updateArticle")
READ = f"query ($id: ID!) {{ article(id: $id) {{ {FILES} next {{ {FILES} }} }} }}"
FILE = "query ($id: ID!) { file(id: $id) { id } }"
NODE = "query ($id: ID!) { node(id: $id) { id } }"


async def draft_of(member: Member, **given: Any) -> str:
    return str((await create(member, **given))["id"])


async def handed_in(member: Member, article_id: str, name: str = "card.pdf", body: bytes = PDF) -> str:
    return str((await stored(member.api, body, articleId=article_id, name=name))["id"])


async def attach(member: Member, article_id: str, *files: str, at_once: bool = False) -> dict[str, Any]:
    mutation = ATTACH_NOW if at_once else ATTACH
    answer: dict[str, Any] = await member.api.first(mutation, key=new_key(), id=article_id, files=list(files))
    return answer


async def given_to(world: World, file_id: str) -> set[str]:
    """Who is given the bytes."""
    roles = ("director", "manager", "rep", "south_manager", "south_rep", "admin", "support")
    answers = {who: await handed_out(getattr(world, who).api, file_id) for who in roles}
    assert {each.status_code for each in answers.values()} <= {200, 404}
    return {who for who, answer in answers.items() if answer.status_code == 200}


WRITERS = {"director", "manager", "south_manager", "admin"}
READERS = WRITERS | {"rep", "south_rep", "support"}


async def test_readers_are_given_the_files_of_the_text_they_read(world: World, other_world: World) -> None:
    article_id = await draft_of(world.manager, pinned=True)
    card = await handed_in(world.manager, article_id)
    plan = await handed_in(world.manager, article_id, "plan.png", PNG)
    assert await given_to(world, card) == WRITERS
    attached = await attach(world.manager, article_id, card)
    assert attached["attachments"] == [
        {
            "fileId": card,
            "name": "card.pdf",
            "contentType": "application/pdf",
            "sizeBytes": len(PDF),
            "sha256": attached["attachments"][0]["sha256"],
            "downloadPath": f"/files/{card}",
        }
    ]
    assert await given_to(world, card) == WRITERS
    await publish(world.manager, article_id)
    assert await given_to(world, card) == READERS
    assert (await handed_out(world.rep.api, card)).content == PDF
    began = await attach(world.manager, article_id, plan)
    assert ([each["fileId"] for each in began["attachments"]], began["next"]["attachments"][0]["fileId"]) == (
        [card],
        plan,
    )
    assert (await world.rep.api.first(READ, id=article_id))["next"] is None
    assert (await given_to(world, card), await given_to(world, plan)) == (READERS, WRITERS)
    await publish(world.manager, article_id)
    assert (await given_to(world, card), await given_to(world, plan)) == (WRITERS, READERS)
    kept = (await attach(world.manager, article_id, plan, at_once=False))["editions"]
    assert [[each["name"] for each in edition["attachments"]] for edition in kept] == [["plan.png"], ["card.pdf"]]
    await act(world.manager, DISCARD, article_id)
    await world.manager.api.first(RETIRE, key=new_key(), id=article_id)
    assert await given_to(world, plan) == WRITERS
    for member in (other_world.admin, other_world.manager):
        assert refused(await handed_out(member.api, plan)) == (404, "NOT_FOUND")


async def test_the_files_of_an_article_are_kept_to_its_teams(world: World) -> None:
    article_id = await draft_of(world.manager, teamIds=[world.north.id])
    card = await handed_in(world.manager, article_id)
    assert await given_to(world, card) == {"director", "manager", "admin"}
    await attach(world.manager, article_id, card, at_once=True)
    await publish(world.manager, article_id)
    assert await given_to(world, card) == {"director", "manager", "rep", "admin", "support"}


async def test_an_attachment_is_found_by_its_article_alone(world: World) -> None:
    article_id = await draft_of(world.manager)
    card = await handed_in(world.manager, article_id)
    await attach(world.manager, article_id, card)
    await publish(world.manager, article_id)
    for member in (world.rep, world.manager, world.admin, world.support):
        assert await member.api.first(FILE, id=card) is None
        assert await member.api.first(NODE, id=card) is None


async def test_who_hands_in_a_file_for_an_article(world: World, other_world: World, anonymous: ApiClient) -> None:
    article_id = await draft_of(world.manager, teamIds=[world.north.id])
    assert refused(await upload(anonymous, articleId=article_id)) == (401, "UNAUTHENTICATED")
    for member in (world.rep, world.support):
        assert refused(await upload(member.api, articleId=article_id)) == (403, "FORBIDDEN")
    for member in (world.south_manager, other_world.admin):
        assert refused(await upload(member.api, articleId=article_id)) == (404, "NOT_FOUND")
    assert refused(await upload(world.manager.api, articleId="art_x")) == (404, "NOT_FOUND")
    assert refused(await upload(world.manager.api, articleId=article_id, leadId="led_x")) == (400, "BAD_INPUT")
    await world.manager.api.first(RETIRE, key=new_key(), id=article_id)
    assert refused(await upload(world.manager.api, articleId=article_id)) == (400, "WRONG_STATE")


async def test_a_repeated_upload_is_one_file(world: World) -> None:
    article_id = await draft_of(world.manager)
    key = new_key()
    first, second = [await upload(world.manager.api, articleId=article_id, key=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    other = await upload(world.manager.api, PNG, articleId=article_id, key=key, name="x.png")
    assert refused(other) == (409, "KEY_REUSED")


async def test_only_what_was_handed_in_for_the_article_is_attached(world: World, other_world: World) -> None:
    article_id, other_id = await draft_of(world.manager), await draft_of(world.manager)
    card = await handed_in(world.manager, article_id)
    of_other = await handed_in(world.manager, other_id)
    of_account = (await stored(world.rep.api, accountId=await account_of(world)))["id"]
    theirs = await handed_in(other_world.manager, await draft_of(other_world.manager))
    for wrong in (of_other, of_account, theirs, "fil_x", ""):
        for at_once in (True, False):
            refusal = await attach(world.manager, article_id, card, wrong, at_once=at_once)
            assert refusal["code"] == "NOT_FOUND"
    attached = await attach(world.manager, article_id, card, card)
    assert [each["fileId"] for each in attached["attachments"]] == [card]
    assert (await attach(world.manager, article_id))["attachments"] == []


@pytest.mark.parametrize(("count", "code"), [(20, "NOT_FOUND"), (21, "BAD_INPUT")])
async def test_an_article_has_twenty_files_at_the_most(world: World, count: int, code: str) -> None:
    article_id = await draft_of(world.manager)
    refusal = await attach(world.manager, article_id, *(f"fil_{number}" for number in range(count)))
    assert refusal["code"] == code


async def test_files_go_through_review_with_the_text(world: World) -> None:
    await require_review(world)
    article_id = await draft_of(world.manager)
    card = await handed_in(world.manager, article_id)
    await attach(world.manager, article_id, card)
    refusal = await world.manager.api.first(UPDATE, key=new_key(), id=article_id, changes={"attachmentIds": None})
    assert refusal["__typename"] == "Article", "a draft is corrected as before"
    assert (await world.manager.api.first(READ, id=article_id))["attachments"] == []
