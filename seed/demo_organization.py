"""The demo organization, made once by `python -m seed init`: people who can sign in, sites, leads, articles, visits.

Every id follows from a name, so an interrupted run is completed by the next one.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.access import Role
from domain.people import Person
from domain.visits import Visit
from seed.csv_file import read_table
from seed.demo_history import BEFORE, history, last_verified
from seed.demo_people import ORG_ID, Staff, demo_staff
from seed.demo_places import CITIES, demo_rows, write_demo_file
from seed.demo_records import appointments, articles, lead_table
from seed.import_accounts import NAMES, import_accounts
from seed.import_leads import import_leads
from seed.importing import Options, Progress, Report
from storage.accounts import COLLECTION as ACCOUNTS
from storage.articles import COLLECTION as ARTICLES
from storage.articles import insert_published
from storage.codec import encode
from storage.credentials import Passwords, save_password
from storage.driver import Document
from storage.migrations import META
from storage.people import ORGANIZATIONS, PEOPLE, TEAMS
from storage.sites import COLLECTION as SITES
from storage.store import Store
from storage.times import stored_time
from storage.visits import COLLECTION as VISITS

_MARK = "demo_organization"
_EXAMPLE = """\
mutation SignIn($key: String!, $input: SignInInput!) {
  signIn(clientKey: $key, input: $input) {
    __typename
    ... on Session { accessToken person { name role } }
    ... on Refusal { code message }
  }
}"""
_WORDS = ("amber", "brook", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "larch", "maple", "north")


@dataclass(frozen=True, slots=True)
class Login:
    """A row of the demo's file."""

    role: str
    email: str
    password: str


async def make_demo(
    store: Store, file: Path, passwords: Passwords, now: datetime, *, said: Callable[[str], None], progress: Progress
) -> bool:
    """Makes what is missing and writes the logins to `file` (mode 600); False where all was there already.

    Passwords are made anew for each installation. Where the file was lost, everyone gets another one. Raises
    RuntimeError where the demo's own files cannot be imported.
    """
    mark = await store[META].find_one({"_id": _MARK})
    known = _known_logins(file)
    if mark is not None and known is not None:
        return False
    staff = demo_staff(now - BEFORE)
    said("demo: people who can sign in")
    await _insert_missing(store, ORGANIZATIONS, [encode(staff.organization)])
    await _insert_missing(store, TEAMS, [encode(team) for team in staff.teams])
    await _insert_missing(store, PEOPLE, [encode(person) for person in staff.people])
    kept = {login.email: login.password for login in known or ()}
    logins = [Login(each.role.value, each.email, kept.get(each.email) or _password()) for each in staff.people]
    # Before the hashes: a file without hashes is completed by the next run, hashes without a file are lost.
    _write(file, logins)
    for number, (person, login) in enumerate(zip(staff.people, logins, strict=True), start=1):
        progress("passwords", number, len(logins))
        await save_password(store, ORG_ID, person.id, await passwords.hash(login.password), now)
    if mark is None:
        await _fill(store, staff, file.parent, now, said, progress)
        await store[META].update_one({"_id": _MARK}, {"$set": {"at": stored_time(now)}}, upsert=True)
    return True


async def _fill(
    store: Store, staff: Staff, folder: Path, now: datetime, said: Callable[[str], None], progress: Progress
) -> None:
    options = Options(ORG_ID, now, strict=True, progress=progress)
    for city in CITIES:
        said(f"demo: accounts and sites of {city.name}")
        owners = {region: [rep.email for rep in reps] for region, reps in staff.reps[city.key].items()}
        path = folder / f"demo-accounts-{city.key}.csv"
        write_demo_file(path, demo_rows(city, owners))
        _must(await import_accounts(store, read_table(path, NAMES), options))
    said("demo: leads, articles and visits")
    _must(await import_leads(store, lead_table(staff, now), options))
    wanted = articles(now)
    known = await _known(store, ARTICLES, [article.id for article in wanted])
    await insert_published(store, [article for article in wanted if article.id not in known])
    reps: Sequence[Person] = [rep for city in staff.reps.values() for region in city.values() for rep in region]
    owned = {"org_id": ORG_ID, "owner_id": {"$in": [rep.id for rep in reps]}}
    sites = await store[SITES].find(owned, order=[("_id", 1)], limit=1_000)
    by_owner: dict[str, list[Document]] = {}
    for site in sites:
        by_owner.setdefault(site["owner_id"], []).append(site)
    past = history(reps, by_owner, now)
    visits: list[Visit] = [*past, *appointments(staff, sites, now)]
    await _insert_missing(store, VISITS, [encode(visit) for visit in visits])
    for account_id, at in last_verified(past).items():
        await store[ACCOUNTS].update_one({"_id": account_id}, {"$set": {"last_verified_visit_at": stored_time(at)}})


def _must(report: Report) -> None:
    if not report.applied or report.problems:
        raise RuntimeError("The demo's own file was refused:\n" + "\n".join(map(str, report.problems)))


async def _known(store: Store, collection: str, ids: Sequence[str]) -> set[str]:
    found = await store[collection].find({"_id": {"$in": list(ids)}}, projection={"_id": 1}, limit=len(ids))
    return {document["_id"] for document in found}


async def _insert_missing(store: Store, collection: str, documents: Sequence[Document]) -> None:
    known = await _known(store, collection, [document["_id"] for document in documents])
    await store[collection].insert_many([document for document in documents if document["_id"] not in known])


def _password() -> str:
    """Four plain words and a number: easy to type, some 27 bits, for made-up data on one machine."""
    return "-".join([*(secrets.choice(_WORDS) for _ in range(4)), str(secrets.randbelow(9_000) + 1_000)])


def _known_logins(file: Path) -> list[Login] | None:
    """The logins an interrupted run wrote."""
    try:
        facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return [Login(each["role"], each["email"], each["password"]) for each in facts["logins"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, logins: Sequence[Login]) -> None:
    """The file appears complete or not at all, and for its owner's eyes only."""
    rep = next(login for login in logins if login.role == Role.REP)
    given = {"email": rep.email, "password": rep.password}
    facts = {
        "logins": [asdict(login) for login in logins],
        "example": {"query": _EXAMPLE, "variables": {"key": "curl-example-1", "input": given}},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(facts, out, ensure_ascii=False, indent=2)
    fresh.replace(file)
