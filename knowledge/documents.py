"""What the search index holds of an article: the fields, and one document for each piece; for knowledge/index.py."""

from __future__ import annotations

from collections.abc import Iterator

import tantivy

from domain.articles import Article
from knowledge.chunks import chunks_of
from knowledge.sounds import sounds_of
from knowledge.tokenizer import TOKENIZER_VERSION, words_for_index

SCHEMA_VERSION = 3
"""Raise with every change of the fields below or of the cutting into chunks."""
VERSION = f"{SCHEMA_VERSION}-{TOKENIZER_VERSION}"
"""Files of another one are useless."""
FACETS = ("language", "tag", "stage", "product", "industry", "competitor")
EVERYBODY = "*"
"""In the field `team` of an article that is not for certain teams."""
_TOKENIZERS = {"product": "label", "industry": "label", "competitor": "label"}
_KEYS = ("org", "article", "team", *FACETS)
_INNER = ("edition", "position")


def build_schema() -> tantivy.Schema:
    """The fields; `position` marks documents that belong to no article and say how far the index is."""
    builder = tantivy.SchemaBuilder()
    for name in (*_KEYS, *_INNER):
        builder.add_text_field(
            name,
            stored=name not in {"org", "team", "edition"},
            tokenizer_name=_TOKENIZERS.get(name, "raw"),
            index_option="basic",
        )
    builder.add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("sounds", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("text", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_boolean_field("is_body", stored=True)
    return builder.build()


def register_tokenizers(index: tantivy.Index) -> None:
    """The tokenizers that the fields name, which tantivy does not keep."""
    lowered = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.lowercase()).build()
    index.register_tokenizer("label", lowered)


def documents_of(article: Article, edition: str) -> Iterator[tuple[list[str], tantivy.Document]]:
    """One for each chunk of a published article, with its terms."""
    for chunk in chunks_of(article):
        document = tantivy.Document()
        document.add_text("org", storable(article.org_id))
        document.add_text("article", storable(article.id))
        document.add_text("edition", edition)
        document.add_text("language", article.language)
        for team in article.team_ids or (EVERYBODY,):
            document.add_text("team", storable(team))
        for tag in article.tags:
            document.add_text("tag", storable(tag))
        for stage in article.stages:
            document.add_text("stage", storable(stage))
        for product in article.product_lines:
            document.add_text("product", storable(product))
        for competitor in article.competitors:
            document.add_text("competitor", storable(competitor))
        if article.industry is not None:
            document.add_text("industry", storable(article.industry))
        if not chunk.is_body:
            document.add_text("sounds", " ".join(sounds_of(chunk.searched)))
        terms = words_for_index(chunk.searched)
        document.add_text("terms", " ".join(terms))
        document.add_text("text", storable(chunk.text))
        document.add_boolean("is_body", chunk.is_body)
        yield terms, document


def storable(text: str) -> str:
    """`text` with a question mark for each lone surrogate, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
