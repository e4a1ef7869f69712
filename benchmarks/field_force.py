"""An organization of teams full of reps in their shifts, with managers who watch; for benchmarks of positions.

Its calls are sent when they are due, whether or not earlier ones were answered, and timed from when they were due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.load import Request, post
from domain.access import Role
from domain.ids import OrgId, PersonId, ShiftId, TeamId, new_id
from domain.people import Organization, Person, PersonState, Team
from domain.places import Point
from domain.positions import Position
from domain.sessions import Session, SessionId, SessionState
from domain.shifts import Shift
from resolvers.tokens import AccessTokens, Claims
from storage.codec import encode
from storage.people import PEOPLE, insert_organization, insert_team
from storage.sessions import COLLECTION as SESSIONS
from storage.shifts import insert_shift
from storage.store import Store
from wiring.signing_keys import SigningKey

ORG = OrgId("org_bench")
REPORT = """mutation ($key: String!, $input: ReportPositionsInput!) {
  reportPositions(clientKey: $key, input: $input) {
    __typename ... on PositionsReceived { accepted } ... on Refusal { code message }
  }
}"""
BATCH = 500
_STEP_DEG = 0.0002
"""About 22 m from one fix to the next."""


@dataclass(frozen=True, slots=True)
class FieldForce:
    """So many teams with so many reps and managers each; `now` is when their shifts began, an hour ago."""

    key: SigningKey
    now: datetime
    teams: int
    reps: int
    managers: int

    def rep_ids(self) -> list[PersonId]:
        """All reps, team by team."""
        return [PersonId(f"per_r{team:03d}x{rep:05d}") for team in range(self.teams) for rep in range(self.reps)]

    def manager_ids(self) -> list[PersonId]:
        """All who watch, team by team."""
        return [PersonId(f"per_m{team:03d}x{rep:05d}") for team in range(self.teams) for rep in range(self.managers)]

    def token(self, person_id: PersonId) -> str:
        """An access token for hours."""
        claims = Claims(person_id, ORG, _session_id(person_id), "", self.now + timedelta(hours=8))
        return AccessTokens({self.key.key_id: self.key.secret}, 3_600).sign(claims, self.now)

    async def write(self, store: Store) -> None:
        """Straight into the database."""
        await insert_organization(store, Organization(ORG, "Bench", "Asia/Shanghai", "en", self.now))
        people: list[Person] = []
        for number in range(self.teams):
            team_id = TeamId(f"tea_b{number:03d}")
            await insert_team(store, Team(team_id, ORG, f"Team {number}", None, None, self.now))
            reps = self.rep_ids()[number * self.reps : (number + 1) * self.reps]
            managers = self.manager_ids()[number * self.managers : (number + 1) * self.managers]
            people += [self._person(each, Role.REP, team_id) for each in reps]
            people += [self._person(each, Role.MANAGER, team_id) for each in managers]
        for start in range(0, len(people), BATCH):
            some = people[start : start + BATCH]
            await store[PEOPLE].insert_many([encode(each) for each in some])
            await store[SESSIONS].insert_many([encode(self._session(each)) for each in some])
            for each in some:
                if each.role is Role.REP:
                    shift = Shift(
                        ShiftId(new_id("shf", self.now)),
                        each.id,
                        self.now - timedelta(hours=1),
                        self.now + timedelta(hours=9),
                    )
                    await insert_shift(store, ORG, each.team_id, shift)

    def positions(self) -> list[Position]:
        """A latest position of each rep."""
        return [
            Position(
                id=rep_id,
                org_id=ORG,
                owner_id=rep_id,
                team_id=TeamId(f"tea_b{number // self.reps:03d}"),
                location=Point(30.0, 120.0),
                accuracy_m=8.0,
                at=self.now,
                received_at=self.now,
                cadence_s=10,
            )
            for number, rep_id in enumerate(self.rep_ids())
        ]

    def _person(self, person_id: PersonId, role: Role, team_id: TeamId) -> Person:
        return Person(
            id=person_id,
            org_id=ORG,
            email=f"{person_id}@example.test",
            name=person_id,
            role=role,
            team_id=team_id,
            state=PersonState.ACTIVE,
            locale="en",
            time_zone="Asia/Shanghai",
            created_at=self.now,
            updated_at=self.now,
        )

    def _session(self, person: Person) -> Session:
        session_id = SessionId(_session_id(person.id))
        year = timedelta(days=365)
        return Session(session_id, ORG, person.id, SessionState.ACTIVE, "", self.now, self.now, self.now + year)


def _session_id(person_id: PersonId) -> str:
    return f"ses_{person_id.removeprefix('per_')}"


def report(token: str, key: str, rep: int, step: int, times: Sequence[datetime]) -> Request:
    """A batch of a rep under way, each fix a little further than the one before."""
    points: list[dict[str, Any]] = [
        {
            "latitude": round(30 + rep % 100 * 0.05 + (step + number) * _STEP_DEG, 6),
            "longitude": round(120 + rep // 100 * 0.05, 6),
            "datum": "WGS84",
            "accuracyM": 8.0,
            "at": at.isoformat(timespec="milliseconds"),
        }
        for number, at in enumerate(times)
    ]
    body = {"query": REPORT, "variables": {"key": key, "input": {"cadenceS": 10, "points": points}}}
    return post("/graphql", token, body, f'"accepted":{len(times)}'.encode())


class Phones:
    """Connections that send each request when it is due; an answer that is not the expected one ends the run."""

    def __init__(self, port: int, connections: int) -> None:
        self._port = port
        self._count = connections
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self.took_s: list[float] = []
        """From when each was due to its whole answer."""

    async def connect(self) -> None:
        """Opens all connections."""
        for _ in range(self._count):
            self._free.put_nowait(await asyncio.open_connection("127.0.0.1", self._port))

    async def send(self, request: Request, due_s: float) -> None:
        """Sends it over the next free connection; `due_s` is of the loop's clock."""
        reader, writer = await self._free.get()
        writer.write(request.wire)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        body = await reader.readexactly(length)
        self.took_s.append(asyncio.get_running_loop().time() - due_s)
        if request.expected not in body:
            raise RuntimeError(body[:500].decode(errors="replace"))
        self._free.put_nowait((reader, writer))

    def close(self) -> None:
        """Closes the connections that are free."""
        while not self._free.empty():
            self._free.get_nowait()[1].close()


def quantile(values: Sequence[float], share: float) -> float:
    """By nearest rank."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def milliseconds_now() -> datetime:
    """The present as phones write it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
