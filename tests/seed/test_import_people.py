"""People files on a real database: teams, superiors, zones and shifts, and again without a change."""

from __future__ import annotations

from typing import Any

import pytest

from domain.ids import new_id
from seed.csv_file import parse
from seed.import_people import NAMES, import_people
from seed.importing import Options, Report
from storage.driver import Document
from storage.store import Store
from tests.conftest import START
from tests.support.world import World

HEADER = "external_id,email,name,role,team,superior,time_zone,mon,tue\n"


async def run(world: World, store: Store, text: str, **how: Any) -> Report:
    return await import_people(store, parse(text, NAMES), Options(world.org_id, START, **how))


async def documents(world: World, store: Store, collection: str, key: str) -> dict[str, Document]:
    found = await store[collection].find({"org_id": world.org_id}, limit=500)
    return {each[key]: each for each in found if key in each}


def sums(report: Report) -> tuple[int, int, int, int]:
    return report.created, report.changed, report.unchanged, len(report.bad_lines)


@pytest.fixture
def mail() -> str:
    """A domain of this test: addresses are unique among all organizations."""
    return f"{new_id('x', START)[2:].lower()}.test"


def staff(mail: str) -> str:
    return HEADER + (
        f"p1,Boss@{mail},Boss,director,Sales,,Europe/Berlin,,\n"
        f"p2,lead@{mail},Lead,MANAGER,Sales / East,p1,Europe/Berlin,09:00-18:00,\n"
        f"p3,rep@{mail},Rep,REP,Sales / East,lead@{mail},Asia/Shanghai,09:00-12:00 13:00-18:00,22:00-06:00\n"
        f"p4,admin@{mail},Admin,ADMIN,,,,,\n"
    )


async def test_people_teams_superiors_and_shifts_go_in_once(world: World, store: Store, mail: str) -> None:
    assert sums(await run(world, store, staff(mail))) == (4, 0, 0, 0)
    people = await documents(world, store, "people", "external_id")
    teams = await documents(world, store, "teams", "name")
    assert (people["p1"]["email"], people["p1"]["state"]) == (f"boss@{mail}", "INVITED")
    assert teams["East"]["parent_id"] == teams["Sales"]["_id"]
    assert (teams["Sales"]["manager_id"], teams["East"]["manager_id"]) == (people["p1"]["_id"], people["p2"]["_id"])
    assert people["p3"]["team_id"] == teams["East"]["_id"]
    roster = people["p3"]["roster"]
    assert roster["zone"] == "Asia/Shanghai"
    assert [len(day) for day in roster["weekly"]] == [2, 1, 0, 0, 0, 0, 0]
    assert "roster" not in people["p4"]
    assert sums(await run(world, store, staff(mail))) == (0, 0, 4, 0)


async def test_an_absent_day_keeps_a_mark_frees_it_and_the_zone_moves_the_roster(
    world: World, store: Store, mail: str
) -> None:
    await run(world, store, staff(mail))
    text = "external_id,mon,tue,time_zone\np3,\\N,,Europe/Berlin\n"
    assert sums(await run(world, store, text)) == (0, 1, 0, 0)
    roster = (await documents(world, store, "people", "external_id"))["p3"]["roster"]
    assert [len(day) for day in roster["weekly"][:2]] == [0, 1]
    assert roster["zone"] == "Europe/Berlin"


async def test_bad_rows_are_told_by_line_and_good_ones_go_in(world: World, store: Store, mail: str) -> None:
    rows = [
        f"p1,a@{mail},Good,REP,Sales,,,,",
        f"p2,b@{mail},Role,KING,Sales,,,,",
        f"p3,{world.rep.person.email.upper()}x,Ok,REP,,,,,",
        f"p4,c@{mail},Zone,REP,Sales,,Mars/Base,,",
        f"p5,d@{mail},Shift,REP,Sales,,,9-5,",
        f"p6,e@{mail},Alone,REP,Sales,nobody,,,",
        f"p7,f@{mail},Elsewhere,REP,Sales,{world.manager.person.email},,,",
        f"p8,A@{mail},Twice,REP,Sales,,,,",
        "p9,,Mailless,REP,Sales,,,,",
    ]
    report = await run(world, store, HEADER + "\n".join(rows))
    assert [(each.line, each.column) for each in report.problems] == [
        (3, "role"),
        (4, "team"),
        (5, "time_zone"),
        (6, "mon"),
        (7, "superior"),
        (8, "superior"),
        (9, "email"),
        (10, "email"),
    ]
    assert sums(report) == (1, 0, 0, 8)
    assert set(await documents(world, store, "people", "external_id")) == {"p1"}


