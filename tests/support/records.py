"""One record of each kind in a world, made through the API with generated arguments; for tests of the whole schema."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.daily_reports import DailyFigures, DailyReport, report_id
from domain.ids import ShiftId, new_id
from schema.nodes import NODES
from storage.daily_reports import save_report
from storage.outbox import DELIVERIES
from storage.store import Store
from tests.conftest import START
from tests.support.absences import record_absence
from tests.support.client import new_key
from tests.support.files import upload
from tests.support.hand_overs import a_newcomer, start_departure
from tests.support.leads import ASSIGN, create_lead
from tests.support.norms import open_visit_of, record_must_do
from tests.support.procedures import request_bypass
from tests.support.schema_calls import call, root_fields
from tests.support.world import World

MAKERS = {
    "acc": ("rep", "createAccount"),
    "con": ("rep", "createContact"),
    "sit": ("rep", "createSite"),
    "rlc": ("rep", "proposeSiteLocation"),
    "led": ("rep", "createLead"),
    "act": ("rep", "logActivity"),
    "chk": ("rep", "checkIn"),
    "vis": ("rep", "scheduleVisit"),
    "art": ("manager", "createArticle"),
    "qst": ("rep", "askQuestion"),
    "dev": ("rep", "registerDevice"),
    "bnd": ("rep", "bindChannel"),
    "shf": ("rep", "startShift"),
    "pln": ("rep", "planDay"),
    "prn": ("manager", "planRegion"),
    "tdy": ("manager", "planTeamDay"),
    "btp": ("rep", "planPeriod"),
}
"""Kind -> who makes it and by which mutation, in an order in which each finds what it refers to."""
INDIRECT = frozenset({"org", "tea", "per", "clk", "ntc", "fil", "gby", "hov", "nrm", "qtp", "dre"})
"""Kinds that come with the world or follow from others."""
_FIELDS = root_fields()
EXPORT = "mutation ($key: String!) { exportMyData(clientKey: $key) { ... on DataRequest { requestId } } }"


async def make_records(world: World, store: Store) -> dict[str, str]:
    """The id of one record of each kind that `node` finds, of a delivery (`dlv`) and of an absence (`abs`)."""
    assert set(MAKERS) | INDIRECT == set(NODES), "say how a record of the new kind is made"
    ids: dict[str, str] = {"org": world.org_id, "tea": world.north.id, "per": world.rep.id}
    await _make(world, "setRoster", "manager", ids)
    for prefix in MAKERS:
        ids[prefix] = await make_record(world, prefix, ids)
    ids["fil"] = (await upload(world.rep.api, leadId=ids["led"])).json()["data"]["file"]["id"]
    gated = (await create_lead(world.rep, tier="A"))["id"]
    ids["gby"] = (await request_bypass(world.rep, gated))["id"]
    lead = await create_lead(world.manager)
    await world.manager.api.first(ASSIGN, key=new_key(), id=lead["id"], owner=world.rep.id)
    ids["clk"] = lead["clocks"][0]["id"]
    ids["ntc"] = (await world.rep.api.first("{ notices { nodes { id } } }"))["nodes"][0]["id"]
    delivery = await store[DELIVERIES].find_one({"notice_id": ids["ntc"]})
    assert delivery is not None
    ids["dlv"] = delivery["_id"]
    question = await store["questions"].find_one({"_id": ids["qst"]})
    assert question is not None
    ids["qtp"] = question["topic_id"]
    ids["nrm"] = (await record_must_do(world.rep, await open_visit_of(world.rep), START))["id"]
    ids["hov"] = (await start_departure(world, (await a_newcomer(store, world)).id, world.rep.id))["id"]
    later = {"fromAt": (START + timedelta(days=90)).isoformat(), "untilAt": (START + timedelta(days=91)).isoformat()}
    away = await record_absence(world.manager, world.rep.id, **later)
    ids["abs"] = away["absences"][0]["absenceId"]
    ids["dre"] = await a_daily_report(world, store)
    ids["drq"] = (await world.rep.api.first(EXPORT, key=new_key()))["requestId"]
    return ids


async def a_daily_report(world: World, store: Store) -> str:
    """The id of the rep's report of a day without events."""
    rep, day = world.rep.person, START.date()
    report = DailyReport(
        id=report_id(rep.id, day),
        org_id=rep.org_id,
        owner_id=rep.id,
        team_id=rep.team_id,
        date=day.isoformat(),
        shift_id=ShiftId(new_id("shf", START)),
        started_at=START,
        ended_at=START,
        figures=DailyFigures(),
        visits=(),
        written_at=START,
        counted_at=START,
    )
    return str((await save_report(store, report) or {})["_id"])


async def make_record(world: World, prefix: str, ids: dict[str, str]) -> str:
    """The id of another record of that kind, which refers to those in `ids`."""
    who, mutation = MAKERS[prefix]
    made = await _make(world, mutation, who, ids)
    return str(made["id"])


async def _make(world: World, mutation: str, who: str, ids: dict[str, str]) -> dict[str, Any]:
    field = next(each for each in _FIELDS if each.name == mutation)
    answer = await call(getattr(world, who).api, field, field.variables(ids))
    assert answer.refusal is None, (field.label, answer)
    made: dict[str, Any] = answer.value
    return made
