"""The declared read model: every entity field is one of a few kinds, and `bind` gives each kind its reading function.

Nouns declare with `stored`, `related`, `related_list`, `computed`, `placed`, `placed_corners` and `placed_line`; roots
use `returns`, `mutates` and `streams`. Nothing here knows a noun.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar, Union, get_type_hints

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
)
from strawberry.types.base import StrawberryObjectDefinition

from domain import polylines
from domain.datum import from_wgs84
from domain.errors import BadInput
from domain.places import Datum, Point
from domain.refusals import Refusal
from resolvers.context import Context
from schema.loaders import load_children, load_one
from schema.root_calls import bind_roots
from storage.driver import Document
from storage.reads import value_at

P = ParamSpec("P")
T = TypeVar("T")
MAX_CHILDREN = 50
READING = "fieldbeat-reading"
"""Key of a bound field's declaration in its extensions."""
Info = strawberry.Info[Context, None]
ResolveInfo = GraphQLResolveInfo[Context]


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may see a stored value: a pure function of the values at `needs` and the keyword `actor`."""

    allows: Callable[..., bool]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """The value at a dotted path of the document; `default` where nothing is stored."""

    path: str
    default: Any
    visible: Rule | None


@dataclass(frozen=True, slots=True)
class Related:
    """One document of another collection."""

    collection: str
    key: str
    on: str


@dataclass(frozen=True, slots=True)
class RelatedList:
    """The first children in another collection."""

    collection: str
    on: str
    order: str
    where: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """A pure function of the values at `needs`."""

    function: Callable[..., Any]
    needs: tuple[str, ...]
    wants: frozenset[str]


@dataclass(frozen=True, slots=True)
class Placed:
    """A stored GeoJSON point, a list of them, or an encoded line, answered in the datum the client asks for."""

    path: str
    visible: Rule | None = None
    is_line: bool = False
    is_list: bool = False


Reading = Stored | Related | RelatedList | Computed | Placed


def _field(reading: Reading, description: str, resolver: Any = None) -> Any:
    return strawberry.field(resolver=resolver, metadata={"read": reading}, description=description)


def stored(path: str, description: str, *, default: Any = None, visible: Rule | None = None) -> Any:
    """The value at `path`; a rule that says no turns it to null."""
    return _field(Stored(path, default, visible), description)


def related(collection: str, description: str, *, key: str, on: str = "_id") -> Any:
    """The document of `collection` whose `on` equals this document's value at `key`; null outside the scope."""
    return _field(Related(collection, key, on), description)


def related_list(
    collection: str, description: str, *, on: str, order: str = "-_id", where: Mapping[str, Any] | None = None
) -> Any:
    """Documents of `collection` whose `on` is this document's id: never null, at most 50, one read for all parents."""

    def page(
        first: Annotated[int, strawberry.argument(description="How many at the most, 1 to 50.")] = 10,
    ) -> None: ...

    return _field(RelatedList(collection, on, order, tuple((where or {}).items())), description, page)


def computed(function: Callable[..., T], description: str, *, needs: tuple[str, ...]) -> T:
    """`function(*values at needs)`, with keyword-only `now` and `actor` where its signature has them."""
    parameters = inspect.signature(function).parameters.values()
    wants = frozenset(each.name for each in parameters if each.kind is each.KEYWORD_ONLY)
    declared: T = _field(Computed(function, needs, wants), description)
    return declared


def _convert(
    datum: Annotated[Datum, strawberry.argument(description="The datum to answer in.")] = Datum.WGS84,
) -> None: ...


def placed(path: str, description: str, *, visible: Rule | None = None) -> Any:
    """The GeoJSON point at `path` as Coordinates, with a `datum` argument; a rule that says no turns it to null."""
    return _field(Placed(path, visible), description, _convert)


def placed_corners(path: str, description: str) -> Any:
    """The list of {coordinates} at `path` as Coordinates, empty where there is none, with a `datum` argument."""
    return _field(Placed(path, is_list=True), description, _convert)


def placed_line(path: str, description: str) -> Any:
    """The encoded line at `path` as MapLine, with a `datum` argument."""
    return _field(Placed(path, is_line=True), description, _convert)


def returns(shown: Any, description: str) -> Callable[[Callable[P, Awaitable[Any]]], Any]:
    """A root field: clients see `shown`, the code returns documents."""

    def wrap(resolver: Callable[P, Awaitable[Any]]) -> Any:
        return strawberry.field(resolver=resolver, graphql_type=shown, description=description)

    return wrap


