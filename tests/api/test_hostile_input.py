"""Hostile values in every argument of every field: always a typed error, a typed refusal or success, never a crash."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest
from random import Random
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
)

from schema.nodes import NODES
from storage.store import Store
from tests.support.any_values import anything
from tests.support.client import ApiClient
from tests.support.leaks import leaked
from tests.support.records import make_record, make_records
from tests.support.schema_calls import Answer, Argument, RootField, call, first_codes, root_fields
from tests.support.world import World

AT_ONCE = 8
SEED = 20_261_123
ANY_CALLS = 3_000
FIELDS = root_fields()
CALLED = [each for each in FIELDS if each.kind != "subscription"]
STRINGS: tuple[Any, ...] = (
    "",
    " \t\n",
    "x" * 100_000,
    "nul\x00inside",
    "half \ud800 pair",
    "\u202eright to left \u0645\u0631\u062d\u0628\u0627",
    "$where",
    '{"$gt": ""}',
    ".*+?[(^$\\",
    "a.b.$c",
    {"$ne": None},
    ["x"],
    "\U0001f3f4\U000e0067\U000e0062\U000e007f" * 40,
)
INTS: tuple[Any, ...] = (0, -1, 2_147_483_647, -2_147_483_648, 2_147_483_648, 1e308, {"$gt": 0})
FLOATS: tuple[Any, ...] = (0, -0.0, -1.5, 91, 181.5, 5e-324, 1e308, -1e308, {"$ne": None})
DATE_TIMES: tuple[Any, ...] = (
    "1970-01-01T00:00:00Z",
    "2200-12-31T23:59:59.999Z",
    "2200-12-31T23:59:59-14:00",
    "1970-01-01T00:00:00+14:00",
    "2026-03-29T02:30:00+01:00",
    "2026-10-25T02:30:00+02:00",
    "2026-11-23T01:00:00",
    "2026-02-30T01:00:00Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "",
    12345,
    {"$ne": None},
)
DATES = ("1970-01-01", "2200-12-31", "0001-01-01", "9999-12-31", "2026-03-29", "2027-02-29", "", 20261123)
DECIMALS = ("0", "-1", "1e999999", "1E-6176", "NaN", "Infinity", "9" * 200, "0.000000000000000001", "", 1e308, "1_0")
FIRST = "0" * 25
KNOWN_ERRORS = frozenset({"BAD_INPUT", "BAD_REQUEST", "FORBIDDEN", "TOO_COMPLEX"})
"""Error codes that the caller's own input explains; signOut ends its caller's session and so earns another."""
USED_UP = frozenset({"rlc", "led", "vis", "pln", "dev", "bnd"})
"""Kinds that calls move on: each mutation gets one of its own."""
SHARE = {"String": 2, "ID": 2, "Int": 1, "Float": 1, "Boolean": 1, "DateTime": 2}
"""How many values each place of a common scalar gets in the short run, one after the other; rare types get all."""


def hostile(place: Argument, foreign: str) -> Iterable[Any]:
    """Values for one place by its type: `foreign` is an id of another organization."""
    kind = place.type.of_type if isinstance(place.type, GraphQLNonNull) else place.type
    yield None
    if isinstance(kind, GraphQLList):
        yield []
        yield [None]
        yield [_one(kind.of_type, foreign)] * 1000
    elif isinstance(kind, GraphQLEnumType):
        yield from ("", "NO_SUCH_VALUE", "__proto__", 0)
    elif isinstance(kind, GraphQLInputObjectType):
        yield from ({}, [], {"$gt": ""})
    elif isinstance(kind, GraphQLScalarType) and kind.name == "ID":
        other = "tea_" + foreign[4:] if foreign[:4] != "tea_" else "per_" + foreign[4:]
        yield from (foreign, other, "xyz_" + FIRST, foreign.lower(), foreign + "\x00", f"{foreign[:4]}{{$ne: 1}}", 0)
        yield from STRINGS
    else:
        assert isinstance(kind, GraphQLScalarType)
        table: dict[str, tuple[Any, ...]] = {
            "String": STRINGS,
            "Int": INTS,
            "Float": FLOATS,
            "Boolean": ("true", 0),
            "DateTime": DATE_TIMES,
            "Date": DATES,
            "Decimal": DECIMALS,
        }
        yield from table[kind.name]


@dataclass
class Dealer:
    """Deals each type's values out over its places, so that a few for each place still use all of them."""

    everything: bool
    dealt: Counter[str] = field(default_factory=Counter)

    def values(self, place: Argument, foreign: str) -> list[Any]:
        """Those for this place."""
        values = list(hostile(place, foreign))
        kind = place.type.of_type if isinstance(place.type, GraphQLNonNull) else place.type
        if self.everything or isinstance(kind, GraphQLList):
            return values
        name = "input" if isinstance(kind, GraphQLInputObjectType) else kind.name
        name = "enum" if isinstance(kind, GraphQLEnumType) else name
        share = SHARE.get(name, 1 if name in {"input", "enum"} else len(values))
        start = self.dealt[name]
        self.dealt[name] += share
        return [values[(start + step) % len(values)] for step in range(min(share, len(values)))]


