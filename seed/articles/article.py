"""The shape of a demo article; filled in by the language files beside it."""

from __future__ import annotations

from dataclasses import dataclass

from domain.articles import ArticleLanguage


@dataclass(frozen=True, slots=True)
class DemoArticle:
    """An article of the demo organization. `key` is unique and stable: ids are derived from it."""

    key: str
    language: ArticleLanguage
    title: str
    body: str
    """Markdown."""
    aliases: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    product_lines: frozenset[str] = frozenset()
    industry: str | None = None
    pinned: bool = False


def demo_article(
    language: ArticleLanguage,
    key: str,
    title: str,
    body: str,
    *,
    aliases: tuple[str, ...],
    tags: tuple[str, ...],
    stages: tuple[str, ...],
    product_lines: tuple[str, ...] = (),
    industry: str | None = None,
    pinned: bool = False,
) -> DemoArticle:
    """An article with `key` made unique by the language, such as `en-first-call`."""
    return DemoArticle(
        key=f"{language[:2]}-{key}",
        language=language,
        title=title,
        body=body,
        aliases=aliases,
        tags=frozenset(tags),
        stages=frozenset(stages),
        product_lines=frozenset(product_lines),
        industry=industry,
        pinned=pinned,
    )
