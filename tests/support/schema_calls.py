"""A call for every root field, with arguments made from their types; for the tests over the whole schema."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    is_leaf_type,
    is_object_type,
    is_required_argument,
    is_required_input_field,
)
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from schema.root import build_schema
from tests.conftest import START
from tests.support.client import ApiClient, new_key
from tests.support.id_words import ID_WORDS, OTHER_IDS, PREFIXES

Path = tuple[str | int, ...]
PLAIN: dict[str, Any] = {
    "Int": 1,
    "Float": 31.25,
    "Boolean": False,
    "DateTime": START.isoformat(),
    "Date": START.date().isoformat(),
    "Decimal": "12.50",
    "String": "Harbour Bakery",
}
"""A good value of each scalar but ID."""
NAMED: dict[str, Any] = {
    "first": 5,
    "cadenceS": 60,
    "radiusM": 300.0,
    "accuracyM": 10.0,
    "latitude": 31.23,
    "longitude": 121.47,
    "password": "correct horse battery",
    "newPassword": "correct horse battery",
    "locale": "en",
    "timeZone": "Asia/Shanghai",
    "phone": "+49 30 901820",
    "currency": "EUR",
    "appVersion": "1.0.0",
    "openingHours": "Mo-Fr 09:00-17:00",
    "weekly": ["09:00-17:00"] * 5 + [""] * 2,
    "stage": "CONTACTED",
    "stages": ["CONTACTED"],
    "language": "EN",
    "times": "09:00-17:00",
    "RosterExceptionInput.date": "2026-11-30",
    "AbsenceInput.first": "2026-12-01",
    "AbsenceInput.last": "2026-12-02",
    "until": (START + timedelta(days=2)).isoformat(),
    "drivenDistances.until": "2026-11-30",
    "reportTotals.until": "2026-11-30",
    "visitHeat.until": "2026-11-30",
    "visitHeat.most": 10,
    "reportSnapshot.key": "VISITS",
    "reportTotals.key": "VISITS",
    "reportRecords.key": "VISITS",
    "measure": "made",
    "AlertRuleInput.key": "FEW_VISITS",
    "AlertRuleInput.report": "VISITS",
    "AlertRuleInput.minMembers": 3,
    "saveAlertRules.expectedVersion": 0,
    "ReportLabelInput.dimension": "REP",
    "untilAt": (START + timedelta(days=2)).isoformat(),
    "CalendarExceptionInput.date": "2026-11-24",
    "key": "office",
    "country": "CN",
    "subdivision": "BJ",
    "year": 2026,
    "SlaConditionInput.values": ["A", "B"],
    "calendarKey": "WORKDAY",
    "pauseStages": ["PROPOSAL"],
    "position": 10,
    "week": "2026-W48",
    "recordMustDo.key": "STOCK",
    "MustDoInput.key": "STOCK",
    "saveBehaviourNorms.expectedVersion": 0,
    "savePlanningPolicy.expectedVersion": 0,
    "saveArticlePolicy.expectedVersion": 0,
    "saveVisitCadences.expectedVersion": 0,
    "planPeriod.first": START.date().isoformat(),
    "planPeriod.waitMs": 10_000,
    "publishBeatPlan.waitMs": 10_000,
    "intervalDays": 7,
    "leastDays": 4,
    "mostDays": 10,
    "targetSeconds": 86_400,
    "saveAssignmentTable.expectedVersion": 0,
    "updatePoolRules.expectedVersion": 0,
    "saveNightRules.expectedVersion": 0,
    "startsAt": "02:00",
    "publishConsentText.expectedVersion": 0,
    "claimedUntouchedHours": 72,
    "assignedUntouchedHours": 72,
    "AssignmentRuleInput.territories": ["harbour"],
    "TerritoryInput.key": "harbour",
    "photoHash": "0" * 64,
    "fixes": [
        {
            "latitude": 31.23,
            "longitude": 121.47,
            "datum": "WGS84",
            "accuracyM": 10.0,
            "at": (START - timedelta(minutes=minute)).isoformat(),
        }
        for minute in range(3)
    ],
    "exportedData.part": "visits",
    "BindChannelInput.address": "693a91f6-7abc-4bc4-97a0-0ec2sifa5aaa",
}
"""Values that a rule asks for, by argument name or `Input.field`."""
_POSITION = ("latitude", "longitude", "datum", "accuracyM")
ALSO = frozenset({"InvitePersonInput.teamId", *(f"CheckInInput.{each}" for each in _POSITION)})
"""Optional in the schema, asked for by a rule."""


@dataclass(frozen=True)
class Argument:
    """One place where a caller puts a value: an argument, a field of an input, or an element of a list."""

    path: Path
    type: GraphQLInputType
    owner: str
    """`field` or `Input` that declares it."""

    @property
    def name(self) -> str:
        """The last name on the path."""
        return next(str(step) for step in reversed(self.path) if isinstance(step, str))

    @property
    def is_id(self) -> bool:
        """Whether one id goes here."""
        inner = self.type.of_type if isinstance(self.type, GraphQLNonNull) else self.type
        return not isinstance(inner, GraphQLList) and get_named_type(inner).name == "ID"


@dataclass(frozen=True)
class RootField:
    """A field of Query, Mutation or Subscription and the document that calls it with variables."""

    kind: str
    name: str
    document: str
    arguments: Mapping[str, GraphQLInputType]
    defaults: frozenset[str]
    record: str | None
    """The type of the record it answers, where it has an id prefix."""

    @property
    def label(self) -> str:
        """For test ids and messages."""
        return f"{self.kind}.{self.name}"

    def places(self) -> Iterator[Argument]:
        """Every argument, input field and list element."""
        for name, given in self.arguments.items():
            yield from _places(Argument((name,), given, self.name))

    def prefix_of(self, place: Argument) -> str:
        """What kind of id goes there. Raises KeyError for a new argument of which nobody has said it."""
        for where in (self.name, place.owner):
            if f"{where}.{place.name}" in OTHER_IDS:
                return OTHER_IDS[f"{where}.{place.name}"]
        if place.name == "id" and self.record is not None:
            return PREFIXES[self.record]
        return ID_WORDS[place.name.removesuffix("Id")]

    def is_new_id(self, place: Argument) -> bool:
        """Whether the device makes the id instead of naming a record."""
        optional = not isinstance(place.type, GraphQLNonNull)
        return self.kind == "mutation" and optional and place.name in {"id", "newVisitId"}

    def variables(self, ids: Mapping[str, str], *, everything: bool = False) -> dict[str, Any]:
        """Good arguments: the required ones, or all of them."""
        return {
            name: self._value(Argument((name,), given, self.name), ids, everything)
            for name, given in self.arguments.items()
            if everything or (isinstance(given, GraphQLNonNull) and name not in self.defaults)
        }

    def with_value(self, ids: Mapping[str, str], place: Argument, value: Any) -> dict[str, Any]:
        """The required arguments and `value` at one place."""
        given: Any = self.variables(ids)
        root = given
        types: dict[Path, Argument] = {each.path: each for each in self.places()}
        for depth, step in enumerate(place.path[:-1], start=1):
            missing = given.get(step) is None if isinstance(given, dict) else len(given) <= int(step)
            if missing:
                made = self._value(types[place.path[:depth]], ids, everything=False)
                given[step] = made if made not in ([], None) else [None]
            given = given[step]
        last = place.path[-1]
        if isinstance(given, list) and not given:
            given.append(value)
        else:
            given[last] = value
        return dict(root)

    def _value(self, place: Argument, ids: Mapping[str, str], everything: bool) -> Any:
        given = place.type.of_type if isinstance(place.type, GraphQLNonNull) else place.type
        named = NAMED.get(f"{place.owner}.{place.name}", NAMED.get(place.name))
        if place.name in {"clientKey", "installationId"}:
            return new_key()
        if place.name == "email":
            return f"{new_key()}@example.test"
        if named is not None and (isinstance(named, list) == isinstance(given, GraphQLList)):
            return copy.deepcopy(named)
        if isinstance(given, GraphQLList):
            return [self._value(Argument((*place.path, 0), given.of_type, place.owner), ids, everything)]
        if isinstance(given, GraphQLInputObjectType):
            return {
                name: self._value(Argument((*place.path, name), each.type, given.name), ids, everything)
                for name, each in given.fields.items()
                if everything or is_required_input_field(each) or f"{given.name}.{name}" in ALSO
            }
        if isinstance(given, GraphQLEnumType):
            return next(iter(given.values))
        if given.name == "ID":
            return ids[self.prefix_of(place)]
        return PLAIN[given.name]


def _places(place: Argument) -> Iterator[Argument]:
    yield place
    inner = place.type.of_type if isinstance(place.type, GraphQLNonNull) else place.type
    if isinstance(inner, GraphQLList):
        yield from _places(Argument((*place.path, 0), inner.of_type, place.owner))
    elif isinstance(inner, GraphQLInputObjectType):
        for name, each in inner.fields.items():
            yield from _places(Argument((*place.path, name), each.type, inner.name))


def root_fields() -> list[RootField]:
    """Every field of the three root types, in their order."""
    schema: GraphQLSchema = build_schema()._schema
    roots = {"query": schema.query_type, "mutation": schema.mutation_type, "subscription": schema.subscription_type}
    return [
        _root_field(kind, name, field.type, {key: each.type for key, each in field.args.items()}, _defaults(field))
        for kind, root in roots.items()
        if root is not None
        for name, field in root.fields.items()
    ]


def _defaults(field: Any) -> frozenset[str]:
    return frozenset(name for name, each in field.args.items() if each.default_value is not Undefined)


def _root_field(
    kind: str, name: str, answer: GraphQLOutputType, arguments: dict[str, GraphQLInputType], defaults: frozenset[str]
) -> RootField:
    # A variable may be left out, so that the argument's default counts, only where its type allows that.
    types = {key: str(given).removesuffix("!") if key in defaults else str(given) for key, given in arguments.items()}
    declared = ", ".join(f"${key}: {given}" for key, given in types.items())
    passed = ", ".join(f"{key}: ${key}" for key in arguments)
    head = f"{kind} ({declared})" if declared else kind
    call = f"{name}({passed})" if passed else name
    return RootField(
        kind,
        name,
        f"{head} {{ {call}{_selection(answer, 1)} }}",
        arguments,
        defaults,
        _record(answer),
    )


def _record(answer: GraphQLOutputType) -> str | None:
    named = get_named_type(answer)
    names = [each.name for each in named.types] if isinstance(named, GraphQLUnionType) else [named.name]
    return next((name for name in names if name in PREFIXES), None)


def _selection(answer: GraphQLOutputType, depth: int) -> str:
    named = get_named_type(answer)
    if is_leaf_type(named):
        return ""
    if isinstance(named, GraphQLUnionType):
        records = [each for each in named.types if not any(face.name == "Refusal" for face in each.interfaces)]
        shown = "".join(f" ... on {each.name}{_selection(each, depth)}" for each in records)
        return f" {{ __typename ... on Refusal {{ code message }}{shown} }}"
    if not isinstance(named, GraphQLObjectType):
        return " { __typename id }"
    parts = ["__typename"]
    for name, field in named.fields.items():
        inner = get_named_type(field.type)
        if any(is_required_argument(each) for each in field.args.values()):
            continue
        if is_leaf_type(inner):
            parts.append(name)
        elif depth > 0 and is_object_type(inner) and name != "edges":
            parts.append(f"{name}{_selection(field.type, depth if name == 'nodes' else depth - 1)}")
    return f" {{ {' '.join(parts)} }}"


@dataclass(frozen=True)
class Answer:
    """What came back for one root field."""

    status: int
    body: Any

    @property
    def value(self) -> Any:
        """The field's value."""
        return next(iter((self.body.get("data") or {"": None}).values()))

    @property
    def error(self) -> str | None:
        """`extensions.code` of the first error."""
        errors = self.body.get("errors")
        return errors[0]["extensions"]["code"] if errors else None

    @property
    def codes(self) -> set[str]:
        """Of all errors."""
        return {each["extensions"]["code"] for each in self.body.get("errors", ())}

    @property
    def refusal(self) -> str | None:
        """Code of the error, else of the typed refusal, None for success."""
        code = self.value.get("code") if isinstance(self.value, dict) else None
        return self.error or (code if isinstance(code, str) else None)


