"""The demo organization's knowledge articles, half Chinese and half English; published by the demo seed."""

from __future__ import annotations

from seed.articles.article import DemoArticle
from seed.articles.chinese import CHINESE
from seed.articles.english import ENGLISH

__all__ = ["DemoArticle", "demo_articles"]


def demo_articles() -> tuple[DemoArticle, ...]:
    """All demo articles; four of them are pinned."""
    return CHINESE + ENGLISH
