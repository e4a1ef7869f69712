"""Threshold alerts: rules, what fired, dry runs, and firing; called by schema/alerts.py and workers/reports.py.

Figures are those of the nightly snapshots, so an alert can always be read again in the report it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from domain.access import Capability, Role
from domain.alerts import (
    DRY_RUN_WEEKS,
    Alert,
    AlertRecipient,
    AlertRule,
    AlertRules,
    AlertSubject,
    Crossing,
    KnownReport,
    Standing,
    Window,
    alert_notice,
    alert_of,
    crossings,
    rules_problem,
    window_ending,
    work_days,
)
from domain.calendar import known_zone
from domain.errors import BadInput
from domain.ids import OrgId, PersonId, TeamId
from domain.people import Person
from domain.refusals import IdTaken, Refusal, VersionConflict
from reports.facts import Dimension, cells_of, latest_day, summed
from reports.registry import REPORTS
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from resolvers.services import Services
from storage.alerts import COLLECTION, RULES, find_alert_rules, has_alert, insert_alert, save_alert_rules
from storage.codec import encode
from storage.driver import Document, DuplicateKeyError
from storage.people import ORGANIZATIONS, list_in_role, list_teams, page_in_role
from storage.reads import Page, PageRequest
from storage.report_snapshots import list_snapshots, list_standing_days
from storage.stand_ins import acting_superior
from storage.store import Store

MAX_ADMINS = 100
_NOBODY = PersonId("")
KNOWN = {
    key: KnownReport(
        measures=tuple(each.key for each in report.measures),
        sums=tuple(each.key for each in report.sums),
        tells_reps=Dimension.REP in report.dimensions,
    )
    for key, report in REPORTS.items()
    if not report.of_positions
}
"""What rules may watch: administrators write them, so nothing that is made of positions."""


async def alert_rules(context: Context) -> Document:
    """The current rules of the caller's organization. Raises Unauthenticated."""
    return encode(await find_alert_rules(context.store, context.me.org_id))


