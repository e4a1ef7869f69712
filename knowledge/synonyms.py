"""Words of an organization that mean the same to a searcher; used by knowledge/queries.py for the terms of a query."""

from __future__ import annotations

from functools import lru_cache

from knowledge.tokenizer import terms_of

Groups = tuple[tuple[str, ...], ...]
"""Phrases that mean the same, group by group."""


def alternatives(groups: Groups, asked: set[str]) -> dict[str, None]:
    """The terms of every other phrase in each group of which one phrase is wholly among the terms `asked`, in order."""
    found: dict[str, None] = {}
    by_term = _by_term(groups) if groups else {}
    for phrases in dict.fromkeys(group for term in sorted(asked) for group in by_term.get(term, ())):
        if any(asked.issuperset(phrase) for phrase in phrases):
            found |= dict.fromkeys(term for phrase in phrases for term in phrase if term not in asked)
    return found


_Group = tuple[tuple[str, ...], ...]
"""The terms of each phrase."""


@lru_cache(maxsize=100)
def _by_term(groups: Groups) -> dict[str, list[_Group]]:
    """The groups by the terms that occur in them; an organization's table stays the same over many queries."""
    found: dict[str, list[_Group]] = {}
    for group in groups:
        every = (tuple(term.text for term in terms_of(phrase) if not term.is_part) for phrase in group)
        phrases = tuple(phrase for phrase in every if phrase)
        for term in {term for phrase in phrases for term in phrase}:
            found.setdefault(term, []).append(phrases)
    return found
