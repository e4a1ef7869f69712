"""Searching and recommending articles in the schema."""

from enum import Enum
from typing import Annotated

import strawberry

from domain.article_ranking import ArticleReason
from resolvers.article_search import Asked, article_facets, recommended_articles, search_articles
from schema.articles import Article, Language
from schema.fields import Info, related, returns, stored
from schema.paging import First, page_request
from schema.scalars import described_enum
from storage.driver import Document

described_enum(
    ArticleReason,
    "Why an article was chosen.",
    STAGE="It helps in the stage the lead is in.",
    PRODUCT_LINE="It is about the lead's product line.",
    INDUSTRY="It is about the customer's branch of business.",
    COMPETITOR="It helps against the competitor.",
    WORDS="It shares words with what was searched for, or with the lead.",
    MEANING="It means what was searched for, in other words or another language.",
    HELPFUL="At least three more readers found it helpful than did not.",
    USED="It was used in visits.",
    NEW="It was published within the last 14 days.",
)


@strawberry.type(description="A range of a text in UTF-16 code units, as Kotlin, NSString and JavaScript count.")
class TextRange:
    start: int = stored("start", "First code unit.")
    end: int = stored("end", "Behind the last code unit.")


@strawberry.type(description="An article that was found, with the passage that fits best.")
class ArticleHit:
    article: Article | None = related("articles", "The article.", key="article_id")
    snippet: str = stored("snippet", "The passage as plain text, not HTML or Markdown.")
    score: float = stored("score", "How well it fits; comparable within one answer only.")
    reasons: list[ArticleReason] = stored("reasons", "Why it was chosen, the weightiest first.")
    highlights: list[TextRange] = stored(
        "highlights", "What was searched for within `snippet`, in UTF-16 code units, in order, never overlapping."
    )


@strawberry.enum(description="What articles are counted by.")
class ArticleLabel(Enum):
    LANGUAGE = strawberry.enum_value("LANGUAGE", description="What they are written in, as a BCP 47 tag.")
    TAG = strawberry.enum_value("TAG", description="Tags.")
    STAGE = strawberry.enum_value("STAGE", description="Keys of lead stages.")
    PRODUCT_LINE = strawberry.enum_value("PRODUCT_LINE", description="Product lines.")
    INDUSTRY = strawberry.enum_value("INDUSTRY", description="Branches of business.")
    COMPETITOR = strawberry.enum_value("COMPETITOR", description="Competitors.")


@strawberry.type(description="How many of the articles found have a label.")
class ArticleFacet:
    field: ArticleLabel = stored("field", "Which kind of label.")
    value: str = stored("value", "The label.")
    count: int = stored("count", "How many articles have it.")


Text = Annotated[str, strawberry.argument(description="Words or a question; the first 500 characters count.")]
Tags = Annotated[list[str] | None, strawberry.argument(description="Only with all of these tags.")]
Stage = Annotated[str | None, strawberry.argument(description="Only for this lead stage (its key).")]
ForLead = Annotated[
    strawberry.ID | None, strawberry.argument(description="The lead you are at; what fits it comes up.")
]
ForVisit = Annotated[
    strawberry.ID | None, strawberry.argument(description="The visit you are at; its lead and customer count.")
]
Competitor = Annotated[str | None, strawberry.argument(description="Who else the customer talks to.")]


@strawberry.type
class ArticleSearchQuery:
    @returns(
        list[ArticleHit] | None,
        "Published articles by their words, in Chinese and English, best first. Slips, characters of the same sound, "
        "pinyin and its initials are forgiven where no article has the word itself.",
    )
    async def search_articles(
        self,
        info: Info,
        text: Text,
        language: Language = None,
        tags: Tags = None,
        stage: Stage = None,
        first: First = 10,
        lead_id: ForLead = None,
        visit_id: ForVisit = None,
        competitor: Competitor = None,
    ) -> list[Document]:
        page_request(first, None)
        asked = Asked(text, language, tags or (), stage, lead_id, visit_id, competitor)
        return await search_articles(info.context, asked, first)

    @returns(list[ArticleFacet] | None, "The labels of the articles that `searchArticles` finds, with their number.")
    async def article_facets(
        self, info: Info, text: Text, language: Language = None, tags: Tags = None, stage: Stage = None
    ) -> list[Document]:
        return await article_facets(info.context, Asked(text, language, tags or (), stage))

    @returns(
        list[ArticleHit] | None,
        "The published articles that fit a lead, visit or competitor best, each with why; empty where nothing does.",
    )
    async def recommended_articles(
        self,
        info: Info,
        lead_id: ForLead = None,
        visit_id: ForVisit = None,
        competitor: Competitor = None,
        language: Language = None,
        first: First = 3,
    ) -> list[Document]:
        page_request(first, None)
        asked = Asked(language=language, lead_id=lead_id, visit_id=visit_id, competitor=competitor)
        return await recommended_articles(info.context, asked, first)
