"""The demo's reps at work: hours of a rep in a second, on the real API with a clock that the phone moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random
from typing import Any

import httpx
import pytest

from resolvers.services import Services
from seed.at_work.phone import Phone
from seed.at_work.rep import AtWork
from tests.conftest import StoppedClock
from tests.support.planned_days import on_duty, place
from tests.support.sign_in import PASSWORD, give_password
from tests.support.world import World

DAY = """query ($rep: ID!) {
  visits(first: 50, filter: {repId: $rep}) { nodes { state verified } }
  routePlans(filter: {repId: $rep}) { nodes { state } }
  track(repId: $rep, date: "2026-11-23") { drivenM gaps { fromAt } }
  teamMap { nodes { personId state } }
}"""


@pytest.fixture
async def http(api_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=api_url) as client:
        yield client


async def test_a_rep_drives_checks_in_and_goes_home(
    world: World, services: Services, http: httpx.AsyncClient, clock: StoppedClock
) -> None:
    rep = world.rep
    await give_password(services, rep.person)
    await on_duty(services, rep)
    for number in range(4):
        await place(services, rep, number)

    async def pause(seconds: float) -> None:
        clock.advance(seconds=seconds)

    await AtWork(Phone(http, rep.person.email, PASSWORD), clock, Random(4), timedelta(hours=1), pause).day()
    day: dict[str, Any] = await world.manager.api.data(DAY, rep=rep.id)
    assert [each["state"] for each in day["routePlans"]["nodes"]] == ["PUBLISHED"]
    states = [each["state"] for each in day["visits"]["nodes"]]
    assert states.count("DONE") >= 2
    assert set(states) <= {"DONE", "TOUCH"}
    assert any(each["verified"] for each in day["visits"]["nodes"])
    assert day["track"]["drivenM"] > 1_000
    assert {each["personId"]: each["state"] for each in day["teamMap"]["nodes"]}[rep.id] == "OFF_DUTY"
