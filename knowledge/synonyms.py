"""Words of an organization that mean the same to a searcher; used by knowledge/index.py for the terms of a query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from knowledge.tokenizer import terms_of

Group = Sequence[str]
"""Words and phrases that mean the same."""


def alternatives(groups: Iterable[Group], asked: set[str]) -> dict[str, None]:
    """The terms of every other phrase in each group of which one phrase is wholly among the terms `asked`, in order."""
    found: dict[str, None] = {}
    for group in groups:
        phrases = [[term.text for term in terms_of(phrase) if not term.is_part] for phrase in group]
        if any(phrase and asked.issuperset(phrase) for phrase in phrases):
            found |= dict.fromkeys(term for phrase in phrases for term in phrase if term not in asked)
    return found
