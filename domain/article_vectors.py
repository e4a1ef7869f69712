"""What an article means to a model, as storage keeps it; for storage, workers and knowledge/nearness.py."""

from __future__ import annotations

from dataclasses import dataclass

from domain.articles import ArticleLanguage
from domain.ids import ArticleId, OrgId


@dataclass(frozen=True, slots=True)
class ArticleVectors:
    """The vectors of one article's passages by one model."""

    article_id: ArticleId
    org_id: OrgId
    rev: int
    """Of the article when they were made."""
    language: ArticleLanguage
    model: str
    packed: bytes
    """Below each other, each number in 16 bits, little end first; empty: the article is not published."""
