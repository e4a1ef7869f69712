"""The records and operations that benchmarks/serving.py measures all servers on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.access import Role
from domain.accounts import Account, Tier
from domain.geofence import Mode
from domain.ids import AccountId, LeadId, OrgId, PersonId, SiteId, TeamId, VisitId
from domain.leads import Lead, StageKind
from domain.people import Organization, Person, PersonState, Team
from domain.visits import Visit, VisitKind, VisitState
from storage.codec import encode
from storage.people import insert_organization, insert_person, insert_team
from storage.store import Store

ORG, TEAM = OrgId("org_01ARZ3NDEKTSV4RRFFQ69G5FAV"), TeamId("tea_01ARZ3NDEKTSV4RRFFQ69G5FAV")
REP, MANAGER = PersonId(f"per_{0:026d}"), PersonId(f"per_{1:026d}")
BATCH = 1_000

LEAD = "query ($id: ID!) { lead(id: $id) { id name tier stage slaDueAt redFlag version } }"
LIST = """query { leads(first: 50, order: NEWEST) { nodes {
  id name tier stage slaDueAt redFlag owner { id name } account { id name tier } } } }"""
HOME = """query ($from: DateTime!, $before: DateTime!) {
  visits(first: 20, order: SOONEST, filter: {scheduledFrom: $from, scheduledBefore: $before}) { nodes {
    id state scheduledAt plannedStartAt plannedEndAt account { id name phone } lastCheckIn { id verdict distanceM } } }
  leads(first: 10, order: DUE) { nodes { id name tier stage slaDueAt redFlag owner { id name } } } }"""
CREATE = """mutation ($key: String!, $name: String!) {
  createAccount(clientKey: $key, input: {name: $name, tier: B}) { ... on Account { id name version } } }"""
OPERATIONS = {"lead": LEAD, "list": LIST, "home": HOME, "create": CREATE}


@dataclass(frozen=True, slots=True)
class Amounts:
    """How many records there are."""

    accounts: int
    leads: int
    visits: int


def _id(prefix: str, number: int) -> str:
    return f"{prefix}_{number:026d}"


def lead_id(number: int) -> str:
    """The id of a lead by its number."""
    return _id("led", number)


async def write_data(store: Store, amounts: Amounts, now: datetime) -> None:
    """One rep with everything; visits lie one every 10 minutes around `now`."""
    await insert_organization(store, Organization(ORG, "Benchmark", "UTC", "en", now))
    await insert_team(store, Team(TEAM, ORG, "Benchmark", None, MANAGER, now))
    for person_id, role in ((REP, Role.REP), (MANAGER, Role.MANAGER)):
        person = Person(
            person_id,
            ORG,
            f"{role.lower()}@example.test",
            role.title(),
            role,
            TEAM,
            PersonState.ACTIVE,
            "en",
            "UTC",
            now,
            now,
        )
        await insert_person(store, person)
    await _write(store, "accounts", amounts.accounts, lambda number: encode(_account(number, now)))
    await _write(store, "leads", amounts.leads, lambda number: encode(_lead(number, amounts.accounts, now)))
    await _write(store, "visits", amounts.visits, lambda number: encode(_visit(number, amounts, now)))
    await _write(store, "check_ins", amounts.visits // 2, lambda number: _check_in(number, now))


async def _write(store: Store, collection: str, count: int, make: object) -> None:
    assert callable(make)
    for start in range(0, count, BATCH):
        await store[collection].insert_many([make(number) for number in range(start, min(start + BATCH, count))])


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
        owner_id=REP,
        team_id=TEAM,
        occurred_at=now,
        created_at=now,
        updated_at=now,
        account_id=AccountId(_id("acc", number % accounts)),
        sla_due_at=now + timedelta(minutes=number),
    )


def _visit(number: int, amounts: Amounts, now: datetime) -> Visit:
    starts = now + timedelta(minutes=10 * (number - amounts.visits // 2))
    return Visit(
        id=VisitId(_id("vis", number)),
        org_id=ORG,
        site_id=SiteId(_id("sit", number)),
        account_id=AccountId(_id("acc", number % amounts.accounts)),
        owner_id=REP,
        team_id=TEAM,
        kind=VisitKind.PLANNED,
        state=VisitState.DONE if number % 2 == 0 else VisitState.PLANNED,
        tier=Tier.B,
        scheduled_at=starts,
        planned_start_at=starts,
        planned_end_at=starts + timedelta(minutes=30),
        created_at=now,
        updated_at=now,
        last_check_in_id=None if number % 2 else _id("chk", number // 2),  # type: ignore[arg-type]
    )


def _check_in(number: int, now: datetime) -> dict[str, object]:
    return {
        "_id": _id("chk", number),
        "org_id": ORG,
        "owner_id": REP,
        "team_id": TEAM,
        "visit_id": _id("vis", 2 * number),
        "verdict": "INSIDE",
        "distance_m": 12.5,
        "mode": Mode.SOFT.value,
        "event_at": now.replace(tzinfo=None),
    }
