"""Operations on the cockpit's reports, a week of raw visits, and counts by hand; for their tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.accounts import Tier
from domain.ids import AccountId, SiteId, VisitId, new_id
from domain.people import Organization
from domain.visits import Visit, VisitKind, VisitState
from reports.registry import REPORTS
from resolvers.services import Services
from storage.codec import decode, encode
from storage.driver import Document
from storage.people import ORGANIZATIONS
from tests.conftest import START
from tests.support.world import Member, World

ROWS = "rows { teamId repId labels { dimension value } values { measure value } }"
TABLE = f"report {{ key }} since until days asOf countedAt digest {ROWS}"
SNAPSHOT = f"""query ($key: String!, $day: Date, $team: ID) {{
  reportSnapshot(key: $key, day: $day, teamId: $team) {{ {TABLE} }}
}}"""
TOTALS = f"""query ($key: String!, $since: Date!, $until: Date!, $by: [ReportDimension!]!, $team: ID) {{
  reportTotals(key: $key, since: $since, until: $until, by: $by, teamId: $team) {{ {TABLE} }}
}}"""
RECORDS = """query (
  $key: String!, $day: Date!, $measure: String!, $labels: [ReportLabelInput!], $team: ID, $first: Int!, $after: String
) {
  reportRecords(
    key: $key, day: $day, measure: $measure, labels: $labels, teamId: $team, first: $first, after: $after
  ) { nodes { recordId repId rep { id } value } pageInfo { hasNextPage endCursor } }
}"""
REGISTRY = "{ reports { key title titleEn titleZh dimensions measures { key title unit over } } }"
NODE = "query ($id: ID!) { node(id: $id) { id } }"
ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
TODAY = START.astimezone(ZONE).date()
Cells = dict[tuple[str | None, ...], dict[str, Any]]


async def the_organization(services: Services, world: World) -> Organization:
    """As the nightly count knows it."""
    found = await services.store[ORGANIZATIONS].find_one({"_id": world.org_id})
    assert found is not None
    return decode(Organization, found)


async def snapshot(
    member: Member, key: str, day: date | None = TODAY, team: str | None = None
) -> dict[str, Any] | None:
    shown: dict[str, Any] | None = await member.api.first(SNAPSHOT, key=key, day=day and day.isoformat(), team=team)
    return shown


def cells(table: dict[str, Any], *, all_measures: bool = False) -> Cells:
    """What is not 0, by team and labels in the order of the table."""
    derived = {each.key for each in REPORTS[table["report"]["key"]].measures if each.over is not None}
    return {
        tuple(label["value"] for label in row["labels"]): {
            cell["measure"]: cell["value"]
            for cell in row["values"]
            if all_measures or (cell["value"] and cell["measure"] not in derived)
        }
        for row in table["rows"]
    }


class Count:
    """Sums by labels, without those that are 0."""

    def __init__(self) -> None:
        self.cells: dict[tuple[str | None, ...], dict[str, float]] = defaultdict(lambda: defaultdict(int))

    def add(self, where: tuple[str | None, ...], **values: float) -> None:
        """Adds what is not 0."""
        for key, value in values.items():
            if value:
                self.cells[where][key] += value

    @property
    def shown(self) -> Cells:
        """As `cells` gives them."""
        return {
            where: {key: pytest.approx(each) for key, each in values.items()} for where, values in self.cells.items()
        }


def local(at: datetime) -> date:
    """The organization's day of a stored instant."""
    return at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZONE).date()


async def visits_of_a_week(world: World, services: Services, random: Random) -> list[Document]:
    """Visits of every kind and state, of three reps and four customers in three regions and one without."""
    store = services.store
    places = []
    for number, region in enumerate(("east", "west", "west", None)):
        account, site = AccountId(new_id("acc", START)), SiteId(new_id("sit", START))
        kept = {"_id": site, "org_id": world.org_id, "account_id": account, "name": f"Shop {number}"}
        team = world.north.id if number < 3 else world.south.id
        await store["sites"].insert_one(kept | {"team_id": team} | ({"region": region} if region else {}))
        places.append((account, site, team))
    visits = []
    for _ in range(120):
        account, site, team = random.choice(places)
        owner = world.south_rep if team == world.south.id else random.choice((world.rep, world.second_rep))
        # Also the first and the last instant of a day there.
        midnight = datetime.combine(TODAY + random.randrange(5) * DAY, datetime.min.time(), ZONE)
        at = midnight + random.choice(
            (timedelta(), timedelta(hours=9), timedelta(hours=23, minutes=59, seconds=59.999))
        )
        state = random.choice([each for each in VisitState if each is not VisitState.OPEN])
        visits.append(
            Visit(
                VisitId(new_id("vis", START)),
                world.org_id,
                site,
                account,
                owner.id,
                owner.person.team_id,
                random.choice(list(VisitKind)),
                state,
                random.choice(list(Tier)),
                scheduled_at=at,
                created_at=START,
                updated_at=START,
                opened_at=at if state in {VisitState.DONE, VisitState.TOUCH, VisitState.AUTO_CLOSED} else None,
                verified=state is VisitState.DONE and random.random() < 0.7,
            )
        )
    documents = [encode(each) for each in visits]
    await store["visits"].insert_many(documents)
    return documents


def of_visit(visit: Document) -> dict[str, float]:
    """What a stored visit adds, counted by hand."""
    state, planned = visit["state"], visit["kind"] != "UNPLANNED"
    if state in {"CANCELLED", "RESCHEDULED"}:
        return {}
    made = state in {"OPEN", "DONE", "AUTO_CLOSED"}
    return {
        "planned": planned,
        "done": planned and made,
        "missed": planned and state == "MISSED",
        "touched": state == "TOUCH",
        "unplanned": made and not planned,
        "made": made,
        "verified": visit.get("verified", False),
    }


async def all_of(services: Services, collection: str, world: World) -> AsyncIterator[Document]:
    """Everything the organization has of a collection."""
    for each in await services.store[collection].find({"org_id": world.org_id}, order=[("_id", 1)], limit=9_999):
        yield each
