"""SLA policies as an organization keeps them: which promise fits which lead, versions, and what cannot be saved.

Used by resolvers/sla_policies.py; a clock keeps the `Policy` that `PolicyRecord.promised` gives when it begins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.accounts import Tier
from domain.calendar import ALWAYS, Calendar, NoOpenTimeError, add
from domain.calendars import MAX_NAME, key_problem, version_problem
from domain.ids import OrgId, PersonId
from domain.leads import Lead
from domain.refusals import InvalidInput, NotFound, Refusal, WrongState
from domain.sla import DEFAULT_POLICIES, LADDER, Metric, Policy, Step, policy_problem

MAX_POLICIES = 100
MAX_CONDITIONS = 10
MAX_VALUES = 50
MAX_STEPS = 10
POSITIONS = range(1, 1_001)
USUAL_POSITION = 100


class MatchField(StrEnum):
    """What of a lead a condition looks at."""

    TIER = "TIER"
    SOURCE = "SOURCE"
    REGION = "REGION"
    PRODUCT_LINE = "PRODUCT_LINE"
    STAGE = "STAGE"


Facts = Mapping[MatchField, str | None]


def facts_of(lead: Lead) -> Facts:
    """What conditions are compared with."""
    return {
        MatchField.TIER: lead.tier.value,
        MatchField.SOURCE: lead.source,
        MatchField.REGION: lead.region,
        MatchField.PRODUCT_LINE: lead.product_line,
        MatchField.STAGE: lead.stage,
    }


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds where the lead's value is one of these."""

    field: MatchField
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    """A version of an organization's policy. One whose key is its metric is what fits where no other does."""

    id: str
    org_id: OrgId
    key: str
    metric: Metric
    name: str
    version: int
    target_s: int
    position: int = USUAL_POSITION
    conditions: tuple[Condition, ...] = ()
    calendar_key: str = ALWAYS.name
    steps: tuple[Step, ...] = LADDER
    pause_stages: tuple[str, ...] = ()
    active: bool = True
    ended_reason: str | None = None
    saved_at: datetime | None = None
    """None where it was never saved: the default of its metric."""
    saved_by: PersonId | None = None

    @property
    def is_default(self) -> bool:
        """Whether it fits all that no other policy of the metric fits."""
        return self.key == self.metric.value

    def fits(self, facts: Facts) -> bool:
        """Whether every condition holds."""
        return self.active and all(facts[each.field] in each.values for each in self.conditions)

    def promised(self, calendar: Calendar) -> Policy:
        """What a clock that begins now keeps."""
        return Policy(self.metric, self.version, self.target_s, calendar, self.steps, self.key, self.pause_stages)


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """A policy as an administrator gives it."""

    key: str
    metric: Metric
    name: str
    target_s: int
    position: int = USUAL_POSITION
    conditions: tuple[Condition, ...] = ()
    calendar_key: str = ALWAYS.name
    steps: tuple[Step, ...] = LADDER
    pause_stages: tuple[str, ...] = ()


def policy_id(org_id: OrgId, key: str) -> str:
    """The only id a policy of that key can have."""
    return f"{org_id}:{key}"


def default_policy(org_id: OrgId, metric: Metric) -> PolicyRecord | None:
    """What is promised until the organization saves a policy under the metric's own key."""
    shipped = DEFAULT_POLICIES.get(metric)
    if shipped is None:
        return None
    return PolicyRecord(
        id=policy_id(org_id, metric.value),
        org_id=org_id,
        key=metric.value,
        metric=metric,
        name=f"Default of {metric.value}",
        version=shipped.version,
        target_s=shipped.target_s,
        position=POSITIONS[-1],
        calendar_key=shipped.calendar.name,
        steps=shipped.steps,
        pause_stages=shipped.pause_stages,
    )


def in_order(org_id: OrgId, stored: Iterable[PolicyRecord]) -> list[PolicyRecord]:
    """All policies as they are tried: by metric, position and key, the default of a metric last."""
    records = {each.key: each for each in stored}
    for metric in Metric:
        default = default_policy(org_id, metric)
        if default is not None:
            records.setdefault(default.key, default)
    metrics = list(Metric)
    return sorted(
        records.values(), key=lambda each: (metrics.index(each.metric), each.is_default, each.position, each.key)
    )


def first_fitting(records: Iterable[PolicyRecord], metric: Metric, facts: Facts) -> PolicyRecord | None:
    """The policy for a new clock, of records in their order; None where nothing is promised."""
    return next((each for each in records if each.metric is metric and each.fits(facts)), None)


@dataclass(frozen=True, slots=True)
class Rules:
    """All that decides what is promised: policies in their order and the calendars they name."""

    policies: tuple[PolicyRecord, ...]
    calendars: Mapping[str, Calendar]

    def policy_for(self, lead: Lead, metric: Metric) -> Policy | None:
        """What a clock that begins now promises on the lead; None where nothing is promised."""
        found = first_fitting(self.policies, metric, facts_of(lead))
        return None if found is None else found.promised(self.calendars[found.calendar_key])

    def with_policy(self, draft: PolicyRecord) -> Rules:
        """As if the version were saved."""
        others = [each for each in self.policies if each.key != draft.key]
        return replace(self, policies=tuple(in_order(draft.org_id, [*others, draft])))

    def with_calendar(self, key: str, calendar: Calendar) -> Rules:
        """As if the version were saved."""
        return replace(self, calendars={**self.calendars, key: calendar})


