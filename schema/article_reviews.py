"""Next drafts of articles and their review, in the schema."""

from typing import Annotated

import strawberry

from domain import article_reviews as domain
from domain.refusals import Refusal
from resolvers.article_reviews import (
    approve_article,
    article_preview,
    articles_in_review,
    discard_draft,
    return_article,
    revise_article,
    submit_article,
)
from schema.articles import Article, ArticleChanges, ArticleId, ExpectedVersion
from schema.fields import Info, mutates, returns, wanted
from schema.inputs import given
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, VersionConflict, WrongState, shown
from storage.driver import Document

OwnArticle = shown(domain.OwnArticle, id="The article.")


@strawberry.type
class ArticleReviewQuery:
    @returns(
        Connection[Article] | None,
        "Articles with a text that waits for a reviewer, the longest waiting first. For those who write articles.",
    )
    async def articles_in_review(self, info: Info, first: First = 20, after: After = None) -> Document:
        request = page_request(first, after, "work.submitted_at")
        return as_connection(await articles_in_review(info.context, request, wanted(info, "Article")))

    @returns(
        str | None,
        "What a body would look like to readers, as HTML that is safe to show; nothing is kept. For those who write "
        "articles.",
    )
    async def article_preview(
        self,
        info: Info,
        body: Annotated[str, strawberry.argument(description="Markdown, 100,000 characters at the most.")],
    ) -> str:
        return article_preview(info.context, body)


@strawberry.type
class ArticleReviewMutation:
    @mutates(
        "reviseArticle",
        "Changes the draft of an article; of a published one its next draft, begun with what readers see, who go on "
        "seeing that until the draft is published.",
        Article,
        *COMMON,
        VersionConflict,
        WrongState,
    )
    async def revise_article(
        self,
        info: Info,
        client_key: ClientKey,
        id: ArticleId,  # noqa: A002
        changes: Annotated[ArticleChanges, strawberry.argument(description="What changes.")],
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await revise_article(info.context, client_key, id, given(changes), expected_version)

    @mutates(
        "submitArticle",
        "Hands a draft in for review: nobody changes it until it is approved or given back. The nearest manager above "
        "who did not write at it is told.",
        Article,
        *COMMON,
        VersionConflict,
        WrongState,
    )
    async def submit_article(
        self,
        info: Info,
        client_key: ClientKey,
        id: ArticleId,  # noqa: A002
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await submit_article(info.context, client_key, id, expected_version)

    @mutates(
        "returnArticle",
        "Makes a text in review a draft again. A reviewer says what is to be changed; those who wrote it are told, and "
        "may take it back themselves.",
        Article,
        *COMMON,
        VersionConflict,
        WrongState,
    )
    async def return_article(
        self,
        info: Info,
        client_key: ClientKey,
        id: ArticleId,  # noqa: A002
        note: Annotated[
            str | None,
            strawberry.argument(description="What is to be changed, 500 characters at the most; must from reviewers."),
        ] = None,
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await return_article(info.context, client_key, id, note, expected_version)

    @mutates(
        "approveArticle",
        "Publishes a text in review: readers and search get it in all processes within seconds. For those who review "
        "articles and did not write at this text.",
        Article,
        *COMMON,
        VersionConflict,
        WrongState,
        OwnArticle,
    )
    async def approve_article(
        self,
        info: Info,
        client_key: ClientKey,
        id: ArticleId,  # noqa: A002
        expected_version: Annotated[
            int, strawberry.argument(description="The version you have read. Else VersionConflict.")
        ],
    ) -> Document | Refusal:
        return await approve_article(info.context, client_key, id, expected_version)

    @mutates(
        "discardArticleDraft",
        "Drops the next draft of a published article; a draft that nobody has published is retired instead.",
        Article,
        *COMMON,
        VersionConflict,
        WrongState,
    )
    async def discard_article_draft(
        self,
        info: Info,
        client_key: ClientKey,
        id: ArticleId,  # noqa: A002
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await discard_draft(info.context, client_key, id, expected_version)
