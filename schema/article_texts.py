"""Texts of articles beside the one that readers see: the next draft, its review, earlier editions; for articles.py."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.access import Actor, Capability, Role
from domain.articles import ArticleLanguage, plain_text
from knowledge.rendering import safe_html
from schema.fields import Rule, computed, related, stored
from schema.files import download_path
from schema.scalars import described_enum

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    ArticleLanguage,
    "The language an article is written in.",
    ZH_CN="Simplified Chinese (zh-CN).",
    EN="English (en).",
)


def _writes_articles(_article_id: str, *, actor: Actor) -> bool:
    return actor.can(Capability.EDIT_ARTICLES)


FOR_WRITERS = Rule(_writes_articles, ("_id",))
"""What readers are not shown of an article."""


@strawberry.type(description="A file that belongs to an article; who reads the article is given its bytes.")
class ArticleAttachment:
    file_id: strawberry.ID = stored("file_id", "Which file; `node` and `file` do not find it.")
    name: str = stored("name", "Its name, made safe; no path.")
    content_type: str = stored("content_type", "Media type, as its first bytes prove it.")
    size_bytes: int = stored("size_bytes", "Its length in bytes.")
    sha256: str = stored("sha256", "SHA-256 of its bytes in 64 hexadecimal digits.")
    download_path: str = computed(
        download_path, "Where its bytes are, at the address of this API, with the access token.", needs=("file_id",)
    )


@strawberry.type(description="What is to take the place of a published text. Seen by those who write articles only.")
class ArticleDraft:
    title: str = stored("title", "Its title.")
    body: str = stored("body", "The text in Markdown.")
    body_html: str = computed(safe_html, "The text as HTML that is safe to show.", needs=("body",))
    body_text: str = computed(plain_text, "The text without any marks.", needs=("body",))
    language: ArticleLanguage = stored("language", "What it is written in.")
    aliases: list[str] = stored("aliases", "Other names and questions it answers.", default=())
    tags: list[str] = stored("tags", "What it is about.", default=())
    stages: list[str] = stored("stages", "Keys of the lead stages it helps in.", default=())
    product_lines: list[str] = stored("product_lines", "Product lines it is about.", default=())
    competitors: list[str] = stored("competitors", "Whom it helps to compete with.", default=())
    industry: str | None = stored("industry", "Branch of business it is about.")
    pinned: bool = stored("pinned", "Whether it is to belong to the pack a phone keeps offline.", default=False)
    pack_roles: list[Role] = stored("pack_roles", "In whose packs, while it is pinned; empty: everybody's.", default=())
    team_ids: list[strawberry.ID] = stored("team_ids", "Teams it is to be kept to; empty: for everybody.", default=())
    attachments: list[ArticleAttachment] = stored("attachments", "Files that belong to it.", default=())


@strawberry.type(description="How far the text is that readers do not see yet: the draft, or the next draft.")
class ArticleReview:
    writer_ids: list[strawberry.ID] = stored(
        "writer_ids", "Who wrote at it or handed it in since the last publication; none of them may approve it."
    )
    written_at: datetime | None = stored("written_at", "When somebody last wrote at it.")
    submitted_at: datetime | None = stored("submitted_at", "Since when it waits for a reviewer; null: it does not.")
    submitted_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who handed it in last; null where you may not see them.", key="submitted_by_id"
    )
    note: str | None = stored("note", "What was to be changed when it was given back last.")
    returned_at: datetime | None = stored("returned_at", "When it was given back last.")
    returned_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who gave it back; null where you may not see them.", key="returned_by_id"
    )


@strawberry.type(description="A text that readers saw until the next one. Seen by those who write articles only.")
class ArticleEdition:
    number: int = stored("number", "1 for the first text that readers saw.")
    title: str = stored("text.title", "Its title.")
    body: str = stored("text.body", "The text in Markdown.")
    body_html: str = computed(safe_html, "The text as HTML that is safe to show.", needs=("text.body",))
    body_text: str = computed(plain_text, "The text without any marks.", needs=("text.body",))
    language: ArticleLanguage = stored("text.language", "What it is written in.")
    aliases: list[str] = stored("text.aliases", "Other names and questions it answers.", default=())
    tags: list[str] = stored("text.tags", "What it is about.", default=())
    stages: list[str] = stored("text.stages", "Keys of the lead stages it helps in.", default=())
    product_lines: list[str] = stored("text.product_lines", "Product lines it is about.", default=())
    competitors: list[str] = stored("text.competitors", "Whom it helps to compete with.", default=())
    industry: str | None = stored("text.industry", "Branch of business it is about.")
    pinned: bool = stored("text.pinned", "Whether it belonged to the offline pack.", default=False)
    pack_roles: list[Role] = stored("text.pack_roles", "In whose packs; empty: everybody's.", default=())
    team_ids: list[strawberry.ID] = stored("text.team_ids", "Teams it was kept to.", default=())
    attachments: list[ArticleAttachment] = stored("text.attachments", "Files that belonged to it.", default=())
    writer_ids: list[strawberry.ID] = stored("writer_ids", "Who wrote at it.", default=())
    reviewed_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who approved it; null where nobody did or you may not see them.", key="reviewed_by_id"
    )
    published_at: datetime = stored("published_at", "When readers first saw it.")
    published_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who published it; null where you may not see them.", key="published_by_id"
    )
