"""Idempotent replay: a mutation called again with its client key answers what it answered the first time.

Every mutation with a client key runs inside `once`, so that its writes and its receipt commit together or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from domain.refusals import IdTaken, InvalidInput, KeyReused, NotFound, Refusal, RetryLater
from resolvers.audit import leave_trace
from resolvers.context import Context
from storage.driver import Document, DuplicateKeyError
from storage.store import Store
from storage.times import stored_time

KEEP = timedelta(days=30)
TWIN_WAIT_S = 5
_KEY_LENGTH = range(8, 101)


@dataclass(frozen=True, slots=True)
class Saved:
    """The record a mutation made or changed; a replay reads it again under the caller's scope.

    `beside` are others it saved, by collection, that the answer may show: they need not be read again.
    """

    collection: str
    document: Document
    beside: Sequence[tuple[str, Document]] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """A result that is no stored record; a replay answers the same values."""

    document: Document


@dataclass(frozen=True, slots=True)
class Passing:
    """A refusal of a call that has come too early: it is not remembered, since the same call may succeed later."""

    refusal: Refusal


Outcome = Saved | Facts | Refusal | Passing
Act = Callable[[Store], Awaitable[Outcome]]


def problem_with_key(client_key: str) -> InvalidInput | None:
    """Whether it can serve as a client key."""
    if len(client_key) not in _KEY_LENGTH or not client_key.isascii() or not client_key.isprintable():
        return InvalidInput("clientKey", "must be 8 to 100 printable ASCII characters")
    return None


async def once(
    context: Context, mutation: str, client_key: str, given: object, act: Act, *, owner: str | None = None
) -> Document | Refusal:
    """Runs `act` in one transaction with its receipt, or answers from the receipt.

    `given` is the whole input (dataclass or mapping); the same key with other input is KeyReused. `act` may run again
    after a write conflict and runs for a repeated call too, whose receipt then undoes it: it must not do anything
    outside the store it is handed. `owner` replaces the caller as the owner of the key where nobody is signed in.
    """
    problem = problem_with_key(client_key)
    if problem is not None:
        return problem
    who = owner if owner is not None else f"{context.me.org_id}:{context.me.person_id}"
    receipt_id = f"{who}:{mutation}:{client_key}"
    digest = sha256(canonical(given)).hexdigest()

    async def run(store: Store) -> Outcome:
        outcome = await _act(store, act, context.now, receipt_id, digest)
        if not isinstance(outcome, Refusal | Passing):
            await leave_trace(store, context, mutation, given, _record_of(outcome))
        return outcome

    # Nearly every call is the first with its key: looking for a receipt beforehand would cost all of them a read.
    try:
        async with asyncio.timeout(TWIN_WAIT_S):
            outcome = await context.store.transaction(run)
    except TimeoutError:
        return RetryLater(TWIN_WAIT_S)
    except Exception as problem:
        receipt = await context.store["receipts"].find_one({"_id": receipt_id})
        if receipt is not None:
            return await _replay(context, receipt, digest, client_key)
        refusal = _clash(problem) if isinstance(problem, DuplicateKeyError) else None
        if refusal is None:
            raise
        return refusal
    if isinstance(outcome, Refusal | Passing):
        refusal = outcome.refusal if isinstance(outcome, Passing) else outcome
        receipt = await context.store["receipts"].find_one({"_id": receipt_id}) if _passes(outcome) else None
        return refusal if receipt is None else await _replay(context, receipt, digest, client_key)
    if isinstance(outcome, Saved) and outcome.beside:
        context.reads.keep(outcome.beside)
    return outcome.document


def _clash(taken: DuplicateKeyError) -> Refusal | None:
    """What the caller gave that belongs to another record; None where it is not for them to mend."""
    clash = (taken.details or {}).get("keyValue", {})
    if set(clash) == {"_id"}:
        return IdTaken(str(clash["_id"]))
    if "external_id" in clash:
        return InvalidInput("externalId", "belongs to another record of your organization")
    return None


async def _act(store: Store, act: Act, now: datetime, receipt_id: str, digest: str) -> Outcome:
    outcome = await act(store)
    if not isinstance(outcome, Passing) and not _passes(outcome):
        receipt = {"_id": receipt_id, "digest": digest, "at": stored_time(now), "expires_at": stored_time(now + KEEP)}
        await store["receipts"].insert_one(receipt | _facts_of(outcome))
    return outcome


def _record_of(outcome: Saved | Facts) -> str | None:
    return str(outcome.document["_id"]) if isinstance(outcome, Saved) else None


def _passes(outcome: Outcome) -> bool:
    return isinstance(outcome, Passing) or (isinstance(outcome, Refusal) and outcome.passing)


async def _replay(context: Context, receipt: Document, digest: str, client_key: str) -> Document | Refusal:
    if receipt["digest"] != digest:
        return KeyReused(client_key)
    if "refusal" in receipt:
        kind = _refusal_named(receipt["refusal"])
        return kind(**{name: _aware(value) for name, value in receipt["facts"].items()})
    if "record" in receipt:
        found = await context.reads.find(receipt["collection"], receipt["record"])
        return found if found is not None else NotFound(receipt["record"])
    document: Document = receipt["facts"]
    return document


def _facts_of(outcome: Saved | Facts | Refusal) -> Document:
    if isinstance(outcome, Saved):
        return {"collection": outcome.collection, "record": outcome.document["_id"]}
    if isinstance(outcome, Facts):
        return {"facts": outcome.document}
    facts = {each.name: _storable(getattr(outcome, each.name)) for each in fields(outcome)}
    return {"refusal": type(outcome).__name__, "facts": facts}


def _storable(value: Any) -> Any:
    if isinstance(value, datetime):
        return stored_time(value)
    return list(value) if isinstance(value, tuple) else value


def _aware(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return tuple(value) if isinstance(value, list) else value


def _refusal_named(name: str) -> type[Refusal]:
    found = {kind.__name__: kind for kind in refusal_kinds()}
    return found[name]


def refusal_kinds(root: type[Refusal] = Refusal) -> list[type[Refusal]]:
    """Every refusal class below `root` that is loaded."""
    kinds: list[type[Refusal]] = []
    for kind in root.__subclasses__():
        kinds += [kind, *refusal_kinds(kind)]
    return kinds


def canonical(given: object) -> bytes:
    """The same bytes for the same input, whatever the order of its keys."""
    if not isinstance(given, Mapping) and not is_dataclass(given):
        raise TypeError("the input of a mutation is a mapping or a dataclass")
    return orjson.dumps(given, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
