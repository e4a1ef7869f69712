"""Drafts, review by somebody else, next drafts and editions over HTTP: who may do what when, and what readers see."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.test_article_packs import PACK
from tests.api.test_articles import GIVEN, PINNED, PUBLISH, RETIRE, SEARCH, UPDATE, create, found, publish, until_found
from tests.support.client import ApiClient, new_key
from tests.support.world import Member, World

SHOWN = """id title body state version edition updatedAt nextState mayApprove author { id } reviewedBy { id }
  next { title body bodyHtml bodyText tags pinned teamIds }
  review { writerIds submittedAt submittedBy { id } note returnedBy { id } }
  editions { number title bodyText writerIds reviewedBy { id } publishedBy { id } publishedAt teamIds }"""
ANSWER = f"""__typename ... on Article {{ {SHOWN} }} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
  ... on WrongState {{ was: currentState }} ... on VersionConflict {{ currentVersion }}"""
REVISE = f"""mutation ($key: String!, $id: ID!, $changes: ArticleChanges!, $expected: Int) {{
  reviseArticle(clientKey: $key, id: $id, changes: $changes, expectedVersion: $expected) {{ {ANSWER} }}
}}"""
SUBMIT = f"""mutation ($key: String!, $id: ID!, $expected: Int) {{
  submitArticle(clientKey: $key, id: $id, expectedVersion: $expected) {{ {ANSWER} }}
}}"""
RETURN = f"""mutation ($key: String!, $id: ID!, $note: String, $expected: Int) {{
  returnArticle(clientKey: $key, id: $id, note: $note, expectedVersion: $expected) {{ {ANSWER} }}
}}"""
APPROVE = f"""mutation ($key: String!, $id: ID!, $expected: Int!) {{
  approveArticle(clientKey: $key, id: $id, expectedVersion: $expected) {{ {ANSWER} }}
}}"""
DISCARD = f"""mutation ($key: String!, $id: ID!, $expected: Int) {{
  discardArticleDraft(clientKey: $key, id: $id, expectedVersion: $expected) {{ {ANSWER} }}
}}"""
ONE = f"query ($id: ID!) {{ article(id: $id) {{ {SHOWN} }} }}"
IN_REVIEW = """query ($first: Int = 20, $after: String) {
  articlesInReview(first: $first, after: $after) { nodes { id title next { title } } pageInfo { endCursor } }
}"""
POLICY = "{ articlePolicy { reviewRequired version } }"
SAVE_POLICY = """mutation ($key: String!, $required: Boolean!, $expected: Int!) {
  saveArticlePolicy(clientKey: $key, reviewRequired: $required, expectedVersion: $expected) {
    __typename ... on ArticlePolicy { reviewRequired version } ... on Refusal { code }
  }
}"""
INBOX = "{ notices { nodes { kind deepLink article { id } } } }"
TRAIL = "{ auditTrail(first: 50) { nodes { action actorId reason subjectId } } }"
STEPS = (REVISE, SUBMIT, RETURN, APPROVE, DISCARD)


async def act(member: Member, mutation: str, article_id: str, **given: Any) -> dict[str, Any]:
    given.setdefault("expected", None)
    if mutation is APPROVE and given["expected"] is None:
        given["expected"] = (await member.api.first(ONE, id=article_id) or {"version": 1})["version"]
    answer: dict[str, Any] = await member.api.first(mutation, key=new_key(), id=article_id, **given)
    return answer


async def revise(member: Member, article_id: str, **changes: Any) -> dict[str, Any]:
    return await act(member, REVISE, article_id, changes=changes)


async def one(member: Member, article_id: str) -> dict[str, Any]:
    found: dict[str, Any] = await member.api.first(ONE, id=article_id)
    return found


async def require_review(world: World) -> None:
    saved = await world.admin.api.first(SAVE_POLICY, key=new_key(), required=True, expected=0)
    assert saved == {"__typename": "ArticlePolicy", "reviewRequired": True, "version": 1}


async def told(member: Member, article_id: str) -> list[str]:
    nodes = (await member.api.first(INBOX))["nodes"]
    return sorted(each["kind"] for each in nodes if (each["article"] or {}).get("id") == article_id)


async def test_a_text_goes_from_its_writer_over_a_reviewer_to_its_readers(world: World) -> None:
    await require_review(world)
    article_id = (await create(world.manager, pinned=True))["id"]
    assert (await publish(world.manager, article_id))["code"] == "REVIEW_REQUIRED"
    handed_in = await act(world.manager, SUBMIT, article_id)
    assert (handed_in["state"], handed_in["author"]) == ("IN_REVIEW", {"id": world.manager.id})
    assert handed_in["review"]["writerIds"] == [world.manager.id]
    assert handed_in["review"]["submittedAt"] == "2026-11-23T01:00:00.000Z"
    assert await told(world.director, article_id) == ["ARTICLE_TO_REVIEW"]
    assert (await act(world.manager, APPROVE, article_id))["code"] == "OWN_ARTICLE"
    assert (await publish(world.director, article_id))["was"] == "IN_REVIEW"
    returned = await act(world.director, RETURN, article_id, note="Name the seals.")
    assert (returned["state"], returned["review"]["note"]) == ("DRAFT", "Name the seals.")
    assert returned["review"]["returnedBy"] == {"id": world.director.id}
    assert await told(world.manager, article_id) == ["ARTICLE_RETURNED"]
    await revise(world.manager, article_id, body="Check the **gasket** of the door.")
    await act(world.manager, SUBMIT, article_id)
    assert await found(world.rep, "gasket") == []
    assert await one(world.rep, article_id) is None
    approved = await act(world.director, APPROVE, article_id)
    assert (approved["state"], approved["reviewedBy"]) == ("PUBLISHED", {"id": world.director.id})
    assert approved["editions"] == [
        {
            "number": 1,
            "title": "Frost damage",
            "bodyText": "Check the gasket of the door.",
            "writerIds": [world.manager.id],
            "reviewedBy": {"id": world.director.id},
            "publishedBy": {"id": world.director.id},
            "publishedAt": "2026-11-23T01:00:00.000Z",
            "teamIds": [],
        }
    ]
    assert await told(world.manager, article_id) == ["ARTICLE_APPROVED", "ARTICLE_RETURNED"]
    await until_found(world.rep, "gasket", ["Frost damage"])
    trail = (await world.admin.api.first(TRAIL))["nodes"]
    done = [(each["action"], each["actorId"], each["reason"]) for each in trail if each["subjectId"] == article_id]
    assert sorted(done, key=str) == [
        ("approveArticle", world.director.id, None),
        ("returnArticle", world.director.id, "Name the seals."),
        ("submitArticle", world.manager.id, None),
        ("submitArticle", world.manager.id, None),
    ]


async def test_readers_see_the_published_text_while_the_next_one_is_written(world: World, other_world: World) -> None:
    article_id = (await create(world.manager, pinned=True, competitors=["Nordpol"]))["id"]
    await publish(world.manager, article_id)
    await until_found(world.rep, "seals", ["Frost damage"])
    rev = (await world.rep.api.first(PACK))["rev"]
    before = await one(world.rep, article_id)
    began = await revise(world.manager, article_id, title="Thaw damage", body="Open the **drain**.", tags=["ice"])
    assert (began["title"], began["state"], began["nextState"]) == ("Frost damage", "PUBLISHED", "DRAFT")
    assert began["next"] == {
        "title": "Thaw damage",
        "body": "Open the **drain**.",
        "bodyHtml": "<p>Open the <strong>drain</strong>.</p>\n",
        "bodyText": "Open the drain.",
        "tags": ["ice"],
        "pinned": True,
        "teamIds": [],
    }
    await act(world.manager, SUBMIT, article_id)
    unseen: dict[str, Any] = {
        "version": 4,
        "next": None,
        "nextState": None,
        "review": None,
        "mayApprove": False,
        "editions": [],
    }
    for member in (world.rep, world.south_rep, world.support):
        assert await one(member, article_id) == before | unseen | {"author": await shown_author(member, world)}
        (hit,) = await member.api.first(SEARCH, text="seals")
        assert hit["article"]["title"] == "Frost damage"
        assert await found(member, "drain") == []
        assert (await member.api.first(PINNED))[0]["body"] == GIVEN["body"]
        assert await member.api.first(PACK, since=rev) == {
            "rev": rev,
            "hasMore": False,
            "beginsAnew": False,
            "articles": [],
            "removedIds": [],
        }
        assert await member.api.code(IN_REVIEW) == "FORBIDDEN"
    assert await one(other_world.admin, article_id) is None
    waiting = (await world.south_manager.api.first(IN_REVIEW))["nodes"]
    assert waiting == [{"id": article_id, "title": "Frost damage", "next": {"title": "Thaw damage"}}]
    approved = await act(world.south_manager, APPROVE, article_id)
    assert (approved["title"], approved["next"], approved["edition"]) == ("Thaw damage", None, 2)
    assert [(each["number"], each["title"]) for each in approved["editions"]] == [
        (2, "Thaw damage"),
        (1, "Frost damage"),
    ]
    await until_found(world.rep, "drain", ["Thaw damage"])
    assert await found(world.rep, "seals") == []
    assert [each["title"] for each in (await world.rep.api.first(PACK, since=rev))["articles"]] == ["Thaw damage"]
    assert (await world.manager.api.first(IN_REVIEW))["nodes"] == []


async def shown_author(member: Member, world: World) -> dict[str, str] | None:
    """The author as the member sees people at all."""
    person = await member.api.first("query ($id: ID!) { node(id: $id) { id } }", id=world.manager.id)
    return None if person is None else {"id": world.manager.id}


async def test_what_is_asked_of_whom_is_data_of_the_organization(world: World, other_world: World) -> None:
    assert await world.rep.api.first(POLICY) == {"reviewRequired": False, "version": 0}
    article_id = (await create(world.manager))["id"]
    await publish(world.manager, article_id)
    await require_review(world)
    assert await world.rep.api.first(POLICY) == {"reviewRequired": True, "version": 1}
    refused = await act(world.manager, UPDATE, article_id, changes={"title": "Quietly"})
    assert refused["code"] == "REVIEW_REQUIRED"
    draft = (await create(world.manager))["id"]
    changed = await act(world.manager, UPDATE, draft, changes={"title": "Still a draft"})
    assert changed["title"] == "Still a draft"
    assert (await world.admin.api.first(SAVE_POLICY, key=new_key(), required=False, expected=0))["code"] == "CONFLICT"
    for member in (world.rep, world.manager, world.director, world.support):
        assert await member.api.code(SAVE_POLICY, key=new_key(), required=False, expected=1) == "FORBIDDEN"
    assert (await other_world.manager.api.first(POLICY))["reviewRequired"] is False
    await world.admin.api.first(SAVE_POLICY, key=new_key(), required=False, expected=1)
    assert (await publish(world.manager, draft))["state"] == "PUBLISHED"


async def test_two_who_save_the_first_policy_at_once(world: World) -> None:
    saves = (world.admin.api.first(SAVE_POLICY, key=new_key(), required=True, expected=0) for _ in range(3))
    answers = sorted(each.get("code", each["__typename"]) for each in await asyncio.gather(*saves))
    assert answers == ["ArticlePolicy", "CONFLICT", "CONFLICT"]


async def test_a_text_is_approved_once_and_as_it_was_read(world: World) -> None:
    article_id = (await create(world.manager))["id"]
    read = (await act(world.manager, SUBMIT, article_id))["version"]
    await act(world.manager, RETURN, article_id)
    await revise(world.manager, article_id, body="Something else.")
    handed_in = (await act(world.manager, SUBMIT, article_id))["version"]
    stale = await act(world.director, APPROVE, article_id, expected=read)
    assert (stale["__typename"], stale["currentVersion"]) == ("VersionConflict", handed_in)
    reviewers = (world.director, world.south_manager, world.admin)
    answers = await asyncio.gather(*(act(each, APPROVE, article_id, expected=handed_in) for each in reviewers))
    assert sorted(each["__typename"] for each in answers) == ["Article", "VersionConflict", "VersionConflict"]
    assert [each["number"] for each in (await one(world.manager, article_id))["editions"]] == [1]


async def test_repeated_calls_answer_the_same(world: World) -> None:
    article_id = (await create(world.manager))["id"]
    keys = {mutation: new_key() for mutation in STEPS}
    await act(world.manager, SUBMIT, article_id)
    for mutation, given in ((RETURN, {"note": None}), (REVISE, {"changes": {"title": "Again"}}), (SUBMIT, {})):
        first, second = [
            await world.manager.api.first(mutation, key=keys[mutation], id=article_id, **given) for _ in range(2)
        ]
        assert first == second
        assert first["__typename"] == "Article"
    version = (await one(world.manager, article_id))["version"]
    approvals = [
        await world.director.api.first(APPROVE, key=keys[APPROVE], id=article_id, expected=version) for _ in range(2)
    ]
    assert approvals[0] == approvals[1]
    assert [each["number"] for each in approvals[0]["editions"]] == [1]


async def test_steps_out_of_turn_are_refused(world: World) -> None:
    draft = (await create(world.manager))["id"]
    for mutation, was in ((RETURN, "DRAFT"), (APPROVE, "DRAFT"), (DISCARD, "DRAFT")):
        assert (await act(world.director, mutation, draft))["was"] == was
    await act(world.manager, SUBMIT, draft)
    for mutation, given in ((SUBMIT, {}), (REVISE, {"changes": {"title": "x"}}), (UPDATE, {"changes": {"title": "x"}})):
        assert (await act(world.manager, mutation, draft, **given))["code"] == "WRONG_STATE"
    assert (await act(world.director, RETURN, draft, note=" "))["field"] == "note"
    await act(world.director, APPROVE, draft)
    await revise(world.manager, draft, title="Next")
    assert (await act(world.manager, UPDATE, draft, changes={"title": "x"}))["code"] == "HAS_NEXT_DRAFT"
    assert (await revise(world.manager, draft, title=None))["field"] == "title"
    assert (await revise(world.manager, draft, title=" "))["field"] == "title"
    dropped = await act(world.director, DISCARD, draft)
    assert (dropped["next"], dropped["nextState"], dropped["title"]) == (None, None, "Frost damage")
    await revise(world.manager, draft, title="Next")
    retired = await act(world.manager, RETIRE, draft)
    assert retired["state"] == "RETIRED"
    assert (await one(world.manager, draft))["next"] is None
    for mutation, given in ((REVISE, {"changes": {"title": "x"}}), (SUBMIT, {}), (APPROVE, {}), (DISCARD, {})):
        assert (await act(world.director, mutation, draft, **given))["was"] == "RETIRED"


async def test_who_may_take_a_step(world: World, other_world: World, anonymous: ApiClient) -> None:
    article_id = (await create(world.manager, teamIds=[world.north.id]))["id"]
    await act(world.manager, SUBMIT, article_id)
    given: dict[str, Any] = {"id": article_id, "changes": {}, "note": "x", "expected": 2}
    for mutation in STEPS:
        assert await anonymous.code(mutation, key=new_key(), **given) == "UNAUTHENTICATED"
        for member in (world.rep, world.support):
            assert await member.api.code(mutation, key=new_key(), **given) == "FORBIDDEN"
        for member in (world.south_manager, other_world.admin, other_world.manager):
            assert (await member.api.first(mutation, key=new_key(), **given))["code"] == "NOT_FOUND"
    assert (await world.south_manager.api.first(IN_REVIEW))["nodes"] == []
    assert (await one(world.director, article_id))["mayApprove"] is True
    assert (await one(world.manager, article_id))["mayApprove"] is False


async def test_an_edition_is_kept_from_teams_that_were_not_to_read_it(world: World) -> None:
    article_id = (await create(world.manager, teamIds=[world.north.id], title="For the north"))["id"]
    await publish(world.manager, article_id)
    await act(world.admin, UPDATE, article_id, changes={"title": "For all", "teamIds": []})
    seen = {
        who: [each["title"] for each in (await one(getattr(world, who), article_id))["editions"]]
        for who in ("manager", "south_manager", "director", "rep", "south_rep")
    }
    assert seen == {
        "manager": ["For all", "For the north"],
        "director": ["For all", "For the north"],
        "south_manager": ["For all"],
        "rep": [],
        "south_rep": [],
    }


async def test_what_waits_longest_comes_first_page_by_page(world: World, clock: Any) -> None:
    titles = []
    for number in range(3):
        clock.advance(minutes=1)
        draft = await create(world.manager, title=f"Waiting {number}")
        await act(world.manager, SUBMIT, draft["id"])
        titles.append(draft["title"])
    await create(world.manager, title="Only a draft")
    page = await world.director.api.first(IN_REVIEW, first=2)
    rest = await world.director.api.first(IN_REVIEW, first=2, after=page["pageInfo"]["endCursor"])
    assert [each["title"] for each in page["nodes"] + rest["nodes"]] == titles


@pytest.mark.parametrize("who", ["director", "admin"])
async def test_where_nobody_is_above_nobody_is_told(world: World, who: str) -> None:
    writer = getattr(world, who)
    article_id = (await create(writer))["id"]
    assert (await act(writer, SUBMIT, article_id))["state"] == "IN_REVIEW"
    for member in (world.director, world.manager, world.admin):
        assert await told(member, article_id) == []
    assert (await act(world.manager, APPROVE, article_id))["state"] == "PUBLISHED"


async def test_a_text_published_without_review_says_so(world: World) -> None:
    article_id = (await create(world.manager))["id"]
    await world.manager.api.first(PUBLISH, key=new_key(), id=article_id)
    await act(world.director, UPDATE, article_id, changes={"body": "Mended."})
    article = await one(world.manager, article_id)
    assert article["reviewedBy"] is None
    assert [(each["reviewedBy"], each["writerIds"]) for each in article["editions"]] == [
        (None, [world.director.id]),
        (None, [world.manager.id]),
    ]


async def test_a_writer_sees_a_text_as_its_readers_will(world: World) -> None:
    preview = "query ($body: String!) { articlePreview(body: $body) }"
    shown = await world.manager.api.first(preview, body="# Frost\n\nCheck the **seals**.<script>alert(1)</script>")
    article_id = (await create(world.manager, body="# Frost\n\nCheck the **seals**.<script>alert(1)</script>"))["id"]
    kept = await world.manager.api.first("query ($id: ID!) { article(id: $id) { bodyHtml } }", id=article_id)
    assert shown == kept["bodyHtml"]
    assert "<strong>seals</strong>" in shown
    assert "<script" not in shown
    assert await world.manager.api.first(preview, body="x" * 100_000) == f"<p>{'x' * 100_000}</p>\n"
    assert await world.manager.api.code(preview, body="x" * 100_001) == "BAD_INPUT"
    assert await world.rep.api.code(preview, body="Frost") == "FORBIDDEN"
