"""The records and operations that benchmarks/serving.py measures all servers on.

Leads and visits belong to 20 reps in turn, of whom the first one asks. A check-in opens a visit and a rep can have only
one open, so each measured check-in is made by a rep of its own, at a planned visit of today without a lead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.access import Role
from domain.accounts import Account, Tier
from domain.check_in_policies import Mode
from domain.ids import AccountId, CheckInId, LeadId, OrgId, PersonId, SiteId, TeamId, VisitId
from domain.leads import Lead, StageKind
from domain.people import Organization, Person, PersonState, Team
from domain.places import Datum, Point
from domain.sessions import Session, SessionId, SessionState
from domain.sites import GivenCoordinates, Site, cell_of
from domain.visits import Visit, VisitKind, VisitState
from storage.codec import encode
from storage.driver import Document

ORG, TEAM = OrgId("org_01ARZ3NDEKTSV4RRFFQ69G5FAV"), TeamId("tea_01ARZ3NDEKTSV4RRFFQ69G5FAV")
REP, MANAGER = PersonId(f"per_{0:026d}"), PersonId(f"per_{1:026d}")
BATCH = 1_000
REPS = 20

LEAD = "query ($id: ID!) { lead(id: $id) { id name tier stage slaDueAt redFlag version } }"
LIST = """query { leads(first: 50, order: NEWEST) { nodes {
  id name tier stage slaDueAt redFlag owner { id name } account { id name tier } } } }"""
HOME = """query ($from: DateTime!, $before: DateTime!) {
  visits(first: 20, order: SOONEST, filter: {scheduledFrom: $from, scheduledBefore: $before}) { nodes {
    id state scheduledAt plannedStartAt plannedEndAt account { id name phone } lastCheckIn { id verdict distanceM } } }
  leads(first: 10, order: DUE) { nodes { id name tier stage slaDueAt redFlag owner { id name } } } }"""
CHECK_IN = """mutation ($key: String!, $input: CheckInInput!) { checkIn(clientKey: $key, input: $input) { __typename
  ... on CheckIn { id verdict distanceM visit { id state version } } ... on Refusal { code message } } }"""
OPERATIONS = {"lead": LEAD, "list": LIST, "home": HOME, "checkin": CHECK_IN}


@dataclass(frozen=True, slots=True)
class Amounts:
    """How many records there are; `arrivals` reps stand before a visit of their own."""

    accounts: int
    leads: int
    visits: int
    arrivals: int


def _id(prefix: str, number: int) -> str:
    return f"{prefix}_{number:026d}"


def lead_id(number: int) -> str:
    """The id of a lead by its number; multiples of REPS belong to the one who asks."""
    return _id("led", number)


def _owner(number: int) -> PersonId:
    return PersonId(_id("per", (number % REPS) * 2))


@dataclass(frozen=True, slots=True)
class ArrivingRep:
    """A rep at the door of a planned visit."""

    number: int

    @property
    def person_id(self) -> PersonId:
        return PersonId(_id("per", _ARRIVING + self.number))

    @property
    def session_id(self) -> SessionId:
        return SessionId(_id("ses", _ARRIVING + self.number))

    @property
    def visit_id(self) -> VisitId:
        return VisitId(_id("vis", _ARRIVING + self.number))

    @property
    def check_in_id(self) -> str:
        return _id("chk", _ARRIVING + self.number)

    def site_id(self, amounts: Amounts) -> SiteId:
        return SiteId(_id("sit", self.number % amounts.accounts))


REP_SESSION = SessionId(_id("ses", 0))
_ARRIVING = 1_000_000
PIN = Point(52.5, 13.4)


def records(amounts: Amounts, now: datetime) -> Iterator[tuple[str, list[Document]]]:
    """Everything by collection, in batches; visits of a rep lie one every 10 minutes around `now`."""
    yield "organizations", [encode(Organization(ORG, "Benchmark", "UTC", "en", now))]
    yield "teams", [encode(Team(TEAM, ORG, "Benchmark", None, MANAGER, now))]
    yield "people", [encode(_person(_owner(number), Role.REP, now)) for number in range(REPS)]
    yield "people", [encode(_person(MANAGER, Role.MANAGER, now))]
    yield "sessions", [encode(_session(REP_SESSION, REP, now))]
    yield from _batches("accounts", amounts.accounts, lambda number: encode(_account(number, now)))
    yield from _batches("sites", amounts.accounts, lambda number: encode(_site(number, now)))
    yield from _batches("leads", amounts.leads, lambda number: encode(_lead(number, amounts.accounts, now)))
    yield from _batches("visits", amounts.visits, lambda number: encode(_visit(number, amounts, now)))
    yield from _batches("check_ins", amounts.visits, lambda number: _check_in(number, now))
    reps = [ArrivingRep(number) for number in range(amounts.arrivals)]
    yield from _batches("people", len(reps), lambda number: encode(_person(reps[number].person_id, Role.REP, now)))
    yield from _batches(
        "sessions", len(reps), lambda number: encode(_session(reps[number].session_id, reps[number].person_id, now))
    )
    yield from _batches("visits", len(reps), lambda number: encode(_arrival(reps[number], amounts, now)))


def _batches(collection: str, count: int, make: Callable[[int], Document]) -> Iterator[tuple[str, list[Document]]]:
    for start in range(0, count, BATCH):
        yield collection, [make(number) for number in range(start, min(start + BATCH, count))]


def _person(person_id: PersonId, role: Role, now: datetime) -> Person:
    email = f"{person_id}@example.test"
    return Person(person_id, ORG, email, role.title(), role, TEAM, PersonState.ACTIVE, "en", "UTC", now, now)


def _session(session_id: SessionId, person_id: PersonId, now: datetime) -> Session:
    # Token digests are unique in the database.
    digest = session_id
    return Session(session_id, ORG, person_id, SessionState.ACTIVE, digest, now, now, now + timedelta(days=1))


def _site(number: int, now: datetime) -> Site:
    return Site(
        id=SiteId(_id("sit", number)),
        org_id=ORG,
        account_id=AccountId(_id("acc", number)),
        name=f"Site {number}",
        location=PIN,
        given=GivenCoordinates(PIN.latitude, PIN.longitude, Datum.WGS84),
        cell=cell_of(PIN),
        tier=Tier("ABC"[number % 3]),
        time_zone="UTC",
        owner_id=REP,
        team_id=TEAM,
        created_at=now,
        updated_at=now,
    )


def _arrival(rep: ArrivingRep, amounts: Amounts, now: datetime) -> Visit:
    return Visit(
        id=rep.visit_id,
        org_id=ORG,
        site_id=rep.site_id(amounts),
        account_id=AccountId(_id("acc", rep.number % amounts.accounts)),
        owner_id=rep.person_id,
        team_id=TEAM,
        kind=VisitKind.PLANNED,
        state=VisitState.PLANNED,
        tier=Tier.B,
        scheduled_at=now,
        planned_start_at=now,
        planned_end_at=now + timedelta(minutes=30),
        missed_after=now + timedelta(hours=12),
        created_at=now,
        updated_at=now,
    )


def _account(number: int, now: datetime) -> Account:
    return Account(
        AccountId(_id("acc", number)),
        ORG,
        f"Account {number}",
        Tier("ABC"[number % 3]),
        REP,
        TEAM,
        now,
        now,
        phone="+000",
    )


def _lead(number: int, accounts: int, now: datetime) -> Lead:
    return Lead(
        id=LeadId(lead_id(number)),
        org_id=ORG,
        name=f"Lead {number}",
        tier=Tier("ABC"[number % 3]),
        stage="NEW",
        stage_kind=StageKind.OPEN,
        owner_id=_owner(number),
        team_id=TEAM,
        occurred_at=now,
        created_at=now,
        updated_at=now,
        account_id=AccountId(_id("acc", number % accounts)),
        sla_due_at=now + timedelta(minutes=number),
    )


def _visit(number: int, amounts: Amounts, now: datetime) -> Visit:
    starts = now + timedelta(minutes=10 * (number - amounts.visits // 2) // REPS)
    return Visit(
        id=VisitId(_id("vis", number)),
        org_id=ORG,
        site_id=SiteId(_id("sit", number % amounts.accounts)),
        account_id=AccountId(_id("acc", number % amounts.accounts)),
        owner_id=_owner(number),
        team_id=TEAM,
        kind=VisitKind.PLANNED,
        state=VisitState.DONE if number % 2 == 0 else VisitState.PLANNED,
        tier=Tier.B,
        scheduled_at=starts,
        planned_start_at=starts,
        planned_end_at=starts + timedelta(minutes=30),
        created_at=now,
        updated_at=now,
        last_check_in_id=CheckInId(_id("chk", number)),
    )


def _check_in(number: int, now: datetime) -> dict[str, object]:
    return {
        "_id": _id("chk", number),
        "org_id": ORG,
        "owner_id": _owner(number),
        "team_id": TEAM,
        "visit_id": _id("vis", number),
        "verdict": "INSIDE",
        "distance_m": 12.5,
        "mode": Mode.SOFT.value,
        "event_at": now.replace(tzinfo=None),
    }
