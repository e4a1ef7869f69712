"""Reading and saving an organization's assignment table. Called by schema/assignment_rules.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.access import Capability
from domain.assignment import can_be_given_leads
from domain.assignment_rules import (
    AssignmentTable,
    Candidate,
    Rule,
    Territory,
    UnknownReference,
    table_problem,
)
from domain.places import Point
from domain.refusals import IdTaken, InvalidInput, Refusal, VersionConflict
from domain.sites import locate
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.assignment_rules import TABLES, current_table, find_table, save_table
from storage.assignments import list_people
from storage.codec import encode
from storage.driver import Document
from storage.people import list_teams
from storage.reads import unique
from storage.store import Store


async def assignment_table(context: Context, version: int | None) -> Document | None:
    """The current table or that version; None where it never was. Raises Forbidden."""
    actor = context.require(Capability.ASSIGN_LEADS)
    if version is None:
        return encode(await current_table(context.store, actor.org_id))
    found = await find_table(context.store, actor.org_id, version)
    return None if found is None else encode(found)


async def save_assignment_table(
    context: Context, client_key: str, given: Mapping[str, Any], expected_version: int
) -> Document | Refusal:
    """The whole table in its next version. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_ASSIGNMENT)

    async def act(store: Store) -> Outcome:
        described = _described(given)
        if isinstance(described, InvalidInput):
            return described
        rules, territories = described
        problem = table_problem(rules, territories) or await _people_problem(context, store, rules)
        if problem is not None:
            return problem
        before = await current_table(store, actor.org_id)
        if before.version != expected_version:
            return VersionConflict(actor.org_id, before.version)
        after = AssignmentTable(
            actor.org_id, actor.org_id, before.version + 1, rules, territories, context.now, actor.person_id
        )
        saved = await save_table(store, after)
        return VersionConflict(actor.org_id, before.version) if saved is None else Saved(TABLES, saved)

    said = {"input": given, "expected_version": expected_version}
    answer = await once(context, "saveAssignmentTable", client_key, said, act)
    # Two who saved the first one at once.
    return VersionConflict(actor.org_id, 1) if isinstance(answer, IdTaken) else answer


def _described(given: Mapping[str, Any]) -> tuple[tuple[Rule, ...], tuple[Territory, ...]] | InvalidInput:
    territories = []
    for number, each in enumerate(given.get("territories", ())):
        area = _area(each["area"], f"territories.{number}.area")
        if isinstance(area, InvalidInput):
            return area
        territories.append(Territory(each["key"], each["name"], area))
    rules = []
    for number, each in enumerate(given["rules"]):
        area = _area(each.get("area", ()), f"rules.{number}.area")
        if isinstance(area, InvalidInput):
            return area
        many = {name: tuple(value) for name, value in each.items() if isinstance(value, list)}
        candidates = tuple(Candidate(**candidate) for candidate in each.get("candidates", ()))
        rules.append(Rule(**{**each, **many, "candidates": candidates, "area": area}))
    return tuple(rules), tuple(territories)


def _area(corners: Sequence[Mapping[str, Any]], field: str) -> tuple[Point, ...] | InvalidInput:
    points = []
    for number, corner in enumerate(corners):
        located = locate(corner, f"{field}.{number}")
        if isinstance(located, InvalidInput):
            return located
        points.append(located[0])
    return tuple(points)


async def _people_problem(context: Context, store: Store, rules: Sequence[Rule]) -> Refusal | None:
    """The first person or team that is unknown, or has left."""
    org_id = context.me.org_id
    candidates = [candidate for rule in rules for candidate in rule.candidates]
    people = await list_people(store, org_id, unique([each.person_id for each in candidates if each.person_id]))
    teams = await list_teams(store, org_id)
    for at, rule in enumerate(rules):
        if rule.pool_team_id is not None and rule.pool_team_id not in teams:
            return UnknownReference(f"rules.{at}.poolTeamId", rule.pool_team_id)
        for number, each in enumerate(rule.candidates):
            place = f"rules.{at}.candidates.{number}"
            if each.team_id is not None and each.team_id not in teams:
                return UnknownReference(f"{place}.teamId", each.team_id)
            if each.person_id is not None and each.person_id not in people:
                return UnknownReference(f"{place}.personId", each.person_id)
            if each.person_id is not None and not can_be_given_leads(people[each.person_id]):
                return InvalidInput(f"{place}.personId", "has left or does no field work")
    return None
