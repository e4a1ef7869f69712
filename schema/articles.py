"""Knowledge articles in the schema: type, inputs, queries and mutations."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import article_reviews as domain
from domain.access import Actor, Capability, Role
from domain.articles import ArticleLanguage, ArticleState, plain_text
from domain.refusals import Refusal
from knowledge.rendering import safe_html
from resolvers.articles import (
    NewArticle,
    article_pack,
    create_article,
    pinned_articles,
    publish_article,
    retire_article,
    update_article,
)
from schema.article_texts import FOR_WRITERS, ArticleAttachment, ArticleDraft, ArticleEdition, ArticleReview
from schema.fields import Info, computed, mutates, related, related_list, returns, stored, wanted
from schema.inputs import given
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, IdTaken, VersionConflict, WrongState, shown
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person
    from schema.questions import QuestionTopic

ReviewRequired = shown(domain.ReviewRequired, id="The article.")
HasNextDraft = shown(domain.HasNextDraft, id="The article.")

described_enum(
    ArticleState,
    "Where an article stands.",
    DRAFT="Seen by those who write articles only.",
    IN_REVIEW="Waits for somebody who did not write it to approve it; seen by those who write articles only.",
    PUBLISHED="Seen by everybody it is for and found by search.",
    RETIRED="Out of use for good; seen by those who write articles only.",
)


def _next_state(language: str | None, submitted_at: object, *, actor: Actor) -> ArticleState | None:
    if language is None or not actor.can(Capability.EDIT_ARTICLES):
        return None
    return ArticleState.DRAFT if submitted_at is None else ArticleState.IN_REVIEW


def _may_approve(submitted_at: object, writer_ids: Sequence[str] | None, *, actor: Actor) -> bool:
    is_writer = actor.person_id in (writer_ids or ())
    return submitted_at is not None and actor.can(Capability.REVIEW_ARTICLES) and not is_writer


@strawberry.type(description="A piece of knowledge for the field. Drafts are seen by those who write articles only.")
class Article(Node):
    title: str = stored("title", "Its title.")
    body: str = stored("body", "The text in Markdown.")
    body_html: str = computed(
        safe_html, "The text as HTML that is safe to show: no scripts, styles, forms or frames.", needs=("body",)
    )
    body_text: str = computed(
        plain_text, "The text without any marks, a line for each line that has words.", needs=("body",)
    )
    language: ArticleLanguage = stored("language", "What it is written in.")
    aliases: list[str] = stored("aliases", "Other names and questions it answers.", default=())
    tags: list[str] = stored("tags", "What it is about.", default=())
    stages: list[str] = stored("stages", "Keys of the lead stages it helps in.", default=())
    product_lines: list[str] = stored("product_lines", "Product lines it is about.", default=())
    competitors: list[str] = stored("competitors", "Whom it helps to compete with.", default=())
    industry: str | None = stored("industry", "Branch of business it is about.")
    pack_roles: list[Role] = stored(
        "pack_roles", "In whose packs for reading offline it is, while it is pinned; empty: in everybody's.", default=()
    )
    team_ids: list[strawberry.ID] = stored(
        "team_ids",
        "Teams it is kept to: it is for who is in them or below them, and the managers above. Empty: for everybody.",
        default=(),
    )
    pinned: bool = stored("pinned", "Whether it belongs to the pack a phone keeps offline.", default=False)
    state: ArticleState = stored("state", "Where it stands; its next draft has `nextState`.")
    version: int = stored("version", "Grows by one with each change; pass it as `expectedVersion`.")
    edition: int = stored(
        "edition", "Number of the text that readers see; 0 before there is one, or where it is not numbered.", default=0
    )
    published_at: datetime | None = stored("published_at", "When it was first published.")
    attachments: list[ArticleAttachment] = stored("attachments", "Files that belong to it.", default=())
    author: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who began it; null for a draft made of questions, and where you may not see them.", key="author_id"
    )
    reviewed_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people",
        "Who approved the published text; null where nobody did or you may not see them.",
        key="reviewed_by_id",
    )
    topic: Annotated["QuestionTopic", strawberry.lazy("schema.questions")] | None = related(
        "question_topics", "The questions it was drafted from.", key="topic_id"
    )
    next: ArticleDraft | None = stored(
        "next", "What is to take the place of the published text; for those who write articles.", visible=FOR_WRITERS
    )
    next_state: ArticleState | None = computed(
        _next_state,
        "Where the next draft stands: DRAFT or IN_REVIEW; for those who write articles.",
        needs=("next.language", "work.submitted_at"),
    )
    review: ArticleReview | None = stored(
        "work", "How far the text is that readers do not see yet; for those who write articles.", visible=FOR_WRITERS
    )
    may_approve: bool = computed(
        _may_approve,
        "Whether a text of it is in review that you may approve: you did not write at it.",
        needs=("work.submitted_at", "work.writer_ids"),
    )
    editions: list[ArticleEdition] = related_list(
        "article_editions",
        "The texts that readers saw, the latest first; for those who write articles.",
        on="article_id",
        order="-number",
    )
    helpful: int = stored("helpful", "How many readers found it helpful.", default=0)
    not_helpful: int = stored("not_helpful", "How many did not.", default=0)
    used_in_visits: int = stored("used_in_visits", "In how many visits it was used.", default=0)
    created_at: datetime | None = stored("created_at", "When it was created.")
    updated_at: datetime | None = stored("updated_at", "When it last changed.")


@strawberry.enum(description="Order of an article list.")
class ArticleOrder(Enum):
    PINNED = strawberry.enum_value("-pinned", description="Pinned ones first, then the newest.")
    NEWEST = strawberry.enum_value("-_id", description="Newest first.")
    TITLE = strawberry.enum_value("title", description="By title.")
    CHANGED = strawberry.enum_value("-updated_at", description="Last changed first.")


@strawberry.input(description="Which articles; conditions that are absent do not restrict.")
class ArticleFilter:
    tags: list[str] | None = strawberry.field(default=None, description="Only with all of these tags.")
    stage: str | None = strawberry.field(default=None, description="Only for this lead stage (its key).")
    language: ArticleLanguage | None = strawberry.field(default=None, description="Only in this language.")
    pinned: bool | None = strawberry.field(default=None, description="Only pinned ones, or only others.")
    state: ArticleState | None = strawberry.field(
        default=None, description="Only in this state; readers see published ones whatever they ask for."
    )


@strawberry.input(description="A new article: a draft until it is published.")
class CreateArticleInput:
    title: str = strawberry.field(description="1 to 200 characters.")
    body: str = strawberry.field(description="Markdown, 100,000 characters at the most.")
    language: ArticleLanguage = strawberry.field(description="What it is written in.")
    id: strawberry.ID | None = strawberry.field(default=None, description="Made on the device: art_ + ULID or UUID.")
    aliases: list[str] | None = strawberry.field(default=None, description="Other names; 50 at the most.")
    tags: list[str] | None = strawberry.field(default=None, description="50 at the most, each 1 to 60 characters.")
    stages: list[str] | None = strawberry.field(default=None, description="Keys of lead stages it helps in.")
    product_lines: list[str] | None = strawberry.field(default=None, description="Product lines it is about.")
    competitors: list[str] | None = strawberry.field(default=None, description="Whom it helps to compete with.")
    industry: str | None = strawberry.field(default=None, description="Branch of business, 1 to 60 characters.")
    pinned: bool = strawberry.field(default=False, description="Whether it belongs to the offline pack.")
    pack_roles: list[Role] | None = strawberry.field(
        default=None, description="In whose packs, while it is pinned; absent or empty: in everybody's."
    )
    team_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Teams of yours it is kept to, 50 at the most; absent or empty: for everybody."
    )


@strawberry.input(description="What changes; a field that is absent stays, null clears, a list replaces the old one.")
class ArticleChanges:
    title: str | None = strawberry.field(default=strawberry.UNSET, description="1 to 200 characters.")
    body: str | None = strawberry.field(default=strawberry.UNSET, description="Markdown.")
    language: ArticleLanguage | None = strawberry.field(default=strawberry.UNSET, description="What it is written in.")
    aliases: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Other names.")
    tags: list[str] | None = strawberry.field(default=strawberry.UNSET, description="What it is about.")
    stages: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Keys of lead stages.")
    product_lines: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Product lines.")
    competitors: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Competitors.")
    industry: str | None = strawberry.field(default=strawberry.UNSET, description="Branch of business.")
    pinned: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether it is in the offline pack.")
    pack_roles: list[Role] | None = strawberry.field(
        default=strawberry.UNSET, description="In whose packs, while it is pinned; empty: in everybody's."
    )
    team_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Teams it is kept to; new ones must be yours. Empty: for everybody."
    )
    attachment_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Files that belong to it, 20 at the most: handed in before with `POST /files?articleId=...`.",
    )


ArticleId = Annotated[strawberry.ID, strawberry.argument(description="Which article.")]
Language = Annotated[ArticleLanguage | None, strawberry.argument(description="Only in this language.")]
ExpectedVersion = Annotated[
    int | None, strawberry.argument(description="Refused as VersionConflict where the article moved on.")
]


def article_conditions(wanted: ArticleFilter | None) -> Document:
    """The filter in stored paths."""
    conditions: Document = given(wanted) if wanted is not None else {}
    if "stage" in conditions:
        conditions["stages"] = conditions.pop("stage")
    if tags := conditions.pop("tags", None):
        conditions["tags"] = {"$all": tags}
    return conditions


@strawberry.type(description="What changed in the pack of articles that a phone keeps for reading offline.")
class ArticlePack:
    rev: int = stored("rev", "Pass it as `since` next time.")
    has_more: bool = stored("has_more", "Whether to ask again at once with `rev`: not all of it fits one answer.")
    begins_anew: bool = stored(
        "begins_anew", "Whether the server does not know `since`: forget what you have, this is the whole pack."
    )
    articles: list[Article] = stored("articles", "New and changed articles, with their whole text where asked for.")
    removed_ids: list[strawberry.ID] = stored(
        "removed_ids", "Articles that changed and are not in the pack; you may never have had some of them."
    )


@strawberry.type
class ArticleQuery:
    @returns(Article | None, "One article; null where it does not exist or you may not see it.")
    async def article(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("articles", id, wanted(info, "Article"))

    @returns(Connection[Article] | None, "The articles you may see; with a stage as filter, those for such leads.")
    async def articles(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        order: Annotated[ArticleOrder, strawberry.argument(description="Sorting.")] = ArticleOrder.PINNED,
        filter: Annotated[ArticleFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Document:
        request = page_request(first, after, str(order.value))
        page = await info.context.reads.page("articles", article_conditions(filter), request, wanted(info, "Article"))
        return as_connection(page)

    @returns(ArticlePack | None, "What changed in the pack of pinned articles since you last asked.")
    async def article_pack(
        self,
        info: Info,
        since: Annotated[int, strawberry.argument(description="`rev` of the last answer; 0 for the whole pack.")] = 0,
        language: Language = None,
        industry: Annotated[
            str | None, strawberry.argument(description="Only for this branch of business, and for any.")
        ] = None,
    ) -> Document:
        return await article_pack(info.context, since, language, industry)

    @returns(list[Article] | None, "The pack to keep on the phone: pinned published articles, newest first.")
    async def pinned_articles(self, info: Info, language: Language = None) -> list[Document]:
        return await pinned_articles(info.context, language, wanted(info, "Article"))


@strawberry.type
class ArticleMutation:
    @mutates("createArticle", "Writes a new draft.", Article, *COMMON, IdTaken)
    async def create_article(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[CreateArticleInput, strawberry.argument(description="The article.")],  # noqa: A002
    ) -> Document | Refusal:
        return await create_article(info.context, client_key, NewArticle(**given(input)))

    @mutates(
        "updateArticle",
        "Changes an article; readers of a published one get the new text, where your organization asks no review "
        "(`articlePolicy`). `reviseArticle` prepares a next draft instead.",
        Article,
        *COMMON,
        VersionConflict,
        WrongState,
        ReviewRequired,
        HasNextDraft,
    )
    async def update_article(
        self,
        info: Info,
        client_key: ClientKey,
        id: ArticleId,  # noqa: A002
        changes: Annotated[ArticleChanges, strawberry.argument(description="What changes.")],
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await update_article(info.context, client_key, id, given(changes), expected_version)

    @mutates(
        "publishArticle",
        "Shows a draft, or the next draft of a published article, to everybody it is for and to search, in all "
        "processes within seconds: without a review, where your organization asks none (`articlePolicy`).",
        Article,
        *COMMON,
        VersionConflict,
        WrongState,
        ReviewRequired,
    )
    async def publish_article(
        self,
        info: Info,
        client_key: ClientKey,
        id: ArticleId,  # noqa: A002
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await publish_article(info.context, client_key, id, expected_version)

    @mutates(
        "retireArticle",
        "Takes an article out of use for good, with its next draft; questions it answered are open again.",
        Article,
        *COMMON,
        VersionConflict,
    )
    async def retire_article(
        self,
        info: Info,
        client_key: ClientKey,
        id: ArticleId,  # noqa: A002
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await retire_article(info.context, client_key, id, expected_version)
