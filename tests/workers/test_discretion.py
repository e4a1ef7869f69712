"""No log line and no message carries a token or a customer's personal data, whatever goes wrong: real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from domain.access import Role
from domain.accounts import Tier
from domain.deliveries import Delivery
from domain.ids import LeadId, OrgId, TeamId, new_id
from domain.leads import Lead, StageKind
from domain.people import Organization, Team
from resolvers import sla
from storage.codec import decode, encode
from storage.devices import COLLECTION as DEVICES
from storage.driver import connect
from storage.indexes import create_indexes
from storage.leads import insert_lead
from storage.outbox import DELIVERIES
from storage.people import insert_organization, insert_person, insert_team
from storage.store import Store
from tests.support.fcm_faults import FaultKind
from tests.support.fcm_server import FcmServer
from tests.support.outbox import a_device, a_person
from tests.support.server_process import server_process
from tests.support.workers import a_worker, until
from wiring.clock import system_clock

CUSTOMER = ("Wintermoor Pharmacy", "Adelheid Sonnenfels", "+49 30 5550173", "sonnenfels@wintermoor.test")
REP = ("Quirin Falkenrath", "quirin.falkenrath@seller.test", "+49 30 5550199")
FAULTS = (
    FaultKind.UNREGISTERED,
    FaultKind.BAD_TOKEN,
    FaultKind.BAD_TOKEN_FIELD,
    FaultKind.INVALID_FIELD,
    FaultKind.THIRD_PARTY_AUTH,
    FaultKind.INTERNAL,
    FaultKind.HTML,
    FaultKind.RESET,
    FaultKind.ANSWER_LOST,
)
CREATE_LEAD = """mutation ($key: String!, $input: CreateLeadInput!) {
  createLead(clientKey: $key, input: $input) { __typename }
}"""
SIGN_IN = """mutation ($key: String!, $email: String!, $password: String!) {
  signIn(clientKey: $key, email: $email, password: $password) { __typename }
}"""


def told(text: str, *secrets: str) -> list[str]:
    """Those of the secrets that the text holds, also as JSON writes them."""
    return [each for each in secrets if each in text or json.dumps(each)[1:-1] in text]


async def test_pushing_a_breach_tells_neither_tokens_nor_customers(
    mongo_uri: str, fcm: FcmServer, tmp_path: Path
) -> None:
    fcm.reset()
    now = system_clock()()
    database = f"fieldbeat_{new_id('discreet', now)[-26:]}"
    store = Store(connect(mongo_uri, database))
    await create_indexes(store)
    org_id, team_id = OrgId(new_id("org", now)), TeamId(new_id("tea", now))
    manager = a_person(org_id, now, role=Role.MANAGER, team_id=team_id, locale="zh-CN", name=REP[0])
    rep = a_person(org_id, now, team_id=team_id, name=REP[0], email=REP[1], phone=REP[2])
    await insert_organization(store, Organization(org_id, "Field", "Asia/Shanghai", "en", now))
    await insert_team(store, Team(team_id, org_id, "North", None, manager.id, now))
    for person in (manager, rep):
        await insert_person(store, person)
    devices = [a_device(rep, now, token=f"a-token-hit-by-{fault}") for fault in FAULTS]
    devices.append(a_device(manager, now, token="a-token-that-works"))
    await store[DEVICES].insert_many([encode(each) for each in devices])
    for fault in FAULTS:
        fcm.fail(fault, f"a-token-hit-by-{fault}", times=1)
    lead = Lead(
        id=LeadId(new_id("led", now)),
        org_id=org_id,
        name=CUSTOMER[0],
        stage="NEW",
        stage_kind=StageKind.OPEN,
        tier=Tier.B,
        owner_id=rep.id,
        team_id=team_id,
        contact_name=CUSTOMER[1],
        phone=CUSTOMER[2],
        email=CUSTOMER[3],
        occurred_at=now,
        created_at=now,
        updated_at=now,
    )
    await insert_lead(store, await sla.assigned(store, replace(lead), now))
    environment = os.environ | {
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": database,
        "DATA": str(tmp_path),
        "CLOCK_OFFSET_S": "86405",
        "FCM_BASE_URL": fcm.base_url,
        "FCM_CREDENTIALS": str(fcm.write_credentials(tmp_path / "account.json")),
        "LOG_LEVEL": "DEBUG",
        "LOG_FORMAT": "json",
        "SLA_POLL_S": "0.1",
        "PUSH_POLL_S": "0.1",
    }

    async def all_tried() -> bool:
        rows = [decode(Delivery, each) for each in await store[DELIVERIES].find({}, limit=1_000)]
        return len(rows) >= len(devices) and all(row.attempts > 0 and row.lease_owner is None for row in rows)

    with a_worker(environment) as process:
        await until(all_tried, 60)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 0
    await store.database.close()
    log = (tmp_path / "workers.log").read_text(encoding="utf-8")
    assert "delivery_accepted" in log
    assert "device_pruned" in log
    assert '"level": "debug"' in log
    key = json.loads((tmp_path / "account.json").read_text(encoding="utf-8"))["private_key"]
    tokens = [str(each.token) for each in devices] + list(fcm.issued) + key.split("\n")[1:3]
    assert told(log, *tokens, *CUSTOMER, *REP) == []
    bodies = [entry.message for entry in fcm.ledger if entry.message is not None]
    assert len(bodies) > len(FAULTS) // 2
    for body in bodies:
        without_address = json.dumps({name: value for name, value in body.items() if name not in {"token", "fid"}})
        assert told(without_address, *tokens, *CUSTOMER, *REP) == [], body


def test_the_api_logs_neither_tokens_nor_what_was_said(mongo_uri: str, tmp_path: Path) -> None:
    bearer, password = "aaaa.bbbb.cccc-a-bearer-token", "a password nobody may read"
    lead = {"name": CUSTOMER[0], "contactName": CUSTOMER[1], "phone": CUSTOMER[2], "email": CUSTOMER[3], "tier": "B"}
    sign_in = {"key": "key-of-a-sign-in", "email": REP[1], "password": password}
    calls: list[dict[str, Any]] = [
        {"json": {"query": CREATE_LEAD, "variables": {"key": "key-of-a-lead", "input": lead}}},
        {"json": {"query": CREATE_LEAD, "variables": {"key": "key-of-a-lead", "input": lead | {"tier": CUSTOMER[0]}}}},
        {"json": {"query": SIGN_IN, "variables": sign_in}},
        {"json": {"query": f'{{ leads(search: "{CUSTOMER[1]}" {{ nodes }} }}'}},
        {"content": f'{{"query": "{CUSTOMER[2]}', "headers": {"content-type": "application/json"}},
    ]
    settings = {"MONGODB_URI": mongo_uri, "MONGODB_DATABASE": "fieldbeat_discreet", "LOG_FORMAT": "json"}
    with server_process(tmp_path, LOG_LEVEL="DEBUG", **settings) as server, httpx.Client(base_url=server.url) as http:
        for given in calls:
            for headers in ({"accept": "application/json"}, {"authorization": f"Bearer {bearer}"}):
                sent = given | {"headers": given.get("headers", {}) | headers}
                answer = http.post("/graphql", **sent)
                assert answer.status_code < 500
        assert http.get(f"/files/fil_nothing?token={bearer}").status_code == 401
    log = server.log.read_text(encoding="utf-8")
    assert '"process": "api"' in log
    assert told(log, bearer, password, *CUSTOMER, *REP) == []
