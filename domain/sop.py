"""The sales procedure of an organization: which actions a tier and stage ask for, and which gates stand between stages.

Read by resolvers/leads.py at every step of a lead, edited through resolvers/procedures.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.accounts import Tier
from domain.ids import OrgId, PersonId
from domain.leads import Lead, Stage, StageKind
from domain.refusals import InvalidInput, Refusal
from domain.standard_actions import StandardAction

MAX_ACTIONS = 200
MAX_GATES = 50
MAX_DUE_H = 24 * 366
MAX_NAME = 120
_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Requirement(StrEnum):
    """What opens a gate."""

    PROPOSAL_STORED = "PROPOSAL_STORED"
    ACTIONS_DONE = "ACTIONS_DONE"


@dataclass(frozen=True, slots=True)
class ActionRule:
    """Leads of `tier` that enter `stage` get this action, due so many hours later."""

    tier: Tier
    stage: str
    key: str
    name_en: str
    name_zh: str
    due_after_h: int
    required: bool = False
    """Whether a gate of the kind ACTIONS_DONE waits for it."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Leads of `tier` do not get past `stage` until the requirement is met. Losing a lead is always possible."""

    tier: Tier
    stage: str
    requirement: Requirement


@dataclass(frozen=True, slots=True)
class Procedure:
    """An organization's rules; version 0 are the ones it begins with."""

    id: str
    org_id: OrgId
    version: int
    actions: tuple[ActionRule, ...]
    gates: tuple[Gate, ...]
    saved_at: datetime | None = None
    saved_by_id: PersonId | None = None


def _rules(tier: Tier, *rows: tuple[str, str, str, str, int, bool]) -> tuple[ActionRule, ...]:
    return tuple(ActionRule(tier, *row) for row in rows)


DEFAULT_ACTIONS = (
    *_rules(
        Tier.A,
        ("NEW", "RESEARCH", "Look into the customer's business", "了解客户业务背景", 24, False),
        ("CONTACTED", "NEEDS", "Visit and write down the needs", "上门拜访并记录需求", 72, True),
        ("CONTACTED", "DECISION_MAKERS", "Name who decides", "确认决策人", 72, False),
        ("QUALIFIED", "PROPOSAL", "Hand over a written proposal", "提交书面方案", 24, True),
        ("PROPOSAL", "REVIEW", "Go through the proposal together", "与客户讲解方案", 72, False),
    ),
    *_rules(
        Tier.B,
        ("CONTACTED", "NEEDS", "Write down the needs", "记录客户需求", 120, False),
        ("QUALIFIED", "PROPOSAL", "Send a proposal", "发送方案", 72, False),
    ),
    *_rules(Tier.C, ("CONTACTED", "NEEDS", "Ask for the needs", "了解客户需求", 168, False)),
)
DEFAULT_GATES = (Gate(Tier.A, "PROPOSAL", Requirement.PROPOSAL_STORED),)


def default_procedure(org_id: OrgId) -> Procedure:
    """What an organization has until it saves rules of its own."""
    return Procedure(org_id, org_id, 0, DEFAULT_ACTIONS, DEFAULT_GATES)


@dataclass(frozen=True, slots=True)
class GateProposalRequired(Refusal):
    """A lead of this tier does not get past this stage without a stored proposal."""

    code: ClassVar[str] = "GATE_PROPOSAL_REQUIRED"
    id: str
    stage: str

    @property
    def message(self) -> str:
        return f"{self.id} needs a stored proposal to get past {self.stage}."


@dataclass(frozen=True, slots=True)
class GateActionsRequired(Refusal):
    """A lead of this tier does not get past this stage until its required actions are done."""

    code: ClassVar[str] = "GATE_ACTIONS_REQUIRED"
    id: str
    stage: str
    missing: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{self.id} needs {', '.join(self.missing)} done to get past {self.stage}."


@dataclass(frozen=True, slots=True)
class NoGate(Refusal):
    """No gate stands at this stage for leads of this tier."""

    code: ClassVar[str] = "NO_GATE"
    id: str
    stage: str

    @property
    def message(self) -> str:
        return f"Nothing keeps {self.id} from getting past {self.stage}."


