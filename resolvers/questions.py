"""Asking questions, and what becomes of them. Called by schema/questions.py."""

from __future__ import annotations

from dataclasses import dataclass

from domain.access import Capability
from domain.articles import Article, ArticleState, is_for
from domain.errors import Unavailable
from domain.ids import ArticleId, LeadId, QuestionId, TopicId, VisitId, is_id, new_id
from domain.notices import Notice
from domain.people import PersonState, audience_of
from domain.questions import (
    MAX_TERMS,
    Question,
    QuestionTopic,
    TopicState,
    answered,
    answered_notice,
    asked_again,
    cleaned,
    drafted,
    joined,
    reopened,
    wants_draft,
)
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict, WrongState
from knowledge.queries import query_terms
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.articles import find_article, insert_article
from storage.driver import Document
from storage.leads import find_lead
from storage.people import list_people, list_teams
from storage.questions import (
    QUESTIONS,
    TOPICS,
    find_topic,
    insert_question,
    list_alike,
    list_askers,
    list_topics_of,
    list_wordings,
    prepare_turn,
    save_topic,
    take_turn,
)
from storage.store import Store
from storage.visits import find_visit


@dataclass(frozen=True, slots=True)
class Asking:
    """What a phone sends."""

    text: str
    id: str | None = None
    lead_id: str | None = None
    visit_id: str | None = None


async def ask_question(context: Context, client_key: str, given: Asking) -> Document | Refusal:
    """The question, in its topic."""
    actor = context.me
    await prepare_turn(context.store, actor.org_id)

    async def act(store: Store) -> Outcome:
        text = cleaned(given.text)
        if isinstance(text, InvalidInput):
            return text
        if given.id is not None and not is_id("qst", given.id):
            return InvalidInput("id", "must be qst_ and a ULID or UUID")
        if given.lead_id is not None and await find_lead(store, actor.scope, given.lead_id) is None:
            return NotFound(given.lead_id)
        if given.visit_id is not None and await find_visit(store, actor.scope, given.visit_id) is None:
            return NotFound(given.visit_id)
        question_id = QuestionId(given.id or new_id("qst", context.now))
        topic = await _topic_of(store, context, text)
        question = Question(
            id=question_id,
            org_id=actor.org_id,
            owner_id=actor.person_id,
            team_id=actor.team_id,
            topic_id=topic.id,
            text=text,
            asked_at=context.now,
            lead_id=LeadId(given.lead_id) if given.lead_id else None,
            visit_id=VisitId(given.visit_id) if given.visit_id else None,
        )
        document = await insert_question(store, question)
        if wants_draft(topic):
            texts = await list_wordings(store, actor.org_id, topic.id)
            topic, article = drafted(topic, ArticleId(new_id("art", context.now)), texts, context.now)
            await insert_article(store, article)
        saved = await save_topic(store, topic)
        return VersionConflict(topic.id, topic.version) if saved is None else Saved(QUESTIONS, document)

    return await once(context, "askQuestion", client_key, given, act)


async def _topic_of(store: Store, context: Context, text: str) -> QuestionTopic:
    """The topic with this question in it, not yet saved."""
    org_id = context.me.org_id
    await take_turn(store, org_id)
    terms = tuple(dict.fromkeys(term.text for term in query_terms(text) if not term.is_part))[:MAX_TERMS]
    topic = joined(await list_alike(store, org_id, terms), terms)
    if topic is not None:
        return asked_again(topic, context.now)
    return QuestionTopic(TopicId(new_id("qtp", context.now)), org_id, text, terms, context.now, context.now)


async def answer_topic(context: Context, client_key: str, topic_id: str, article_id: str) -> Document | Refusal:
    """The topic, answered by an article that is published; who asked is told. Raises Forbidden."""
    actor = context.require(Capability.EDIT_ARTICLES)

    async def act(store: Store) -> Outcome:
        topic = await find_topic(store, actor.org_id, topic_id)
        if topic is None:
            return NotFound(topic_id)
        article = await find_article(store, actor.scope, article_id)
        if article is None:
            return NotFound(article_id)
        if article.state is not ArticleState.PUBLISHED:
            return WrongState(article.id, article.state)
        saved = await save_topic(store, answered(topic, article.id))
        if saved is None:
            return VersionConflict(topic.id, topic.version)
        told = await _told_askers(context, store, topic.id, article)
        await context.services.outbox.write(store, told, context.now)
        return Saved(TOPICS, saved)

    given = {"id": topic_id, "article_id": article_id}
    return await once(context, "answerQuestionTopic", client_key, given, act)


async def settle_topic(context: Context, store: Store, article: Article) -> list[Notice]:
    """Marks the topic that a published article was drafted from as answered, in its transaction; what askers are told.

    Asked again at each publication: an article may be shown to more of them than before.
    """
    topic = None if article.topic_id is None else await find_topic(store, article.org_id, article.topic_id)
    if topic is None or topic.article_id != article.id:
        return []
    if topic.state is TopicState.DRAFTED:
        await save_topic(store, answered(topic, article.id))
    return await _told_askers(context, store, topic.id, article)


async def reopen_topics(store: Store, article: Article) -> None:
    """Opens what a retired article was made from or answered; in its transaction. Raises Unavailable where beaten."""
    for topic in await list_topics_of(store, article.org_id, article.id):
        if await save_topic(store, reopened(topic)) is None:
            raise Unavailable(1, "A question about this article is being asked.")


async def _told_askers(context: Context, store: Store, topic_id: TopicId, article: Article) -> list[Notice]:
    """A notice for each who asked and may read the answer; who was told of it before is not told again."""
    askers = await list_askers(store, article.org_id, topic_id)
    people = (await list_people(store, article.org_id, askers)).values() if askers else ()
    teams = await list_teams(store, article.org_id) if article.team_ids else {}
    return [
        answered_notice(topic_id, article, person.id, context.now)
        for person in people
        if person.state is PersonState.ACTIVE
        and is_for(article.team_ids, audience_of(person.role, person.team_id, teams))
    ]