def edited_policy(
    before: PolicyRecord | None,
    draft: PolicyDraft,
    org_id: OrgId,
    expected_version: int | None,
    *,
    calendars: Mapping[str, Calendar],
    stages: Collection[str],
    person_id: PersonId,
    now: datetime,
) -> PolicyRecord | Refusal:
    """The next version as drafted, active again; without an expected version only a new key is accepted."""
    problem = (
        key_problem(draft.key, taken=before is not None and expected_version is None)
        or version_problem(draft.key, None if before is None else before.version, expected_version)
        or _metric_problem(before, draft)
        or _conditions_problem(draft, stages)
    )
    if problem is not None:
        return problem
    if not 0 < len(draft.name.strip()) <= MAX_NAME:
        return InvalidInput("name", f"must have 1 to {MAX_NAME} characters")
    if draft.position not in POSITIONS:
        return InvalidInput("position", f"must be {POSITIONS[0]} to {POSITIONS[-1]}")
    if draft.calendar_key not in calendars:
        return InvalidInput("calendarKey", "names no calendar of your organization")
    if len(draft.steps) > MAX_STEPS:
        return InvalidInput("steps", f"may be {MAX_STEPS} at the most")
    unknown = _unknown_stage(draft.pause_stages, stages, "pauseStages")
    if unknown is not None:
        return unknown
    after = PolicyRecord(
        id=policy_id(org_id, draft.key),
        org_id=org_id,
        key=draft.key,
        metric=draft.metric,
        name=draft.name.strip(),
        version=1 if before is None else before.version + 1,
        target_s=draft.target_s,
        position=draft.position,
        conditions=draft.conditions,
        calendar_key=draft.calendar_key,
        steps=draft.steps,
        pause_stages=draft.pause_stages,
        saved_at=now,
        saved_by=person_id,
    )
    return policy_problem(after.promised(ALWAYS)) or unreachable(after, calendars[after.calendar_key], now) or after


def unreachable(record: PolicyRecord, calendar: Calendar, now: datetime) -> InvalidInput | None:
    """Refused where the calendar is open too seldom for the target and its last step, seen from `now`."""
    last = max([100, *(each.percent for each in record.steps)])
    try:
        add(calendar, now, record.target_s * last / 100)
    except NoOpenTimeError:
        return InvalidInput("targetSeconds", f"does not fit into ten years of the calendar {calendar.name}")
    return None


def ended_policy(
    before: PolicyRecord | None, key: str, reason: str, expected_version: int | None, person_id: PersonId, now: datetime
) -> PolicyRecord | Refusal:
    """The next version, which promises nothing to anybody."""
    if before is None:
        return NotFound(key)
    if not 0 < len(reason.strip()) <= MAX_NAME:
        return InvalidInput("reason", f"must have 1 to {MAX_NAME} characters")
    problem = version_problem(key, before.version, expected_version)
    if problem is not None:
        return problem
    if not before.active:
        return WrongState(key, "INACTIVE")
    return replace(
        before,
        version=before.version + 1,
        active=False,
        ended_reason=reason.strip(),
        saved_at=now,
        saved_by=person_id,
    )


def _metric_problem(before: PolicyRecord | None, draft: PolicyDraft) -> InvalidInput | None:
    if before is not None and before.metric is not draft.metric:
        return InvalidInput("metric", "cannot change; save a policy under another key")
    if draft.key in {each.value for each in Metric} and draft.key != draft.metric.value:
        return InvalidInput("key", "belongs to the default of another metric")
    if draft.key == draft.metric.value and draft.conditions:
        return InvalidInput("conditions", "must be empty: this policy fits where no other does")
    return None


def _conditions_problem(draft: PolicyDraft, stages: Collection[str]) -> InvalidInput | None:
    if len(draft.conditions) > MAX_CONDITIONS:
        return InvalidInput("conditions", f"may be {MAX_CONDITIONS} at the most")
    for number, each in enumerate(draft.conditions):
        path = f"conditions[{number}].values"
        if not 0 < len(each.values) <= MAX_VALUES or any(not 0 < len(value) <= MAX_NAME for value in each.values):
            return InvalidInput(path, f"must be 1 to {MAX_VALUES} texts of 1 to {MAX_NAME} characters")
        if each.field is MatchField.TIER and not set(each.values) <= set(Tier):
            return InvalidInput(path, f"must be of {', '.join(Tier)}")
        unknown = _unknown_stage(each.values, stages, path) if each.field is MatchField.STAGE else None
        if unknown is not None:
            return unknown
    return None


def _unknown_stage(wanted: Sequence[str], stages: Collection[str], path: str) -> InvalidInput | None:
    if len(set(wanted)) != len(wanted):
        return InvalidInput(path, "names a stage twice")
    if not set(wanted) <= set(stages):
        return InvalidInput(path, f"must be of {', '.join(stages)}")
    return None
