"""Decides, for one operation and one set of `@include` and `@skip` conditions, what the generated functions do.

For each object type selected there is a `build` function (document, state) -> answer and, where relations lie below, a
`collect` function that gathers their keys. `state` is a list: the resolve info, then keys, rows or arguments by place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from execution.arguments import Arguments, compile_arguments
from execution.declarations import Declare, Document, Handover, Many, NotCompilable, One, Resolved, Value
from execution.leaves import EnumCompleter, completer, inline_check, must_be_plain
from execution.writing import Source

_MOST_FUNCTIONS = 300
"""Larger operations stay on graphql-core: their text would take long to compile."""


@dataclass(slots=True)
class Site:
    """One relation at one place of the operation."""

    place: int
    """Where its keys, and later its answers, are in the state."""
    level: int
    read: One | Many
    build: str
    collect: str | None
    paths: set[str] | None
    arguments: Arguments | dict[str, Any]


@dataclass(slots=True)
class Root:
    """One root field."""

    name: str
    """Its response name."""
    definition: GraphQLField
    arguments: Arguments | dict[str, Any]
    build: str = ""
    collect: str | None = None
    paths: dict[str, set[str] | None] = field(default_factory=dict)
    """What is read of the documents it answers with, by type name."""


@dataclass(slots=True)
class _Functions:
    """The functions of one object or abstract type at one place."""

    details: FieldDetailsList
    build: str
    collect: str | None
    paths: set[str] | None


@dataclass(slots=True)
class _Body:
    """The functions of an object type in the making."""

    build: list[str] = field(default_factory=list)
    collect: list[str] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    paths: set[str] | None = field(default_factory=set)
    reads_document: bool = False

    def wants(self, *paths: str) -> None:
        """Adds paths of the document."""
        if self.paths is not None:
            self.paths.update(paths)


class Selections:
    """Writes the functions of one operation into `source`. Raises NotCompilable."""

    def __init__(
        self,
        schema: GraphQLSchema,
        declare: Declare,
        fragments: dict[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
        conditions: dict[str, Any],
    ) -> None:
        self._schema = schema
        self._declare = declare
        self._fragments = {name: FragmentDetails(node) for name, node in fragments.items()}
        self._operation = operation
        self._conditions = VariableValues({}, conditions)
        self._made: dict[tuple[str, int, int], _Functions] = {}
        self._completers: dict[str, str] = {}
        self._known: dict[str, str] = {}
        """Names of the texts an enum has been completed to, by the name of its completer."""
        self._root: Root | None = None
        self.source = Source()
        self.sites: list[Site] = []
        self.places = 1
        """Length of the state; place 0 is the resolve info."""
        self.arguments: dict[int, Arguments] = {}
        """Places of arguments that depend on variables."""
        self._handover = self.source.constant(Handover, "Handover")
        self._plain = self.source.constant(must_be_plain, "plain")
        self._at = self.source.constant(_value_at, "at")

    def roots(self, root_type: GraphQLObjectType) -> list[Root]:
        """The root fields in order."""
        collected = collect_fields(self._schema, self._fragments, self._conditions, root_type, self._operation)
        return [self._make_root(root_type, name, details) for name, details in _fields(collected).items()]

    def _make_root(self, root_type: GraphQLObjectType, name: str, details: FieldDetailsList) -> Root:
        node = details[0].node
        definition = root_type.fields.get(node.name.value)
        if definition is None or definition.resolve is None:
            raise NotCompilable
        root = self._root = Root(name, definition, compile_arguments(definition, node))
        build = [*self._value("d", definition.type, details, 0), "return d"]
        collect = self._gather("d", definition.type, details, 0)
        root.build = self.source.name("root")
        self.source.function(root.build, "d, s", build)
        if collect:
            root.collect = self.source.name("keys")
            self.source.function(root.collect, "d, s", collect)
        return root

    def _value(self, v: str, kind: GraphQLOutputType, details: FieldDetailsList, level: int) -> list[str]:
        """Lines that complete the value at the name `v` in place."""
        if isinstance(kind, GraphQLNonNull):
            return self._not_null(v, kind.of_type, details, level)
        if is_leaf_type(kind):
            check = inline_check(kind, v)
            when = f"if {v} is not None and not ({check}):" if check else f"if {v} is not None:"
            return [when, f"    {v} = {self._completed(kind, v)}"]
        return [f"if {v} is not None:", *_indented(self._composite(v, kind, details, level))]

    def _not_null(self, v: str, kind: GraphQLOutputType, details: FieldDetailsList, level: int) -> list[str]:
        refuse = f"if {v} is None: raise {self._handover}"
        if not is_leaf_type(kind):
            return [refuse, *self._composite(v, kind, details, level)]
        complete = [refuse, f"{v} = {self._completed(kind, v)}"]
        check = inline_check(kind, v)
        return [f"if not ({check}):", *_indented(complete)] if check else complete

    def _composite(self, v: str, kind: GraphQLOutputType, details: FieldDetailsList, level: int) -> list[str]:
        """Completes a list, object or abstract value that is not None."""
        if not isinstance(kind, GraphQLList):
            return [f"{v} = {self._type(kind, details, level).build}({v}, s)"]
        item = kind.of_type
        named = item.of_type if isinstance(item, GraphQLNonNull) else item
        if is_object_type(named) or is_abstract_type(named):
            build = self._type(named, details, level).build
            each = f"{build}(i, s)" if named is not item else f"None if i is None else {build}(i, s)"
        else:
            complete = self.source.name("item")
            self.source.function(complete, "v, s", [*self._value("v", item, details, level), "return v"])
            each = f"{complete}(i, s)"
        return [
            f"if type({v}) is not list and type({v}) is not tuple: raise {self._handover}",
            f"{v} = [{each} for i in {v}]",
        ]

    def _gather(self, v: str, kind: GraphQLOutputType, details: FieldDetailsList, level: int) -> list[str]:
        """Lines that gather the keys below the value at the name `v`; none where no relation lies below."""
        if isinstance(kind, GraphQLNonNull):
            return self._gather(v, kind.of_type, details, level)
        if is_leaf_type(kind):
            return []
        if isinstance(kind, GraphQLList):
            item = self.source.name("i")
            inner = self._gather(item, kind.of_type, details, level)
            return [f"if {v} is not None:", f"    for {item} in {v}:", *_indented(inner, 2)] if inner else []
        collect = self._type(kind, details, level).collect
        return [f"if {v} is not None: {collect}({v}, s)"] if collect else []

    def _completed(self, kind: GraphQLLeafType, v: str) -> str:
        """An expression: the value at the name `v`, completed."""
        if kind.name not in self._completers:
            complete = completer(kind)
            name = self._completers[kind.name] = self.source.constant(complete, "leaf")
            if isinstance(complete, EnumCompleter):
                self._known[name] = self.source.constant(complete.known, "known")
        name = self._completers[kind.name]
        known = f"type({v}) is str and {self._known[name]}.get({v}) or " if name in self._known else ""
        return f"{known}{name}({v})"

    def _type(self, kind: GraphQLOutputType, details: FieldDetailsList, level: int) -> _Functions:
        if not (isinstance(kind, GraphQLObjectType) or is_abstract_type(kind)):
            raise NotCompilable
        key = (kind.name, id(details), level)
        if key not in self._made:
            if len(self._made) >= _MOST_FUNCTIONS:
                raise NotCompilable
            if isinstance(kind, GraphQLObjectType):
                self._made[key] = self._object(kind, details, level)
            else:
                self._made[key] = self._abstract(kind, details, level)
        return self._made[key]

    def _abstract(self, kind: GraphQLAbstractType, details: FieldDetailsList, level: int) -> _Functions:
        if kind.resolve_type is None:
            raise NotCompilable
        functions = {each.name: self._type(each, details, level) for each in self._schema.get_possible_types(kind)}
        resolve = f"{self.source.constant(kind.resolve_type, 'resolve')}(d, s[0], {self.source.constant(kind, 'kind')})"
        builds = self.source.table({name: each.build for name, each in functions.items()}, "builds")
        build, collect = self.source.name("any"), None
        self.source.function(build, "d, s", [f"{self._plain}(d)", f"return {builds}[{resolve}](d, s)"])
        collecting = {name: each.collect for name, each in functions.items() if each.collect is not None}
        if collecting:
            collects, collect = self.source.table(collecting, "collects"), self.source.name("keys")
            body = [f"f = {collects}.get({resolve})", "if f is not None: f(d, s)"]
            self.source.function(collect, "d, s", body)
        # What kind of document it is may depend on any path.
        return _Functions(details, build, collect, None)

    def _object(self, kind: GraphQLObjectType, details: FieldDetailsList, level: int) -> _Functions:
        collected = collect_subfields(self._schema, self._fragments, self._conditions, self._operation, kind, details)
        body = _Body()
        for number, (name, fields) in enumerate(_fields(collected).items()):
            if fields[0].node.name.value == "__typename":
                body.entries.append(f"{name!r}: {kind.name!r}")
            else:
                v = f"v{number}"
                self._field(body, v, kind, fields, level)
                body.entries.append(f"{name!r}: {v}")
        build, collect = self.source.name("build"), None
        first = "get = d.get" if body.reads_document else f"{self._plain}(d)"
        self.source.function(build, "d, s", [first, *body.build, f"return {{{', '.join(body.entries)}}}"])
        if body.collect:
            collect = self.source.name("keys")
            self.source.function(collect, "d, s", ["get = d.get", *body.collect])
        if level == 0 and self._root is not None:
            known = self._root.paths.get(kind.name, set())
            self._root.paths[kind.name] = None if known is None or body.paths is None else known | body.paths
        return _Functions(details, build, collect, body.paths)

    def _field(self, body: _Body, v: str, kind: GraphQLObjectType, details: FieldDetailsList, level: int) -> None:
        node = details[0].node
        definition = kind.fields.get(node.name.value)
        declared = self._declare(kind, node.name.value) if definition is not None else None
        if definition is None or declared is None:
            raise NotCompilable
        if isinstance(declared, Resolved):
            self._resolved(body, v, declared, definition, details, level)
        elif isinstance(declared, Value):
            self._stored(body, v, declared, definition, details, level)
        else:
            self._relation(body, v, declared, definition, details, level)

    def _stored(
        self, body: _Body, v: str, declared: Value, definition: GraphQLField, details: FieldDetailsList, level: int
    ) -> None:
        body.reads_document = True
        body.wants(declared.path)
        lines = [f"{v} = {self._path(declared.path)}"]
        if declared.default is not None:
            lines.append(f"if {v} is None: {v} = {self.source.constant(declared.default)}")
        body.build += [*lines, *self._value(v, definition.type, details, level)]
        gathering = self._gather(v, definition.type, details, level)
        if gathering:
            body.collect += [*lines, *gathering]

    def _resolved(
        self, body: _Body, v: str, declared: Resolved, definition: GraphQLField, details: FieldDetailsList, level: int
    ) -> None:
        if definition.resolve is None or self._gather(v, definition.type, details, level):
            raise NotCompilable
        if declared.paths is None:
            body.paths = None
        else:
            body.wants(*declared.paths)
        resolve = self.source.constant(definition.resolve, "read")
        arguments = compile_arguments(definition, details[0].node)
        if callable(arguments):
            given = f", **s[{self._place(arguments)}]"
        else:
            given = f", **{self.source.constant(arguments)}" if arguments else ""
        body.build += [f"{v} = {resolve}(d, s[0]{given})", *self._value(v, definition.type, details, level)]

    def _relation(
        self, body: _Body, v: str, declared: One | Many, definition: GraphQLField, details: FieldDetailsList, level: int
    ) -> None:
        body.reads_document = True
        place = self.places
        self.places += 1
        arguments = compile_arguments(definition, details[0].node)
        if isinstance(declared, One):
            target: Any = definition.type
            key = self._path(declared.key)
            body.wants(declared.key)
            body.build += [f"{v} = {key}", f"if {v} is not None: {v} = s[{place}].get({v})"]
            body.collect += [f"{v} = {key}", f"if {v} is not None: s[{place}].append({v})"]
        else:
            target = definition.type
            for wrapper in (GraphQLNonNull, GraphQLList, GraphQLNonNull):
                if not isinstance(target, wrapper):
                    raise NotCompilable
                target = target.of_type
            body.build.append(f"{v} = s[{place}].get(d['_id']) or []")
            body.collect.append(f"s[{place}].append(d['_id'])")
        if isinstance(target, GraphQLNonNull | GraphQLList):
            raise NotCompilable
        functions = self._type(target, details, level + 1)
        paths = functions.paths if is_object_type(target) else None
        self.sites.append(Site(place, level, declared, functions.build, functions.collect, paths, arguments))

    def _place(self, arguments: Arguments) -> int:
        place = self.places
        self.places += 1
        self.arguments[place] = arguments
        return place

    def _path(self, path: str) -> str:
        return f"{self._at}(d, {tuple(path.split('.'))!r})" if "." in path else f"get({path!r})"


def _fields(collected: CollectedFields) -> GroupedFieldSet:
    """The fields by response name, where nothing about them is incremental or experimental."""
    if collected.new_defer_usages:
        raise NotCompilable
    for details in collected.grouped_field_set.values():
        if any(each.defer_usage or each.fragment_variable_values for each in details):
            raise NotCompilable
    return collected.grouped_field_set


def _indented(lines: list[str], steps: int = 1) -> list[str]:
    return ["    " * steps + line for line in lines]


def _value_at(document: Document, path: tuple[str, ...]) -> Any:
    value: Any = document
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value