def _one(kind: GraphQLInputType, foreign: str) -> Any:
    """An element of a long list."""
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLInputObjectType):
        return {name: _one(each.type, foreign) for name, each in inner.fields.items()}
    if isinstance(inner, GraphQLEnumType):
        return next(iter(inner.values))
    if isinstance(inner, GraphQLList):
        return [_one(inner.of_type, foreign)]
    assert isinstance(inner, GraphQLScalarType)
    plain = {"ID": foreign, "Float": 1.0, "Int": 1, "Boolean": True, "DateTime": DATE_TIMES[0], "Date": DATES[0]}
    return (plain | {"Decimal": "1"}).get(inner.name, "mill")


@dataclass(frozen=True)
class Attack:
    """One call."""

    field: RootField
    path: str
    variables: dict[str, Any]
    caller: ApiClient

    def problem_with(self, answer: Answer) -> str | None:
        """Why this answer must not be."""
        wrong = answer.codes - KNOWN_ERRORS - ({"UNAUTHENTICATED"} if self.field.name == "signOut" else set())
        leak = leaked(json.dumps(answer.body.get("errors", [])))
        nameless = [each for each in answer.body.get("errors", ()) if not names_the_place(each)]
        if answer.status < 500 and not wrong and leak is None and not nameless:
            return None
        told = f"{answer.status} {sorted(wrong)} {leak or ''} {nameless or ''}"
        return f"{told}: {self.field.label} {self.path}: {json.dumps(self.variables)[:300]}"


def names_the_place(error: dict[str, Any]) -> bool:
    """Whether a caller learns which of their values is meant."""
    extensions = error["extensions"]
    named = "field" in extensions or error["message"].startswith(("Variable '$", "Argument '"))
    return extensions["code"] != "BAD_INPUT" or named


async def run(attacks: Iterable[Attack]) -> list[str]:
    """Makes the calls, a few at a time, and tells what went wrong."""
    waiting = iter(attacks)
    found: list[str] = []

    async def work() -> None:
        for attack in waiting:
            problem = attack.problem_with(await call(attack.caller, attack.field, attack.variables))
            if problem is not None:
                found.append(problem)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return found


