"""Who gets a lead: the first rule that fits, whose turn it is within it, and the trace of every change of hands.

Pure; resolvers/assignments.py reads what is needed, asks here and saves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from domain.access import CAPABILITIES, Capability
from domain.accounts import Tier
from domain.areas import contains
from domain.assignment_rules import AssignmentTable, Rule
from domain.attendance import is_absent
from domain.ids import AssignmentId, LeadId, OrgId, PersonId, TeamId
from domain.people import Person, PersonState
from domain.places import Point


class AssignmentMode(StrEnum):
    """Who says who gets a new lead."""

    CALLER = "CALLER"
    AUTO = "AUTO"


class AssignmentKind(StrEnum):
    """How a lead changed hands."""

    OWN = "OWN"
    MANUAL = "MANUAL"
    RULE = "RULE"
    POOL = "POOL"
    CLAIM = "CLAIM"
    RELEASE = "RELEASE"
    RECLAIM = "RECLAIM"
    HAND_OVER = "HAND_OVER"
    IMPORTED = "IMPORTED"


class SkipReason(StrEnum):
    """Why somebody whose turn it could have been did not get the lead."""

    ABSENT = "ABSENT"
    DEPARTED = "DEPARTED"
    FULL = "FULL"


@dataclass(frozen=True, slots=True)
class Subject:
    """What the conditions of rules look at."""

    region: str | None = None
    product_line: str | None = None
    tier: Tier = Tier.C
    source: str | None = None
    point: Point | None = None


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody a rule names, directly or by their team."""

    person: Person
    weight: int = 1
    max_open_leads: int | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """Somebody who was passed over; `limit` is the capacity of one who is full."""

    person_id: PersonId
    reason: SkipReason
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Turns:
    """Whose turn it is within one rule. `credits` is what each is owed, `given` how many each got so far."""

    id: str
    org_id: OrgId
    credits: Mapping[str, int] = field(default_factory=dict)
    given: Mapping[str, int] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, slots=True)
class Decision:
    """What the table says about one lead: nobody where no rule fits or all candidates were passed over."""

    table_version: int
    rule: Rule | None = None
    chosen: Person | None = None
    skipped: tuple[Skip, ...] = ()
    turns: Turns | None = None
    """The turns after this one, to be saved with the lead."""


@dataclass(frozen=True, slots=True)
class LeadAssignment:
    """One change of hands and why. `owner_id` and `team_id` are the lead's present ones: who may read its history.

    `lead_version` is the lead's version after it, which puts the changes of one lead in order.
    """

    id: AssignmentId
    org_id: OrgId
    lead_id: LeadId
    lead_version: int
    kind: AssignmentKind
    at: datetime
    by_id: PersonId | None
    from_id: PersonId | None
    to_id: PersonId | None
    owner_id: PersonId | None
    team_id: TeamId | None
    rule_key: str | None = None
    rule_name: str | None = None
    table_version: int | None = None
    skipped: tuple[Skip, ...] = ()
    reason: str | None = None


def turns_id(org_id: OrgId, rule_key: str) -> str:
    """The id of a rule's turns."""
    return f"{org_id}:{rule_key}"


def first_match(table: AssignmentTable, lead: Subject) -> Rule | None:
    """The first rule whose conditions the lead meets."""
    areas = {each.key: each.area for each in table.territories}

    def lies_in(rule: Rule) -> bool:
        point = lead.point
        if rule.area and (point is None or not contains(rule.area, point)):
            return False
        wanted = [areas[key] for key in rule.territories if key in areas]
        return not rule.territories or (point is not None and any(contains(area, point) for area in wanted))

    for rule in table.rules:
        if (
            (not rule.tiers or lead.tier in rule.tiers)
            and _says(rule.regions, lead.region)
            and _says(rule.product_lines, lead.product_line)
            and _says(rule.sources, lead.source)
            and lies_in(rule)
        ):
            return rule
    return None


def _says(wanted: Sequence[str], value: str | None) -> bool:
    """Whether the value is one of those wanted, whatever its case and the blanks around it."""
    if not wanted:
        return True
    return value is not None and value.strip().casefold() in {each.strip().casefold() for each in wanted}


def can_be_given_leads(person: Person) -> bool:
    """Whether the person works in the field and has not left."""
    return person.state is PersonState.ACTIVE and Capability.DO_FIELD_WORK in CAPABILITIES[person.role]


def passed_over(contender: Contender, now: datetime) -> Skip | None:
    """Why somebody cannot be given a lead at all now."""
    person = contender.person
    if not can_be_given_leads(person):
        return Skip(person.id, SkipReason.DEPARTED)
    return Skip(person.id, SkipReason.ABSENT) if is_absent(person, now) else None


def in_turn(turns: Turns, present: Sequence[Contender]) -> list[Contender]:
    """The contenders, who is owed most first; equal ones in the rule's order."""
    return sorted(present, key=lambda each: -(turns.credits.get(each.person.id, 0) + each.weight))


def take_turn(turns: Turns, present: Sequence[Contender], chosen: Contender) -> Turns:
    """The turns after `chosen` got a lead: everybody present is owed their weight more, the chosen one all of it less.

    So shares follow the weights after every single lead, and whoever was away is not owed what they missed.
    """
    owed = {**turns.credits}
    for each in present:
        owed[each.person.id] = owed.get(each.person.id, 0) + each.weight
    who = chosen.person.id
    owed[who] -= sum(each.weight for each in present)
    given = {**turns.given, who: turns.given.get(who, 0) + 1}
    return replace(turns, credits=owed, given=given, version=turns.version + 1)
