"""What all importers share: the operator's options, the report, owners and batches of guarded writes.

An import reads and judges the whole file first and writes afterwards, so that `--dry-run` tells the same and `--strict`
writes nothing unless every row is good. An import that was interrupted is completed by running it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from domain.access import Scope
from domain.ids import OrgId
from domain.people import Person, normal_email
from domain.places import Datum
from seed.cells import Problem
from seed.csv_file import Table
from seed.geocoding import Geocode
from storage.codec import decode
from storage.driver import BulkWriteError, Document, UpdateOne
from storage.people import PEOPLE
from storage.reads import Reads, unique
from storage.store import Store

BATCH = 500
_NEAR = 4 * BATCH
T = TypeVar("T")
Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done and how much there is."""


def unseen(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is to be taken."""

    org_id: OrgId
    now: datetime
    strict: bool = False
    dry_run: bool = False
    datum: Datum = Datum.WGS84
    """Of coordinates whose row names none."""
    time_zone: str | None = None
    """Of sites and people whose row names none; without it the organization's."""
    owner: str | None = None
    """Who gets new records whose row names nobody: an e-mail address or external id."""
    geocode: Geocode | None = None
    progress: Progress = unseen


@dataclass(slots=True)
class Report:
    """What came of a file. Rows are counted once: created, changed, unchanged or bad."""

    rows: int
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    applied: bool = True
    """False where nothing was written: a dry run, or a strict one with bad rows."""

    @property
    def bad_lines(self) -> set[int]:
        """Lines of the rows that did not go in."""
        return {problem.line for problem in self.problems if problem.fatal}

    @property
    def warnings(self) -> list[Problem]:
        """What was left out of rows that went in."""
        return [problem for problem in self.problems if not problem.fatal]


def begin_report(table: Table) -> Report:
    """A report with what reading the file showed already."""
    report = Report(len(table.rows) + len(table.broken))
    report.problems += [Problem(each.line, "", each.reason) for each in table.broken]
    if table.unused:
        report.notes.append(f"columns not used: {', '.join(table.unused)}")
    return report


def repeated_ids(ids: Iterable[tuple[int, str | None]]) -> list[Problem]:
    """A problem for each line whose external id is missing or was on an earlier line."""
    first: dict[str, int] = {}
    problems = []
    for line, external_id in ids:
        if external_id is None:
            problems.append(Problem(line, "external_id", "is missing"))
        elif external_id in first:
            problems.append(Problem(line, "external_id", f"{external_id!r} is on line {first[external_id]} already"))
        else:
            first[external_id] = line
    return problems


def batches(items: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    """The items, at most `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def by_external_id(store: Store, org_id: OrgId, collection: str, ids: Iterable[str]) -> dict[str, Document]:
    """Documents of the organization by external id."""
    reads = Reads(store, Scope.whole_organization(org_id))
    found: dict[str, Document] = {}
    for batch in batches(sorted(set(ids))):
        # A range first: the embedded server reads a whole collection for each member of `$in` on a partial index.
        between: Document = {"external_id": {"$gte": batch[0], "$lte": batch[-1]}}
        near = await reads.list(collection, between, order="external_id", limit=_NEAR)
        if len(near) == _NEAR:
            found |= await reads.by_keys(collection, list(batch), on="external_id")
        else:
            found |= {each["external_id"]: each for each in near}
    return found


async def people_by_reference(store: Store, org_id: OrgId, references: Iterable[str | None]) -> dict[str, Person]:
    """People by what a file calls them: an e-mail address (in any case) or an external id."""
    wanted = unique(each for each in references if each)
    emails = {each: normal_email(each) for each in wanted if "@" in each}
    by_email: dict[str, Document] = {}
    for batch in batches(unique(emails.values())):
        by_email |= await Reads(store, Scope.whole_organization(org_id)).by_keys(PEOPLE, list(batch), on="email")
    by_id = await by_external_id(store, org_id, PEOPLE, wanted)
    found = {each: by_email[email] for each, email in emails.items() if email in by_email}
    found |= {each: by_id[each] for each in wanted if each in by_id}
    return {each: decode(Person, document) for each, document in found.items()}


@dataclass(frozen=True, slots=True)
class Write:
    """A document to be inserted, or to take the place of the version that was read."""

    line: int
    before: Document | None
    after: Document


async def write(store: Store, collection: str, writes: Sequence[Write]) -> list[Problem]:
    """Writes a batch; a problem for each row where another write came first."""
    return [*await _insert(store, collection, writes), *await _replace(store, collection, writes)]


async def _insert(store: Store, collection: str, writes: Sequence[Write]) -> list[Problem]:
    new = [each for each in writes if each.before is None]
    try:
        await store[collection].insert_many([each.after for each in new], ordered=False)
    except BulkWriteError as failed:
        errors: list[dict[str, Any]] = (failed.details or {}).get("writeErrors", [])
        if any(error.get("code") != _DUPLICATE for error in errors):
            raise
        return [overtaken(new[error["index"]].line) for error in errors]
    return []


_DUPLICATE = 11_000


async def _replace(store: Store, collection: str, writes: Sequence[Write]) -> list[Problem]:
    changes = [(each, each.before) for each in writes if each.before is not None]
    updates = [
        UpdateOne({"_id": old["_id"], "version": old["version"]}, _change(old, new.after)) for new, old in changes
    ]
    if await store[collection].bulk_update(updates) == len(updates):
        return []
    ids = [old["_id"] for _, old in changes]
    found = await store[collection].find({"_id": {"$in": ids}}, projection={"version": 1}, limit=len(ids))
    versions = {document["_id"]: document["version"] for document in found}
    return [overtaken(new.line) for new, old in changes if versions.get(old["_id"]) != new.after["version"]]


def _change(before: Document, after: Document) -> Document:
    change: Document = {
        "$set": {key: value for key, value in after.items() if key != "_id" and before.get(key) != value}
    }
    gone = {key: "" for key in before if key not in after}
    return {**change, "$unset": gone} if gone else change


def overtaken(line: int) -> Problem:
    """The problem of a row whose record somebody else wrote between our read and our write."""
    return Problem(line, "", "was changed by somebody else meanwhile; import the file again")


def differing(record: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The given values that the record does not hold yet."""
    return {name: value for name, value in given.items() if getattr(record, name) != value}
