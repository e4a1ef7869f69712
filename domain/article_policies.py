"""What an organization asks before readers see a text: data of the organization, edited by administrators.

Pure; for resolvers/article_policies.py, and for articles.py, which asks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.ids import OrgId, PersonId
from domain.refusals import VersionConflict


@dataclass(frozen=True, slots=True)
class ArticlePolicy:
    """Version 0 is what holds until an administrator says otherwise: review is offered, not asked for."""

    id: OrgId
    org_id: OrgId
    review_required: bool = False
    """Whether readers see only what somebody other than its writers has approved."""
    version: int = 0
    saved_at: datetime | None = None
    saved_by_id: PersonId | None = None


def revise(
    before: ArticlePolicy, review_required: bool, expected_version: int, by_id: PersonId, now: datetime
) -> ArticlePolicy | VersionConflict:
    """The policy in its next version."""
    if before.version != expected_version:
        return VersionConflict(before.id, before.version)
    return ArticlePolicy(before.id, before.org_id, review_required, before.version + 1, now, by_id)
