"""Whose turn it is within a rule, and what the conditions of rules look at."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Role
from domain.accounts import Tier
from domain.areas import area_problem, contains
from domain.assignment import Contender, Subject, Turns, first_match, in_turn, passed_over, take_turn
from domain.assignment_rules import AssignmentTable, Candidate, Rule, Territory, table_problem
from domain.ids import OrgId, PersonId
from domain.people import PersonState
from domain.places import Point
from tests.conftest import START
from tests.support.outbox import a_person

ORG = OrgId("org_00000000-0000-4000-8000-000000000001")
SOMEBODY = a_person(ORG, START)
SQUARE = (Point(30, 120), Point(30, 121), Point(31, 121), Point(31, 120))


def contender(number: int, weight: int = 1) -> Contender:
    return Contender(replace(SOMEBODY, id=PersonId(f"per_{number:02}")), weight)


def dealt(turns: Turns, present: list[Contender]) -> tuple[PersonId, Turns]:
    chosen = in_turn(turns, present)[0]
    return chosen.person.id, take_turn(turns, present, chosen)


@given(st.integers(1, 12), st.integers(1, 80))
def test_equal_weights_differ_by_one_at_the_most_after_every_lead(people: int, leads: int) -> None:
    turns, present = Turns("rule", ORG), [contender(number) for number in range(people)]
    for _ in range(leads):
        _, turns = dealt(turns, present)
        shares = [turns.given.get(each.person.id, 0) for each in present]
        assert max(shares) - min(shares) <= 1


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_weights_are_kept_exactly_in_every_round_and_never_overtaken(weights: list[int]) -> None:
    turns, present = Turns("rule", ORG), [contender(number, weight) for number, weight in enumerate(weights)]
    total = sum(weights)
    for leads in range(1, 2 * total + 1):
        _, turns = dealt(turns, present)
        for each in present:
            assert turns.given.get(each.person.id, 0) < Fraction(leads * each.weight, total) + 1
    assert [turns.given[each.person.id] for each in present] == [2 * weight for weight in weights]


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4).filter(any), max_size=60))
def test_whoever_comes_and_goes_is_never_owed_more_than_a_round(presence: list[list[bool]]) -> None:
    turns, everybody = Turns("rule", ORG), [contender(number) for number in range(4)]
    for row in presence:
        present = [each for each, there in zip(everybody, row, strict=True) if there]
        who, turns = dealt(turns, present)
        assert who in {each.person.id for each in present}
        assert sum(turns.credits.values()) == 0
    after = Counter[str]()
    for _ in range(4 * 4):
        who, turns = dealt(turns, everybody)
        after[who] += 1
    assert max(after.values()) - min(after[each.person.id] for each in everybody) <= 4


@pytest.mark.parametrize(
    ("rule", "lead", "fits"),
    [
        (Rule("r", "r"), Subject(), True),
        (Rule("r", "r", regions=("North ", "East")), Subject(region=" east"), True),
        (Rule("r", "r", regions=("North",)), Subject(), False),
        (Rule("r", "r", regions=("STRASSE",)), Subject(region="Straße"), True),
        (Rule("r", "r", tiers=(Tier.A, Tier.B)), Subject(tier=Tier.B), True),
        (Rule("r", "r", tiers=(Tier.A,)), Subject(tier=Tier.B), False),
        (Rule("r", "r", sources=("Fair",), product_lines=("Ovens",)), Subject(source="fair"), False),
        (Rule("r", "r", area=SQUARE), Subject(point=Point(30.5, 120.5)), True),
        (Rule("r", "r", area=SQUARE), Subject(point=Point(31.5, 120.5)), False),
        (Rule("r", "r", area=SQUARE), Subject(), False),
        (Rule("r", "r", territories=("far", "square")), Subject(point=Point(30.5, 120.5)), True),
        (Rule("r", "r", territories=("far",)), Subject(point=Point(30.5, 120.5)), False),
        (Rule("r", "r", territories=("square",), area=(Point(0, 0), Point(0, 1), Point(1, 0))), Subject(), False),
    ],
)
def test_a_rule_fits_where_all_its_conditions_do(rule: Rule, lead: Subject, fits: bool) -> None:
    territories = (
        Territory("square", "Square", SQUARE),
        Territory("far", "Far", (Point(0, 0), Point(0, 1), Point(1, 0))),
    )
    table = AssignmentTable(ORG, ORG, 1, (rule,), territories)
    assert (first_match(table, lead) is rule) is fits


def test_who_left_or_works_inside_is_passed_over() -> None:
    for person, reason in (
        (SOMEBODY, None),
        (replace(SOMEBODY, state=PersonState.DEACTIVATED), "DEPARTED"),
        (replace(SOMEBODY, state=PersonState.INVITED), "DEPARTED"),
        (replace(SOMEBODY, role=Role.SUPPORT), "DEPARTED"),
    ):
        skip = passed_over(Contender(person), START)
        assert (skip.reason if skip else None) == reason


@given(st.floats(29.5, 31.5), st.floats(119.5, 122.5), st.floats(0.1, 1.9), st.floats(0.1, 1.9))
def test_neighbours_share_no_point_and_leave_none(up: float, along: float, one: float, other: float) -> None:
    """A band cut in two by a slanting border."""
    west = (Point(30, 120), Point(30, 120 + one), Point(31, 120 + other), Point(31, 120))
    east = (Point(30, 120 + one), Point(30, 122), Point(31, 122), Point(31, 120 + other))
    band = (Point(30, 120), Point(30, 122), Point(31, 122), Point(31, 120))
    point = Point(up, along)
    assert contains(west, point) + contains(east, point) == contains(band, point)


def test_territories_cross_the_date_line() -> None:
    fiji = (Point(-20, 176), Point(-20, -178), Point(-15, -178), Point(-15, 176))
    assert area_problem(fiji) is None
    assert contains(fiji, Point(-17, 179))
    assert contains(fiji, Point(-17, -179))
    assert not contains(fiji, Point(-17, 0))
    assert not contains(fiji, Point(-17, -177))


@pytest.mark.parametrize(
    "area",
    [
        (SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]),
        (SQUARE[0], SQUARE[0], SQUARE[1]),
        (Point(0, 0), Point(1, 1), Point(2, 2)),
    ],
)
def test_areas_that_are_none(area: tuple[Point, ...]) -> None:
    assert area_problem(area) is not None


def test_the_table_has_limits() -> None:
    rule = Rule("r", "r", (Candidate(person_id=PersonId("per_1")),))
    assert table_problem([rule], []) is None
    many = [replace(rule, key=f"r{number}") for number in range(201)]
    for rules, field in ((many, "rules"), ([rule, rule], "rules.1.key")):
        problem = table_problem(rules, [])
        assert problem is not None
        assert problem.field == field
