"""How a command of `python -m seed` runs: settings, the database for the while, progress bars, reports, exit status."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from domain.ids import OrgId
from domain.places import Datum
from seed.cells import zone
from seed.csv_file import Table, UnreadableFileError, read_table
from seed.geocoding import GeocodingError, configured_geocoder
from seed.importing import Options, Progress, Report
from storage.driver import PyMongoError
from storage.migrations import NewerDatabaseError, migrate
from storage.people import ORGANIZATIONS
from storage.store import Store
from wiring.clock import system_clock
from wiring.embedded_mongo import MongoUnavailableError, shared_mongo
from wiring.services import build_store
from wiring.settings import Settings, SettingsError, load_settings

MAX_SHOWN = 200
"""Lines of a report on the screen; the rest is counted."""
SOME_BAD, UNUSABLE = 1, 2
"""Exit statuses: some rows did not go in; nothing could be done at all."""
_MANY = 1_000

Work = Callable[[Settings, Store], Awaitable[None]]
Importer = Callable[[Store, Table, Options], Awaitable[Report]]


class UsageError(Exception):
    """What was asked for cannot be done; the text tells the operator why."""


def say(text: str) -> None:
    """A line for the operator, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(work: Work) -> None:
    """Does the work on the database of the settings (else the embedded one); typer.Exit where it cannot be done."""
    settings = load_settings()
    try:
        if settings.mongodb_uri is not None:
            asyncio.run(_with_store(settings, settings.mongodb_uri, work))
        else:
            with shared_mongo(settings.data) as uri:
                asyncio.run(_with_store(settings, uri, work))
    except (
        UsageError,
        UnreadableFileError,
        GeocodingError,
        SettingsError,
        MongoUnavailableError,
        NewerDatabaseError,
        PyMongoError,
    ) as problem:
        sys.stderr.write(f"{problem}\n")
        raise typer.Exit(UNUSABLE) from problem


async def _with_store(settings: Settings, uri: str, work: Work) -> None:
    store = build_store(settings, uri)
    try:
        await work(settings, store)
    finally:
        await store.database.close()


@contextmanager
def bars() -> Iterator[Progress]:
    """Progress bars, one for each thing that is done; nothing is drawn where nobody watches (no terminal)."""
    columns = (TextColumn("{task.description:<11}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Bars(*columns, console=console, disable=not console.is_terminal, transient=True) as drawn:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = drawn.add_task(what)
            drawn.update(tasks[what], completed=done, total=total)

        yield progress


@dataclass(frozen=True, slots=True)
class FileImport:
    """What an operator asks of an import."""

    file: Path
    org: str
    strict: bool = False
    dry_run: bool = False
    datum: Datum = Datum.WGS84
    time_zone: str = ""
    owner: str = ""
    encoding: str = ""


def run_import(importer: Importer, columns: dict[str, tuple[str, ...]], given: FileImport) -> None:
    """Imports the file and prints the report; ends with status 1 where rows did not go in."""
    bad = False

    async def work(settings: Settings, store: Store) -> None:
        nonlocal bad
        now = system_clock(settings.clock_offset_s)()
        try:
            time_zone = zone(given.time_zone) if given.time_zone else None
        except ValueError as wrong:
            raise UsageError(f"--time-zone: {wrong}") from wrong
        table = read_table(given.file, columns, given.encoding or None)
        await migrate(store, now, said=say)
        org_id = await find_organization(store, given.org)
        geocode = configured_geocoder(settings.geocoder, settings.geocoder_options)
        with bars() as progress:
            options = Options(
                org_id,
                now,
                strict=given.strict,
                dry_run=given.dry_run,
                datum=given.datum,
                time_zone=time_zone,
                owner=given.owner or None,
                geocode=geocode,
                progress=progress,
            )
            report = await importer(store, table, options)
        for line in report_lines(given.file.name, table, report, given):
            say(line)
        bad = bool(report.bad_lines)

    run(work)
    if bad:
        raise typer.Exit(SOME_BAD)


async def find_organization(store: Store, wanted: str) -> OrgId:
    """The organization of that id or name, or the only one. Raises UsageError."""
    found = await store[ORGANIZATIONS].find({}, projection={"name": 1}, limit=_MANY)
    fitting = [each for each in found if not wanted or wanted in {each["_id"], each["name"]}]
    if len(fitting) == 1:
        return OrgId(fitting[0]["_id"])
    if not found:
        raise UsageError("There is no organization yet: python -m seed org NAME --admin EMAIL")
    names = ", ".join(f"{each['name']} ({each['_id']})" for each in (fitting or found)[:20])
    raise UsageError(f"Which organization is meant? --org NAME or id, one of: {names}")


def report_lines(name: str, table: Table, report: Report, given: FileImport) -> list[str]:
    """The report as an operator reads it: the sums, then each row that did not go in, then each part left out."""
    separator = {"\t": "tab"}.get(table.separator, table.separator)
    lines = [
        f"{name}: {table.encoding}, separated by {separator}, {report.rows} rows",
        f"  {report.created} created, {report.changed} changed, {report.unchanged} unchanged, "
        f"{len(report.bad_lines)} not imported",
    ]
    lines += [f"  {note}" for note in report.notes]
    if not report.applied:
        lines.append(
            "  nothing was written: " + ("a dry run" if given.dry_run else "--strict, and not every row is good")
        )
    shown = [(each, "bad row") for each in report.problems if each.fatal]
    shown += [(each, "warning") for each in report.warnings]
    lines += [f"  {kind}: {problem}" for problem, kind in shown[:MAX_SHOWN]]
    if len(shown) > MAX_SHOWN:
        lines.append(f"  and {len(shown) - MAX_SHOWN} more")
    return lines
