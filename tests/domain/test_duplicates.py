"""What makes two leads possible duplicates: spellings of numbers, addresses and names."""

from __future__ import annotations

from typing import Any

import pytest

from domain.accounts import Tier
from domain.duplicates import DuplicateMatch, match_keys, matches, same_number
from domain.ids import LeadId, OrgId
from domain.leads import Lead, StageKind
from tests.conftest import START


def a_lead(**given: Any) -> Lead:
    return Lead(
        id=LeadId("led_1"),
        org_id=OrgId("org_1"),
        stage="NEW",
        stage_kind=StageKind.OPEN,
        tier=Tier.C,
        owner_id=None,
        team_id=None,
        occurred_at=START,
        created_at=START,
        updated_at=START,
        **{"name": "Mill", **given},
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+49 30 901820", "030/901820", True),
        ("+49 (0)30 90 18 20", "0049 30 901820", True),
        ("138 1234 5678", "+86 138-1234-5678", True),
        ("１３８１２３４５６７８", "13812345678", True),
        ("+1 (212) 555-0100 ext. 7", "212 555 0100", True),
        ("+1 212 555 0100 x7", "+1 212 555 0100 x8", True),
        ("138 1234 5678", "139 1234 5678", False),
        ("+49 30 901820", "+43 30 901820", False),
        ("030 901820", "040 901820", False),
        ("110", "110", False),
        (None, None, False),
        ("", "call her", False),
    ],
)
def test_numbers(one: str | None, other: str | None, same: bool) -> None:
    assert same_number(one, other) is same_number(other, one) is same
    first, second = a_lead(phone=one), a_lead(phone=other)
    if same:
        assert set(match_keys(first)) & set(match_keys(second)), "it would never be found"
    assert (DuplicateMatch.PHONE in matches(first, second)) is same


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ({"email": "Anna@Mill.test"}, {"email": " anna@mill.test "}, ["EMAIL"]),
        ({"email": "anna@mill.test"}, {"email": "ann@mill.test"}, []),
        ({"name": "Harbour Bakery Ltd.", "region": "North"}, {"name": "HARBOUR-BAKERY LTD", "region": "north "},
         ["NAME_AND_REGION"]),
        ({"name": "Harbour Bakery", "region": "North"}, {"name": "Harbour Bakery", "region": "South"}, []),
        ({"name": "Harbour Bakery"}, {"name": "Harbour Bakery"}, []),
        ({"account_id": "acc_1"}, {"account_id": "acc_1"}, ["ACCOUNT"]),
        ({"account_id": "acc_1", "product_line": "Ovens"}, {"account_id": "acc_1", "product_line": "ovens"},
         ["ACCOUNT"]),
        ({"account_id": "acc_1", "product_line": "Ovens"}, {"account_id": "acc_1"}, []),
        ({"site_id": "sit_1"}, {"site_id": "sit_1"}, ["SITE"]),
        ({"account_id": "x"}, {"site_id": "x"}, []),
        ({"phone": "030 901820", "email": "a@b.c"}, {"phone": "+4930901820", "email": "A@B.C"}, ["PHONE", "EMAIL"]),
    ],
)  # fmt: skip
def test_what_leads_have_in_common(one: dict[str, str], other: dict[str, str], common: list[str]) -> None:
    first, second = a_lead(**one), a_lead(**other)
    assert list(matches(first, second)) == list(matches(second, first)) == common
    shared = {each.split(":")[0] for each in set(match_keys(first)) & set(match_keys(second))}
    assert shared >= set(common)
