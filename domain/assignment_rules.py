"""The table of rules by which new leads find their owner: organization data, saved whole and versioned.

Edited through resolvers/assignment_rules.py; domain/assignment.py decides by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.accounts import Tier
from domain.areas import area_problem
from domain.ids import OrgId, PersonId, TeamId
from domain.places import Point
from domain.refusals import InvalidInput, Refusal

MAX_RULES = 200
MAX_CANDIDATES = 100
MAX_TERRITORIES = 100
MAX_VALUES = 100
MAX_CORNERS_TOGETHER = 4_000
MAX_WEIGHT = 100
MAX_CAPACITY = 10_000
_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person, or everybody with field work in a team, each with this weight and capacity."""

    person_id: PersonId | None = None
    team_id: TeamId | None = None
    weight: int = 1
    max_open_leads: int | None = None


@dataclass(frozen=True, slots=True)
class Territory:
    """A named area that several rules may refer to."""

    key: str
    name: str
    area: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Who gets a lead that meets every condition; an empty condition does not restrict.

    The key outlives edits of the table, and with it the turns of the candidates. Where nobody can take the lead, or
    there are no candidates, it goes to the pool of `pool_team_id`, else to that of whoever created it.
    """

    key: str
    name: str
    candidates: tuple[Candidate, ...] = ()
    pool_team_id: TeamId | None = None
    regions: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    area: tuple[Point, ...] = ()
    product_lines: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AssignmentTable:
    """One version of an organization's rules, in the order in which they are tried."""

    id: OrgId
    org_id: OrgId
    version: int = 0
    rules: tuple[Rule, ...] = ()
    territories: tuple[Territory, ...] = ()
    updated_at: datetime | None = None
    updated_by: PersonId | None = None


@dataclass(frozen=True, slots=True)
class UnknownReference(Refusal):
    """A field of the input names nothing the caller may see."""

    code: ClassVar[str] = "NOT_FOUND"
    field: str
    id: str

    @property
    def message(self) -> str:
        return f"{self.field}: there is nothing with the id {self.id} that you may see."


def table_problem(rules: Sequence[Rule], territories: Sequence[Territory]) -> InvalidInput | None:
    """The first thing about the table that can never be accepted; whether people and teams exist is not looked at."""
    if len(rules) > MAX_RULES:
        return InvalidInput("rules", f"must be at most {MAX_RULES}")
    if len(territories) > MAX_TERRITORIES:
        return InvalidInput("territories", f"must be at most {MAX_TERRITORIES}")
    corners = sum(len(each.area) for each in rules) + sum(len(each.area) for each in territories)
    if corners > MAX_CORNERS_TOGETHER:
        return InvalidInput("rules", f"and territories may have {MAX_CORNERS_TOGETHER} corners together")
    return _territories_problem(territories) or _rules_problem(rules, {each.key for each in territories})


def _territories_problem(territories: Sequence[Territory]) -> InvalidInput | None:
    for number, each in enumerate(territories):
        place = f"territories.{number}"
        problem = (
            _named_problem(place, each.key, each.name)
            or _repeated(f"{place}.key", each.key, (other.key for other in territories[:number]))
            or area_problem(each.area, f"{place}.area")
        )
        if problem is not None:
            return problem
    return None


def _rules_problem(rules: Sequence[Rule], territories: set[str]) -> InvalidInput | None:
    for number, rule in enumerate(rules):
        place = f"rules.{number}"
        problem = (
            _named_problem(place, rule.key, rule.name)
            or _repeated(f"{place}.key", rule.key, (other.key for other in rules[:number]))
            or _candidates_problem(place, rule)
            or _conditions_problem(place, rule, territories)
        )
        if problem is not None:
            return problem
    return None


def _named_problem(place: str, key: str, name: str) -> InvalidInput | None:
    if not _KEY.fullmatch(key):
        return InvalidInput(f"{place}.key", "must be 1 to 40 letters, digits, _ or -")
    if not 1 <= len(name.strip()) <= 120:
        return InvalidInput(f"{place}.name", "must have 1 to 120 characters")
    return None


def _repeated(place: str, key: str, earlier: Iterable[str]) -> InvalidInput | None:
    return InvalidInput(place, "is used twice") if key in set(earlier) else None


def _candidates_problem(place: str, rule: Rule) -> InvalidInput | None:
    if not rule.candidates and rule.pool_team_id is None:
        return InvalidInput(f"{place}.candidates", "must not be empty without a poolTeamId")
    if len(rule.candidates) > MAX_CANDIDATES:
        return InvalidInput(f"{place}.candidates", f"must be at most {MAX_CANDIDATES}")
    seen: set[str] = set()
    for number, each in enumerate(rule.candidates):
        at = f"{place}.candidates.{number}"
        if each.person_id is not None and each.team_id is not None:
            return InvalidInput(f"{at}.teamId", "excludes personId")
        who = each.person_id or each.team_id
        if who is None:
            return InvalidInput(f"{at}.personId", "or teamId must be given")
        if who in seen:
            return InvalidInput(f"{at}.{'personId' if each.person_id else 'teamId'}", "stands in this rule twice")
        seen.add(who)
        if not 1 <= each.weight <= MAX_WEIGHT:
            return InvalidInput(f"{at}.weight", f"must be 1 to {MAX_WEIGHT}")
        if each.max_open_leads is not None and not 1 <= each.max_open_leads <= MAX_CAPACITY:
            return InvalidInput(f"{at}.maxOpenLeads", f"must be 1 to {MAX_CAPACITY}")
    return None


def _conditions_problem(place: str, rule: Rule, territories: set[str]) -> InvalidInput | None:
    for field, values in (
        ("regions", rule.regions),
        ("productLines", rule.product_lines),
        ("sources", rule.sources),
        ("tiers", rule.tiers),
        ("territories", rule.territories),
    ):
        if len(values) > MAX_VALUES:
            return InvalidInput(f"{place}.{field}", f"must be at most {MAX_VALUES}")
        for number, value in enumerate(values):
            if not 1 <= len(value.strip()) <= 120:
                return InvalidInput(f"{place}.{field}.{number}", "must have 1 to 120 characters")
    for number, key in enumerate(rule.territories):
        if key not in territories:
            return InvalidInput(f"{place}.territories.{number}", "is no territory of this table")
    return area_problem(rule.area, f"{place}.area") if rule.area else None