@dataclass(frozen=True)
class Target:
    """A world with records, and ids of another organization."""

    world: World
    ids: dict[str, str]
    foreign: dict[str, str]

    def callers(self) -> list[ApiClient]:
        """Who attacks; whom a call names as a person is none of them."""
        return [self.world.rep.api, self.world.manager.api, self.world.admin.api]

    async def admitted(self, field: RootField, ids: dict[str, str]) -> list[ApiClient]:
        """Those of the callers who get through with good arguments, else those whose role does."""
        if field.name == "signOut":
            return [self.world.second_rep.api]
        told = [(await call(each, field, field.variables(ids))).refusal for each in self.callers()]
        through = [each for each, refusal in zip(self.callers(), told, strict=True) if refusal is None]
        allowed = [each for each, refusal in zip(self.callers(), told, strict=True) if refusal != "FORBIDDEN"]
        assert allowed, (field.label, told)
        return through or allowed

    async def own_ids(self, field: RootField) -> dict[str, str]:
        """Ids for one field, with records of its own where it uses them up."""
        needed = {field.prefix_of(each) for each in field.places() if each.is_id and not field.is_new_id(each)}
        fresh = needed & USED_UP if field.kind == "mutation" else set()
        return self.ids | {prefix: await make_record(self.world, prefix, self.ids) for prefix in sorted(fresh)}

    async def attacks(self, field: RootField, dealer: Dealer) -> list[Attack]:
        """Hostile values in every place of the field; the callers take turns."""
        callers = await self.admitted(field, await self.own_ids(field))
        ids = await self.own_ids(field)
        made: list[Attack] = []
        for place in field.places():
            path = ".".join(str(step) for step in place.path)
            foreign = self.foreign[field.prefix_of(place) if place.is_id else "acc"]
            for value in dealer.values(place, foreign):
                variables = field.with_value(ids, place, value)
                made.append(Attack(field, path, variables, callers[len(made) % len(callers)]))
        return made


@pytest.fixture
async def target(world: World, other_world: World, store: Store) -> Target:
    """One record of each kind in `world` and in `other_world`."""
    ids = await make_records(world, store)
    return Target(world, ids | {"per": world.south_rep.id}, await make_records(other_world, store))


async def attack_everything(target: Target, dealer: Dealer) -> int:
    """How many calls were made; fails with all that went wrong."""
    attacks = [await target.attacks(each, dealer) for each in CALLED]
    # Field by field in turn, so that calls side by side seldom meet in one record.
    in_turn = [each for row in zip_longest(*attacks) for each in row if each is not None]
    found = await run(in_turn)
    assert not found, "\n".join([f"{len(found)} of {len(in_turn)}", *found])
    await reads_still_work(target)
    return len(in_turn)


async def reads_still_work(target: Target) -> None:
    """Whatever was stored can be listed, found and shown."""
    for each in CALLED:
        if each.kind == "query" and "id" not in each.arguments:
            for caller in target.callers():
                answer = await call(caller, each, each.variables(target.ids))
                assert answer.codes <= {"FORBIDDEN"}, (each.label, answer)
    node = next(each for each in CALLED if each.name == "node")
    for prefix in NODES:
        answer = await call(target.world.admin.api, node, {"id": target.ids[prefix]})
        assert not answer.codes, (prefix, answer)


async def test_every_argument_withstands_hostile_values(target: Target) -> None:
    assert await attack_everything(target, Dealer(everything=False)) > 600


@pytest.mark.long
async def test_every_argument_withstands_every_hostile_value(target: Target) -> None:
    assert await attack_everything(target, Dealer(everything=True)) > 4_000


@pytest.mark.parametrize("field", [each for each in FIELDS if each.kind == "subscription"], ids=lambda each: each.label)
async def test_subscriptions_withstand_hostile_values(api_url: str, target: Target, field: RootField) -> None:
    for place in field.places():
        for value in hostile(place, target.foreign[field.prefix_of(place) if place.is_id else "acc"]):
            codes = await first_codes(api_url, target.world.manager.api, field, {place.name: value})
            assert codes <= KNOWN_ERRORS | {"NOT_FOUND"}, (place.name, value, codes)


@pytest.mark.long
async def test_any_value_of_the_right_shape_is_answered(target: Target) -> None:
    random = Random(SEED)
    fields = [each for each in CALLED if each.name not in {"signOut", "deactivatePerson"}]

    def attack() -> Attack:
        field, caller = random.choice(fields), random.choice(target.callers())
        variables = field.variables(target.ids)
        names = [each for each in field.arguments if each != "clientKey"]
        for name in random.sample(names, min(len(names), random.randint(1, 2))):
            variables[name] = anything(field.arguments[name], random, target.ids)
        return Attack(field, f"anything, seed {SEED}", variables, caller)

    found = await run(attack() for _ in range(ANY_CALLS))
    assert not found, "\n".join(found)
    await reads_still_work(target)
