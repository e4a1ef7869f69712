"""What the demo organization works on beside its sites: leads in every stage, articles, a few appointments; for
seed/demo_organization.py.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from domain.accounts import Tier
from domain.articles import Article, ArticleState
from domain.calendar import known_zone
from domain.ids import AccountId, ArticleId, SiteId, VisitId
from domain.notices import derived_id
from domain.people import Person
from domain.shifts import planned_shift
from domain.visits import DEFAULT_LENGTH, Visit, VisitKind, VisitState, missed_after
from seed.articles import demo_articles
from seed.csv_file import Row, Table
from seed.demo_people import ORG_ID, Staff
from seed.demo_places import CITIES, HANGZHOU, City
from seed.lead_rows import COLUMNS
from storage.driver import Document

LEADS_PER_CITY = 20
_STAGES = ("NEW", "NEW", "NEW", "CONTACTED", "CONTACTED", "QUALIFIED", "PROPOSAL", "WON", "LOST", "DISQUALIFIED")
_TOPICS = {
    "hz": ("冷柜租赁", "门店收银升级", "配送合作", "节能改造", "会员系统"),
    "hh": ("Cold store lease", "Till upgrade", "Delivery contract", "Energy refit", "Loyalty scheme"),
}
_SOURCES = ("web", "fair", "referral", "call")
_PRODUCTS = ("cooling", "tills", "logistics")
_LOOK_AHEAD_DAYS = 10


def lead_table(staff: Staff, now: datetime) -> Table:
    """A lead file's table: fresh ones, ones in work (a few overdue) and closed ones, linked to the demo accounts."""
    rows: list[Row] = []
    for city in CITIES:
        chance = random.Random(f"fieldbeat-demo-leads-{city.key}")
        reps = [person for region in staff.reps[city.key].values() for person in region]
        for number in range(1, LEADS_PER_CITY + 1):
            cells = _lead(city, number, reps[number % len(reps)], chance, now)
            rows.append(Row(len(rows) + 2, cells))
    return Table("utf-8", ",", frozenset(column.name for column in COLUMNS), (), tuple(rows), ())


def _lead(city: City, number: int, rep: Person, chance: random.Random, now: datetime) -> dict[str, str]:
    stage = _STAGES[(number - 1) % len(_STAGES)]
    fresh = stage == "NEW"
    # Two of the fresh ones were left alone for more than a day: their clocks have run out.
    age_h = (30 if number in {1, 13} else chance.uniform(1, 20)) if fresh else chance.uniform(100, 400)
    cells = {
        "external_id": f"demo-lead-{city.key}-{number:02d}",
        "name": f"{chance.choice(_TOPICS[city.key])} {number}",
        "tier": chance.choice("ABBCC"),
        "stage": stage,
        "source": chance.choice(_SOURCES),
        "product_line": chance.choice(_PRODUCTS),
        "region": city.name,
        "owner": rep.email,
        "account": f"demo-{city.key}-{number * 7:03d}",
        "occurred_at": (now - timedelta(hours=age_h)).isoformat(),
        "estimated_value": str(chance.randrange(20, 400) * 100),
        "currency": "CNY" if city is HANGZHOU else "EUR",
    }
    if not fresh:
        cells["last_contact_at"] = (now - timedelta(hours=90 if number == 6 else chance.uniform(2, 60))).isoformat()
    if stage == "LOST":
        cells["lost_reason"] = "price"
    return cells


def articles(now: datetime) -> list[Article]:
    """The demo articles, published."""
    return [
        Article(
            id=ArticleId(derived_id("art", "demo", each.key)),
            org_id=ORG_ID,
            rev=0,
            language=each.language,
            title=each.title,
            body=each.body,
            aliases=each.aliases,
            tags=each.tags,
            stages=each.stages,
            product_lines=each.product_lines,
            industry=each.industry,
            pinned=each.pinned,
            state=ArticleState.PUBLISHED,
            created_at=now,
            updated_at=now,
            published_at=now,
        )
        for each in demo_articles()
    ]


def appointments(staff: Staff, sites: list[Document], now: datetime) -> list[Visit]:
    """One fixed appointment for each rep, in the middle of the morning of the next shift that is still to come."""
    by_owner: dict[str, Document] = {}
    for site in sites:
        by_owner.setdefault(site["owner_id"], site)
    visits = []
    for city in staff.reps.values():
        for person in (person for region in city.values() for person in region):
            shift = _next_shift(person, now)
            if shift is not None and person.id in by_owner:
                visits.append(_appointment(person, by_owner[person.id], shift, now))
    return visits


def _next_shift(person: Person, now: datetime) -> tuple[datetime, datetime] | None:
    assert person.roster is not None
    today = now.astimezone(known_zone(person.time_zone)).date()
    shifts = (planned_shift(person.roster, today + timedelta(days=ahead)) for ahead in range(_LOOK_AHEAD_DAYS))
    return next((shift for shift in shifts if shift is not None and shift[0] > now), None)


def _appointment(person: Person, site: Document, shift: tuple[datetime, datetime], now: datetime) -> Visit:
    start_at = shift[0] + timedelta(minutes=90)
    end_at = start_at + DEFAULT_LENGTH
    return Visit(
        id=VisitId(derived_id("vis", "demo", person.id)),
        org_id=ORG_ID,
        site_id=SiteId(site["_id"]),
        account_id=AccountId(site["account_id"]),
        owner_id=person.id,
        team_id=person.team_id,
        kind=VisitKind.APPOINTMENT,
        state=VisitState.PLANNED,
        tier=Tier(site["tier"]),
        scheduled_at=start_at,
        planned_start_at=start_at,
        planned_end_at=end_at,
        missed_after=missed_after(end_at, shift[1]),
        created_at=now,
        updated_at=now,
    )
