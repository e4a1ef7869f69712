"""`python -m seed`: prepares the database, makes organizations, imports files; `make up` runs `init`."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TextIO

import typer

from domain.places import Datum
from domain.refusals import Refusal
from seed.at_work import main as let_reps_work
from seed.demo_day import main as play_demo_day
from seed.demo_organization import make_demo
from seed.export_person import export_lines, find_anybody, note_export
from seed.import_accounts import NAMES as ACCOUNT_COLUMNS
from seed.import_accounts import import_accounts
from seed.import_leads import NAMES as LEAD_COLUMNS
from seed.import_leads import import_leads
from seed.import_people import NAMES as PEOPLE_COLUMNS
from seed.import_people import import_people
from seed.organizations import create_organization
from seed.rebuild_clocks import rebuild_clocks
from seed.rejudging import read_policy
from seed.rejudging import rejudge as run_rejudge
from seed.running import FileImport, UsageError, bars, find_organization, run, run_import, say
from storage.articles import ask_for_rebuild
from storage.credentials import Passwords
from storage.migrations import migrate
from storage.store import Store
from wiring.banner import DEMO_FILE
from wiring.clock import system_clock
from wiring.services import build_services
from wiring.settings import Settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
imports = typer.Typer(no_args_is_help=True, help="Import a CSV file; records are found again by their external id.")
app.add_typer(imports, name="import")

File = Annotated[Path, typer.Argument(help="A CSV file: UTF-8, UTF-16 or GB18030; commas, semicolons, tabs or bars.")]
Org = Annotated[str, typer.Option("--org", help="Name or id of the organization; may be left out if there is one.")]
Strict = Annotated[bool, typer.Option("--strict", help="Write nothing unless every row is good.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing and print the same report.")]
GivenDatum = Annotated[Datum, typer.Option("--datum", help="Datum of coordinates whose row names none.")]
GivenZone = Annotated[str, typer.Option("--time-zone", help="Time zone of rows that name none, e.g. Europe/Berlin.")]
Owner = Annotated[str, typer.Option("--owner", help="E-mail or external id of who gets new records without an owner.")]
Encoding = Annotated[str, typer.Option("--encoding", help="Encoding of the file, where it is not found out rightly.")]


@app.command()
def init() -> None:
    """Bring the database to the newest version and make the demo organization where one is wanted."""

    async def work(settings: Settings, store: Store) -> None:
        now = system_clock(settings.clock_offset_s)()
        await migrate(store, now, said=say)
        wanted = settings.mongodb_uri is None if settings.demo is None else settings.demo
        if wanted:
            with bars() as progress:
                file = settings.data / DEMO_FILE
                made = await make_demo(store, file, Passwords(), now, said=say, progress=progress)
            say(f"demo: logins are in {file}" if made else "demo: all is there")

    run(work)


@app.command(name="at-work")
def at_work() -> None:
    """Let the demo organization's reps work on the running server: drives, check-ins, positions on the map."""
    let_reps_work()


@app.command(name="migrate")
def migrate_command() -> None:
    """Bring the database to the newest version."""

    async def work(settings: Settings, store: Store) -> None:
        version = await migrate(store, system_clock(settings.clock_offset_s)(), said=say)
        say(f"the database is at version {version}")

    run(work)


@app.command(name="rebuild-clocks")
def rebuild_clocks_command(dry_run: DryRun = False) -> None:
    """Fold every SLA clock anew from its events, and sum up the leads anew from their clocks; safe while in use."""

    async def work(_settings: Settings, store: Store) -> None:
        with bars() as progress:
            found = await rebuild_clocks(store, dry_run=dry_run, progress=progress)
        say(f"{found.clocks} clocks, {found.clocks_changed} differed")
        say(f"{found.leads} leads, {found.leads_changed} differed")
        if dry_run:
            say("nothing was written: a dry run")

    run(work)


@app.command(name="rebuild-search")
def rebuild_search_command() -> None:
    """Have every process make its search index anew from the database; searches go on with what there is."""

    async def work(_settings: Settings, store: Store) -> None:
        number = await ask_for_rebuild(store)
        say(f"request {number}: running processes begin within seconds, others when they start")

    run(work)


