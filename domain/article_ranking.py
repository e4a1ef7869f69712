"""In which order articles that fit are shown: text, then what the reader is at, freshness and what others made of them.

Pure; for resolvers/article_search.py. All weights are here, so that one can see what decides.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

DAY_S = 86_400
HALF_LIFE_DAYS = 365
FRESHNESS = 0.1
"""How much a text loses as it grows old; half of it within HALF_LIFE_DAYS."""
USEFULNESS = 0.2
"""Between an article that everybody found helpful and one that nobody did, half of it up and half down."""
DOUBT = 4
"""Opinions one half of which is assumed before there are any: two votes must not decide."""
MOST_USES = 20
"""Uses in visits beyond this add nothing."""
PER_USE = 0.005


class ArticleReason(StrEnum):
    """Why an article was chosen."""

    STAGE = "STAGE"
    PRODUCT_LINE = "PRODUCT_LINE"
    INDUSTRY = "INDUSTRY"
    COMPETITOR = "COMPETITOR"
    WORDS = "WORDS"
    MEANING = "MEANING"
    HELPFUL = "HELPFUL"
    USED = "USED"
    NEW = "NEW"


_WEIGHTS = {
    ArticleReason.COMPETITOR: 0.4,
    ArticleReason.STAGE: 0.25,
    ArticleReason.PRODUCT_LINE: 0.25,
    ArticleReason.INDUSTRY: 0.15,
}
NEW_DAYS = 14
HELPFUL_FROM = 3
"""More people found it helpful than not, by so many."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the reader is at; None where it is not known."""

    stage: str | None = None
    product_line: str | None = None
    industry: str | None = None
    competitor: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an article beside its text."""

    stages: Collection[str] = ()
    product_lines: Collection[str] = ()
    industry: str | None = None
    competitors: Collection[str] = ()
    published_at: datetime | None = None
    updated_at: datetime | None = None
    helpful: int = 0
    not_helpful: int = 0
    used_in_visits: int = 0


def rank(text_score: float, standing: Standing, situation: Situation, now: datetime) -> float:
    """The score by which articles are sorted; never below zero, and for 0 it is 0."""
    fit = 1 + sum(_WEIGHTS[reason] for reason in _fits(standing, situation))
    share = (standing.helpful + DOUBT / 2) / (standing.helpful + standing.not_helpful + DOUBT)
    useful = 1 + USEFULNESS * (share - 0.5) + PER_USE * min(standing.used_in_visits, MOST_USES)
    return text_score * fit * useful * _freshness(standing, now)


def reasons(
    standing: Standing, situation: Situation, now: datetime, *, by_words: bool, by_meaning: bool = False
) -> list[ArticleReason]:
    """Why it is shown, the weightiest first."""
    found = _fits(standing, situation)
    if by_words:
        found.append(ArticleReason.WORDS)
    if by_meaning:
        found.append(ArticleReason.MEANING)
    if standing.helpful - standing.not_helpful >= HELPFUL_FROM:
        found.append(ArticleReason.HELPFUL)
    if standing.used_in_visits:
        found.append(ArticleReason.USED)
    if standing.published_at is not None and (now - standing.published_at).total_seconds() < NEW_DAYS * DAY_S:
        found.append(ArticleReason.NEW)
    return found


def _fits(standing: Standing, situation: Situation) -> list[ArticleReason]:
    fits = {
        ArticleReason.COMPETITOR: _among(situation.competitor, standing.competitors),
        ArticleReason.STAGE: situation.stage in standing.stages,
        ArticleReason.PRODUCT_LINE: _among(situation.product_line, standing.product_lines),
        ArticleReason.INDUSTRY: standing.industry is not None and _among(situation.industry, (standing.industry,)),
    }
    return [reason for reason, fits_it in fits.items() if fits_it]


def _among(label: str | None, labels: Collection[str]) -> bool:
    return label is not None and label.casefold() in {each.casefold() for each in labels}


def _freshness(standing: Standing, now: datetime) -> float:
    changed_at = standing.updated_at or standing.published_at
    if changed_at is None:
        return 1 - FRESHNESS
    days = max(0.0, (now - changed_at).total_seconds() / DAY_S)
    return float(1 - FRESHNESS * (1 - 2 ** (-days / HALF_LIFE_DAYS)))
