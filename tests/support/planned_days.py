"""Reps on duty with sites of their own around a centre, for tests that plan days."""

from __future__ import annotations

from dataclasses import replace

from domain.accounts import Account, Tier
from domain.ids import AccountId, SiteId, new_id
from domain.places import Datum, Point
from domain.shifts import Roster, work_times
from domain.sites import GivenCoordinates, Site, cell_of
from resolvers.services import Services
from storage.accounts import insert_account
from storage.people import save_person
from storage.sites import insert_site
from tests.conftest import START
from tests.support.world import Member

CENTRE = Point(31.2304, 121.4737)


async def on_duty(services: Services, member: Member, hours: str = "09:00-18:00") -> None:
    roster = Roster("Asia/Shanghai", (work_times(hours),) * 5 + ((), ()))
    person = replace(member.person, roster=roster, start_point=CENTRE, version=member.person.version + 1)
    assert await save_person(services.store, person) is not None


async def place(services: Services, member: Member, number: int, tier: Tier = Tier.B, hours: str | None = None) -> str:
    """A site of the member's own, about 700 m further out for each number."""
    account = Account(
        id=AccountId(new_id("acc", START)),
        org_id=member.person.org_id,
        name=f"Account {number}",
        tier=tier,
        owner_id=member.id,
        team_id=member.person.team_id,
        created_at=START,
        updated_at=START,
    )
    await insert_account(services.store, account)
    point = Point(CENTRE.latitude + 0.006 * (number % 4), CENTRE.longitude + 0.007 * (number // 4))
    site = Site(
        id=SiteId(new_id("sit", START)),
        org_id=account.org_id,
        account_id=account.id,
        name=f"Site {number:02d}",
        location=point,
        given=GivenCoordinates(point.latitude, point.longitude, Datum.WGS84),
        cell=cell_of(point),
        tier=tier,
        time_zone="Asia/Shanghai",
        owner_id=account.owner_id,
        team_id=account.team_id,
        created_at=START,
        updated_at=START,
        opening_hours=hours,
    )
    await insert_site(services.store, site)
    return site.id
