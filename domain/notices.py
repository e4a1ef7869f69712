"""What a person is told: kinds, priorities and the inbox row with its monotonic marks.

Rules make notices, storage keeps them, push words them.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from domain.ids import ArticleId, ClockId, LeadId, NoticeId, OrgId, PersonId, VisitId

_NAMESPACE = uuid.UUID("5f1d5a0e-7a0b-5c43-9d0c-2f6b1c3e8a41")
"""Fixed for ever: another value would make every queued notice look new."""


class NoticeKind(StrEnum):
    """What happened; push/messages.py holds the words for each."""

    SLA_REMINDER = "SLA_REMINDER"
    SLA_BREACHED = "SLA_BREACHED"
    SLA_ESCALATED = "SLA_ESCALATED"
    SLA_REASSIGN_PROPOSED = "SLA_REASSIGN_PROPOSED"
    SLA_WITHDRAWN = "SLA_WITHDRAWN"
    CARE_TASK = "CARE_TASK"
    LEAD_ASSIGNED = "LEAD_ASSIGNED"
    LEADS_HANDED_OVER = "LEADS_HANDED_OVER"
    LEAD_UNTOUCHED = "LEAD_UNTOUCHED"
    LEAD_RETURNED = "LEAD_RETURNED"
    VISIT_MISSED = "VISIT_MISSED"
    VISIT_RESCHEDULED = "VISIT_RESCHEDULED"
    VISIT_CANCELLED = "VISIT_CANCELLED"
    PLAN_PUBLISHED = "PLAN_PUBLISHED"
    BEAT_PLAN_PUBLISHED = "BEAT_PLAN_PUBLISHED"
    NORMS_REMINDER = "NORMS_REMINDER"
    NORMS_MISSED = "NORMS_MISSED"
    NORMS_MISSED_IN_TEAM = "NORMS_MISSED_IN_TEAM"
    THRESHOLD_CROSSED = "THRESHOLD_CROSSED"
    COACHING = "COACHING"
    ARTICLE_TO_REVIEW = "ARTICLE_TO_REVIEW"
    ARTICLE_RETURNED = "ARTICLE_RETURNED"
    ARTICLE_APPROVED = "ARTICLE_APPROVED"
    QUESTION_ANSWERED = "QUESTION_ANSWERED"
    SLA_INCIDENT = "SLA_INCIDENT"
    RECIPIENT_UNREACHABLE = "RECIPIENT_UNREACHABLE"
    DIGEST = "DIGEST"


_INFORMS = frozenset({NoticeKind.SLA_WITHDRAWN, NoticeKind.DIGEST})


class Priority(StrEnum):
    """How urgent a notice is; storage claims in this order."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    NORMAL = "NORMAL"

    @property
    def deadline_s(self) -> int:
        """Seconds after which a delivery not yet accepted is given up: 60 min, 4 h, 24 h."""
        return _DEADLINE_S[self]

    def exceeds(self, other: Priority) -> bool:
        """Whether it is more urgent."""
        return self.deadline_s < other.deadline_s


_DEADLINE_S = {Priority.CRITICAL: 3_600, Priority.HIGH: 14_400, Priority.NORMAL: 86_400}


@dataclass(frozen=True, slots=True)
class Notice:
    """One row of one person's inbox; `owner_id` is the recipient.

    `facts` are plain strings for the wording (metric, date, counts), never a customer's personal data. The marks are
    set once and never move; an unread notice is one without `read_at`.
    """

    id: NoticeId
    org_id: OrgId
    owner_id: PersonId
    kind: NoticeKind
    priority: Priority
    dedupe_key: str
    created_at: datetime
    lead_id: LeadId | None = None
    article_id: ArticleId | None = None
    visit_id: VisitId | None = None
    clock_id: ClockId | None = None
    cycle: int | None = None
    step: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    seen_at: datetime | None = None
    read_at: datetime | None = None
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    taken_at: datetime | None = None
    """When somebody else who was told the same acknowledged it first."""
    taken_by_id: PersonId | None = None

    @property
    def is_settled(self) -> bool:
        """Whether the recipient need not be told any more: somebody took it on, or its cause has ended."""
        return any((self.acknowledged_at, self.resolved_at, self.taken_at))