@app.command(name="export-person")
def export_person_command(
    person: Annotated[str, typer.Argument(help="The person's id.")],
    file: Annotated[Path, typer.Argument(help="Where to write: one JSON object a line. Must not exist.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the audit trail.")],
) -> None:
    """Write everything that is kept of a person who cannot sign in any more, positions included, into a file."""

    async def work(settings: Settings, store: Store) -> None:
        found = await find_anybody(store, person)
        if found is None:
            raise UsageError(f"there is no person {person}")
        if not reason.strip():
            raise UsageError("--reason must not be empty")
        await note_export(store, found, reason, system_clock(settings.clock_offset_s)())
        count = 0
        with _only_for_me(file) as out:
            async for line in export_lines(store, found):
                out.write(line + "\n")
                count += 1
        say(f"{count} records are in {file}")

    run(work)


def _only_for_me(file: Path) -> TextIO:
    """A new file that nobody else on the machine may read."""
    try:
        return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error


@app.command()
def rejudge(
    policy: Annotated[
        Path | None, typer.Option("--policy", help="JSON of limits that differ from those in use.")
    ] = None,
    org: Org = "",
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How far back check-ins are judged again.")] = 30,
) -> None:
    """List what the check-in policy, or another one, would make of stored check-ins now; writes nothing."""

    async def work(settings: Settings, store: Store) -> None:
        now = system_clock(settings.clock_offset_s)()
        org_id = await find_organization(store, org)
        wanted = read_policy(policy)
        with bars() as progress:
            found = await run_rejudge(store, org_id, wanted, now - timedelta(days=days), now, progress=progress)
        for each in found.changes:
            say(f"{each.event_at:%Y-%m-%d %H:%M}  {each.id}  {each.owner_id}  {each.before} -> {each.after}")
        for (before, after), times in found.counts.most_common():
            say(f"{times} x {before} -> {after}")
        say(f"{found.check_ins} check-ins, {found.counts.total()} would stand otherwise under version {wanted.version}")

    run(work)


@app.command()
def org(
    name: Annotated[str, typer.Argument(help="The organization's name.")],
    admin: Annotated[str, typer.Option("--admin", help="E-mail address of the first administrator.")],
    time_zone: Annotated[str, typer.Option("--time-zone", help="The organization's time zone.")] = "Asia/Shanghai",
    locale: Annotated[str, typer.Option("--locale", help="zh-CN or en.")] = "zh-CN",
) -> None:
    """Make an organization and print the one-time token of its first administrator."""

    async def work(settings: Settings, store: Store) -> None:
        services = build_services(settings, store)
        await migrate(store, services.clock(), said=say)
        token = await create_organization(services, name, admin, time_zone=time_zone, locale=locale)
        if isinstance(token, Refusal):
            raise UsageError(token.message)
        say(f"{name} is made. Invitation of {admin}, shown once and good for 7 days (mutation acceptInvitation):")
        say(token)

    run(work)


@app.command()
def demo(
    url: Annotated[str, typer.Option(envvar="URL", help="A running server with the demo logins of DATA.")] = "",
) -> None:
    """Play one day with real HTTP calls and print the transcript; without --url on servers of its own."""
    raise typer.Exit(play_demo_day(url))


@imports.command()
def accounts(
    file: File,
    org: Org = "",
    strict: Strict = False,
    dry_run: DryRun = False,
    datum: GivenDatum = Datum.WGS84,
    time_zone: GivenZone = "",
    owner: Owner = "",
    encoding: Encoding = "",
) -> None:
    """Customers with their sites."""
    given = FileImport(file, org, strict, dry_run, datum, time_zone, owner, encoding)
    run_import(import_accounts, ACCOUNT_COLUMNS, given)


@imports.command()
def leads(
    file: File,
    org: Org = "",
    strict: Strict = False,
    dry_run: DryRun = False,
    owner: Owner = "",
    encoding: Encoding = "",
) -> None:
    """Leads; one that occurred in the past counts from then on, and nobody is told what came due before today."""
    given = FileImport(file, org, strict, dry_run, Datum.WGS84, "", owner, encoding)
    run_import(import_leads, LEAD_COLUMNS, given)


@imports.command()
def people(
    file: File,
    org: Org = "",
    strict: Strict = False,
    dry_run: DryRun = False,
    datum: GivenDatum = Datum.WGS84,
    time_zone: GivenZone = "",
    encoding: Encoding = "",
) -> None:
    """People with their teams, superiors, time zones and shifts; new ones are invited by an administrator."""
    given = FileImport(file, org, strict, dry_run, datum, time_zone, "", encoding)
    run_import(import_people, PEOPLE_COLUMNS, given)


if __name__ == "__main__":
    app()
