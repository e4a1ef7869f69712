"""Where the reps of a caller's subtree are: the whole map, and what changes on it; called by schema/team.py.

The people in the caller's subtree decide who is shown, evaluated anew for each answer. Every look is logged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.access import Actor, Role, Scope
from domain.errors import CallerError
from domain.ids import PersonId, TeamId
from domain.people import subtree
from resolvers.context import Context
from resolvers.map_entries import entries_of, reps_of
from resolvers.shared_events import audience_of
from resolvers.tracks import position_watcher
from storage.driver import Document
from storage.people import PEOPLE, list_teams
from storage.positions import VIEWS_OF_MAP, log_views
from storage.reads import Page, PageRequest, Reads
from storage.store import Store


async def team_map(context: Context, team_id: str | None, request: PageRequest) -> Page | None:
    """A page of reps by name with all that the map shows of each; None where the team is not the caller's to see.

    Raises Forbidden for roles that never see positions.
    """
    actor = position_watcher(context.me)
    scope = await scope_below(context.store, actor, team_id)
    if scope is None:
        return None
    page = await Reads(context.store, scope).page(PEOPLE, reps_of(scope), request)
    entries = await entries_of(context.store, actor.scope, page.documents)
    await _Looks().log(context, actor, entries)
    return replace(page, documents=entries)


async def team_map_changes(context: Context, team_id: str | None) -> AsyncIterator[Document]:
    """First the whole map, then what changed, at most once per interval.

    Ends with Unauthenticated once the caller may not act any more, FellBehind where the client reads too slowly.
    """
    actor, looks = position_watcher(context.me), _Looks()
    services = context.services
    while True:
        scope = await scope_below(context.store, actor, team_id)
        if scope is None:
            raise CallerError("There is no such team that you may see.", code="NOT_FOUND")
        async with services.map_views.watch(services, _of_all_alike(scope)) as watcher:
            while True:
                frame = await watcher.take()
                before, actor = actor, position_watcher(await services.callers.again(actor))
                if (frame is None or actor != before) and await scope_below(context.store, actor, team_id) != scope:
                    break
                if frame is not None:
                    context.renew()
                    await looks.log(context, actor, frame.entries)
                    yield frame.event(audience_of(actor))


def _of_all_alike(scope: Scope) -> Scope:
    """The same scope for all who lead the same teams."""
    if scope.role is Role.REP:
        return scope
    return replace(scope, person_id=None, team_id=None, stands_in_for=frozenset())


async def scope_below(store: Store, actor: Actor, team_id: str | None) -> Scope | None:
    """The caller's scope, or the part of it below a team; None outside it."""
    if team_id is None:
        return actor.scope
    chosen = TeamId(team_id)
    if chosen not in actor.subtree:
        return None
    below = subtree((await list_teams(store, actor.org_id)).values(), chosen) & actor.subtree
    return replace(actor.scope, subtree=below)


@dataclass(slots=True)
class _Looks:
    """Whom one caller has been seen looking at in this hour, so that a stream logs each of them once."""

    hour: datetime | None = None
    logged: set[PersonId] = field(default_factory=set)

    async def log(self, context: Context, actor: Actor, entries: Sequence[Document]) -> None:
        """To be awaited before it is answered, so that no look goes unrecorded."""
        hour = context.now.replace(minute=0, second=0, microsecond=0)
        if hour != self.hour:
            self.hour, self.logged = hour, set()
        shown = {entry["_id"] for entry in entries if entry["latest"] is not None} - {actor.person_id} - self.logged
        if shown:
            await log_views(context.store, actor.org_id, actor.person_id, sorted(shown), VIEWS_OF_MAP, context.now)
            self.logged |= shown
