"""The office's part of the demo day: import sites, assign a lead, see a promise broken."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from seed.demo_day.files import BAD_LINE, ROWS, write_customer_file
from seed.demo_day.operations import ASSIGN_LEAD, CREATE_LEAD, LEAD, NOTICES
from seed.demo_day.phone import Phone
from seed.demo_day.server import Stage
from seed.demo_day.transcript import Transcript

_PROMISE = timedelta(hours=24)
_LATER = timedelta(hours=25)
_PATIENCE_S = 30.0
_LOOK_S = 0.25


def import_sites(said: Transcript, stage: Stage, rep: Phone, samples: Path | None) -> None:
    """A customer file twice, then real shops where SAMPLES names them."""
    said.step("Import sites from a customer file (GB18030, semicolons, GCJ-02)")
    path = stage.work / "customers.csv"
    write_customer_file(path, rep.me["email"])
    status, text = _import(said, stage, path)
    bad = f"line {BAD_LINE}"
    said.ensure("The bad row is named by its line", bad in text, bad, text)
    said.expect("Exit status where a row did not go in", 1, status)
    if stage.moves_clock:
        said.ensure("The first run creates all good rows", f"{ROWS} created" in text, f"{ROWS} created", text)
    _, text = _import(said, stage, path, "again")
    wanted = f"0 created, 0 changed, {ROWS} unchanged"
    said.ensure("The second run changes nothing", wanted in text, wanted, text)
    if samples is None:
        said.fact("real sites", "left out: SAMPLES names no folder")
        return
    real = samples / "sites" / "liechtenstein.csv"
    status, text = _import(said, stage, real, "real sites", "--time-zone", "Europe/Vaduz")
    said.expect(f"Exit status of the import of {real.name}", 0, status)


def _import(said: Transcript, stage: Stage, path: Path, label: str = "", *options: str) -> tuple[int, str]:
    status, text = stage.seed("import", "accounts", str(path), *options)
    said.fact(label or f"{ROWS + 1} rows", text.strip())
    return status, text


def assign_lead(said: Transcript, manager: Phone, rep: Phone) -> dict[str, Any]:
    """A lead made by the manager and given to the rep; due in 24 hours to the millisecond."""
    said.step("The manager creates a lead and assigns it to the rep")
    given = {"name": "湖滨连锁冷柜改造", "tier": "A", "source": "fair", "productLine": "cooling", "unassigned": True}
    made = manager.act(CREATE_LEAD, "Lead", input=given)
    lead = manager.act(ASSIGN_LEAD, "Lead", id=made["id"], owner=rep.me["id"])
    said.expect("Owner of the lead", rep.me["id"], (lead["owner"] or {}).get("id"))
    first = _clock(lead)
    due, began = datetime.fromisoformat(first["dueAt"]), datetime.fromisoformat(first["startedAt"])
    said.expect("Time for the first contact", _PROMISE, due - began)
    said.expect("Red flag of a fresh lead", False, lead["redFlag"])
    said.fact("lead", f"{lead['name']}, tier {lead['tier']}, owner {lead['owner']['name']}")
    said.fact("promise", f"first contact by {due:%Y-%m-%d %H:%M:%S} UTC, 24 h after {began:%H:%M:%S}")
    notices = _notices(rep, lead, "LEAD_ASSIGNED")
    said.expect("Notices of the new lead in the rep's inbox", 1, len(notices))
    said.fact("inbox", f"{rep.me['name']}: {notices[0]['title']} · {notices[0]['body']}")
    return lead


def break_promise(said: Transcript, stage: Stage, manager: Phone, rep: Phone, lead: dict[str, Any]) -> None:
    """25 hours later the worker has found the breach, flagged the lead and pushed; or why that cannot be shown here."""
    said.step("The lead passes its 24 hours and nobody opens it")
    if not stage.moves_clock:
        said.fact("lead", f"due at {_clock(lead)['dueAt']}; the clock of a running server is not moved")
        return
    before = len(stage.pushes())
    stage.pass_time(_LATER.total_seconds())
    for phone in (manager, rep):
        phone.refresh()
    said.fact("clock", f"API and worker run again, 25 h later: {rep.now():%A %Y-%m-%d %H:%M} UTC")
    inboxes = {phone.me["name"]: _await_breach(phone, lead) for phone in (rep, manager)}
    for name, notices in inboxes.items():
        said.expect(f"Notices of broken promises in the inbox of {name}", len(lead["clocks"]), len(notices))
        for notice in notices:
            said.fact("inbox", f"{name}: {notice['priority']} {notice['title']} · {notice['body']}")
    told = [notice for notices in inboxes.values() for notice in notices]
    pushed = _await_pushes(stage, before, told)
    said.expect("Push messages of the broken promises", len(told), len(pushed))
    for line in pushed:
        said.fact("push", line.removeprefix("push "))
    now = manager.ask(LEAD, id=lead["id"])
    said.expect("Red flag after the breach", True, now["redFlag"])
    clock = _clock(now)
    said.expect("State of the promise", "BREACHED", clock["state"])
    said.expect("Time of the breach is the due time", _clock(lead)["dueAt"], clock["breachedAt"])
    said.fact("lead", f"red since {now['redSince']}, found by the worker at {clock['detectedAt']}")


def _await_breach(phone: Phone, lead: dict[str, Any]) -> list[dict[str, Any]]:
    """The notices of each promise that was broken; the inbox is asked until the worker has written them."""
    deadline = time.monotonic() + _PATIENCE_S
    while len(found := _notices(phone, lead, "SLA_BREACHED")) < len(lead["clocks"]) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    return found


def _await_pushes(stage: Stage, before: int, notices: list[dict[str, Any]]) -> list[str]:
    """What the worker printed about these notices since then, once there is a line for each."""
    wanted = {(notice["title"], notice["deepLink"]) for notice in notices}
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        lines = [line for line in stage.pushes()[before:] if any(a in line and b in line for a, b in wanted)]
        if len(lines) >= len(notices) or time.monotonic() > deadline:
            return lines
        time.sleep(_LOOK_S)


def _notices(phone: Phone, lead: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The notices of this lead in the inbox, told by their links: asking for the lead itself would open the record."""
    nodes = phone.data(NOTICES)["notices"]["nodes"]
    return [node for node in nodes if node["kind"] == kind and node["deepLink"].endswith(lead["id"])]


def _clock(lead: dict[str, Any]) -> dict[str, Any]:
    return next(clock for clock in lead["clocks"] if clock["metric"] == "LEAD_FIRST_CONTACT")