async def save_rules(
    context: Context, client_key: str, given: Sequence[Mapping[str, Any]], expected_version: int
) -> Document | Refusal:
    """The rules in their next version, for windows that end from then on. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_ALERTS)

    async def act(store: Store) -> Outcome:
        rules = _rules(given)
        problem = rules_problem(rules, KNOWN)
        if problem is not None:
            return problem
        before = await find_alert_rules(store, actor.org_id)
        if before.version != expected_version:
            return VersionConflict(actor.org_id, before.version)
        org_id, version = actor.org_id, expected_version + 1
        saved = await save_alert_rules(store, AlertRules(org_id, org_id, version, rules, context.now, actor.person_id))
        return VersionConflict(org_id, before.version) if saved is None else Saved(RULES, saved)

    whole = {"rules": given, "expected_version": expected_version}
    answer = await once(context, "saveAlertRules", client_key, whole, act)
    # Two who saved the first ones at once.
    return VersionConflict(actor.org_id, 1) if isinstance(answer, IdTaken) else answer


def _rules(given: Sequence[Mapping[str, Any]]) -> tuple[AlertRule, ...]:
    return tuple(AlertRule(**{**each, "recipients": tuple(each["recipients"])}) for each in given)


async def fired_alerts(context: Context, request: PageRequest, rule_key: str | None) -> Page:
    """A page of alerts in scope, the latest first; a rep finds those about themselves."""
    where: Document = {} if rule_key is None else {"rule_key": rule_key}
    return await context.reads.page(COLLECTION, where, replace(request, order="-fired_at"))


async def dry_run(context: Context, given: Sequence[Mapping[str, Any]] | None, weeks: int) -> list[Document]:
    """What the rules (None: the current ones) would have fired in the latest weeks, by window, the latest first.

    Raises Forbidden, BadInput.
    """
    actor = context.require(Capability.MANAGE_ALERTS)
    if weeks not in DRY_RUN_WEEKS:
        raise BadInput("weeks", f"must be {DRY_RUN_WEEKS[0]} to {DRY_RUN_WEEKS[-1]}")
    current = await find_alert_rules(context.store, actor.org_id)
    rules = current.rules if given is None else _rules(given)
    problem = rules_problem(rules, KNOWN)
    if problem is not None:
        raise BadInput(problem.field, problem.reason)
    organization = await context.reads.find(ORGANIZATIONS, actor.org_id) or {}
    latest = latest_day(context.now, known_zone(organization.get("time_zone", "UTC")))
    since = latest - timedelta(weeks=weeks) + timedelta(days=1)
    figures = await _figures(context.store, actor.org_id, rules, since - timedelta(days=6), latest)
    found = []
    for ago in range((latest - since).days + 1):
        day = latest - timedelta(days=ago)
        for rule in rules:
            window = window_ending(rule.window, day)
            if window is not None:
                alerts = [
                    encode(alert_of(actor.org_id, current.version, rule, window, each, context.now))
                    for each in figures.crossed(rule, window)
                ]
                found.append(
                    {
                        "rule_key": rule.key,
                        "window": window.key,
                        "since": window.since.isoformat(),
                        "until": window.until.isoformat(),
                        "days": sum(each in figures.standing for each in window.days),
                        "alerts": alerts,
                    }
                )
    return found


async def fire_alerts(services: Services, org_id: OrgId, day: date) -> int:
    """Fires the alerts of the windows that end on the day, each once; answers how many fired now."""
    store, now = services.store, services.clock()
    current = await find_alert_rules(store, org_id)
    due = [(rule, window_ending(rule.window, day)) for rule in current.rules if rule.enabled]
    ending = [(rule, window) for rule, window in due if window is not None]
    if not ending:
        return 0
    first = min(window.since for _, window in ending)
    figures = await _figures(store, org_id, [rule for rule, _ in ending], first, day)
    fired = 0
    for rule, window in ending:
        for each in figures.crossed(rule, window):
            alert = alert_of(org_id, current.version, rule, window, each, now)
            fired += await _fire(services, alert, rule, now)
    return fired


async def _fire(services: Services, alert: Alert, rule: AlertRule, now: datetime) -> bool:
    async def run(store: Store) -> bool:
        if await has_alert(store, alert.id):
            return False
        await insert_alert(store, alert)
        told = [alert_notice(alert, each, now) for each in await _recipients(store, alert, rule, now)]
        await services.outbox.write(store, told, now)
        return True

    try:
        return await services.store.transaction(run)
    except DuplicateKeyError:
        # Another worker fired it meanwhile.
        return False


async def _recipients(store: Store, alert: Alert, rule: AlertRule, now: datetime) -> list[PersonId]:
    found: list[PersonId | None] = []
    for each in rule.recipients:
        if each is AlertRecipient.PERSON:
            found.append(alert.owner_id)
        elif each is AlertRecipient.SUPERIOR:
            found.append(await acting_superior(store, alert.org_id, alert.owner_id or _NOBODY, alert.team_id, now))
        else:
            found += await list_in_role(store, alert.org_id, Role.ADMIN, MAX_ADMINS)
    return list(dict.fromkeys(each for each in found if each is not None))


class _Figures:
    """What the snapshots of some days say of every rep and team."""

    def __init__(self, people: Sequence[Person], teams: Sequence[TeamId], standing: frozenset[date]) -> None:
        self._people = people
        self._teams = teams
        self.standing = standing
        self._lines: dict[str, list[tuple[date, str, str | None, Mapping[str, float]]]] = {}

    def add(self, snapshot: Document) -> None:
        """One team's report of a day."""
        day, lines = date.fromisoformat(snapshot["day"]), self._lines.setdefault(snapshot["key"], [])
        lines += ((day, snapshot["team_id"], row["labels"].get("REP"), row["values"]) for row in snapshot["rows"])

    def crossed(self, rule: AlertRule, window: Window) -> list[Crossing]:
        """Whom the rule would fire for in that window."""
        report = REPORTS[rule.report]
        by_rep = rule.subject is AlertSubject.REP
        lines = (
            ({"of": (rep_id if by_rep else team_id) or ""}, values)
            for day, team_id, rep_id, values in self._lines.get(rule.report, ())
            if window.since <= day <= window.until
        )
        cells = {row.labels["of"]: cells_of(report, row.values) for row in summed(report, lines)}
        nothing = cells_of(report, {})

        def value(subject: str) -> float | None:
            return cells.get(subject, nothing)[rule.measure]

        if by_rep:
            standings = [
                Standing(each.id, each.team_id, value(each.id), work_days(each, window)) for each in self._people
            ]
        else:
            standings = [Standing(None, each, value(each), len(window.days)) for each in self._teams]
        return crossings(rule, standings)


async def _figures(store: Store, org_id: OrgId, rules: Sequence[AlertRule], since: date, until: date) -> _Figures:
    people: list[Person] = []
    while page := await page_in_role(store, org_id, Role.REP, people[-1].id if people else ""):
        people += page
    days = await list_standing_days(store, org_id, since.isoformat(), until.isoformat())
    standing = frozenset(date.fromisoformat(each["day"]) for each in days)
    figures = _Figures(people, sorted(await list_teams(store, org_id)), standing)
    for key in dict.fromkeys(each.report for each in rules):
        for snapshot in await list_snapshots(store, org_id, key, since, until):
            figures.add(snapshot)
    return figures
