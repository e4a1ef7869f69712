"""Limits of an organization's visit cadences, each on both sides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.accounts import Tier
from domain.ids import OrgId
from domain.visit_cadences import DEFAULT_TIERS, TierCadence, VisitCadences, cadences_problem

USUAL = VisitCadences(OrgId("org"), OrgId("org"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, None),
        ({"visits_a_day": 1}, None),
        ({"visits_a_day": 0}, "visitsADay"),
        ({"visits_a_day": 40}, None),
        ({"visits_a_day": 41}, "visitsADay"),
        ({"reserved_percent": 0}, None),
        ({"reserved_percent": -1}, "reservedPercent"),
        ({"reserved_percent": 80}, None),
        ({"reserved_percent": 81}, "reservedPercent"),
        ({"change_minutes": 0}, None),
        ({"change_minutes": -1}, "changeMinutes"),
        ({"change_minutes": 480}, None),
        ({"change_minutes": 481}, "changeMinutes"),
        ({"tiers": DEFAULT_TIERS[:2]}, "tiers"),
        ({"tiers": (*DEFAULT_TIERS, DEFAULT_TIERS[0])}, "tiers"),
    ],
)
def test_limits(changes: dict[str, Any], field: str | None) -> None:
    problem = cadences_problem(replace(USUAL, **changes))
    assert (problem.field if problem else None) == field


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ((1, 1, 1), None),
        ((180, 180, 180), None),
        ((181, 7, 181), "tiers.0.intervalDays"),
        ((0, 0, 0), "tiers.0.intervalDays"),
        ((7, 0, 7), "tiers.0.leastDays"),
        ((7, 8, 9), "tiers.0.leastDays"),
        ((7, 7, 6), "tiers.0.mostDays"),
        ((7, 7, 181), "tiers.0.mostDays"),
    ],
)
def test_limits_of_a_tier(days: tuple[int, int, int], field: str | None) -> None:
    tiers = (TierCadence(Tier.A, *days), *DEFAULT_TIERS[1:])
    problem = cadences_problem(replace(USUAL, tiers=tiers))
    assert (problem.field if problem else None) == field
