"""Questions, their topics, and searches that found nothing; used by resolvers/questions.py and article_search.py."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from domain.ids import ArticleId, OrgId, PersonId, TopicId
from domain.questions import MAX_TERMS, Question, QuestionTopic
from storage.codec import decode, encode
from storage.driver import Document, DuplicateKeyError, IndexModel
from storage.store import Store
from storage.times import stored_time

QUESTIONS = "questions"
TOPICS = "question_topics"
TURNS = "question_turns"
SEARCHES = "unanswered_searches"
MAX_CANDIDATES = 200
MAX_WORDINGS = 50
MAX_TOPICS = 200
"""Of one article."""
MAX_ASKED = 5_000
MAX_ASKERS = 500
"""Of one topic who are told of its answer, within one transaction."""
SEARCHES_KEPT_S = 180 * 86_400
INDEXES = [
    IndexModel([("org_id", 1), ("topic_id", 1), ("_id", 1)], name="by_topic"),
    IndexModel([("topic_id", 1), ("_id", -1)], name="of_topic"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("_id", -1)], name="by_owner"),
]
TOPIC_INDEXES = [
    IndexModel([("org_id", 1), ("terms", 1)], name="by_term"),
    IndexModel([("org_id", 1), ("state", 1), ("count", -1), ("_id", -1)], name="by_count"),
    IndexModel([("org_id", 1), ("article_id", 1)], name="by_article"),
]
SEARCH_INDEXES = [
    IndexModel([("org_id", 1), ("count", -1), ("_id", -1)], name="by_count"),
    IndexModel([("last_at", 1)], name="forgotten", expireAfterSeconds=SEARCHES_KEPT_S),
]


async def prepare_turn(store: Store, org_id: OrgId) -> None:
    """Makes what `take_turn` writes to, outside any transaction."""
    with suppress(DuplicateKeyError):
        await store[TURNS].update_one({"_id": org_id}, {"$setOnInsert": {"org_id": org_id, "asked": 0}}, upsert=True)


async def take_turn(store: Store, org_id: OrgId) -> None:
    """Lets two who ask at once come one after the other, so that the second sees the first one's topic."""
    await store[TURNS].update_one({"_id": org_id}, {"$inc": {"asked": 1}})


async def list_alike(store: Store, org_id: OrgId, terms: Collection[str]) -> list[QuestionTopic]:
    """Topics that share a term."""
    if not terms:
        return []
    query: Document = {"org_id": org_id, "terms": {"$in": sorted(terms)[:MAX_TERMS]}}
    found = await store[TOPICS].find(query, limit=MAX_CANDIDATES)
    return [decode(QuestionTopic, each) for each in found]


async def list_wordings(store: Store, org_id: OrgId, topic_id: TopicId) -> list[str]:
    """How it was asked, the first ones first."""
    query: Document = {"org_id": org_id, "topic_id": topic_id}
    found = await store[QUESTIONS].find(query, order=[("_id", 1)], limit=MAX_WORDINGS, projection={"text": 1})
    return [each["text"] for each in found]


async def list_askers(store: Store, org_id: OrgId, topic_id: TopicId) -> list[PersonId]:
    """Who asked, each once, the first ones first."""
    query: Document = {"org_id": org_id, "topic_id": topic_id}
    found = await store[QUESTIONS].find(query, order=[("_id", 1)], limit=MAX_ASKED, projection={"owner_id": 1})
    return list(dict.fromkeys(each["owner_id"] for each in found))[:MAX_ASKERS]


async def find_topic(store: Store, org_id: OrgId, topic_id: str) -> QuestionTopic | None:
    """The organization's topic."""
    found = await store[TOPICS].find_one({"_id": topic_id, "org_id": org_id})
    return None if found is None else decode(QuestionTopic, found)


async def list_topics_of(store: Store, org_id: OrgId, article_id: ArticleId) -> list[QuestionTopic]:
    """Topics that the article was drafted from or answers."""
    found = await store[TOPICS].find({"org_id": org_id, "article_id": article_id}, limit=MAX_TOPICS)
    return [decode(QuestionTopic, each) for each in found]


async def save_topic(store: Store, topic: QuestionTopic) -> Document | None:
    """Saves version n over version n - 1, or a new one; None where another write came first."""
    document = encode(topic)
    if topic.version == 1:
        await store[TOPICS].insert_one(document)
        return document
    guard = {"_id": topic.id, "version": topic.version - 1}
    return document if await store[TOPICS].replace_one(guard, document) else None


async def insert_question(store: Store, question: Question) -> Document:
    """Raises DuplicateKeyError where the id is taken."""
    document = encode(question)
    await store[QUESTIONS].insert_one(document)
    return document


async def count_unanswered(store: Store, org_id: OrgId, text: str, now: datetime) -> None:
    """Counts a search that found nothing, by its words; forgotten half a year after it was last made."""
    key = hashlib.sha256(text.casefold().encode("utf-8", "replace")).hexdigest()[:32]
    change = {
        "$inc": {"count": 1},
        "$set": {"last_at": stored_time(now)},
        "$setOnInsert": {"org_id": org_id, "text": text, "first_at": stored_time(now)},
    }
    with suppress(DuplicateKeyError):
        await store[SEARCHES].update_one({"_id": f"{org_id}:{key}"}, change, upsert=True)
