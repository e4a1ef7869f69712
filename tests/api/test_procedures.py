"""Standard actions, gates and exceptions through GraphQL: each rule, each refusal, and who may."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.files import upload
from tests.support.leads import create_lead, log_activity
from tests.support.procedures import REQUEST, request_bypass
from tests.support.world import Member, World

PROCEDURE = """{ salesProcedure {
  version actions { tier stage key name nameEn nameZh dueAfterHours required } gates { tier stage requirement }
} }"""
SAVE = """mutation ($key: String!, $input: SalesProcedureInput!, $expected: Int!) {
  saveSalesProcedure(clientKey: $key, input: $input, expectedVersion: $expected) {
    __typename
    ... on SalesProcedure { version savedAt actions { key } gates { stage requirement } }
    ... on Refusal { code }
    ... on InvalidInput { field }
    ... on VersionConflict { currentVersion }
  }
}"""
LEAD = """query ($id: ID!) { lead(id: $id) { stage version standardActions {
  key name tier stage required state dueAt doneAt doneBy { id } evidenceId note
} } }"""
COMPLETE = """mutation ($key: String!, $lead: ID!, $action: String!, $evidence: ID, $note: String) {
  completeAction(clientKey: $key, leadId: $lead, key: $action, evidenceId: $evidence, note: $note) {
    __typename
    ... on Lead { id version standardActions { key state } }
    ... on Refusal { code }
    ... on InvalidInput { field }
    ... on UnknownAction { known }
  }
}"""
MOVE = """mutation ($key: String!, $id: ID!, $stage: String!) {
  moveLead(clientKey: $key, id: $id, stage: $stage) {
    __typename
    ... on Lead { id stage }
    ... on Refusal { code message }
    ... on GateProposalRequired { recordId stage }
    ... on GateActionsRequired { stage missing }
  }
}"""
APPROVE = """mutation ($key: String!, $id: ID!, $note: String) {
  bypassGate(clientKey: $key, id: $id, note: $note) {
    __typename
    ... on GateBypass { id state approvedAt approvedBy { id } requestedBy { id } note reason }
    ... on Refusal { code }
    ... on InvalidInput { field }
  }
}"""
BYPASSES = """query ($filter: GateBypassFilter) {
  gateBypasses(filter: $filter) { nodes { id state stage reason requestedBy { id } approvedBy { id } } }
}"""
RULES: dict[str, Any] = {
    "actions": [
        {
            "tier": "B",
            "stage": "NEW",
            "key": "CALL",
            "nameEn": "Call",
            "nameZh": "致电",
            "dueAfterHours": 2,
            "required": True,
        }
    ],
    "gates": [{"tier": "B", "stage": "NEW", "requirement": "ACTIONS_DONE"}],
}


async def save(member: Member, expected: int = 0, key: str | None = None, **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await member.api.first(
        SAVE, key=key or new_key(), input=RULES | changes, expected=expected
    )
    return answer


async def move(member: Member, lead_id: str, stage: str) -> dict[str, Any]:
    answer: dict[str, Any] = await member.api.first(MOVE, key=new_key(), id=lead_id, stage=stage)
    return answer


async def complete(member: Member, lead_id: str, action: str, **given: Any) -> dict[str, Any]:
    variables = {"key": new_key(), "lead": lead_id, "action": action} | given
    answer: dict[str, Any] = await member.api.first(COMPLETE, **variables)
    return answer


async def approve(member: Member, bypass_id: str, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await member.api.first(APPROVE, **({"key": new_key(), "id": bypass_id} | given))
    return answer


async def lead_of(world: World, tier: str = "A", **given: Any) -> str:
    return str((await create_lead(world.rep, tier=tier, **given))["id"])


async def test_an_organization_begins_with_rules_in_two_languages(world: World) -> None:
    procedure = await world.rep.api.first(PROCEDURE)
    assert procedure["version"] == 0
    assert procedure["gates"] == [{"tier": "A", "stage": "PROPOSAL", "requirement": "PROPOSAL_STORED"}]
    assert {each["tier"] for each in procedure["actions"]} == {"A", "B", "C"}
    assert all(each["nameEn"] and each["nameZh"] and each["name"] == each["nameEn"] for each in procedure["actions"])


async def test_an_admin_replaces_the_rules(world: World, other_world: World) -> None:
    saved = await save(world.admin)
    assert (saved["version"], saved["actions"]) == (1, [{"key": "CALL"}])
    assert (await save(world.admin)) == {"__typename": "VersionConflict", "code": "CONFLICT", "currentVersion": 1}
    assert (await save(world.admin, 1, gates=[]))["version"] == 2
    assert (await other_world.rep.api.first(PROCEDURE))["version"] == 0


async def test_only_an_admin_replaces_the_rules(world: World, anonymous: ApiClient) -> None:
    variables = {"key": new_key(), "input": RULES, "expected": 0}
    for member in (world.rep, world.manager, world.director, world.support):
        assert await member.api.code(SAVE, **variables) == "FORBIDDEN"
    assert await anonymous.code(SAVE, **variables) == "UNAUTHENTICATED"
    assert await anonymous.code(PROCEDURE) == "UNAUTHENTICATED"


async def test_rules_that_cannot_hold_name_their_field(world: World) -> None:
    gate = {"tier": "A", "stage": "NOWHERE", "requirement": "PROPOSAL_STORED"}
    assert (await save(world.admin, gates=[gate]))["field"] == "gates.0.stage"
    rule = RULES["actions"][0] | {"dueAfterHours": 0}
    assert (await save(world.admin, actions=[rule]))["field"] == "actions.0.dueAfterHours"
    assert (await world.rep.api.first(PROCEDURE))["version"] == 0


async def test_saving_is_repeatable_and_one_of_two_wins(world: World) -> None:
    key = new_key()
    assert await save(world.admin, key=key) == await save(world.admin, key=key)
    assert (await save(world.admin, 1, key=key))["code"] == "KEY_REUSED"
    answers = await asyncio.gather(*(save(world.admin, 1) for _ in range(4)))
    assert sorted(each["__typename"] for each in answers) == ["SalesProcedure", *["VersionConflict"] * 3]


async def test_first_rules_saved_at_once_by_several_are_one(world: World) -> None:
    answers = await asyncio.gather(*(save(world.admin) for _ in range(4)))
    assert sorted(each["__typename"] for each in answers) == ["SalesProcedure", *["VersionConflict"] * 3]


async def test_a_lead_shows_what_is_done_open_and_overdue(world: World, clock: StoppedClock) -> None:
    lead_id = await lead_of(world)
    (research,) = (await world.rep.api.first(LEAD, id=lead_id))["standardActions"]
    assert (research["key"], research["state"], research["dueAt"]) == ("RESEARCH", "OPEN", "2026-11-24T01:00:00.000Z")
    clock.advance(hours=24)
    assert (await world.rep.api.first(LEAD, id=lead_id))["standardActions"][0]["state"] == "OVERDUE"
    await move(world.rep, lead_id, "CONTACTED")
    assert (await complete(world.rep, lead_id, "RESEARCH", note="Three ovens"))["__typename"] == "Lead"
    actions = (await world.rep.api.first(LEAD, id=lead_id))["standardActions"]
    assert [(each["key"], each["state"]) for each in actions] == [
        ("RESEARCH", "DONE"),
        ("NEEDS", "OPEN"),
        ("DECISION_MAKERS", "OPEN"),
    ]
    assert actions[0]["doneBy"] == {"id": world.rep.id}
    assert (actions[0]["doneAt"], actions[0]["note"]) == ("2026-11-24T01:00:00.000Z", "Three ovens")


async def test_raising_the_tier_brings_its_actions(world: World) -> None:
    lead_id = await lead_of(world, tier="C")
    update = """mutation ($key: String!, $id: ID!) {
      updateLead(clientKey: $key, id: $id, changes: {tier: A}) { ... on Lead { standardActions { key } } }
    }"""
    raised = await world.rep.api.first(update, key=new_key(), id=lead_id)
    assert raised["standardActions"] == [{"key": "RESEARCH"}]


async def test_evidence_is_a_record_of_the_same_lead(world: World, other_world: World) -> None:
    lead_id = await lead_of(world)
    activity = (await log_activity(world.rep, lead_id))["id"]
    other = (await log_activity(world.rep, await lead_of(world)))["id"]
    foreign = (await log_activity(other_world.rep, await lead_of(other_world)))["id"]
    account = "acc_01J00000000000000000000000"
    for wrong in (other, foreign, account, "act_01J00000000000000000000000", "nonsense"):
        assert (await complete(world.rep, lead_id, "RESEARCH", evidence=wrong))["code"] == "NOT_FOUND"
    assert (await complete(world.rep, lead_id, "RESEARCH"))["field"] == "note"
    assert (await complete(world.rep, lead_id, "RESEARCH", note="x" * 2001))["field"] == "note"
    unknown = await complete(world.rep, lead_id, "DANCE", note="done")
    assert (unknown["code"], unknown["known"]) == ("UNKNOWN_ACTION", ["RESEARCH"])
    assert (await complete(world.rep, lead_id, "RESEARCH", evidence=activity))["__typename"] == "Lead"
    assert (await complete(world.rep, lead_id, "RESEARCH", evidence=activity))["code"] == "WRONG_STATE"


async def test_a_file_proves_an_action(world: World) -> None:
    lead_id = await lead_of(world)
    file = (await upload(world.rep.api, leadId=lead_id)).json()["data"]["file"]["id"]
    assert (await complete(world.rep, lead_id, "RESEARCH", evidence=file))["__typename"] == "Lead"


async def test_who_may_complete(world: World, other_world: World, anonymous: ApiClient) -> None:
    lead_id = await lead_of(world)
    variables = {"key": new_key(), "lead": lead_id, "action": "RESEARCH", "note": "done"}
    assert await anonymous.code(COMPLETE, **variables) == "UNAUTHENTICATED"
    assert await world.support.api.code(COMPLETE, **variables) == "FORBIDDEN"
    for member in (world.second_rep, world.south_manager, other_world.admin):
        assert (await complete(member, lead_id, "RESEARCH", note="done"))["code"] == "NOT_FOUND"
    first = await world.rep.api.first(COMPLETE, **variables)
    assert await world.rep.api.first(COMPLETE, **variables) == first
    assert (await world.rep.api.first(COMPLETE, **(variables | {"note": "other"})))["code"] == "KEY_REUSED"


async def test_of_two_who_complete_at_once_one_does(world: World) -> None:
    lead_id = await lead_of(world)
    answers = await asyncio.gather(
        *(complete(each, lead_id, "RESEARCH", note="me") for each in (world.rep, world.manager))
    )
    assert sorted(each["__typename"] for each in answers) == ["Lead", "WrongState"]


async def test_tier_a_does_not_advance_without_its_proposal(world: World) -> None:
    lead_id = await lead_of(world)
    assert (await move(world.rep, lead_id, "PROPOSAL"))["stage"] == "PROPOSAL"
    refused = await move(world.rep, lead_id, "WON")
    assert refused == {
        "__typename": "GateProposalRequired",
        "code": "GATE_PROPOSAL_REQUIRED",
        "message": f"{lead_id} needs a stored proposal to get past PROPOSAL.",
        "recordId": lead_id,
        "stage": "PROPOSAL",
    }
    await upload(world.rep.api, kind="OTHER", leadId=lead_id)
    assert (await move(world.rep, lead_id, "WON"))["code"] == "GATE_PROPOSAL_REQUIRED"
    await upload(world.rep.api, kind="PROPOSAL", leadId=lead_id)
    assert (await move(world.rep, lead_id, "WON"))["stage"] == "WON"


async def test_there_is_no_way_round_the_gate(world: World) -> None:
    lead_id = await lead_of(world)
    assert (await move(world.rep, lead_id, "LOST"))["stage"] == "LOST"
    assert (await move(world.rep, lead_id, "WON"))["code"] == "GATE_PROPOSAL_REQUIRED"
    created = await create_lead(world.rep, tier="A", stage="WON")
    assert created["code"] == "GATE_PROPOSAL_REQUIRED"
    assert (await create_lead(world.rep, tier="B", stage="WON"))["stage"] == "WON"


async def test_the_proposal_of_another_lead_opens_nothing(world: World) -> None:
    lead_id, other = await lead_of(world), await lead_of(world)
    await upload(world.rep.api, kind="PROPOSAL", leadId=other)
    assert (await move(world.rep, lead_id, "WON"))["code"] == "GATE_PROPOSAL_REQUIRED"


async def test_a_gate_of_the_organization_waits_for_actions(world: World) -> None:
    await save(world.admin)
    lead_id = await lead_of(world, tier="B")
    refused = await move(world.rep, lead_id, "CONTACTED")
    assert (refused["code"], refused["stage"], refused["missing"]) == ("GATE_ACTIONS_REQUIRED", "NEW", ["CALL"])
    await complete(world.rep, lead_id, "CALL", note="reached")
    assert (await move(world.rep, lead_id, "CONTACTED"))["stage"] == "CONTACTED"
    assert (await move(world.rep, await lead_of(world), "WON"))["stage"] == "WON"


async def test_an_exception_needs_a_reason_and_another_person(world: World, store: Store) -> None:
    lead_id = await lead_of(world)
    asked = await request_bypass(world.rep, lead_id)
    assert (asked["state"], asked["tier"], asked["requestedBy"]) == ("REQUESTED", "A", {"id": world.rep.id})
    assert (await move(world.rep, lead_id, "WON"))["code"] == "GATE_PROPOSAL_REQUIRED"
    approved = await approve(world.manager, asked["id"], note="Seen the contract")
    assert approved == {
        "__typename": "GateBypass",
        "id": asked["id"],
        "state": "APPROVED",
        "approvedAt": "2026-11-23T01:00:00.000Z",
        "approvedBy": {"id": world.manager.id},
        "requestedBy": {"id": world.rep.id},
        "note": "Seen the contract",
        "reason": "Signed at the fair",
    }
    assert (await move(world.rep, lead_id, "WON"))["stage"] == "WON"
    kept = await store["gate_bypasses"].find_one({"_id": asked["id"]})
    assert kept is not None
    assert (kept["owner_id"], kept["approver_id"], kept["reason"]) == (
        world.rep.id,
        world.manager.id,
        "Signed at the fair",
    )


async def test_refusals_of_an_exception(world: World, other_world: World, anonymous: ApiClient) -> None:
    lead_id = await lead_of(world)
    assert (await request_bypass(world.rep, lead_id, reason=" "))["field"] == "reason"
    assert (await request_bypass(world.rep, lead_id, reason="x" * 1001))["field"] == "reason"
    assert (await request_bypass(world.rep, lead_id, stage="NOWHERE"))["code"] == "UNKNOWN_STAGE"
    assert (await request_bypass(world.rep, lead_id, stage="NEW"))["code"] == "NO_GATE"
    assert (await request_bypass(world.rep, await lead_of(world, tier="B")))["code"] == "NO_GATE"
    for member in (world.second_rep, world.south_manager, other_world.admin):
        assert (await request_bypass(member, lead_id))["code"] == "NOT_FOUND"
    variables = {"key": new_key(), "lead": lead_id, "stage": "PROPOSAL", "reason": "why"}
    assert await world.support.api.code(REQUEST, **variables) == "FORBIDDEN"
    assert await anonymous.code(REQUEST, **variables) == "UNAUTHENTICATED"
    key = new_key()
    asked = await request_bypass(world.manager, lead_id, key=key)
    assert await request_bypass(world.manager, lead_id, key=key) == asked
    assert (await approve(world.manager, asked["id"]))["code"] == "SELF_APPROVAL"
    assert (await approve(world.director, asked["id"], note=" "))["field"] == "note"
    assert await world.rep.api.code(APPROVE, key=new_key(), id=asked["id"]) == "FORBIDDEN"
    assert await world.support.api.code(APPROVE, key=new_key(), id=asked["id"]) == "FORBIDDEN"
    assert await anonymous.code(APPROVE, key=new_key(), id=asked["id"]) == "UNAUTHENTICATED"
    for member in (world.south_manager, other_world.admin):
        assert (await approve(member, asked["id"]))["code"] == "NOT_FOUND"
    key = new_key()
    approved = await approve(world.director, asked["id"], key=key)
    assert approved["state"] == "APPROVED"
    assert await approve(world.director, asked["id"], key=key) == approved
    assert (await approve(world.admin, asked["id"]))["code"] == "WRONG_STATE"


async def test_of_two_approvers_at_once_one_counts(world: World) -> None:
    asked = await request_bypass(world.rep, await lead_of(world))
    answers = await asyncio.gather(
        *(approve(each, asked["id"]) for each in (world.manager, world.director, world.admin))
    )
    assert sorted(each["__typename"] for each in answers) == ["GateBypass", "WrongState", "WrongState"]


async def test_who_reads_exceptions(world: World, other_world: World, anonymous: ApiClient) -> None:
    asked = await request_bypass(world.rep, await lead_of(world))
    waiting = {"state": "REQUESTED"}
    for member in (world.rep, world.manager, world.director, world.admin):
        seen = (await member.api.first(BYPASSES, filter=waiting))["nodes"]
        assert [each["id"] for each in seen] == [asked["id"]]
    for member in (world.second_rep, world.south_manager, other_world.admin):
        assert (await member.api.first(BYPASSES, filter=None))["nodes"] == []
    assert await anonymous.code(BYPASSES, filter=None) == "UNAUTHENTICATED"
    await approve(world.manager, asked["id"])
    assert (await world.admin.api.first(BYPASSES, filter=waiting))["nodes"] == []
    assert len((await world.admin.api.first(BYPASSES, filter={"leadId": "led_none"}))["nodes"]) == 0


@pytest.mark.parametrize("stage", ["PROPOSAL", "LOST", "DISQUALIFIED"])
async def test_what_lies_before_a_gate_or_ends_the_lead_is_free(world: World, stage: str) -> None:
    assert (await move(world.rep, await lead_of(world), stage))["stage"] == stage
