"""Passwords as argon2id hashes, one-time links as digests, and failed attempts; for resolvers/sessions.py and links."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.ids import OrgId, PersonId
from domain.sessions import LinkPurpose
from storage.codec import decode, encode
from storage.driver import Document, DuplicateKeyError, IndexModel
from storage.store import Store
from storage.times import stored_time

CREDENTIALS = "credentials"
LINKS = "one_time_links"
ATTEMPTS = "sign_in_attempts"
LINK_INDEXES = [
    IndexModel([("org_id", 1), ("person_id", 1)], name="by_person"),
    IndexModel([("expires_at", 1)], name="ttl", expireAfterSeconds=30 * 86_400),
]
ATTEMPT_INDEXES = [IndexModel([("expires_at", 1)], name="ttl", expireAfterSeconds=0)]
_AT_ONCE = 2
"""Hashes computed at the same time: each takes 64 MiB and a whole core for some ten milliseconds."""


@dataclass(frozen=True, slots=True)
class Passwords:
    """Hashes and checks passwords in threads, a few at a time, so that a storm of sign-ins starves nothing else."""

    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _decoy: list[str] = field(default_factory=list)

    async def hash(self, password: str) -> str:
        """The argon2id hash."""
        async with self._gate:
            return await asyncio.to_thread(self.hasher.hash, password)

    async def fits(self, stored: str | None, password: str) -> bool:
        """Whether the hash is of the password. Without a hash it takes as long and is False."""
        async with self._gate:
            if stored is None and not self._decoy:
                self._decoy.append(await asyncio.to_thread(self.hasher.hash, "a decoy for unknown e-mails"))
            fits = await asyncio.to_thread(self._verify, stored or self._decoy[0], password)
        return fits and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other costs than today's."""
        return self.hasher.check_needs_rehash(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self.hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


async def find_password(store: Store, person_id: PersonId) -> str | None:
    """The stored hash."""
    found = await store[CREDENTIALS].find_one({"_id": person_id})
    return None if found is None else str(found["hash"])


async def save_password(store: Store, org_id: OrgId, person_id: PersonId, hashed: str, now: datetime) -> None:
    """The person's hash from now on."""
    document = {"_id": person_id, "org_id": org_id, "hash": hashed, "changed_at": stored_time(now)}
    await store[CREDENTIALS].replace_one({"_id": person_id}, document, upsert=True)


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A link that lets its holder choose a password; `id` is the digest of its token."""

    id: str
    org_id: OrgId
    person_id: PersonId
    purpose: LinkPurpose
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


async def find_link(store: Store, token_digest: str) -> OneTimeLink | None:
    """The link, used or not."""
    found = await store[LINKS].find_one({"_id": token_digest})
    return None if found is None else decode(OneTimeLink, found)


async def replace_links(store: Store, link: OneTimeLink) -> None:
    """The link in place of all the person had before. Raises DuplicateKeyError where its token is known."""
    await drop_links(store, link.org_id, link.person_id)
    await store[LINKS].insert_one(encode(link))


async def drop_links(store: Store, org_id: OrgId, person_id: PersonId) -> None:
    """No link of the person works any more."""
    await store[LINKS].delete_many({"org_id": org_id, "person_id": person_id})


async def spend_link(store: Store, link: OneTimeLink, now: datetime) -> bool:
    """False where the link was spent meanwhile."""
    spent = {"$set": {"used_at": stored_time(now)}}
    return bool(await store[LINKS].update_one({"_id": link.id, "used_at": None}, spent))


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in which failures are counted."""

    number: int
    ends_at: datetime

    @classmethod
    def at(cls, now: datetime, length_s: int) -> Window:
        """The window of `length_s` seconds that `now` lies in."""
        number = int(now.timestamp()) // length_s
        return cls(number, datetime.fromtimestamp((number + 1) * length_s, now.tzinfo))


def _counter(window: Window, subject: str) -> Document:
    return {"_id": f"{sha256(subject.encode()).hexdigest()}:{window.number}"}


async def count_attempt(store: Store, window: Window, subject: str, most: int) -> bool:
    """Counts one attempt ahead of its outcome; False, uncounted, where there were `most` already."""
    guard: dict[str, Any] = {**_counter(window, subject), "count": {"$lt": most}}
    change = {"$inc": {"count": 1}, "$setOnInsert": {"expires_at": stored_time(window.ends_at + timedelta(hours=1))}}
    try:
        await store[ATTEMPTS].update_one(guard, change, upsert=True)
    except DuplicateKeyError:
        # Either full, or a parallel first attempt was faster; the second look tells which.
        return bool(await store[ATTEMPTS].update_one(guard, {"$inc": {"count": 1}}))
    return True


async def forget_attempt(store: Store, window: Window, subject: str) -> None:
    """Takes back an attempt that was no failure."""
    await store[ATTEMPTS].update_one(_counter(window, subject), {"$inc": {"count": -1}})