def mutates(
    name: str, description: str, *outcomes: type, result: str = ""
) -> Callable[[Callable[P, Awaitable[Document | Refusal]]], Any]:
    """A mutation field whose answer is the union `<Name>Result` of its outcomes: one record type and its refusals."""
    title = result or f"{name[0].upper()}{name[1:]}Result"
    described = strawberry.union(title, description=f"What `{name}` can answer.")
    union: Any = Annotated[Union[tuple(outcomes)], described]  # noqa: UP007

    def wrap(resolver: Callable[P, Awaitable[Document | Refusal]]) -> Any:
        @wraps(resolver)
        async def afresh(*args: P.args, **kwargs: P.kwargs) -> Document | Refusal:
            info: Any = kwargs["info"]
            info.context.renew()
            return await resolver(*args, **kwargs)

        # Nullable: one failing mutation of several must not empty the others' answers.
        return strawberry.mutation(resolver=afresh, name=name, graphql_type=union | None, description=description)

    return wrap


def streams(shown: Any, description: str) -> Callable[[Callable[P, AsyncIterator[Any]]], Any]:
    """A subscription field: clients see `shown`, the code yields documents."""

    def wrap(resolver: Callable[P, AsyncIterator[Any]]) -> Any:
        resolver.__annotations__["return"] = AsyncIterator[shown]
        return strawberry.subscription(resolver=resolver, description=description)

    return wrap


def wanted(info: Info, type_name: str) -> Mapping[str, Any] | None:
    """Projection for the documents of `type_name` that a root field answers with; None: whole documents.

    A compiled operation knows it beforehand. Hand it to the reads of a root field whose documents go to the client as
    they are; a field that looks into them itself must read them whole.
    """
    known: Mapping[str, Mapping[str, Any]] = getattr(info._raw_info, "projections", {})
    return known.get(type_name)


