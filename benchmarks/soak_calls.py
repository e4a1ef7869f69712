"""Those who call the server in benchmarks/soak.py and what they do: reading, positions, doors."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from benchmarks.load import post
from benchmarks.serving_data import CHECK_IN, HOME, LEAD, LIST, PIN, REPS, Amounts, ArrivingRep, lead_id
from domain.ids import PersonId

AMOUNTS = Amounts(accounts=500, leads=4_000, visits=4_000, arrivals=40)
REQUESTS_PER_CONNECTION = 500
RETRIES = 10
START_SHIFT = """mutation ($key: String!, $at: DateTime!) {
  startShift(clientKey: $key, at: $at) { __typename ... on Refusal { code message } } }"""
CHECK_OUT = """mutation ($key: String!, $input: CheckOutInput!) {
  checkOut(clientKey: $key, input: $input) { __typename ... on Visit { id state } ... on Refusal { code message } } }"""
POSITIONS = """mutation ($key: String!, $input: ReportPositionsInput!) {
  reportPositions(clientKey: $key, input: $input) {
    __typename ... on PositionsReceived { accepted } ... on Refusal { code message } } }"""


class WrongAnswerError(Exception):
    """An answer with errors or a refusal."""


@dataclass
class Crowd:
    """Those who call, their tokens and what they do next."""

    tokens: dict[PersonId, str]
    leads_of: list[PersonId]
    walking: list[PersonId]
    begin: datetime
    random: random.Random = field(default_factory=lambda: random.Random(2026))
    number: int = 0
    inside: dict[PersonId, str] = field(default_factory=dict)
    busy: set[PersonId] = field(default_factory=set)

    def key(self) -> str:
        """A new client key."""
        self.number += 1
        return f"soak-{self.begin:%H%M%S}-{self.number:09d}"

    def reading(self) -> tuple[str, dict[str, Any]]:
        """A home screen, a lead or a list of somebody: token and body."""
        which = self.random.randrange(REPS)
        token = self.tokens[self.leads_of[which]]
        match self.random.choices(("lead", "home", "list"), (40, 30, 20))[0]:
            case "lead":
                number = self.random.randrange(AMOUNTS.leads // REPS) * REPS + which
                return token, {"query": LEAD, "variables": {"id": lead_id(number)}}
            case "home":
                begin = self.begin + timedelta(minutes=self.random.randrange(60))
                span = {"from": begin.isoformat(), "before": (begin + timedelta(hours=8)).isoformat()}
                return token, {"query": HOME, "variables": span}
        return token, {"query": LIST}

    def positions(self, now: datetime) -> dict[str, Any]:
        """A batch of two fixes."""
        points = [
            {
                "latitude": PIN.latitude + self.random.uniform(-0.01, 0.01),
                "longitude": PIN.longitude,
                "datum": "WGS84",
                "accuracyM": 10.0,
                "at": (now - timedelta(seconds=seconds)).isoformat(timespec="milliseconds"),
            }
            for seconds in (30, 1)
        ]
        return {"query": POSITIONS, "variables": {"key": self.key(), "input": {"cadenceS": 30, "points": points}}}

    def door(self, rep: PersonId, now: datetime) -> dict[str, Any]:
        """In where the rep is outside, out where the rep is inside."""
        at = now.isoformat(timespec="milliseconds")
        visit = self.inside.get(rep)
        if visit is not None:
            given: dict[str, Any] = {"visitId": visit, "capturedAt": at, "outcome": "PROGRESS"}
            return {"query": CHECK_OUT, "variables": {"key": self.key(), "input": given}}
        spot = {"latitude": PIN.latitude, "longitude": PIN.longitude, "datum": "WGS84", "accuracyM": 8.0}
        site = ArrivingRep(self.random.randrange(AMOUNTS.accounts)).site_id(AMOUNTS)
        given = spot | {"siteId": site, "capturedAt": at}
        return {"query": CHECK_IN, "variables": {"key": self.key(), "input": given}}


class Phone:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._uses = 0
        self.retries = 0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, token: str, body: dict[str, Any], patience: int = RETRIES) -> Any:
        """The value of the first root field. Raises WrongAnswerError, OSError or asyncio.IncompleteReadError."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(post("/graphql", token, body).wire)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        content = await reader.readexactly(length)
        self._uses += 1
        if self._uses % REQUESTS_PER_CONNECTION == 0:
            self.close()
        answer = orjson.loads(content)
        if not head.startswith(b"HTTP/1.1 200") or "errors" in answer:
            raise WrongAnswerError(content.decode()[:500])
        value = next(iter(answer["data"].values()))
        if isinstance(value, dict) and value.get("code") == "RETRY_LATER" and patience:
            # As every app must: the same call with the same key.
            self.retries += 1
            await asyncio.sleep(1)
            return await self.call(token, body, patience - 1)
        if isinstance(value, dict) and "code" in value:
            raise WrongAnswerError(content.decode()[:500])
        return value

    def close(self) -> None:
        """Hangs up; the next call connects again."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def step(phone: Phone, crowd: Crowd) -> str:
    """One thing a rep does; what it was."""
    now, dice = datetime.now(UTC), crowd.random.random()
    if dice < 0.85:
        await phone.call(*crowd.reading())
        return "reading"
    rep = crowd.random.choice(crowd.walking)
    if dice < 0.94 or rep in crowd.busy:
        await phone.call(crowd.tokens[rep], crowd.positions(now))
        return "positions"
    crowd.busy.add(rep)
    try:
        answer = await phone.call(crowd.tokens[rep], crowd.door(rep, now))
        if crowd.inside.pop(rep, None) is not None:
            return "check-out"
        crowd.inside[rep] = answer["visit"]["id"]
        return "check-in"
    finally:
        crowd.busy.discard(rep)
