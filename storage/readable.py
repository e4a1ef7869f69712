"""Whether people may still read the articles that their notices are about; for storage/deliveries.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from domain.access import CAPABILITIES, Capability, Role
from domain.articles import ArticleState, is_for
from domain.ids import NoticeId, OrgId, TeamId
from domain.notices import Notice
from domain.people import Team, audience_of
from storage.articles import COLLECTION
from storage.driver import Document
from storage.people import list_teams
from storage.store import Store


class Reader(Protocol):
    """Somebody with a place in the organization."""

    @property
    def role(self) -> Role: ...

    @property
    def team_id(self) -> TeamId | None: ...


async def list_hidden(store: Store, told: Iterable[tuple[Notice, Reader]]) -> set[NoticeId]:
    """Notices about an article that its recipient does not find: out of use by now, or kept to other teams.

    No read while none is about an article.
    """
    about = [(notice, reader) for notice, reader in told if notice.article_id is not None]
    if not about:
        return set()
    wanted = list(dict.fromkeys(notice.article_id for notice, _ in about))
    found = await store[COLLECTION].find(
        {"_id": {"$in": wanted}}, projection={"state": 1, "team_ids": 1}, limit=len(wanted)
    )
    articles = {each["_id"]: each for each in found}
    kept = {notice.org_id for notice, _ in about if articles.get(notice.article_id, {}).get("team_ids")}
    teams = {org_id: await list_teams(store, org_id) for org_id in kept}
    return {
        notice.id
        for notice, reader in about
        if not _finds(reader, notice.org_id, articles.get(notice.article_id), teams)
    }


def _finds(reader: Reader, org_id: OrgId, article: Document | None, teams: dict[OrgId, dict[TeamId, Team]]) -> bool:
    if article is None:
        return False
    writes = Capability.EDIT_ARTICLES in CAPABILITIES[reader.role]
    if article["state"] != ArticleState.PUBLISHED and (not writes or article["state"] == ArticleState.RETIRED):
        return False
    return is_for(article.get("team_ids", ()), audience_of(reader.role, reader.team_id, teams.get(org_id, {})))
