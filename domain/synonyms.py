"""Words that mean the same to those who search an organization's articles: a versioned table that editors keep.

Pure; for resolvers/synonyms.py, and resolvers/articles.py, which hands the groups to the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.ids import OrgId, PersonId
from domain.refusals import InvalidInput, VersionConflict

MAX_GROUPS = 500
MAX_PHRASES = 20
MAX_PHRASE = 60


@dataclass(frozen=True, slots=True)
class SynonymTable:
    """Groups of phrases that mean the same, as they were written; no phrase is in two groups."""

    id: OrgId
    org_id: OrgId
    groups: tuple[tuple[str, ...], ...] = ()
    version: int = 0
    updated_at: datetime | None = None
    updated_by: PersonId | None = None


def revise(
    table: SynonymTable, groups: Sequence[Sequence[str]], expected_version: int, by_id: PersonId, now: datetime
) -> SynonymTable | InvalidInput | VersionConflict:
    """The table with `groups` in place of its own and the next version."""
    cleaned = tuple(tuple(" ".join(phrase.split()) for phrase in group) for group in groups)
    if problem := _problem(cleaned):
        return InvalidInput("groups", problem)
    if table.version != expected_version:
        return VersionConflict(table.id, table.version)
    return replace(table, groups=cleaned, version=table.version + 1, updated_at=now, updated_by=by_id)


def _problem(groups: tuple[tuple[str, ...], ...]) -> str | None:
    if len(groups) > MAX_GROUPS:
        return f"must not be more than {MAX_GROUPS}"
    seen: set[str] = set()
    for number, group in enumerate(groups, start=1):
        if not 2 <= len(group) <= MAX_PHRASES:
            return f"group {number}: must have 2 to {MAX_PHRASES} phrases"
        for phrase in group:
            if not any(map(str.isalnum, phrase)) or len(phrase) > MAX_PHRASE:
                return f"group {number}: each phrase must have 1 to {MAX_PHRASE} characters and a letter or digit"
            if phrase.casefold() in seen:
                return f"group {number}: {phrase!r} is there already"
            seen.add(phrase.casefold())
    return None
