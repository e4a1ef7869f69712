"""What readers make of articles, in the schema."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.article_uses import ArticleUseKind
from domain.refusals import Refusal
from resolvers.article_uses import Use, record_article_use
from schema.articles import Article, ArticleId
from schema.fields import Info, mutates
from schema.paging import ClientKey
from schema.refusals import COMMON, WrongState
from schema.scalars import described_enum
from storage.driver import Document

described_enum(
    ArticleUseKind,
    "What you did with an article.",
    READ="You read it.",
    HELPFUL="You found it helpful; takes the place of what you said of it before.",
    NOT_HELPFUL="You did not; takes the place of what you said of it before.",
    USED_IN_VISIT="You used it in a visit of yours; counted once for each visit.",
)


@strawberry.type
class ArticleUseMutation:
    @mutates(
        "recordArticleUse",
        "Tells what you made of an article; a phone may tell up to 30 days later.",
        Article,
        *COMMON,
        WrongState,
    )
    async def record_article_use(
        self,
        info: Info,
        client_key: ClientKey,
        id: ArticleId,  # noqa: A002
        kind: Annotated[ArticleUseKind, strawberry.argument(description="What you did.")],
        at: Annotated[datetime | None, strawberry.argument(description="When; absent: now.")] = None,
        visit_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The visit, for USED_IN_VISIT only.")
        ] = None,
    ) -> Document | Refusal:
        return await record_article_use(info.context, client_key, Use(id, kind, at, visit_id))