async def test_an_address_of_somebody_else_is_refused_and_a_colleague_without_id_is_adopted(
    world: World, other_world: World, store: Store
) -> None:
    taken, own = other_world.rep.person.email, world.rep.person.email
    report = await run(world, store, f"external_id,email,phone,role\np1,{taken},1,REP\np2,{own},2,REP\n")
    assert [(each.line, each.column) for each in report.problems] == [(2, "email")]
    assert sums(report) == (0, 1, 0, 1)
    adopted = (await documents(world, store, "people", "external_id"))["p2"]
    assert (adopted["_id"], adopted["phone"], adopted["state"]) == (world.rep.id, "2", "ACTIVE")


async def test_an_administrator_is_not_demoted_by_a_file(world: World, store: Store) -> None:
    report = await run(world, store, f"external_id,email,role,team\np1,{world.admin.person.email},REP,Top\n")
    assert [(each.line, each.column) for each in report.problems] == [(2, "role")]


@pytest.mark.parametrize("how", [{"strict": True}, {"dry_run": True}])
async def test_strict_and_dry_run_write_nothing(world: World, store: Store, mail: str, how: dict[str, bool]) -> None:
    report = await run(world, store, staff(mail) + f"p9,z@{mail},Bad,KING,,,,,\n", **how)
    assert (report.applied, sums(report)) == (False, (4, 0, 0, 1))
    assert await documents(world, store, "people", "external_id") == {}
    assert set(await documents(world, store, "teams", "name")) == {"Top", "North", "South"}


async def test_wecom_user_ids_are_bound(world: World, store: Store, mail: str) -> None:
    def file(*rows: str) -> str:
        lines = [f"w{number},w{number}@{mail},Somebody,REP,Wecom,{row}" for number, row in enumerate(rows)]
        return "\n".join(["external_id,email,name,role,team,wecom_user_id", *lines])

    async def bound() -> dict[str, str]:
        names = {each["_id"]: key for key, each in (await documents(world, store, "people", "external_id")).items()}
        found = await store["bindings"].find({"org_id": world.org_id}, limit=50)
        return {names[each["holder_id"]]: each["address"] for each in found}

    first = file("Wang.Min", "li.na", "")
    assert sums(await run(world, store, first)) == (3, 0, 0, 0)
    assert await bound() == {"w0": "Wang.Min", "w1": "li.na"}
    assert sums(await run(world, store, first)) == (0, 0, 3, 0)
    report = await run(world, store, file("wang.li", r"\N", "LI.NA"))
    assert (sums(report), [each.column for each in report.warnings]) == ((0, 2, 1, 0), ["wecom_user_id"])
    assert await bound() == {"w0": "wang.li"}
    assert sums(await run(world, store, file("wang.li", "", "li.na"))) == (0, 1, 2, 0)
    assert await bound() == {"w0": "wang.li", "w2": "li.na"}
    twice = await run(world, store, file("wang.li", "chen", "chen"))
    assert len(twice.warnings) == 1
    bad = await run(world, store, file("wang|li", "", ""))
    assert [each.column for each in bad.problems] == ["wecom_user_id"]
    moved = file("wang.li").replace(",Wecom,", ",Elsewhere,")
    await run(world, store, moved)
    teams = await documents(world, store, "teams", "name")
    (binding,) = await store["bindings"].find({"address": "wang.li", "org_id": world.org_id}, limit=2)
    assert binding["team_id"] == teams["Elsewhere"]["_id"]
    dry = await run(world, store, file(r"\N"), dry_run=True)
    assert (dry.changed, (await bound())["w0"]) == (1, "wang.li")
