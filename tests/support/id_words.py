"""Which kind of id an argument takes, by its name; for tests/support/schema_calls.py."""

from __future__ import annotations

from schema.nodes import NODES

PREFIXES = {typename: prefix for prefix, (_, typename) in NODES.items()}
ID_WORDS = {
    "rep": "per",
    "owner": "per",
    "manager": "per",
    "person": "per",
    "actor": "per",
    "parent": "tea",
    "team": "tea",
    "poolTeam": "tea",
    "account": "acc",
    "contact": "con",
    "site": "sit",
    "lead": "led",
    "survivorLead": "led",
    "mergedLead": "led",
    "plan": "pln",
    "visit": "vis",
    "newVisit": "vis",
    "device": "dev",
    "deputy": "per",
    "absence": "abs",
    "successor": "per",
    "handOver": "hov",
    "request": "drq",
    "holder": "per",
    "article": "art",
    "teamIds": "tea",
    "attachmentIds": "fil",
    "repIds": "per",
    "absentRepIds": "per",
    "urgentLeadIds": "led",
}
"""What `<word>Id` names."""
OTHER_IDS = {
    "node.id": "acc",
    "routePlanChanged.id": "pln",
    "removeDevice.id": "dev",
    "unbindChannel.id": "bnd",
    "releaseLead.id": "led",
    "InvitePersonInput.id": "per",
    "CheckInInput.id": "chk",
    "markSeen.ids": "ntc",
    "markRead.ids": "ntc",
    "received.deliveryKeys": "dlv",
    "opened.deliveryKeys": "dlv",
    "replayDelivery.id": "dlv",
    "AuditFilterInput.recordId": "per",
    "completeAction.evidenceId": "act",
    "releaseCheckIn.id": "chk",
    "overrideCheckIn.id": "chk",
}
"""What an id names where neither its name nor the field's answer tells."""
