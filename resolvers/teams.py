"""Making and moving teams. Called by schema/teams.py and the importer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.access import Capability, Scope
from domain.ids import OrgId, PersonId, TeamId, is_id, new_id
from domain.people import GONE, Team, place_team, problem_with
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.driver import Document
from storage.people import TEAMS, find_person, insert_team, list_teams, save_team
from storage.store import Store


@dataclass(frozen=True, slots=True)
class NewTeam:
    """What an administrator says about a new team."""

    name: str
    id: str | None = None
    parent_id: str | None = None
    manager_id: str | None = None
    external_id: str | None = None


async def create_team(context: Context, client_key: str, given: NewTeam) -> Document | Refusal:
    """The new team. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_TEAMS)

    async def act(store: Store) -> Outcome:
        if given.id is not None and not is_id("tea", given.id):
            return InvalidInput("id", "must be tea_ and a ULID or UUID")
        team = Team(
            id=TeamId(given.id or new_id("tea", context.now)),
            org_id=actor.org_id,
            name=given.name,
            parent_id=TeamId(given.parent_id) if given.parent_id else None,
            manager_id=PersonId(given.manager_id) if given.manager_id else None,
            created_at=context.now,
            external_id=given.external_id,
        )
        problem = await _problem(
            store,
            actor.org_id,
            team,
            {"name": given.name, "external_id": given.external_id, "manager_id": given.manager_id},
        )
        return problem or Saved(TEAMS, await insert_team(store, team))

    return await once(context, "createTeam", client_key, given, act)


async def update_team(
    context: Context, client_key: str, team_id: str, changes: Mapping[str, Any], expected_version: int | None
) -> Document | Refusal:
    """The changed team. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_TEAMS)

    async def act(store: Store) -> Outcome:
        team = (await list_teams(store, actor.org_id)).get(TeamId(team_id))
        if team is None:
            return NotFound(team_id)
        if expected_version is not None and expected_version != team.version:
            return VersionConflict(team_id, team.version)
        revised = replace(team, **changes, version=team.version + 1)
        problem = await _problem(store, actor.org_id, revised, changes)
        if problem is not None:
            return problem
        saved = await save_team(store, revised)
        return Saved(TEAMS, saved) if saved is not None else VersionConflict(team_id, team.version)

    given = {"id": team_id, "changes": dict(changes), "expected_version": expected_version}
    return await once(context, "updateTeam", client_key, given, act)


async def _problem(store: Store, org_id: OrgId, team: Team, given: Mapping[str, Any]) -> Refusal | None:
    """Why the team cannot be as it is."""
    problem = problem_with(given)
    if problem is not None:
        return problem
    teams = await list_teams(store, org_id)
    if team.parent_id is not None and team.parent_id not in teams:
        return NotFound(team.parent_id)
    if team.manager_id is not None:
        manager = await find_person(store, Scope.whole_organization(org_id), team.manager_id)
        if manager is None:
            return NotFound(team.manager_id)
        if "manager_id" in given and manager.state in GONE:
            return InvalidInput("managerId", "has left")
    placed = place_team(team, teams)
    return placed if isinstance(placed, Refusal) else None
