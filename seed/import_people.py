"""Imports people with their teams, superiors, time zones and shifts, idempotent by external id; `python -m seed import
people` calls it.

Teams are paths of names and made where they are missing. A superior manages the team he or she is in, which must be the
person's or one above it. New people are INVITED: an administrator sends them their link.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from domain.access import Role
from domain.ids import PersonId, TeamId, new_id
from domain.people import Organization, Person, PersonState, Team, normal_email, revise_person, team_problem
from domain.refusals import Refusal
from domain.shifts import Roster
from seed.cells import Problem
from seed.csv_file import Table
from seed.importing import (
    BATCH,
    Options,
    Report,
    Write,
    batches,
    begin_report,
    by_external_id,
    differing,
    overtaken,
    repeated_ids,
    write,
)
from seed.member_bindings import MemberChanges, apply_members, plan_members
from seed.people_rows import NAMES, PersonRow, read_person_row
from storage.bindings import move_bindings
from storage.codec import decode, encode
from storage.people import ORGANIZATIONS, PEOPLE, insert_team, list_teams, save_team
from storage.store import Store

__all__ = ["NAMES", "import_people"]


@dataclass(slots=True)
class _Chart:
    """Teams as they will be, and who is to manage which because of which line."""

    teams: dict[TeamId, Team]
    new: list[Team] = field(default_factory=list)
    managers: dict[TeamId, tuple[PersonId, int]] = field(default_factory=dict)

    def find_or_add(self, path: Sequence[str], options: Options) -> TeamId | None:
        """The team of that path from the root; None for the empty path."""
        parent: TeamId | None = None
        for name in path:
            found = next((t.id for t in self.teams.values() if t.parent_id == parent and t.name == name), None)
            if found is None:
                found = TeamId(new_id("tea", options.now))
                self.teams[found] = Team(found, options.org_id, name, parent, None, options.now)
                self.new.append(self.teams[found])
            parent = found
        return parent

    def above(self, team_id: TeamId | None) -> list[TeamId]:
        """The team and those above it, nearest first."""
        chain: list[TeamId] = []
        while team_id is not None and team_id in self.teams and team_id not in chain:
            chain.append(team_id)
            team_id = self.teams[team_id].parent_id
        return chain


@dataclass(frozen=True, slots=True)
class _Step:
    """A good row: the person before (None: new) and after."""

    row: PersonRow
    before: Person | None
    person: Person


async def import_people(store: Store, table: Table, options: Options) -> Report:
    """Creates and changes people and teams; those who are not in the file are not touched."""
    report = begin_report(table)
    rows: list[PersonRow] = []
    for row in table.rows:
        read = read_person_row(row, options.datum)
        if isinstance(read, PersonRow):
            rows.append(read)
        else:
            report.problems += read
    report.problems += repeated_ids((row.line, row.external_id) for row in rows)
    bad = report.bad_lines
    rows = [row for row in rows if row.line not in bad]
    report.problems += _repeated_emails(rows)
    bad = report.bad_lines
    rows = [row for row in rows if row.line not in bad]
    options.progress("looking up", 0, len(rows))
    known = await by_external_id(store, options.org_id, PEOPLE, [row.external_id for row in rows])
    by_id = {key: decode(Person, document) for key, document in known.items()}
    by_email = await _by_email(store, rows)
    chart = _Chart(await list_teams(store, options.org_id))
    found = await store[ORGANIZATIONS].find_one({"_id": options.org_id})
    organization = decode(Organization, found or {"_id": options.org_id})
    steps: list[_Step] = []
    for person_row in rows:
        judged = _judge(person_row, by_id, by_email, chart, organization, options)
        if isinstance(judged, _Step):
            steps.append(judged)
        else:
            report.problems.append(judged)
    steps = _with_superiors(steps, by_email, by_id, chart, report)
    said = [(each.row.line, each.person, "".join(each.row.wecom)) for each in steps if each.row.wecom is not None]
    members = await plan_members(store, said, options)
    report.problems += members.problems
    report.applied = not options.dry_run and not (options.strict and report.bad_lines)
    managed = _managed(chart)
    if report.applied:
        report.problems += await _apply(store, steps, chart, managed, members, options)
    bad = report.bad_lines
    moved = {line for _, line in managed.values()} | members.lines
    good = [step for step in steps if step.row.line not in bad]
    report.created = sum(step.before is None for step in good)
    touched = (step.person is not step.before or step.row.line in moved for step in good if step.before is not None)
    report.changed = sum(touched)
    report.unchanged = len(good) - report.created - report.changed
    if report.created:
        report.notes.append(f"{report.created} new people are invited: issuePasswordReset makes each one's link")
    if chart.new:
        report.notes.append(f"{len(chart.new)} new teams: {', '.join(team.name for team in chart.new)}")
    report.problems.sort(key=lambda problem: problem.line)
    return report


def _repeated_emails(rows: Iterable[PersonRow]) -> list[Problem]:
    first: dict[str, int] = {}
    problems = []
    for row in rows:
        email = row.described.get("email")
        if email is not None and first.setdefault(email, row.line) != row.line:
            problems.append(Problem(row.line, "email", f"{email} is on line {first[email]} already"))
    return problems


async def _by_email(store: Store, rows: Sequence[PersonRow]) -> dict[str, Person]:
    """Whoever signs in by an address of the file, in any organization: addresses are unique among all."""
    emails = {row.described.get("email") for row in rows} | {normal_email(row.superior or "") for row in rows}
    found: dict[str, Person] = {}
    for batch in batches(sorted(each for each in emails if each)):
        documents = await store[PEOPLE].find({"email": {"$in": list(batch)}}, limit=len(batch))
        found |= {document["email"]: decode(Person, document) for document in documents}
    return found


def _judge(
    row: PersonRow,
    by_id: Mapping[str, Person],
    by_email: Mapping[str, Person],
    chart: _Chart,
    organization: Organization,
    options: Options,
) -> _Step | Problem:
    """What the row makes of the person, without the superior."""
    before = by_id.get(row.external_id)
    holder = by_email.get(row.described.get("email", ""))
    if before is None and holder is not None and holder.org_id == options.org_id and holder.external_id is None:
        before = holder
    if holder is not None and (before is None or holder.id != before.id):
        return Problem(row.line, "email", f"{holder.email} belongs to somebody else")
    missing = next((name for name in ("email", "name", "role") if before is None and name not in row.described), None)
    if missing is not None:
        return Problem(row.line, missing, "is missing")
    given: dict[str, Any] = {**row.described, "external_id": row.external_id}
    if row.start is not None:
        given |= {"start_point": row.start[0], "start_given": row.start[1]}
    role: Role = given["role"] if before is None else given.get("role", before.role)
    if before is not None and before.role is Role.ADMIN and role is not Role.ADMIN:
        return Problem(row.line, "role", "of an administrator is not changed by a file")
    team_id = chart.find_or_add(row.team, options) if row.team is not None else before.team_id if before else None
    problem = team_problem(role, team_id)
    if problem is not None:
        return Problem(row.line, "team", problem.reason)
    given["team_id"] = team_id
    if before is None:
        person = Person(
            id=PersonId(new_id("per", options.now)),
            org_id=options.org_id,
            state=PersonState.INVITED,
            created_at=options.now,
            updated_at=options.now,
            **{"locale": organization.locale, "time_zone": options.time_zone or organization.time_zone, **given},
        )
        return _Step(row, None, replace(person, roster=_roster(row, person)))
    changes = differing(before, given)
    roster = _roster(row, replace(before, time_zone=given.get("time_zone", before.time_zone)))
    if roster != before.roster:
        changes["roster"] = roster
    revised = revise_person(before, changes, None, options.now) if changes else before
    return Problem(row.line, "", revised.message) if isinstance(revised, Refusal) else _Step(row, before, revised)


def _roster(row: PersonRow, person: Person) -> Roster | None:
    """The person's week with the days the row names."""
    kept = person.roster
    if not row.days:
        return replace(kept, zone=person.time_zone) if kept is not None else None
    weekly = tuple(row.days.get(day, kept.weekly[day] if kept is not None else ()) for day in range(7))
    return replace(kept, zone=person.time_zone, weekly=weekly) if kept else Roster(person.time_zone, weekly)