def aware_value(value: Any) -> Any:
    """Documents hold naive UTC; rules are handed aware times."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def bind(schema: strawberry.Schema) -> None:
    """Installs the reading functions and type resolvers. Raises TypeError on a declaration that cannot be read."""
    for graphql_type in schema._schema.type_map.values():
        definition = (graphql_type.extensions or {}).get("strawberry-definition")
        if isinstance(graphql_type, GraphQLUnionType | GraphQLInterfaceType):
            graphql_type.resolve_type = _type_resolver(graphql_type, schema._schema)
        if not isinstance(graphql_type, GraphQLObjectType) or not isinstance(definition, StrawberryObjectDefinition):
            continue
        graphql_type.is_type_of = None
        if definition.name in {"Query", "Mutation"}:
            bind_roots(schema, definition, graphql_type)
        if definition.name in {"Query", "Mutation", "Subscription"}:
            continue
        if is_dataclass(definition.origin) and _is_refusal(definition):
            continue
        for declared in definition.fields:
            name = schema.config.name_converter.get_graphql_name(declared)
            reading = declared.metadata.get("read")
            where = f"{definition.name}.{name}"
            if not isinstance(reading, Reading):
                raise TypeError(f"{where} is not declared as one of the kinds of schema/fields.py")
            if declared.permission_classes or declared.extensions:
                raise TypeError(f"{where}: permission classes and extensions would be passed over")
            _install(graphql_type.fields[name], reading, where)
            graphql_type.fields[name].extensions[READING] = reading


def _is_refusal(definition: StrawberryObjectDefinition) -> bool:
    return any(each.name == "Refusal" for each in definition.interfaces)


def _type_resolver(abstract: GraphQLUnionType | GraphQLInterfaceType, schema: GraphQLSchema) -> Callable[..., str]:
    refusals = {each.name for each in schema.get_implementations(_refusal_interface(schema)).objects}
    members: list[str] = [each.name for each in abstract.types] if isinstance(abstract, GraphQLUnionType) else []
    records = [name for name in members if name not in refusals]

    def resolve(value: Refusal | Document, _info: ResolveInfo, _: Any) -> str:
        if isinstance(value, Refusal):
            name: str = type(value).__name__
            return name
        if "__typename" in value:
            return str(value["__typename"])
        if len(records) != 1:
            raise TypeError(f"a document of {abstract.name} must say its __typename")
        return records[0]

    return resolve


def _refusal_interface(schema: GraphQLSchema) -> GraphQLInterfaceType:
    found = schema.type_map["Refusal"]
    assert isinstance(found, GraphQLInterfaceType)
    return found


def _install(field: GraphQLField, reading: Reading, where: str) -> None:
    nullable = not isinstance(field.type, GraphQLNonNull)
    if isinstance(reading, Related):
        if not nullable:
            raise TypeError(f"{where}: a relation can lie outside the scope and must be nullable")
        field.resolve = _read_related(reading)
    elif isinstance(reading, RelatedList):
        field.resolve = _read_list(reading)
    elif isinstance(reading, Computed):
        _check_signature(reading, where)
        field.resolve = _read_computed(reading)
    elif reading.visible is not None and not nullable:
        raise TypeError(f"{where}: a value that a rule may hide must be nullable")
    elif isinstance(reading, Placed):
        field.resolve = _read_placed(reading)
    else:
        field.resolve = _read_stored(reading)


def _check_signature(reading: Computed, where: str) -> None:
    parameters = [
        each
        for each in inspect.signature(reading.function).parameters.values()
        if each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD} and each.default is each.empty
    ]
    if len(parameters) != len(reading.needs) or not reading.wants <= {"now", "actor"}:
        raise TypeError(f"{where}: needs {reading.needs} do not fit {reading.function.__name__}")
    get_type_hints(reading.function)


def _read_stored(reading: Stored) -> Callable[..., Any]:
    path, default, rule = reading.path, reading.default, reading.visible

    def read(document: Document, info: ResolveInfo) -> Any:
        if not _may_see(rule, document, info):
            return None
        value = value_at(document, path)
        return default if value is None else value

    if "." not in path and rule is None and default is None:
        return lambda document, _info: document.get(path)
    return read


def _may_see(rule: Rule | None, document: Document, info: ResolveInfo) -> bool:
    if rule is None:
        return True
    values = (aware_value(value_at(document, need)) for need in rule.needs)
    return bool(rule.allows(*values, actor=info.context.actor))


def _read_computed(reading: Computed) -> Callable[..., Any]:
    def read(document: Document, info: ResolveInfo) -> Any:
        context: Context = info.context
        known = {"now": context.now, "actor": context.actor}
        values = (aware_value(value_at(document, need)) for need in reading.needs)
        return reading.function(*values, **{name: known[name] for name in reading.wants})

    return read


def _read_placed(reading: Placed) -> Callable[..., Any]:
    def read(document: Document, info: ResolveInfo, datum: Datum = Datum.WGS84) -> Any:
        stored_point = value_at(document, reading.path)
        if stored_point is None or not _may_see(reading.visible, document, info):
            return None
        return in_datum(stored_point, Datum(datum))

    def read_corners(document: Document, _info: ResolveInfo, datum: Datum = Datum.WGS84) -> Any:
        return [in_datum(each, Datum(datum)) for each in value_at(document, reading.path) or ()]

    def in_datum(stored_point: Document, datum: Datum) -> Document:
        longitude, latitude = stored_point["coordinates"]
        if datum is not Datum.WGS84:
            latitude, longitude = from_wgs84(Point(latitude, longitude), datum)
        return {"latitude": latitude, "longitude": longitude, "datum": datum}

    def read_line(document: Document, _info: ResolveInfo, datum: Datum = Datum.WGS84) -> Any:
        text = value_at(document, reading.path)
        if text is None:
            return None
        datum = Datum(datum)
        pairs = [from_wgs84(point, datum) for point in polylines.decode(text)]
        return {
            "type": "LineString",
            "coordinates": [[longitude, latitude] for latitude, longitude in pairs],
            "polyline": text if datum is Datum.WGS84 else polylines.encode(Point(*pair) for pair in pairs),
            "datum": datum,
        }

    if reading.is_list:
        return read_corners
    return read_line if reading.is_line else read


def _read_related(reading: Related) -> Callable[..., Any]:
    def read(document: Document, info: ResolveInfo) -> Any:
        key = value_at(document, reading.key)
        return None if key is None else load_one(info.context, reading.collection, reading.on, key)

    return read


def _read_list(reading: RelatedList) -> Callable[..., Any]:
    where = dict(reading.where)

    def read(document: Document, info: ResolveInfo, first: int = 10) -> Any:
        if not 1 <= first <= MAX_CHILDREN:
            raise BadInput("first", f"must be 1 to {MAX_CHILDREN}")
        return load_children(info.context, reading.collection, reading.on, reading.order, first, document["_id"], where)

    return read
