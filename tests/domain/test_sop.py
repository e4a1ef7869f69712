"""The rules of procedures: what can be saved, what a lead gets at a stage, which gates are in its way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts import Tier
from domain.ids import LeadId, OrgId, PersonId
from domain.leads import DEFAULT_STAGES, Lead, StageKind, move
from domain.refusals import InvalidInput, WrongState
from domain.sop import (
    DEFAULT_ACTIONS,
    DEFAULT_GATES,
    ActionRule,
    Gate,
    GateActionsRequired,
    GateProposalRequired,
    Requirement,
    default_procedure,
    entered,
    gates_before,
    procedure_problem,
    shut,
)
from domain.standard_actions import ActionState, UnknownAction, complete, state_of
from tests.conftest import START

ORG, REP = OrgId("org_1"), PersonId("per_1")
RULE = ActionRule(Tier.A, "NEW", "CALL", "Call", "致电", 24)
PROCEDURE = default_procedure(ORG)
STAGES = {stage.key: stage for stage in DEFAULT_STAGES}


def lead_at(stage: str = "NEW", tier: Tier = Tier.A) -> Lead:
    return Lead(
        id=LeadId("led_1"),
        org_id=ORG,
        name="Mill",
        stage=stage,
        stage_kind=STAGES[stage].kind,
        tier=tier,
        owner_id=REP,
        team_id=None,
        occurred_at=START,
        created_at=START,
        updated_at=START,
    )


def keys(lead: Lead) -> list[str]:
    return [each.key for each in lead.standard_actions]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": ""}, "actions.1.key"),
        ({"key": "a b"}, "actions.1.key"),
        ({"key": "CALL"}, "actions.1.key"),
        ({"stage": "NOWHERE"}, "actions.1.stage"),
        ({"name_en": " "}, "actions.1.nameEn"),
        ({"name_zh": "长" * 121}, "actions.1.nameZh"),
        ({"due_after_h": 0}, "actions.1.dueAfterHours"),
        ({"due_after_h": 8_785}, "actions.1.dueAfterHours"),
    ],
)
def test_a_rule_that_cannot_hold_is_named(changes: dict[str, Any], field: str) -> None:
    rule = replace(RULE, **{"key": "SECOND", **changes})
    problem = procedure_problem([RULE, rule], (), DEFAULT_STAGES)
    assert isinstance(problem, InvalidInput)
    assert problem.field == field


def test_gates_are_checked_and_the_defaults_can_be_saved() -> None:
    gate = Gate(Tier.B, "NOWHERE", Requirement.ACTIONS_DONE)
    assert procedure_problem((), [*DEFAULT_GATES, gate], DEFAULT_STAGES) == InvalidInput(
        "gates.1.stage", "is none of CONTACTED, DISQUALIFIED, LOST, NEW, PROPOSAL, QUALIFIED, WON"
    )
    assert procedure_problem((), DEFAULT_GATES * 2, DEFAULT_STAGES) == InvalidInput("gates.1", "stands there twice")
    assert procedure_problem([RULE] * 201, (), DEFAULT_STAGES) == InvalidInput("actions", "must be at most 200")
    assert procedure_problem((), DEFAULT_GATES * 51, DEFAULT_STAGES) == InvalidInput("gates", "must be at most 50")
    assert procedure_problem(DEFAULT_ACTIONS, DEFAULT_GATES, DEFAULT_STAGES) is None
    assert procedure_problem([RULE, replace(RULE, tier=Tier.B)], (), DEFAULT_STAGES) is None


def test_a_stage_brings_its_actions_once() -> None:
    lead = entered(lead_at(), PROCEDURE, START)
    assert keys(lead) == ["RESEARCH"]
    assert lead.standard_actions[0].due_at == START + timedelta(hours=24)
    later = START + timedelta(days=2)
    contacted = entered(move(lead, STAGES["CONTACTED"], None, later), PROCEDURE, later)
    assert keys(contacted) == ["RESEARCH", "NEEDS", "DECISION_MAKERS"]
    back = entered(move(contacted, STAGES["NEW"], None, later), PROCEDURE, later)
    assert back.standard_actions == contacted.standard_actions


def test_another_tier_brings_its_own_and_keeps_what_is_done() -> None:
    lead = entered(replace(entered(lead_at(), PROCEDURE, START), stage="CONTACTED"), PROCEDURE, START)
    done = complete(lead.standard_actions, "NEEDS", None, "seen", REP, START)
    assert isinstance(done, tuple)
    lower = entered(replace(lead, standard_actions=done, tier=Tier.B), PROCEDURE, START)
    assert [(each.key, each.tier) for each in lower.standard_actions] == [("NEEDS", Tier.A)]
    untouched = entered(replace(lead, tier=Tier.B), PROCEDURE, START)
    assert [(each.key, each.tier) for each in untouched.standard_actions] == [("NEEDS", Tier.B)]


def test_a_closed_lead_gets_nothing() -> None:
    rule = replace(RULE, stage="WON")
    assert entered(lead_at("WON"), replace(PROCEDURE, actions=(rule,)), START).standard_actions == ()


def test_completing_is_once_and_known() -> None:
    lead = entered(lead_at(), PROCEDURE, START)
    assert complete(lead.standard_actions, "X", None, "n", REP, START) == UnknownAction("X", ("RESEARCH",))
    done = complete(lead.standard_actions, "RESEARCH", "act_1", None, REP, START)
    assert isinstance(done, tuple)
    assert (done[0].done_at, done[0].done_by_id, done[0].evidence_id) == (START, REP, "act_1")
    assert complete(done, "RESEARCH", None, "again", REP, START) == WrongState("RESEARCH", "DONE")


@pytest.mark.parametrize(
    ("minutes", "done", "state"),
    [(-1, False, ActionState.OPEN), (0, False, ActionState.OVERDUE), (9, True, ActionState.DONE)],
)
def test_an_action_is_overdue_from_its_due_time_on(minutes: int, done: bool, state: ActionState) -> None:
    assert state_of(START, START if done else None, now=START + timedelta(minutes=minutes)) is state


@pytest.mark.parametrize(
    ("tier", "target", "count"),
    [
        (Tier.A, "PROPOSAL", 0),
        (Tier.A, "QUALIFIED", 0),
        (Tier.A, "WON", 1),
        (Tier.A, "LOST", 0),
        (Tier.A, "DISQUALIFIED", 0),
        (Tier.B, "WON", 0),
    ],
)
def test_only_stages_behind_a_gate_are_kept(tier: Tier, target: str, count: int) -> None:
    assert len(gates_before(tier, STAGES[target], DEFAULT_STAGES, DEFAULT_GATES)) == count


def test_a_gate_opens_by_what_it_asks_for_or_by_an_exception() -> None:
    lead = lead_at("CONTACTED")
    proposal = DEFAULT_GATES[0]
    assert shut(lead, proposal, has_proposal=False, bypassed=False) == GateProposalRequired("led_1", "PROPOSAL")
    assert shut(lead, proposal, has_proposal=True, bypassed=False) is None
    assert shut(lead, proposal, has_proposal=False, bypassed=True) is None
    actions = Gate(Tier.A, "CONTACTED", Requirement.ACTIONS_DONE)
    lead = entered(lead, PROCEDURE, START)
    assert shut(lead, actions, has_proposal=True, bypassed=False) == GateActionsRequired(
        "led_1", "CONTACTED", ("NEEDS",)
    )
    done = complete(lead.standard_actions, "NEEDS", None, "written", REP, START)
    assert isinstance(done, tuple)
    assert shut(replace(lead, standard_actions=done), actions, has_proposal=False, bypassed=False) is None


@given(st.lists(st.sampled_from(sorted(STAGES)), max_size=8))
def test_no_way_round_leads_past_a_gate(path: list[str]) -> None:
    lead = lead_at()
    for key in path:
        gates = gates_before(lead.tier, STAGES[key], DEFAULT_STAGES, DEFAULT_GATES)
        if all(shut(lead, each, has_proposal=False, bypassed=False) is None for each in gates):
            lead = move(lead, STAGES[key], None, START)
    assert lead.stage_kind is not StageKind.WON