def _with_superiors(
    steps: Sequence[_Step],
    by_email: Mapping[str, Person],
    by_id: Mapping[str, Person],
    chart: _Chart,
    report: Report,
) -> list[_Step]:
    """The rows whose superior can be; the chart learns who manages which team."""
    people = {person.email: person for person in by_email.values()} | dict(by_id)
    for step in steps:
        people |= {step.person.email: step.person, step.row.external_id: step.person}
    good = []
    for step in steps:
        reason = _superior_problem(step, people, chart) if step.row.superior is not None else None
        if reason is None:
            good.append(step)
        else:
            report.problems.append(Problem(step.row.line, "superior", reason))
    return good


def _superior_problem(step: _Step, people: Mapping[str, Person], chart: _Chart) -> str | None:
    named = step.row.superior or ""
    superior = people.get(normal_email(named)) or people.get(named)
    if superior is None or superior.org_id != step.person.org_id:
        return f"nobody is called {named!r}"
    team_id = superior.team_id
    if superior.id == step.person.id or team_id is None or team_id not in chart.above(step.person.team_id):
        return f"{named!r} is not in the person's team or one above it"
    manager_id, line = chart.managers.setdefault(team_id, (superior.id, step.row.line))
    if manager_id != superior.id:
        return f"{chart.teams[team_id].name} has another superior on line {line} already"
    return None


def _managed(chart: _Chart) -> dict[TeamId, tuple[PersonId, int]]:
    """The managers that are news."""
    return {key: value for key, value in chart.managers.items() if chart.teams[key].manager_id != value[0]}


async def _apply(
    store: Store,
    steps: Sequence[_Step],
    chart: _Chart,
    managed: Mapping[TeamId, tuple[PersonId, int]],
    members: MemberChanges,
    options: Options,
) -> list[Problem]:
    """Teams, then their people, then who manages them: an interrupted import points at nothing that is not there."""
    for team in chart.new:
        await insert_team(store, team)
    problems: list[Problem] = []
    done = 0
    for batch in batches(steps, BATCH):
        writes = [
            Write(step.row.line, encode(step.before) if step.before else None, encode(step.person))
            for step in batch
            if step.person is not step.before
        ]
        problems += await write(store, PEOPLE, writes)
        done += len(batch)
        options.progress("writing", done, len(steps))
    lost = {problem.line for problem in problems}
    for step in steps:
        if step.before is not None and step.before.team_id != step.person.team_id and step.row.line not in lost:
            await move_bindings(store, step.person.id, step.person.team_id)
    await apply_members(store, members, lost)
    failed = {step.person.id for step in steps if step.row.line in lost and step.before is None}
    for team_id, (manager_id, line) in managed.items():
        team = chart.teams[team_id]
        changed = replace(team, manager_id=manager_id, version=team.version + 1)
        if manager_id in failed or await save_team(store, changed) is None:
            problems.append(overtaken(line))
    return problems
