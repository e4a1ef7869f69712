"""One rep's day at work: a shift, a plan, drives at the speed of a town, check-ins and stays; for seed/at_work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from domain.places import Point
from domain.tracks import near_distance_m
from resolvers.context import Clock
from seed.at_work.operations import (
    CHECK_IN,
    CHECK_OUT,
    END_SHIFT,
    ME,
    MY_SHIFT,
    MY_SITES,
    NEXT_VISITS,
    OPEN_VISITS,
    PLAN_DAY,
    PUBLISH,
    PUBLISHED,
    REPORT,
    START_SHIFT,
)
from seed.at_work.phone import GaveUpError, Phone
from seed.at_work.way import near, towards
from seed.running import say

HOURS = timedelta(hours=4)
"""So long they work after a start: the embedded database is made for a demo, not for months of positions."""
CADENCE_S = 15
SPEED_MPS = 11.0
STAY_S = (660, 1_200)
"""A stay of ten minutes proves a visit."""
_ARRIVED_M = 30.0
_BASEMENT = 0.15
"""The share of stays without a signal, which the map shows as a gap."""
_OUTCOMES = ("PROGRESS", "PROGRESS", "ORDER", "SERVICE", "NO_INTEREST", "NOBODY_THERE")


class AtWork:
    """A rep with a phone; every choice comes from `chance`, and all waiting goes through `pause` (seconds)."""

    def __init__(
        self,
        phone: Phone,
        clock: Clock,
        chance: Random,
        hours: timedelta = HOURS,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._phone = phone
        self._now = clock
        self._hours = hours
        self._pause = pause
        self._chance = chance
        self._here: Point | None = None
        self._battery_pct = chance.uniform(60, 100)
        self._me: dict[str, Any] = {}

    async def day(self) -> None:
        """Works until the hours are over or the server is gone."""
        try:
            self._me = await self._phone.ask(ME)
            ends = self._now() + self._hours
            await self._begin()
            while self._now() < ends:
                await self._visit()
            await self._phone.ask(END_SHIFT, at=_text(self._now()))
        except GaveUpError as problem:
            say(f"at work: a rep stopped: {problem}")

    async def _begin(self) -> None:
        if await self._phone.ask(MY_SHIFT) is None:
            await self._phone.ask(START_SHIFT, at=_text(self._now()))
        today = str(self._now().astimezone(self._zone).date())
        if not (await self._phone.ask(PUBLISHED, rep=self._me["id"], date=today))["nodes"]:
            plan = await self._phone.ask(PLAN_DAY, date=today)
            if plan.get("state") == "DRAFT":  # else it is a day off, or too late in it
                await self._phone.ask(PUBLISH, id=plan["id"])

    async def _visit(self) -> None:
        """To the next customer, in, and after a stay out again; a visit left open by an earlier start goes first."""
        opened = (await self._phone.ask(OPEN_VISITS, rep=self._me["id"]))["nodes"]
        planned = opened or await self._planned()
        visit, site = (planned[0], planned[0]["site"]) if planned else (None, await self._any_site())
        if site is None:
            await self._pause(CADENCE_S)
            return
        place = Point(site["location"]["latitude"], site["location"]["longitude"])
        if self._here is None:
            # Not at home: the map should have something to show before the first coffee is cold.
            away = (self._chance.uniform(-900, 900) for _ in range(2))
            self._here = place if opened else near(place, *away)
        await self._drive(place)
        if not opened:
            visit = await self._check_in(visit, site)
        if visit is not None:
            await self._stay()
            await self._check_out(visit["id"])

    async def _planned(self) -> list[dict[str, Any]]:
        midnight = datetime.combine(self._now().astimezone(self._zone).date(), time(), self._zone).astimezone(UTC)
        span = {"from": _text(midnight), "before": _text(midnight + timedelta(days=1))}
        found: list[dict[str, Any]] = (await self._phone.ask(NEXT_VISITS, rep=self._me["id"], **span))["nodes"]
        return found

    async def _any_site(self) -> dict[str, Any] | None:
        nodes: list[dict[str, Any]] = (await self._phone.ask(MY_SITES))["nodes"]
        return self._chance.choice(nodes) if nodes else None

    async def _drive(self, place: Point) -> None:
        assert self._here is not None
        while near_distance_m(self._here, place) > _ARRIVED_M:
            step_m = SPEED_MPS * CADENCE_S * self._chance.uniform(0.5, 1.2)
            self._here = towards(self._here, place, step_m)
            await self._report(SPEED_MPS)
            await self._pause(CADENCE_S)

    async def _stay(self) -> None:
        ends = self._now() + timedelta(seconds=self._chance.uniform(*STAY_S))
        hidden = self._chance.random() < _BASEMENT
        while self._now() < ends:
            if not hidden:
                await self._report(0)
            await self._pause(4 * CADENCE_S)

    async def _report(self, speed_mps: float) -> None:
        self._battery_pct = max(5.0, self._battery_pct - 0.05)
        point = self._measured() | {
            "at": _text(self._now()),
            "speedMps": speed_mps,
            "batteryPct": round(self._battery_pct, 1),
        }
        await self._phone.ask(REPORT, input={"cadenceS": CADENCE_S, "points": [point]})

    async def _check_in(self, visit: dict[str, Any] | None, site: dict[str, Any]) -> dict[str, Any] | None:
        given = self._measured() | {"siteId": site["id"], "capturedAt": _text(self._now()), "provider": "GPS"}
        if visit is not None:
            given["visitId"] = visit["id"]
        answer = await self._phone.ask(CHECK_IN, input=given)
        found: dict[str, Any] | None = answer.get("visit")
        return found

    async def _check_out(self, visit_id: str) -> None:
        outcome = self._chance.choice(_OUTCOMES)
        given = self._measured() | {"visitId": visit_id, "capturedAt": _text(self._now()), "provider": "GPS"}
        await self._phone.ask(CHECK_OUT, input=given | {"outcome": outcome})

    def _measured(self) -> dict[str, Any]:
        """What the phone measures: a few metres beside the truth."""
        assert self._here is not None
        seen = near(self._here, self._chance.gauss(0, 4), self._chance.gauss(0, 4))
        return {"latitude": seen.latitude, "longitude": seen.longitude, "datum": "WGS84", "accuracyM": 10.0}

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._me["timeZone"])


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