async def call(client: ApiClient, field: RootField, variables: Mapping[str, Any]) -> Answer:
    """Calls a query or mutation; text that is no UTF-8 travels as JSON escapes."""
    headers = {"content-type": "application/json"}
    if client.token:
        headers["authorization"] = f"Bearer {client.token}"
    body = json.dumps({"query": field.document, "variables": dict(variables)})
    response: httpx.Response = await client.http.post("/graphql", content=body, headers=headers)
    return Answer(response.status_code, response.json())


async def first_codes(api_url: str, client: ApiClient, field: RootField, variables: dict[str, Any]) -> set[str]:
    """The codes of the errors a subscription begins with; empty where it begins with an event."""
    url = api_url.replace("http", "ws") + "/graphql"
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        payload = {"authorization": f"Bearer {client.token}"} if client.token else {}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        operation = {"query": field.document, "variables": variables}
        await socket.send(json.dumps({"id": "one", "type": "subscribe", "payload": operation}))
        try:
            message = json.loads(await socket.recv())
        except ConnectionClosed:
            assert socket.close_code == 4400, socket.close_reason
            return {"BAD_REQUEST"}
    if message["type"] == "error":
        return {each["extensions"]["code"] for each in message["payload"]}
    assert message["type"] == "next", message
    return {each["extensions"]["code"] for each in message["payload"].get("errors", ())}
