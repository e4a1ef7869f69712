"""Threshold alerts as data of the organization: which figure of a report is watched, against what, and who is told.

Used by resolvers/alerts.py, which adds the figures up, after a window's last day was counted and for dry runs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from domain.attendance import is_absent, planned_work, working_zone
from domain.ids import OrgId, PersonId, TeamId
from domain.notices import Notice, NoticeKind, Priority, derived_id, event_key, make_notice
from domain.people import GONE, Person
from domain.refusals import InvalidInput
from domain.weeks import Week

MAX_RULES = 50
MAX_NAME = 120
MAX_THRESHOLD = Decimal(10) ** 9
MEMBERS = range(2, 1_001)
DRY_RUN_WEEKS = range(1, 9)
_KEY = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


class AlertSubject(StrEnum):
    """What is compared."""

    REP = "REP"
    TEAM = "TEAM"


class AlertComparison(StrEnum):
    """On which side of the threshold an alert fires; exactly on it none does."""

    BELOW = "BELOW"
    ABOVE = "ABOVE"


class AlertBasis(StrEnum):
    """What the threshold means."""

    VALUE = "VALUE"
    TEAM_MEAN = "TEAM_MEAN"


class AlertWindow(StrEnum):
    """Over which days a figure is added up."""

    DAY = "DAY"
    WEEK = "WEEK"


class AlertRecipient(StrEnum):
    """Who is told."""

    SUPERIOR = "SUPERIOR"
    PERSON = "PERSON"
    ADMINISTRATORS = "ADMINISTRATORS"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One threshold. Against TEAM_MEAN it is in percent, and figures are those of a work day, so that leave counts for
    nobody; teams with fewer than `min_members` people at work are left alone."""

    key: str
    name_en: str
    name_zh: str
    report: str
    measure: str
    subject: AlertSubject
    comparison: AlertComparison
    basis: AlertBasis
    threshold: Decimal
    window: AlertWindow
    recipients: tuple[AlertRecipient, ...]
    min_members: int = 3
    enabled: bool = True


DEFAULT_RULES = (
    AlertRule(
        "WEEKLY_VISITS",
        "Weekly visits far below the team's",
        "周拜访量远低于团队均值",
        "VISITS",
        "made",
        AlertSubject.REP,
        AlertComparison.BELOW,
        AlertBasis.TEAM_MEAN,
        Decimal(60),
        AlertWindow.WEEK,
        (AlertRecipient.SUPERIOR,),
    ),
)


@dataclass(frozen=True, slots=True)
class AlertRules:
    """All of an organization; version 0 are those it begins with."""

    id: OrgId
    org_id: OrgId
    version: int = 0
    rules: tuple[AlertRule, ...] = DEFAULT_RULES
    saved_at: datetime | None = None
    saved_by_id: PersonId | None = None


@dataclass(frozen=True, slots=True)
class KnownReport:
    """What rules may ask of a report: keys of its measures, those of them that are added up, whether it tells reps."""

    measures: Collection[str]
    sums: Collection[str]
    tells_reps: bool


def rules_problem(rules: Sequence[AlertRule], reports: Mapping[str, KnownReport]) -> InvalidInput | None:
    """The first value that cannot be saved, by its field."""
    if len(rules) > MAX_RULES:
        return InvalidInput("rules", f"must be at most {MAX_RULES}")
    keys = [each.key for each in rules]
    for number, rule in enumerate(rules):
        problem = _problem(rule, reports)
        if problem is None and rule.key in keys[:number]:
            problem = ("key", "stands there twice")
        if problem is not None:
            return InvalidInput(f"rules.{number}.{problem[0]}", problem[1])
    return None


def _problem(rule: AlertRule, reports: Mapping[str, KnownReport]) -> tuple[str, str] | None:
    if not _KEY.fullmatch(rule.key):
        return "key", "must be 1 to 40 upper-case letters, digits or _, a letter first"
    for field, name in (("nameEn", rule.name_en), ("nameZh", rule.name_zh)):
        if not name.strip() or len(name) > MAX_NAME:
            return field, f"must have 1 to {MAX_NAME} characters"
    report = reports.get(rule.report)
    if report is None:
        return "report", f"must be one of {', '.join(reports)}"
    against_mean = rule.basis is AlertBasis.TEAM_MEAN
    measures = report.sums if against_mean else report.measures
    if rule.measure not in measures:
        return "measure", f"must be one of {', '.join(measures)}"
    if rule.subject is AlertSubject.REP and not report.tells_reps:
        return "subject", f"{rule.report} does not tell people apart"
    if rule.subject is AlertSubject.TEAM and against_mean:
        return "basis", "a team is compared with a value"
    if not rule.threshold.is_finite() or not 0 <= rule.threshold <= MAX_THRESHOLD:
        return "threshold", f"must be 0 to {MAX_THRESHOLD:f}"
    if not rule.recipients or len(set(rule.recipients)) != len(rule.recipients):
        return "recipients", "must name somebody, each once"
    if rule.subject is AlertSubject.TEAM and AlertRecipient.PERSON in rule.recipients:
        return "recipients", "a team is nobody to be told"
    if rule.min_members not in MEMBERS:
        return "minMembers", f"must be {MEMBERS[0]} to {MEMBERS[-1]}"
    return None


