"""Stored check-ins under another policy: the list says what would change and nothing is written."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.check_in_policies import DEFAULT_POLICY
from resolvers.services import Services
from seed.importing import unseen
from seed.rejudging import read_policy, rejudge
from seed.running import UsageError
from tests.conftest import StoppedClock
from tests.support.field_work import PIN, check_in, check_out, make_site, north_of_pin
from tests.support.world import World


async def a_day(world: World, clock: StoppedClock) -> dict[str, dict[str, Any]]:
    """One check-in of each kind."""
    strict, soft = await make_site(world.rep, "A"), await make_site(world.rep, "B")
    far = await make_site(world.rep, "B", coordinates=north_of_pin(30_000))
    told = {}
    for name, site_id, metres, given in [
        ("inside", strict, 0, {}),
        ("pin", soft, 0, PIN),
        ("weak", soft, 20, {"accuracyM": 150.0, "reason": "thick walls"}),
        ("hurried", far, 30_000, {}),
    ]:
        clock.advance(minutes=4 if name == "hurried" else 60)
        told[name] = await check_in(world.rep, site_id, clock.now, metres, **given)
        await check_out(world.rep, told[name]["visit"]["id"], clock.now, latitude=None)
    clock.advance(minutes=60)
    told["refused"] = await check_in(world.rep, strict, clock.now, 350)
    return told


@pytest.fixture
def policy_file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A file that holds the test's `changes`."""
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(request.node.callspec.params.get("changes")))
    return path


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (None, set()),
        ({}, set()),
        ({"signs": {"review_score": 2}}, {("pin", "INSIDE, counts", "INSIDE, under review")}),
        ({"modes": {"A": "OFF"}}, {("refused", "OUTSIDE, refused: OUTSIDE_GEOFENCE", "OUTSIDE, counts")}),
        ({"fence": {"good_accuracy_m": 150}}, {("weak", "INSIDE_WEAK, unverified", "INSIDE, counts")}),
        ({"fence": {"usable_accuracy_m": 140}}, {("weak", "INSIDE_WEAK, unverified", "NO_VERDICT, unverified")}),
        ({"signs": {"impossible_far_mps": 120}}, {("hurried", "INSIDE, counts", "INSIDE, under review")}),
    ],
)
async def test_the_list_says_what_would_change(
    world: World,
    services: Services,
    clock: StoppedClock,
    policy_file: Path,
    changes: dict[str, Any] | None,
    expected: set[tuple[str, str, str]],
) -> None:
    told = await a_day(world, clock)
    stored = await services.store["check_ins"].find({"org_id": world.org_id}, limit=50, order=[("_id", 1)])
    names = {each["id"]: name for name, each in told.items() if "id" in each}
    policy = read_policy(None if changes is None else policy_file)
    since = clock.now - timedelta(days=30)
    found = await rejudge(services.store, world.org_id, policy, since, clock.now, progress=unseen)
    assert {(names.get(each.id, "refused"), each.before, each.after) for each in found.changes} == expected
    assert (found.check_ins, found.counts.total()) == (5, len(expected))
    assert await services.store["check_ins"].find({"org_id": world.org_id}, limit=50, order=[("_id", 1)]) == stored


async def test_only_the_time_that_is_asked_for_is_listed(world: World, services: Services, clock: StoppedClock) -> None:
    await a_day(world, clock)
    found = await rejudge(services.store, world.org_id, DEFAULT_POLICY, clock.now, clock.now, progress=unseen)
    assert found.check_ins == 1


@pytest.mark.parametrize("text", ["", "[]", '{"speed": 1}', "\x00"])
def test_a_file_that_is_no_policy_is_said_to_be_none(policy_file: Path, text: str) -> None:
    policy_file.write_text(text)
    with pytest.raises(UsageError, match=r"policy\.json"):
        read_policy(policy_file)
    with pytest.raises(UsageError):
        read_policy(policy_file.with_name("missing.json"))