def derived_id(prefix: str, *parts: str) -> str:
    """`prefix_` + the UUIDv5 (RFC 9562, 5.5) of the parts: the same parts give the same id on every machine."""
    return f"{prefix}_{uuid.uuid5(_NAMESPACE, json.dumps([prefix, *parts]))}"


def step_key(clock_id: ClockId, cycle: int | str, step: int) -> str:
    """The dedupe key of one step (percent of the target) of a clock's cycle: its number or its starting event's id."""
    return json.dumps([clock_id, str(cycle), str(step)])


def event_key(kind: NoticeKind, *subject: str) -> str:
    """The dedupe key of a notice that is no ladder step: its kind and what makes it one of a kind, in a fixed order."""
    return json.dumps([kind.value, *subject])


def notice_id(org_id: OrgId, dedupe_key: str, recipient: PersonId) -> NoticeId:
    """The only id this notice can have, so that writing it twice meets a duplicate key instead of telling twice."""
    return NoticeId(derived_id("ntc", org_id, dedupe_key, recipient))


def make_notice(
    org_id: OrgId,
    recipient: PersonId,
    kind: NoticeKind,
    priority: Priority,
    dedupe_key: str,
    now: datetime,
    *,
    lead_id: LeadId | None = None,
    article_id: ArticleId | None = None,
    visit_id: VisitId | None = None,
    clock_id: ClockId | None = None,
    cycle: int | None = None,
    step: int | None = None,
    facts: Mapping[str, str] | None = None,
) -> Notice:
    """A new inbox row under its deterministic id."""
    return Notice(
        id=notice_id(org_id, dedupe_key, recipient),
        org_id=org_id,
        owner_id=recipient,
        kind=kind,
        priority=priority,
        dedupe_key=dedupe_key,
        created_at=now,
        lead_id=lead_id,
        article_id=article_id,
        visit_id=visit_id,
        clock_id=clock_id,
        cycle=cycle,
        step=step,
        facts=dict(facts or {}),
    )


def see(notice: Notice, now: datetime) -> Notice:
    """The row was on the screen; the first time wins and a clock that steps back never precedes the creation."""
    return notice if notice.seen_at else replace(notice, seen_at=max(now, notice.created_at))


def read(notice: Notice, now: datetime) -> Notice:
    """The notice was opened, and therefore seen. Read is not acknowledged."""
    if notice.read_at:
        return notice
    seen = see(notice, now)
    return replace(seen, read_at=max(now, seen.seen_at or now))


def acknowledge(notice: Notice, now: datetime) -> Notice:
    """The recipient takes it on, and therefore has read it; the caller cancels the other deliveries."""
    if notice.acknowledged_at:
        return notice
    opened = read(notice, now)
    return replace(opened, acknowledged_at=max(now, opened.read_at or now))


def take(notice: Notice, by: PersonId, now: datetime) -> Notice:
    """Somebody else who was told the same acknowledged theirs: the first counts, and whoever did so keeps their own."""
    if notice.acknowledged_at or notice.taken_at:
        return notice
    return replace(notice, taken_at=max(now, notice.created_at), taken_by_id=by)


def as_sent(notice: Notice, held: Sequence[Notice]) -> Notice:
    """The notice as its push tells it; a digest counts what it holds that is still news, and without any is settled."""
    if notice.kind is not NoticeKind.DIGEST:
        return notice
    news = sum(not each.is_settled and each.read_at is None for each in held)
    return replace(notice, facts={"count": str(news)}, resolved_at=None if news else notice.created_at)


def is_shared(one: Notice, other: Notice) -> bool:
    """Whether acknowledging one takes the other on: the same event, or any step of the same cycle of a clock.

    What only informs is for everyone to read.
    """
    if one.kind in _INFORMS or other.kind in _INFORMS or one.org_id != other.org_id:
        return False
    if one.dedupe_key == other.dedupe_key:
        return True
    same_cycle = one.clock_id is not None and (one.clock_id, one.cycle) == (other.clock_id, other.cycle)
    return same_cycle and one.step is not None and other.step is not None


def resolve(notice: Notice, now: datetime) -> Notice:
    """Its cause has ended; says nothing about whether the recipient looked."""
    return notice if notice.resolved_at else replace(notice, resolved_at=max(now, notice.created_at))
