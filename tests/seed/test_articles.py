"""The demo articles: complete, valid, and enough of each kind for the demo."""

from __future__ import annotations

from collections import Counter

import pytest

from domain.articles import Article, ArticleLanguage, plain_text, text_of, unreadable
from domain.ids import ArticleId, OrgId
from seed.articles import DemoArticle, demo_articles

STAGES = {"NEW", "CONTACTED", "QUALIFIED", "PROPOSAL", "WON", "LOST"}


def test_there_are_as_many_chinese_as_english_and_four_are_pinned() -> None:
    demo = demo_articles()
    assert Counter(article.language for article in demo) == {ArticleLanguage.ZH_CN: 12, ArticleLanguage.EN: 12}
    assert len({article.key for article in demo}) == len(demo)
    assert sum(article.pinned for article in demo) == 4


def test_every_stage_has_an_article_in_both_languages() -> None:
    for language in ArticleLanguage:
        assert {
            stage for article in demo_articles() if article.language is language for stage in article.stages
        } == STAGES


@pytest.mark.parametrize("demo", demo_articles(), ids=lambda demo: demo.key)
def test_each_may_be_published(demo: DemoArticle) -> None:
    article = Article(
        ArticleId("art_1"),
        OrgId("org_1"),
        0,
        demo.language,
        demo.title,
        demo.body,
        demo.aliases,
        demo.tags,
        demo.stages,
        demo.product_lines,
        demo.industry,
        demo.pinned,
    )
    assert unreadable(text_of(article)) is None
    assert demo.aliases
    assert demo.tags
    assert 80 <= len(plain_text(demo.body)) <= 1200
