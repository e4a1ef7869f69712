"""The schema against the one apps were built for: nothing breaks by accident, and what goes is announced."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest
from graphql import build_schema as parse_schema

from schema.root import build_schema
from tests.support.schema_care import breaking_changes, problems_with_deprecations

ROOT = Path(__file__).parents[2]
RELEASED = parse_schema((ROOT / "schema.released.graphql").read_text(encoding="utf-8"))
CURRENT = build_schema()._schema
ACCEPTED = tomllib.loads((ROOT / "schema.accepted.toml").read_text(encoding="utf-8")).get("accepted", [])
SMALL = """
type Query { lead(first: Int! = 5): Lead, old: String }
type Lead { name: String!, note: String }
enum Tier { A B }
input LeadInput { name: String! }
union Outcome = Lead
"""


def test_nothing_breaks_that_is_not_accepted() -> None:
    changes = breaking_changes(RELEASED, CURRENT)
    accepted = [each["change"] for each in ACCEPTED]
    assert [each for each in changes if each not in accepted] == [], "see docs/deprecation.md"
    assert [each for each in accepted if each not in changes] == [], "accepted, but it is no change any more"


def test_what_is_accepted_says_why_and_when() -> None:
    for each in ACCEPTED:
        assert set(each) == {"change", "reason", "date"}
        assert len(each["reason"]) > 20
        assert isinstance(each["date"], date)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("note: String", "", "Lead.note was removed"),
        ("name: String! }\nunion", "name: String!, tier: Tier! }\nunion", "tier"),
        ("name: String!,", "name: String,", "Lead.name changed type"),
        ("A B", "A", "Tier.B"),
        ("= 5", "= 6", "changed"),
        ("old: String", "", "Query.old was removed"),
        ("note: String", "note: Int", "Lead.note changed type"),
    ],
)
def test_a_breaking_change_is_seen(before: str, after: str, told: str) -> None:
    assert before in SMALL
    (found,) = breaking_changes(parse_schema(SMALL), parse_schema(SMALL.replace(before, after, 1)))
    assert told in found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A B", "A B C"),
        ("note: String", "note: String!, region: String"),
        ("name: String! }\nunion", "name: String!, tier: Tier }\nunion"),
        ("first: Int! = 5", "first: Int! = 5, after: String"),
        ("= Lead", "= Lead | Query"),
    ],
)
def test_growth_breaks_nothing(before: str, after: str) -> None:
    assert before in SMALL
    assert breaking_changes(parse_schema(SMALL), parse_schema(SMALL.replace(before, after, 1))) == []


def test_every_deprecation_says_what_to_use_and_until_when() -> None:
    assert problems_with_deprecations(CURRENT) == []


@pytest.mark.parametrize(
    ("reason", "fine"),
    [
        ("Use Lead.name instead. Goes after 2027-06-30.", True),
        ("Use Tier instead. Goes after 2027-06-30.", True),
        ("Use nothing instead. Goes after 2027-06-30.", True),
        ("Use Lead.title instead. Goes after 2027-06-30.", False),
        ("Use Lead.name instead.", False),
        ("No longer supported", False),
        ("Use Lead.name instead. Goes after June.", False),
    ],
)
def test_the_form_of_a_reason(reason: str, fine: bool) -> None:
    schema = parse_schema(SMALL.replace("note: String", f'note: String @deprecated(reason: "{reason}")'))
    assert (problems_with_deprecations(schema) == []) is fine
