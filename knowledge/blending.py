"""Puts what is found by words and what is found by meaning into one list; used by resolvers/article_search.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.ids import ArticleId
from knowledge.index import Hit
from knowledge.nearness import Near

FAR, SAME = 1.0, 7.0
"""Distances, in standard deviations, of what has hardly anything to do with a question and of its answer."""
WEIGHT = 0.5
"""Of the nearest possible meaning, in scores of the best hit by words. By more of it, XQuAD's order would be better
still; but those questions have no names of products, which a model knows nothing of."""
WEIGHT_ACROSS = 0.9
"""In another language than the question, where words find nothing but names; with more, they push out the answer in the
same language."""
ALONE = 20.0
"""Stands for the score of the best hit by words where there is none or a lower one: that a name or two occur, maybe."""
SHOWN = 1 / 6
"""Nearness from which something is shown that no word found."""
SURE = 0.5
"""Nearness from which that counts as an answer."""


def nearness_of(distance: float) -> float:
    """Between 0, nothing in common, and 1."""
    return min(max((distance - FAR) / (SAME - FAR), 0.0), 1.0)


def blend(by_words: Sequence[Hit], near: Sequence[Near], openings: Mapping[ArticleId, str]) -> list[Hit]:
    """All of `by_words`, and those of `near` that have something in common with what was asked and have an opening,
    which is shown for them; best first."""
    best = max([ALONE, *(hit.score for hit in by_words)])
    found = {hit.article_id: hit for hit in by_words}
    for article_id, distance, is_across in near:
        nearness = nearness_of(distance)
        gain = (WEIGHT_ACROSS if is_across else WEIGHT) * best * nearness
        hit = found.get(article_id)
        if hit is not None:
            found[article_id] = replace(hit, score=hit.score + gain)
        elif nearness >= SHOWN and article_id in openings:
            found[article_id] = Hit(article_id, gain, openings[article_id], (), by_meaning=nearness)
    return sorted(found.values(), key=lambda hit: (-hit.score, hit.article_id))


def is_answered(hits: Sequence[Hit]) -> bool:
    """Whether somebody who asked will think so: something is always the nearest."""
    return any(hit.by_meaning == 0 or hit.by_meaning >= SURE for hit in hits)
