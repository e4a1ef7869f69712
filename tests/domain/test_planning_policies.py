"""Rules of planning: what can be saved, what holds at first, and the mean speed of a stretch of time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.accounts import Tier
from domain.ids import OrgId
from domain.planning_policies import (
    MAX_VALUE,
    ChangePrice,
    PlanningPolicy,
    SlowHours,
    TierPlanning,
    policy_problem,
    speed_between,
)
from domain.routes import SERVICE_S, visit_value
from routing.travel_times.source import DETOUR, SPEED_KM_H

POLICY = PlanningPolicy(OrgId("org_1"), OrgId("org_1"))
SHANGHAI = ZoneInfo("Asia/Shanghai")
RUSH = (SlowHours(7, 9, 15.0), SlowHours(17, 19, 20.0))


def with_price(**given: int) -> dict[str, Any]:
    return {"change_price": ChangePrice(**given)}


def with_tier(**given: Any) -> dict[str, Any]:
    return {"tiers": (*POLICY.tiers[:2], replace(POLICY.tiers[2], **given))}


def test_an_organization_begins_with_the_usual_rules() -> None:
    assert (POLICY.detour_factor, POLICY.speed_km_h) == (DETOUR, SPEED_KM_H)
    assert POLICY.lunch_times() == (time(11, 30), time(13, 30))
    assert POLICY.lunch_minutes == 45
    assert {tier: POLICY.service_s(tier) for tier in Tier} == dict.fromkeys(Tier, SERVICE_S)
    assert {tier: visit_value(tier, 0) for tier in Tier} == {Tier.A: 100, Tier.B: 50, Tier.C: 20}
    assert visit_value(Tier.C, 0, sla_due=True) == 220


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, None),
        ({"detour_factor": 1.0}, None),
        ({"detour_factor": 0.99}, "detourFactor"),
        ({"detour_factor": 3.0}, None),
        ({"detour_factor": 3.01}, "detourFactor"),
        ({"detour_factor": float("nan")}, "detourFactor"),
        ({"speed_km_h": 3.0}, None),
        ({"speed_km_h": 2.9}, "speedKmH"),
        ({"speed_km_h": 130.0}, None),
        ({"speed_km_h": 130.1}, "speedKmH"),
        ({"slow_hours": RUSH}, None),
        ({"slow_hours": tuple(SlowHours(n, n + 1, 9.0) for n in range(6))}, None),
        ({"slow_hours": tuple(SlowHours(n, n + 1, 9.0) for n in range(7))}, "slowHours"),
        ({"slow_hours": (SlowHours(23, 24, 9.0),)}, None),
        ({"slow_hours": (SlowHours(24, 25, 9.0),)}, "slowHours.0.fromHour"),
        ({"slow_hours": (SlowHours(-1, 3, 9.0),)}, "slowHours.0.fromHour"),
        ({"slow_hours": (SlowHours(23, 25, 9.0),)}, "slowHours.0.untilHour"),
        ({"slow_hours": (SlowHours(7, 7, 9.0),)}, "slowHours.0.untilHour"),
        ({"slow_hours": (SlowHours(7, 9, 9.0), SlowHours(9, 10, 9.0))}, None),
        ({"slow_hours": (SlowHours(7, 9, 9.0), SlowHours(8, 10, 9.0))}, "slowHours.1.fromHour"),
        ({"slow_hours": (SlowHours(7, 9, 2.0),)}, "slowHours.0.speedKmH"),
        ({"lunch_from": "9:00"}, "lunchFrom"),
        ({"lunch_from": "24:00"}, "lunchFrom"),
        ({"lunch_until": "noon"}, "lunchUntil"),
        ({"lunch_from": "13:30"}, "lunchUntil"),
        ({"lunch_minutes": 0}, None),
        ({"lunch_minutes": -1}, "lunchMinutes"),
        ({"lunch_minutes": 120}, None),
        ({"lunch_minutes": 121}, "lunchMinutes"),
        ({"tiers": ()}, "tiers"),
        ({"tiers": POLICY.tiers[:2]}, "tiers"),
        ({"tiers": (*POLICY.tiers, TierPlanning(Tier.A, 1))}, "tiers"),
        (with_tier(value=1), None),
        (with_tier(value=0), "tiers.2.value"),
        (with_tier(value=MAX_VALUE), None),
        (with_tier(value=MAX_VALUE + 1), "tiers.2.value"),
        (with_tier(service_minutes=5), None),
        (with_tier(service_minutes=4), "tiers.2.serviceMinutes"),
        (with_tier(service_minutes=480), None),
        (with_tier(service_minutes=481), "tiers.2.serviceMinutes"),
        ({"promise_value": 0}, None),
        ({"promise_value": -1}, "promiseValue"),
        ({"promise_value": MAX_VALUE + 1}, "promiseValue"),
        (with_price(moved=0, reassigned=0, dropped=0, moved_after_minutes=1), None),
        (with_price(moved=-1), "changePrice.moved"),
        (with_price(reassigned=MAX_VALUE + 1), "changePrice.reassigned"),
        (with_price(dropped=-1), "changePrice.dropped"),
        (with_price(moved_after_minutes=0), "changePrice.movedAfterMinutes"),
        (with_price(moved_after_minutes=240), None),
        (with_price(moved_after_minutes=241), "changePrice.movedAfterMinutes"),
    ],
)
def test_what_can_be_saved(change: dict[str, Any], field: str | None) -> None:
    problem = policy_problem(replace(POLICY, **change))
    assert (problem.field if problem is not None else None) == field


@pytest.mark.parametrize(
    ("start", "hours", "speed"),
    [
        ("2026-11-23 06:00", 1, 30.0),
        ("2026-11-23 07:00", 2, 15.0),
        ("2026-11-23 08:00", 2, 22.5),
        ("2026-11-23 08:30", 1.5, (15 * 0.5 + 30) / 1.5),
        ("2026-11-23 06:00", 24, (15 * 2 + 20 * 2 + 30 * 20) / 24),
        ("2026-11-23 18:00", 0, 20.0),
        ("2026-11-23 19:00", 0, 30.0),
    ],
)
def test_a_plan_reckons_with_the_mean_speed_of_its_time(start: str, hours: float, speed: float) -> None:
    at = datetime.strptime(start, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI).astimezone(UTC)
    policy = replace(POLICY, slow_hours=RUSH)
    assert speed_between(policy, at, at + timedelta(hours=hours), SHANGHAI) == pytest.approx(speed)


def test_a_visit_is_worth_what_the_policy_says() -> None:
    policy = replace(POLICY, **with_tier(value=60), promise_value=10)
    assert visit_value(Tier.C, 14, policy=policy) == 90
    assert visit_value(Tier.C, 0, sla_due=True, policy=policy) == 70