def procedure_problem(
    actions: Sequence[ActionRule], gates: Sequence[Gate], stages: Sequence[Stage]
) -> InvalidInput | None:
    """The first rule that cannot be saved, by its field."""
    if len(actions) > MAX_ACTIONS:
        return InvalidInput("actions", f"must be at most {MAX_ACTIONS}")
    if len(gates) > MAX_GATES:
        return InvalidInput("gates", f"must be at most {MAX_GATES}")
    known = {stage.key for stage in stages}
    keys: set[tuple[Tier, str]] = set()
    for number, rule in enumerate(actions):
        problem = _action_problem(rule, known, f"actions.{number}")
        if problem is not None:
            return problem
        if (rule.tier, rule.key) in keys:
            return InvalidInput(f"actions.{number}.key", "stands in this tier twice")
        keys.add((rule.tier, rule.key))
    for number, gate in enumerate(gates):
        if gate.stage not in known:
            return InvalidInput(f"gates.{number}.stage", f"is none of {', '.join(sorted(known))}")
        if gate in gates[:number]:
            return InvalidInput(f"gates.{number}", "stands there twice")
    return None


def _action_problem(rule: ActionRule, stages: set[str], place: str) -> InvalidInput | None:
    if not _KEY.fullmatch(rule.key):
        return InvalidInput(f"{place}.key", "must be 1 to 40 letters, digits, _ or -")
    if rule.stage not in stages:
        return InvalidInput(f"{place}.stage", f"is none of {', '.join(sorted(stages))}")
    for field, name in (("nameEn", rule.name_en), ("nameZh", rule.name_zh)):
        if not name.strip() or len(name) > MAX_NAME:
            return InvalidInput(f"{place}.{field}", f"must have 1 to {MAX_NAME} characters")
    if not 1 <= rule.due_after_h <= MAX_DUE_H:
        return InvalidInput(f"{place}.dueAfterHours", f"must be 1 to {MAX_DUE_H}")
    return None


def entered(lead: Lead, procedure: Procedure, now: datetime) -> Lead:
    """The lead (not yet saved) with the actions of its tier and stage.

    What is done stays, what another tier asked for and nobody did goes, and coming back to a stage asks nothing twice.
    """
    kept = [each for each in lead.standard_actions if each.done_at is not None or each.tier is lead.tier]
    known = {each.key for each in kept}
    fresh = [
        StandardAction(
            key=rule.key,
            tier=rule.tier,
            stage=rule.stage,
            name_en=rule.name_en,
            name_zh=rule.name_zh,
            required=rule.required,
            due_at=now + timedelta(hours=rule.due_after_h),
        )
        for rule in procedure.actions
        if rule.tier is lead.tier and rule.stage == lead.stage and lead.is_open and rule.key not in known
    ]
    return replace(lead, standard_actions=(*kept, *fresh))


def gates_before(tier: Tier, target: Stage, stages: Sequence[Stage], gates: Iterable[Gate]) -> tuple[Gate, ...]:
    """The gates that a lead of the tier must have open to stand in `target`: those of all earlier stages.

    Where it comes from does not matter, so no way round by way of another stage leads past one.
    """
    if target.kind in {StageKind.LOST, StageKind.DISQUALIFIED}:
        return ()
    order = [stage.key for stage in stages]
    passed = set(order[: order.index(target.key)])
    return tuple(gate for gate in gates if gate.tier is tier and gate.stage in passed)


def shut(
    lead: Lead, gate: Gate, *, has_proposal: bool, bypassed: bool
) -> GateProposalRequired | GateActionsRequired | None:
    """Why the gate keeps the lead; None where it is open."""
    if bypassed:
        return None
    if gate.requirement is Requirement.PROPOSAL_STORED:
        return None if has_proposal else GateProposalRequired(lead.id, gate.stage)
    missing = tuple(
        each.key
        for each in lead.standard_actions
        if each.required and each.stage == gate.stage and each.done_at is None
    )
    return GateActionsRequired(lead.id, gate.stage, missing) if missing else None