@dataclass(frozen=True, slots=True)
class Window:
    """The days an alert looks at, both included."""

    key: str
    since: date
    until: date

    @property
    def days(self) -> tuple[date, ...]:
        """First to last."""
        return tuple(self.since + timedelta(days=each) for each in range((self.until - self.since).days + 1))


def window_ending(kind: AlertWindow, day: date) -> Window | None:
    """The window whose last day this is; None where none ends on it."""
    if kind is AlertWindow.DAY:
        return Window(day.isoformat(), day, day)
    week = Week.of(day)
    return Window(str(week), week.days[0], day) if day == week.days[-1] else None


@dataclass(frozen=True, slots=True)
class Standing:
    """The figure of a rep or team over a window; `days` are the rep's work days in it, leave excluded."""

    owner_id: PersonId | None
    team_id: TeamId | None
    value: float | None
    days: int


@dataclass(frozen=True, slots=True)
class Crossing:
    """A figure on the wrong side, and what it was held against: the threshold, or the mean a work day of the team."""

    standing: Standing
    value: float
    reference: float


def work_days(person: Person, window: Window) -> int:
    """On how many days of the window the person was to work; without a roster those are Monday to Friday."""
    if person.state in GONE:
        return 0
    zone = working_zone(person)
    begun = person.created_at.astimezone(zone).date()
    days = [each for each in window.days if each >= begun]
    if person.roster is not None:
        return sum(planned_work(person, each) is not None for each in days)
    noons = (datetime.combine(each, time(12), zone) for each in days if each.isoweekday() <= 5)
    return sum(not is_absent(person, noon) for noon in noons)


def crossings(rule: AlertRule, standings: Iterable[Standing]) -> list[Crossing]:
    """Who fires the rule: nobody who was on leave all the time, nobody of a team that is too small."""
    if rule.basis is AlertBasis.VALUE:
        threshold = Fraction(rule.threshold)
        return [
            Crossing(each, each.value, float(rule.threshold))
            for each in standings
            if each.value is not None and each.days > 0 and _is_beyond(rule, _exact(each.value), threshold)
        ]
    teams: dict[TeamId | None, list[Standing]] = {}
    for each in standings:
        if each.days > 0:
            teams.setdefault(each.team_id, []).append(each)
    return [found for team in teams.values() if len(team) >= rule.min_members for found in _against_mean(rule, team)]


def _against_mean(rule: AlertRule, team: Sequence[Standing]) -> list[Crossing]:
    rates = [_exact(each.value or 0) / each.days for each in team]
    mean = sum(rates, Fraction(0)) / len(rates)
    if not mean:
        return []
    limit = mean * Fraction(rule.threshold) / 100
    return [
        Crossing(each, float(rate), float(mean))
        for each, rate in zip(team, rates, strict=True)
        if _is_beyond(rule, rate, limit)
    ]


def _is_beyond(rule: AlertRule, value: Fraction, limit: Fraction) -> bool:
    return value < limit if rule.comparison is AlertComparison.BELOW else value > limit


def _exact(value: float) -> Fraction:
    """The decimal number that is meant: 0.1 is a tenth."""
    return Fraction(str(value))


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that fired, once for each rule, window and rep or team."""

    id: str
    org_id: OrgId
    owner_id: PersonId | None
    team_id: TeamId | None
    rule_key: str
    rules_version: int
    name_en: str
    name_zh: str
    report: str
    measure: str
    subject: AlertSubject
    comparison: AlertComparison
    basis: AlertBasis
    threshold: Decimal
    window: str
    since: str
    until: str
    value: float
    reference: float
    fired_at: datetime


def alert_of(org_id: OrgId, version: int, rule: AlertRule, window: Window, crossing: Crossing, now: datetime) -> Alert:
    """The alert under the only id it can have."""
    standing = crossing.standing
    subject = standing.owner_id or standing.team_id or ""
    return Alert(
        id=derived_id("alr", org_id, rule.key, window.key, subject),
        org_id=org_id,
        owner_id=standing.owner_id,
        team_id=standing.team_id,
        rule_key=rule.key,
        rules_version=version,
        name_en=rule.name_en,
        name_zh=rule.name_zh,
        report=rule.report,
        measure=rule.measure,
        subject=rule.subject,
        comparison=rule.comparison,
        basis=rule.basis,
        threshold=rule.threshold,
        window=window.key,
        since=window.since.isoformat(),
        until=window.until.isoformat(),
        value=crossing.value,
        reference=crossing.reference,
        fired_at=now,
    )


def alert_notice(alert: Alert, recipient: PersonId, now: datetime) -> Notice:
    """Tells a recipient; what exactly stands in `alerts`."""
    kind = NoticeKind.THRESHOLD_CROSSED
    return make_notice(
        alert.org_id, recipient, kind, Priority.NORMAL, event_key(kind, alert.id), now, facts={"date": alert.since}
    )
