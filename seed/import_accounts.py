"""Imports customers with their sites from a table, idempotent by external id; `python -m seed import accounts` and the
demo call it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from domain.accounts import NAME_LENGTH, Account, Tier
from domain.accounts import revise as revise_account
from domain.ids import AccountId, SiteId, new_id
from domain.people import Person, PersonState
from domain.places import Datum
from domain.refusals import Refusal
from domain.sites import Site, cell_of, locate
from domain.sites import revise as revise_site
from seed.account_rows import NAMES, AccountRow, read_account_row
from seed.cells import Problem, refused
from seed.csv_file import Table
from seed.geocoding import GeocodingError
from seed.importing import (
    BATCH,
    Options,
    Report,
    Write,
    batches,
    begin_report,
    by_external_id,
    differing,
    people_by_reference,
    repeated_ids,
    write,
)
from storage.accounts import COLLECTION as ACCOUNTS
from storage.codec import decode, encode
from storage.people import ORGANIZATIONS
from storage.sites import COLLECTION as SITES
from storage.sites import follow_account
from storage.store import Store

__all__ = ["NAMES", "import_accounts"]


@dataclass(frozen=True, slots=True)
class _Stored:
    """What an import is judged against."""

    accounts: Mapping[str, Account]
    sites: Mapping[str, Site]
    people: Mapping[str, Person]
    time_zone: str


@dataclass(frozen=True, slots=True)
class _Step:
    """What one good row does: the records before (None: new) and after (None: no site)."""

    line: int
    account_before: Account | None
    account: Account
    site_before: Site | None
    site: Site | None
    warnings: tuple[Problem, ...] = ()

    @property
    def moves_sites(self) -> bool:
        """Whether the other sites of the account must follow it."""
        before = self.account_before
        return before is not None and _held(before) != _held(self.account)


async def import_accounts(store: Store, table: Table, options: Options) -> Report:
    """Creates and changes accounts and sites; rows that are not in the file are not touched. Raises GeocodingError."""
    report = begin_report(table)
    rows: list[AccountRow] = []
    for row in table.rows:
        read = read_account_row(row, options.datum)
        if isinstance(read, AccountRow):
            rows.append(read)
        else:
            report.problems += read
    repeated = repeated_ids((row.line, row.external_id) for row in rows)
    report.problems += repeated
    again = {problem.line for problem in repeated}
    rows = [row for row in rows if row.line not in again]
    stored = await _load(store, rows, options)
    rows = await _geocoded(rows, stored, options, report)
    steps: list[_Step] = []
    for account_row in rows:
        judged = judge(account_row, stored, options)
        if isinstance(judged, _Step):
            steps.append(judged)
            report.problems += judged.warnings
        else:
            report.problems += judged
    report.applied = not options.dry_run and not (options.strict and report.bad_lines)
    if report.applied:
        report.problems += await _apply(store, steps, options)
    bad = report.bad_lines
    for step in steps:
        if step.line in bad:
            continue
        if step.account_before is None:
            report.created += 1
        elif step.account is step.account_before and step.site is step.site_before:
            report.unchanged += 1
        else:
            report.changed += 1
    ownerless = sum(step.account.owner_id is None for step in steps if step.line not in bad)
    if ownerless:
        report.notes.append(f"{ownerless} accounts have no owner: only administrators see them (--owner names one)")
    report.problems.sort(key=lambda problem: problem.line)
    return report


async def _load(store: Store, rows: Sequence[AccountRow], options: Options) -> _Stored:
    ids = [row.external_id for row in rows]
    options.progress("looking up", 0, len(rows))
    accounts = await by_external_id(store, options.org_id, ACCOUNTS, ids)
    sites = await by_external_id(store, options.org_id, SITES, ids)
    people = await people_by_reference(store, options.org_id, [*(row.owner for row in rows), options.owner])
    organization = await store[ORGANIZATIONS].find_one({"_id": options.org_id}, {"time_zone": 1})
    return _Stored(
        {key: decode(Account, each) for key, each in accounts.items()},
        {key: decode(Site, each) for key, each in sites.items()},
        people,
        options.time_zone or (organization["time_zone"] if organization else "UTC"),
    )


async def _geocoded(rows: Sequence[AccountRow], stored: _Stored, options: Options, report: Report) -> list[AccountRow]:
    """The rows, with coordinates for new sites that have only an address; those not found are reported."""
    done = []
    for number, row in enumerate(rows):
        address = row.site.get("address")
        if row.coordinates is not None or row.external_id in stored.sites or not address:
            done.append(row)
            continue
        found, why = None, "no geocoder is configured (GEOCODER)"
        if options.geocode is not None:
            options.progress("geocoding", number, len(rows))
            try:
                found, why = await options.geocode(address), "the geocoder does not know the address"
            except GeocodingError as failed:
                why = str(failed)
        if found is None:
            reason = f"without coordinates the account has no site: {why}"
            report.problems.append(Problem(row.line, "address", reason, fatal=False))
            done.append(row)
            continue
        coordinates = {"latitude": found.latitude, "longitude": found.longitude, "datum": found.datum}
        done.append(replace(row, coordinates=_honest(coordinates)))
    return done


def _honest(coordinates: dict[str, object]) -> dict[str, object]:
    """A geocoder whose datum is shifted in mainland China answers WGS-84 elsewhere."""
    located = locate(coordinates)
    flagged = not isinstance(located, Refusal) and located[1].flagged
    return {**coordinates, "datum": Datum.WGS84} if flagged else coordinates


def judge(row: AccountRow, stored: _Stored, options: Options) -> _Step | list[Problem]:
    """What the row does to what is stored, or why it cannot."""
    before, site_before = stored.accounts.get(row.external_id), stored.sites.get(row.external_id)
    if before is None and "name" not in row.account:
        return [Problem(row.line, "name", "is missing")]
    reference = row.owner if row.owner is not None or before is not None else options.owner
    owner = stored.people.get(reference) if reference else None
    if reference and (owner is None or owner.state is PersonState.DEACTIVATED):
        return [Problem(row.line, "owner", f"nobody active is called {reference!r}")]
    account = _account(row, before, options)
    if not isinstance(account, Refusal) and reference is not None:
        account = _owned(account, before, owner, options)
    if isinstance(account, Refusal):
        return [Problem(row.line, "", account.message)]
    if site_before is not None and site_before.account_id != account.id:
        return [Problem(row.line, "external_id", "a site of another account has it")]
    if site_before is None and row.coordinates is None:
        return _Step(row.line, before, account, None, None, row.warnings)
    site = (
        _new_site(row, account, stored, options) if site_before is None else _site(row, site_before, account, options)
    )
    if isinstance(site, Problem):
        return [site]
    return _Step(row.line, before, account, site_before, site, row.warnings)


def _account(row: AccountRow, before: Account | None, options: Options) -> Account | Refusal:
    if before is not None:
        changes = differing(before, dict(row.account))
        return revise_account(before, changes, None, options.now) if changes else before
    return Account(
        id=AccountId(new_id("acc", options.now)),
        org_id=options.org_id,
        owner_id=None,
        team_id=None,
        created_at=options.now,
        updated_at=options.now,
        external_id=row.external_id,
        **{"tier": Tier.C, **row.account},
    )


def _owned(account: Account, before: Account | None, owner: Person | None, options: Options) -> Account:
    held = (owner.id, owner.team_id) if owner is not None else (None, None)
    if (account.owner_id, account.team_id) == held:
        return account
    version = account.version if account is not before or before is None else before.version + 1
    return replace(account, owner_id=held[0], team_id=held[1], version=version, updated_at=options.now)


def _held(record: Account | Site) -> tuple[object, ...]:
    """What a site has from its account."""
    return (record.tier, record.owner_id, record.team_id)


def _site(row: AccountRow, before: Site, account: Account, options: Options) -> Site | Problem:
    changes = differing(before, dict(row.site))
    given = row.coordinates
    if given is not None and any(getattr(before.given, name) != value for name, value in given.items()):
        changes["coordinates"] = given
    site: Site | Refusal = revise_site(before, changes, None, options.now) if changes else before
    if isinstance(site, Refusal):
        return Problem(row.line, "", site.message)
    if _held(site) == _held(account):
        return site
    version = site.version if changes else before.version + 1
    return replace(
        site,
        tier=account.tier,
        owner_id=account.owner_id,
        team_id=account.team_id,
        version=version,
        updated_at=options.now,
    )


def _new_site(row: AccountRow, account: Account, stored: _Stored, options: Options) -> Site | Problem:
    assert row.coordinates is not None
    located = locate(row.coordinates)
    if isinstance(located, Refusal):
        return refused(row.line, located)
    described = {"name": account.name[: NAME_LENGTH[-1]], "region": account.region, "time_zone": stored.time_zone}
    return Site(
        id=SiteId(new_id("sit", options.now)),
        org_id=options.org_id,
        account_id=account.id,
        location=located[0],
        given=located[1],
        cell=cell_of(located[0]),
        tier=account.tier,
        owner_id=account.owner_id,
        team_id=account.team_id,
        created_at=options.now,
        updated_at=options.now,
        external_id=row.external_id,
        **{**described, **row.site},
    )


async def _apply(store: Store, steps: Sequence[_Step], options: Options) -> list[Problem]:
    """Writes accounts before their sites, so that an interrupted import leaves no site without an account."""
    problems: list[Problem] = []
    done = 0
    for batch in batches(steps, BATCH):
        accounts = [
            Write(step.line, encode(step.account_before) if step.account_before else None, encode(step.account))
            for step in batch
            if step.account is not step.account_before
        ]
        failed = await write(store, ACCOUNTS, accounts)
        lost = {problem.line for problem in failed}
        sites = [
            Write(step.line, encode(step.site_before) if step.site_before else None, encode(step.site))
            for step in batch
            if step.site is not None and step.site is not step.site_before and step.line not in lost
        ]
        failed += await write(store, SITES, sites)
        for step in batch:
            if step.moves_sites and step.line not in lost:
                await _follow(store, step.account)
        problems += failed
        done += len(batch)
        options.progress("writing", done, len(steps))
    return problems


async def _follow(store: Store, account: Account) -> None:
    """The account's other sites and its contacts are seen by whoever sees the account."""
    await follow_account(store, account)
    held = {"owner_id": account.owner_id, "team_id": account.team_id}
    await store["contacts"].update_many({"account_id": account.id}, {"$set": held})
