"""Deciding by the assignment table who gets a lead, and keeping why.

`decide` and `take` belong into the transaction that saves the lead: resolvers/leads.py and pool.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.access import Capability, Role, Scope
from domain.accounts import Tier
from domain.assignment import (
    AssignmentKind,
    Contender,
    Decision,
    LeadAssignment,
    Skip,
    SkipReason,
    Subject,
    first_match,
    in_turn,
    passed_over,
    take_turn,
)
from domain.assignment_rules import Rule
from domain.errors import BadInput, Unavailable
from domain.ids import AssignmentId, OrgId, PersonId, new_id
from domain.leads import Lead
from domain.people import Person
from domain.places import Point
from domain.refusals import InvalidInput
from domain.sites import locate
from resolvers.context import Context
from storage.assignment_rules import current_table, find_turns, save_turns
from storage.assignments import has_open_leads, insert_assignment, list_members, list_people
from storage.codec import encode
from storage.driver import Document
from storage.leads import hold_active_person
from storage.reads import unique
from storage.sites import find_site
from storage.store import Store


async def decide(store: Store, org_id: OrgId, lead: Subject, now: datetime) -> Decision:
    """Who would get the lead now; nothing is written."""
    table = await current_table(store, org_id)
    rule = first_match(table, lead)
    if rule is None:
        return Decision(table.version)
    contenders = await _contenders(store, org_id, rule)
    skipped: list[Skip] = []
    present: list[Contender] = []
    for each in contenders:
        skip = passed_over(each, now)
        if skip is None:
            present.append(each)
        else:
            skipped.append(skip)
    turns = await find_turns(store, org_id, rule.key)
    # Counting open leads costs a read for each: only those are asked whose turn it is.
    for each in in_turn(turns, present):
        limit = each.max_open_leads
        if limit is not None and await has_open_leads(store, org_id, each.person.id, limit):
            skipped.append(Skip(each.person.id, SkipReason.FULL, limit))
            present.remove(each)
            continue
        return Decision(table.version, rule, each.person, tuple(skipped), take_turn(turns, present, each))
    return Decision(table.version, rule, None, tuple(skipped))


async def take(store: Store, org_id: OrgId, decision: Decision) -> Person | None:
    """Whom the decision chose, their turn taken and held against a departure meanwhile. Raises Unavailable."""
    if decision.chosen is None or decision.turns is None:
        return None
    held = await hold_active_person(store, Scope.whole_organization(org_id), decision.chosen.id)
    if held is None or not await save_turns(store, decision.turns):
        raise Unavailable(1, "Leads are being assigned by the same rule.")
    return held


async def keep_trace(
    store: Store,
    before: Lead | None,
    after: Lead,
    kind: AssignmentKind,
    by_id: PersonId | None,
    now: datetime,
    *,
    decision: Decision | None = None,
    reason: str | None = None,
) -> None:
    """Writes down that `before` (None: a new lead) became `after`, by whom (None: the server) and why."""
    await insert_assignment(store, trace_of(before, after, kind, by_id, now, decision=decision, reason=reason))


def trace_of(
    before: Lead | None,
    after: Lead,
    kind: AssignmentKind,
    by_id: PersonId | None,
    now: datetime,
    *,
    decision: Decision | None = None,
    reason: str | None = None,
) -> LeadAssignment:
    """What `keep_trace` writes down, for those who write many at once."""
    rule = decision.rule if decision is not None else None
    return LeadAssignment(
        id=AssignmentId(new_id("asg", now)),
        org_id=after.org_id,
        lead_id=after.id,
        lead_version=after.version,
        kind=kind,
        at=now,
        by_id=by_id,
        from_id=before.owner_id if before is not None else None,
        to_id=after.owner_id,
        owner_id=after.owner_id,
        team_id=after.team_id,
        rule_key=rule.key if rule else None,
        rule_name=rule.name if rule else None,
        table_version=decision.table_version if decision is not None else None,
        skipped=decision.skipped if decision is not None else (),
        reason=reason,
    )


async def point_of(store: Store, org_id: OrgId, site_id: str | None, point: Point | None) -> Point | None:
    """Where a lead is: the given point, else its site's pin."""
    if point is not None or site_id is None:
        return point
    site = await find_site(store, Scope.whole_organization(org_id), site_id)
    return None if site is None else site.location


async def subject_of(store: Store, lead: Lead) -> Subject:
    """What the rules look at in a lead."""
    point = await point_of(store, lead.org_id, lead.site_id, lead.location)
    return Subject(lead.region, lead.product_line, lead.tier, lead.source, point)


async def preview(context: Context, given: Mapping[str, Any]) -> Document:
    """Who would get a lead like this one now, and why; nothing is taken. Raises Forbidden or BadInput."""
    actor = context.require(Capability.ASSIGN_LEADS)
    point = None
    if "location" in given:
        located = locate(given["location"], "location")
        if isinstance(located, InvalidInput):
            raise BadInput(f"input.{located.field}", located.reason)
        point = located[0]
    site_id = given.get("site_id")
    if site_id is not None and await find_site(context.store, actor.scope, site_id) is None:
        site_id = None
    subject = Subject(
        given.get("region"),
        given.get("product_line"),
        given.get("tier", Tier.C),
        given.get("source"),
        await point_of(context.store, actor.org_id, site_id, point),
    )
    decision = await decide(context.store, actor.org_id, subject, context.now)
    return {
        "table_version": decision.table_version,
        "rule_key": decision.rule.key if decision.rule else None,
        "rule_name": decision.rule.name if decision.rule else None,
        "to_id": decision.chosen.id if decision.chosen else None,
        "pool_team_id": decision.rule.pool_team_id if decision.rule and not decision.chosen else None,
        "skipped": [encode(each) for each in decision.skipped],
    }


async def _contenders(store: Store, org_id: OrgId, rule: Rule) -> list[Contender]:
    """Everybody the rule names, each once; of a team, those who do field work in it."""
    named = [each.person_id for each in rule.candidates if each.person_id is not None]
    people = await list_people(store, org_id, unique(named))
    teams = [each.team_id for each in rule.candidates if each.team_id is not None]
    members = await list_members(store, org_id, teams)
    found: dict[PersonId, Contender] = {}
    for each in rule.candidates:
        if each.person_id is not None:
            those = [people[each.person_id]] if each.person_id in people else []
        else:
            those = [one for one in members if one.team_id == each.team_id and one.role is Role.REP]
        for person in those:
            found.setdefault(person.id, Contender(person, each.weight, each.max_open_leads))
    return list(found.values())
