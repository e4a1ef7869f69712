"""How much of a person's attention pushes take: five singles within ten minutes, then digests; one incident for many
breaches of one cause. Used by storage/attention.py whenever notices are written; the inbox holds each of them anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from domain.ids import NoticeId, OrgId, PersonId
from domain.notices import Notice, NoticeKind, Priority, event_key, make_notice
from domain.people import Person
from domain.preferences import DEFAULT
from domain.stand_ins import LEADS_TEAMS

SINGLES_WITHIN = timedelta(minutes=10)
GATHERS = timedelta(minutes=1)
"""A digest is due no sooner, and takes nothing in any later: no transaction lives so long, so whatever went into the
digest has been committed when it is sent."""
INCIDENT_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an installation takes for a storm."""

    singles: int = 5
    """Pushes of their own within SINGLES_WITHIN; the rest is digested. 0: there are no storms."""
    incident_over: int = 50
    """More breaches of one cause within INCIDENT_WITHIN are one incident."""


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Single:
    """A push of its own that was granted."""

    notice_id: NoticeId
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Digest:
    """One push about everything that was digested into it; `id` is the notice that carries it."""

    id: NoticeId
    due_at: datetime
    priority: Priority
    first: NoticeId
    """What it was made for."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One notice in place of the pushes about many breaches of one cause."""

    id: NoticeId
    cause: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Attention:
    """What was and will be pushed to one person, as far as it still matters."""

    id: PersonId
    org_id: OrgId
    singles: tuple[Single, ...] = ()
    digests: tuple[Digest, ...] = ()
    incidents: tuple[Incident, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True)
class Placed:
    """What becomes of the push of one notice."""

    attention: Attention
    at: datetime
    """When it is due, or what it goes into."""
    into: NoticeId | None = None
    """The digest or incident that tells it; None: a push of its own."""
    added: Notice | None = None
    """That digest or incident, where it is new."""
    urgent: Digest | None = None
    """That digest, where it was there and becomes more urgent."""


def place(attention: Attention, notice: Notice, person: Person, breaches: int, now: datetime, limits: Limits) -> Placed:
    """Where the push of a notice goes; `breaches` as `must_count` asks for it, else 0. Asked again it answers the same.

    Digests are apart by what the person chose and as urgent as the most urgent of what they hold.
    """
    preferences = person.preferences or DEFAULT
    every = timedelta(seconds=preferences.digest_every_s)
    heard_at = partial(preferences.heard_at, notice.priority, time_zone=person.time_zone)
    known = _fresh(attention, now, every)
    granted = _granted(attention, notice)
    if granted is not None:
        return granted
    due_at = heard_at(now)
    if not limits.singles:
        return Placed(attention, due_at)
    if _is_single(known, due_at, limits):
        return Placed(replace(known, singles=(*known.singles, Single(notice.id, due_at))), due_at)
    cause = cause_of(notice, person)
    incident = None if cause is None else _incident_of(known, cause, now)
    if incident is not None:
        return Placed(attention, now, incident.id)
    if cause is not None and breaches > limits.incident_over:
        told = _incident_notice(notice, cause, breaches, now)
        raised = Incident(told.id, cause, now)
        return Placed(replace(known, incidents=(*known.incidents, raised)), now, told.id, added=told)
    return _digested(attention, known, notice, due_at, heard_at, now, every)


def must_count(attention: Attention, notice: Notice, person: Person, now: datetime, limits: Limits) -> bool:
    """Whether `place` asks how many breaches of its cause the person was told of within INCIDENT_WITHIN."""
    cause = cause_of(notice, person)
    if cause is None or _granted(attention, notice) is not None or _incident_of(attention, cause, now) is not None:
        return False
    preferences = person.preferences or DEFAULT
    return not _is_single(attention, preferences.heard_at(notice.priority, now, person.time_zone), limits)


def cause_of(notice: Notice, person: Person) -> str | None:
    """By what a manager's breaches are counted together: the promise that was broken; None for anything else."""
    if notice.kind is not NoticeKind.SLA_BREACHED or person.role not in LEADS_TEAMS:
        return None
    return notice.facts.get("metric", "")


def _granted(attention: Attention, notice: Notice) -> Placed | None:
    """What a transaction that is run again was granted the first time."""
    for single in attention.singles:
        if single.notice_id == notice.id:
            return Placed(attention, single.due_at)
    for digest in attention.digests:
        if digest.first == notice.id:
            return Placed(attention, digest.due_at, digest.id)
    return None


def _fresh(attention: Attention, now: datetime, every: timedelta) -> Attention:
    return replace(
        attention,
        singles=tuple(each for each in attention.singles if each.due_at > now - SINGLES_WITHIN),
        digests=tuple(each for each in attention.digests if each.due_at > now - every),
        incidents=tuple(each for each in attention.incidents if each.raised_at > now - INCIDENT_WITHIN),
    )


def _is_single(attention: Attention, due_at: datetime, limits: Limits) -> bool:
    return (
        not limits.singles
        or sum(due_at - SINGLES_WITHIN < each.due_at <= due_at for each in attention.singles) < limits.singles
    )


def _incident_of(attention: Attention, cause: str, now: datetime) -> Incident | None:
    same = (each for each in attention.incidents if each.cause == cause and each.raised_at > now - INCIDENT_WITHIN)
    return next(same, None)


def _digested(
    attention: Attention,
    known: Attention,
    notice: Notice,
    due_at: datetime,
    heard_at: Callable[[datetime], datetime],
    now: datetime,
    every: timedelta,
) -> Placed:
    due_at = heard_at(max(due_at, now + GATHERS))
    for each in sorted(known.digests, key=lambda digest: digest.due_at):
        if abs(each.due_at - due_at) >= every:
            continue
        if each.due_at >= due_at:
            if not notice.priority.exceeds(each.priority):
                return Placed(attention, each.due_at, each.id)
            urgent = replace(each, priority=notice.priority)
            others = tuple(other for other in known.digests if other is not each)
            return Placed(replace(known, digests=(*others, urgent)), each.due_at, each.id, urgent=urgent)
        due_at = heard_at(each.due_at + every)
    told = _digest_notice(notice, due_at, now)
    digest = Digest(told.id, due_at, told.priority, notice.id)
    return Placed(replace(known, digests=(*known.digests, digest)), due_at, told.id, added=told)


def _digest_notice(first: Notice, due_at: datetime, now: datetime) -> Notice:
    """Read from the beginning: what it holds is in the inbox by itself."""
    key = event_key(NoticeKind.DIGEST, due_at.isoformat())
    told = make_notice(first.org_id, first.owner_id, NoticeKind.DIGEST, first.priority, key, now)
    return replace(told, seen_at=now, read_at=now)


def _incident_notice(breach: Notice, cause: str, breaches: int, now: datetime) -> Notice:
    key = event_key(NoticeKind.SLA_INCIDENT, cause, now.isoformat())
    facts = {"metric": cause, "count": str(breaches)}
    critical = Priority.CRITICAL
    return make_notice(breach.org_id, breach.owner_id, NoticeKind.SLA_INCIDENT, critical, key, now, facts=facts)
