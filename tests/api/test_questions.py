"""Questions from the field over HTTP: alike ones come together, the third makes one draft, its publication answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.test_articles import RETIRE, UPDATE, found, publish, until_found
from tests.support.client import new_key
from tests.support.leads import create_lead
from tests.support.world import Member, World

ASK = """mutation ($key: String!, $input: AskQuestionInput!) {
  askQuestion(clientKey: $key, input: $input) {
    __typename
    ... on Question { id text askedBy { id } lead { id } topic { id text count state article { id title state } } }
    ... on Refusal { code } ... on InvalidInput { field }
  }
}"""
TOPICS = """query ($state: TopicState, $first: Int = 20) {
  questionTopics(state: $state, first: $first) {
    nodes { id text count state article { id title body aliases state } questions { text askedBy { id } } }
  }
}"""
ANSWER = """mutation ($key: String!, $id: ID!, $article: ID!) {
  answerQuestionTopic(clientKey: $key, id: $id, articleId: $article) {
    __typename ... on QuestionTopic { state article { id } } ... on Refusal { code }
  }
}"""
INBOX = "{ notices { nodes { kind deepLink } } }"
ASKED = """query ($id: ID!) {
  article(id: $id) { author { id } topic { text questions { text askedBy { id } } } }
}"""
UNANSWERED = "{ unansweredSearches { nodes { text count } } }"
RECALIBRATE = "How often must the probe be recalibrated?"


async def ask(member: Member, text: str, **given: Any) -> dict[str, Any]:
    asked: dict[str, Any] = await member.api.first(ASK, key=new_key(), input={"text": text} | given)
    return asked


async def topics(member: Member, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await member.api.first(TOPICS, **given))["nodes"]
    return found


async def test_the_third_question_of_a_subject_becomes_one_draft(world: World) -> None:
    await ask(world.rep, RECALIBRATE)
    second = await ask(world.second_rep, "how often to recalibrate probes")
    assert (second["topic"]["count"], second["topic"]["state"]) == (2, "OPEN")
    await ask(world.rep, "Who pays for parking?")
    third = await ask(world.south_rep, "Recalibrated the probe - how often?")
    assert (third["topic"]["text"], third["topic"]["state"]) == (RECALIBRATE, "DRAFTED")
    assert third["topic"]["article"] is None, "drafts are for those who write"
    await ask(world.rep, "how often is the probe recalibrated")
    (topic,) = await topics(world.manager, state="DRAFTED")
    article = topic["article"]
    assert (topic["count"], article["title"], article["state"]) == (4, RECALIBRATE, "DRAFT")
    assert article["aliases"] == ["how often to recalibrate probes", "Recalibrated the probe - how often?"]
    assert "- how often to recalibrate probes" in article["body"]
    assert [topic["text"] for topic in await topics(world.rep, state="OPEN")] == ["Who pays for parking?"]


async def test_publishing_the_draft_answers_and_is_found_by_every_wording(world: World) -> None:
    for _ in range(3):
        asked = await ask(world.rep, "竞品降价怎么应对")
    assert asked["topic"]["count"] == 3
    (topic,) = await topics(world.manager)
    await publish(world.manager, topic["article"]["id"])
    again = await ask(world.second_rep, "竞品降价如何应对？")
    assert (again["topic"]["state"], again["topic"]["article"]["state"]) == ("ANSWERED", "PUBLISHED")
    await until_found(world.rep, "竞品降价", ["竞品降价怎么应对"])
    assert len((await topics(world.manager))[0]["questions"]) == 4


async def answers_told(member: Member) -> list[str]:
    nodes = (await member.api.first(INBOX))["nodes"]
    return [each["deepLink"] for each in nodes if each["kind"] == "QUESTION_ANSWERED"]


async def test_everybody_who_asked_is_told_once_of_the_answer(world: World) -> None:
    for member in (world.rep, world.rep, world.south_rep):
        await ask(member, RECALIBRATE)
    await ask(world.second_rep, "Who pays for parking?")
    drafted, parking = await topics(world.manager)
    article_id = drafted["article"]["id"]
    assert await answers_told(world.rep) == []
    await publish(world.manager, article_id)
    await world.manager.api.first(UPDATE, key=new_key(), id=article_id, changes={"body": "Twice a year."})
    await publish(world.manager, article_id)
    link = f"fieldbeat://articles/{article_id}"
    assert [await answers_told(each) for each in (world.rep, world.south_rep, world.second_rep)] == [[link], [link], []]
    await world.manager.api.first(ANSWER, key=new_key(), id=parking["id"], article=article_id)
    await world.manager.api.first(ANSWER, key=new_key(), id=parking["id"], article=article_id)
    assert [await answers_told(each) for each in (world.rep, world.second_rep)] == [[link], [link]]


async def test_an_answer_is_told_to_those_who_may_read_it(world: World) -> None:
    for member in (world.rep, world.south_rep, world.south_rep):
        await ask(member, RECALIBRATE)
    article_id = (await topics(world.admin))[0]["article"]["id"]
    for teams, told in (([world.north.id], [1, 0]), ([], [1, 1])):
        await world.admin.api.first(UPDATE, key=new_key(), id=article_id, changes={"teamIds": teams})
        await publish(world.admin, article_id)
        assert [len(await answers_told(each)) for each in (world.rep, world.south_rep)] == told


async def test_questions_are_open_again_when_their_article_is_retired(world: World) -> None:
    for _ in range(3):
        await ask(world.rep, RECALIBRATE)
    await ask(world.second_rep, "Who pays for parking?")
    drafted, parking = await topics(world.manager)
    first = drafted["article"]["id"]
    await publish(world.manager, first)
    await world.manager.api.first(ANSWER, key=new_key(), id=parking["id"], article=first)
    await world.manager.api.first(RETIRE, key=new_key(), id=first)
    assert [(each["state"], each["article"]) for each in await topics(world.manager)] == [("OPEN", None)] * 2
    for state in ("OPEN", "OPEN", "DRAFTED"):
        assert (await ask(world.rep, RECALIBRATE))["topic"]["state"] == state
    second = (await topics(world.manager))[0]["article"]["id"]
    assert second != first
    await publish(world.manager, second)
    told = [f"fieldbeat://articles/{each}" for each in (first, second)]
    assert sorted(await answers_told(world.rep)) == sorted(told)
    assert await answers_told(world.second_rep) == told[:1], "of what they asked, only the first was an answer"


async def test_a_draft_shows_the_questions_it_comes_from(world: World) -> None:
    for _ in range(3):
        await ask(world.rep, RECALIBRATE)
    article_id = (await topics(world.manager))[0]["article"]["id"]
    draft = await world.manager.api.first(ASKED, id=article_id)
    asked = [{"text": RECALIBRATE, "askedBy": {"id": world.rep.id}}] * 3
    assert draft == {"author": None, "topic": {"text": RECALIBRATE, "questions": asked}}


async def test_those_who_ask_at_once_meet_in_one_topic(world: World) -> None:
    everybody = (world.rep, world.second_rep, world.south_rep, world.manager)
    await asyncio.gather(*(ask(member, RECALIBRATE) for member in everybody))
    (topic,) = await topics(world.director)
    assert (topic["count"], topic["state"]) == (4, "DRAFTED")
    assert {each["askedBy"]["id"] for each in topic["questions"]} == {member.id for member in everybody}


async def test_a_repeated_call_asks_once(world: World) -> None:
    key = new_key()
    first, second = [await world.rep.api.first(ASK, key=key, input={"text": RECALIBRATE}) for _ in range(2)]
    assert first == second
    assert (await topics(world.manager))[0]["count"] == 1


async def test_an_editor_names_an_article_that_answers(world: World, other_world: World) -> None:
    for _ in range(3):
        await ask(world.rep, RECALIBRATE)
    await ask(world.rep, "Who pays for parking?")
    drafted, parking = await topics(world.manager)
    draft = drafted["article"]["id"]
    given = {"key": new_key(), "id": parking["id"], "article": draft}
    assert (await world.manager.api.first(ANSWER, **given))["code"] == "WRONG_STATE"
    await publish(world.manager, draft)
    assert (await world.manager.api.first(ANSWER, **given | {"key": new_key()}))["state"] == "ANSWERED"
    assert await world.rep.api.code(ANSWER, **given | {"key": new_key()}) == "FORBIDDEN"
    for bad in ({"id": "qtp_x"}, {"article": "art_x"}):
        assert (await world.manager.api.first(ANSWER, **given | bad | {"key": new_key()}))["code"] == "NOT_FOUND"
    assert (await other_world.manager.api.first(ANSWER, **given | {"key": new_key()}))["code"] == "NOT_FOUND"


async def test_who_asked_is_seen_by_the_managers_above(world: World, other_world: World) -> None:
    await ask(world.rep, RECALIBRATE)
    for member, seen in ((world.rep, 1), (world.second_rep, 0), (world.manager, 1), (world.south_manager, 0)):
        assert len((await topics(member))[0]["questions"]) == seen
    assert await topics(other_world.director) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": " "}, "text"),
        ({"text": "?!"}, "text"),
        ({"text": "x" * 301}, "text"),
        ({"text": "x", "id": "qst_1"}, "id"),
        ({"text": "x", "leadId": "led_1"}, "NOT_FOUND"),
        ({"text": "x", "visitId": "vis_1"}, "NOT_FOUND"),
    ],
)
async def test_what_cannot_be_asked(world: World, given: dict[str, Any], said: str) -> None:
    refused = await ask(world.rep, **given)
    assert refused.get("field", refused["code"]) == said


async def test_a_question_about_a_lead_keeps_it(world: World) -> None:
    lead = await create_lead(world.rep)
    assert (await ask(world.rep, RECALIBRATE, leadId=lead["id"]))["lead"] == {"id": lead["id"]}
    assert (await ask(world.second_rep, RECALIBRATE, leadId=lead["id"]))["code"] == "NOT_FOUND"


async def test_searches_without_a_find_are_listed_for_editors(world: World, other_world: World) -> None:
    for text in ("zeppelin", "Zeppelin ", "x", "zeppelin", "balloon"):
        assert await found(world.rep, text) == []
    assert (await world.manager.api.first(UNANSWERED))["nodes"] == [
        {"text": "zeppelin", "count": 3},
        {"text": "balloon", "count": 1},
    ]
    assert await world.rep.api.code(UNANSWERED) == "FORBIDDEN"
    assert (await other_world.manager.api.first(UNANSWERED))["nodes"] == []
