"""What an organization asks before readers see an article, in the schema."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.refusals import Refusal
from resolvers.article_policies import article_policy, change_article_policy
from schema.fields import Info, mutates, returns, stored
from schema.paging import ClientKey
from schema.refusals import COMMON, VersionConflict
from storage.driver import Document


@strawberry.type(description="What your organization asks before readers see an article.")
class ArticlePolicy:
    review_required: bool = stored(
        "review_required",
        "Whether readers see only what somebody other than its writers has approved (`submitArticle`, "
        "`approveArticle`). Otherwise `publishArticle` and `updateArticle` may do without.",
        default=False,
    )
    version: int = stored("version", "Grows by one with each change, 0 before the first; pass it as `expectedVersion`.")
    saved_at: datetime | None = stored("saved_at", "When this version was saved.")


@strawberry.type
class ArticlePolicyQuery:
    @returns(ArticlePolicy | None, "What your organization asks before readers see an article.")
    async def article_policy(self, info: Info) -> Document:
        return await article_policy(info.context)


@strawberry.type
class ArticlePolicyMutation:
    @mutates(
        "saveArticlePolicy",
        "Says whether articles have to be reviewed; what is published stays published. For administrators.",
        ArticlePolicy,
        *COMMON,
        VersionConflict,
    )
    async def save_article_policy(
        self,
        info: Info,
        client_key: ClientKey,
        review_required: Annotated[
            bool, strawberry.argument(description="Whether readers see only what was approved by somebody else.")
        ],
        expected_version: Annotated[
            int, strawberry.argument(description="The version that is replaced, 0 for none. Else VersionConflict.")
        ],
    ) -> Document | Refusal:
        return await change_article_policy(info.context, client_key, review_required, expected_version)
