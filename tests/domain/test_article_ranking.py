"""The order of articles: each fact moves one up or down as it should, and by no more than its weight."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.article_ranking import ArticleReason, Situation, Standing, rank, reasons

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
OLD = Standing(published_at=NOW - timedelta(days=100), updated_at=NOW - timedelta(days=100))
AT = Situation("POC", "Cold storage", "Food", "Rival")


@pytest.mark.parametrize(
    ("better", "reason"),
    [
        (replace(OLD, stages=["POC"]), ArticleReason.STAGE),
        (replace(OLD, product_lines=["cold STORAGE"]), ArticleReason.PRODUCT_LINE),
        (replace(OLD, industry="food"), ArticleReason.INDUSTRY),
        (replace(OLD, competitors=["rival"]), ArticleReason.COMPETITOR),
        (replace(OLD, helpful=3), ArticleReason.HELPFUL),
        (replace(OLD, used_in_visits=1), ArticleReason.USED),
        (replace(OLD, published_at=NOW - timedelta(days=14) + timedelta(seconds=1)), ArticleReason.NEW),
    ],
)
def test_a_fact_is_a_reason_and_never_harms(better: Standing, reason: ArticleReason) -> None:
    assert reasons(better, AT, NOW, by_words=False) == [reason]
    assert rank(1, better, AT, NOW) >= rank(1, OLD, AT, NOW)
    assert reasons(OLD, AT, NOW, by_words=True) == [ArticleReason.WORDS]


@pytest.mark.parametrize(
    "other",
    [
        replace(OLD, helpful=2),
        replace(OLD, helpful=5, not_helpful=3),
        replace(OLD, published_at=NOW - timedelta(days=14)),
        replace(OLD, stages=["NEW"], product_lines=["Ovens"], industry="Steel", competitors=["Nobody"]),
    ],
)
def test_less_than_that_is_no_reason(other: Standing) -> None:
    assert reasons(other, AT, NOW, by_words=False) == []
    assert reasons(other, Situation(), NOW, by_words=False) == []


def test_the_weightiest_reason_comes_first() -> None:
    every = Standing(["POC"], ["Cold storage"], "Food", ["Rival"], NOW, NOW, 9, 0, 4)
    assert reasons(every, AT, NOW, by_words=True)[:5] == [
        ArticleReason.COMPETITOR,
        ArticleReason.STAGE,
        ArticleReason.PRODUCT_LINE,
        ArticleReason.INDUSTRY,
        ArticleReason.WORDS,
    ]


@given(
    helpful=st.integers(0, 1000), not_helpful=st.integers(0, 1000), used=st.integers(0, 1000),
    days=st.integers(-1, 10_000), score=st.floats(0, 100),
)  # fmt: skip
def test_text_decides_before_opinions_do(helpful: int, not_helpful: int, used: int, days: int, score: float) -> None:
    standing = Standing((), (), None, (), NOW, NOW - timedelta(days=days), helpful, not_helpful, used)
    ranked = rank(score, standing, AT, NOW)
    assert 0.8 * score <= ranked <= 1.21 * score
    assert rank(score, replace(standing, helpful=helpful + 1), AT, NOW) >= ranked
    assert rank(score, replace(standing, not_helpful=not_helpful + 1), AT, NOW) <= ranked
