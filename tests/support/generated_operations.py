"""Random operations over any schema, with variables: fragments, aliases, conditions, literals and hostile values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

_DEEPEST = 5
_HOSTILE: Sequence[Any] = (None, 0, -1, 2**31, 1.5, True, "", "x", [], {}, [None], {"a": 1}, "\x00", "9" * 40)


@dataclass(slots=True)
class GeneratedOperation:
    """A document with one operation and values for its variables."""

    text: str = ""
    variables: dict[str, Any] = field(default_factory=dict)


class OperationMaker:
    """Makes one operation; `random` decides everything."""

    def __init__(self, schema: GraphQLSchema, random: Random, *, hostile: float = 0.05) -> None:
        self._schema = schema
        self._random = random
        self._hostile = hostile
        self._definitions: list[str] = []
        self._fragments: list[str] = []
        self._values: dict[str, Any] = {}
        self._conditions: list[str] = []
        self._budget = 40

    def query(self) -> GeneratedOperation:
        """A query of one to three root fields."""
        assert self._schema.query_type is not None
        return self._operation("query", self._schema.query_type, self._random.randint(1, 3))

    def mutation(self) -> GeneratedOperation:
        """A mutation of one, sometimes two root fields."""
        assert self._schema.mutation_type is not None
        return self._operation("mutation", self._schema.mutation_type, self._random.choice((1, 1, 1, 2)))

    def _operation(self, kind: str, root: GraphQLObjectType, count: int) -> GeneratedOperation:
        names = [name for name in root.fields if not name.startswith("__")]
        chosen = [self._random.choice(names) for _ in range(count)]
        fields = " ".join(
            self._field(f"r{number}: " if number else "", name, root.fields[name], 1)
            for number, name in enumerate(chosen)
        )
        if self._chance(0.1):
            fields += " __typename"
        definitions = f"({', '.join(self._definitions)})" if self._definitions else ""
        text = "\n".join([f"{kind} Generated{definitions} {{ {fields} }}", *self._fragments])
        return GeneratedOperation(text, self._values)

    def _field(self, alias: str, name: str, definition: GraphQLField, depth: int) -> str:
        self._budget -= 1
        arguments = self._arguments(definition)
        named = get_named_type(definition.type)
        inner = "" if is_leaf_type(named) else f" {{ {self._selections(named, depth + 1)} }}"
        return f"{alias}{name}{arguments}{self._condition()}{inner}"

    def _selections(self, parent: GraphQLNamedType, depth: int) -> str:
        if isinstance(parent, GraphQLUnionType | GraphQLInterfaceType):
            return self._abstract(parent, depth)
        assert isinstance(parent, GraphQLObjectType)
        parts = [self._random.choice(("__typename", "t: __typename"))] if self._chance(0.2) else []
        names = list(parent.fields)
        for _ in range(self._random.randint(1, 6)):
            name = self._random.choice(names)
            definition = parent.fields[name]
            is_leaf = is_leaf_type(get_named_type(definition.type))
            if not is_leaf and (depth >= _DEEPEST or self._budget <= 0):
                continue
            alias = f"a{self._random.randint(0, 99)}_{len(parts)}: " if definition.args or self._chance(0.1) else ""
            part = self._field(alias, name, definition, depth)
            parts.append(self._wrapped(part, parent))
        return " ".join(parts) or "__typename"

    def _wrapped(self, part: str, parent: GraphQLNamedType) -> str:
        if self._chance(0.1):
            return f"... on {parent.name}{self._condition()} {{ {part} }}"
        if self._chance(0.08):
            return f"...{self._condition()} {{ {part} }}" if self._chance(0.5) else f"... {{ {part} }}"
        if self._chance(0.1):
            name = f"F{len(self._fragments)}"
            self._fragments.append(f"fragment {name} on {parent.name} {{ {part} }}")
            return f"...{name}{self._condition()}"
        return part

    def _abstract(self, parent: GraphQLUnionType | GraphQLInterfaceType, depth: int) -> str:
        parts = ["__typename"] if self._chance(0.7) else []
        if isinstance(parent, GraphQLInterfaceType):
            leaves = [name for name, each in parent.fields.items() if is_leaf_type(get_named_type(each.type))]
            parts += [name for name in leaves if self._chance(0.5)]
        possible = list(self._schema.get_possible_types(parent))
        for number, each in enumerate(self._random.sample(possible, min(len(possible), 3))):
            # Aliases: fields of the same name may differ in type between the possible types.
            leaves = [name for name, d in each.fields.items() if is_leaf_type(get_named_type(d.type)) and not d.args]
            inner = [f"m{number}_{name}: {name}" for name in self._random.sample(leaves, min(3, len(leaves)))]
            composite = [name for name, d in each.fields.items() if not is_leaf_type(get_named_type(d.type))]
            if composite and depth < _DEEPEST and self._chance(0.5):
                name = self._random.choice(composite)
                inner.append(self._field(f"n{number}_{name}: ", name, each.fields[name], depth))
            parts.append(f"... on {each.name}{self._condition()} {{ {' '.join(inner) or '__typename'} }}")
        return " ".join(parts) or "__typename"

    def _condition(self) -> str:
        if not self._chance(0.08):
            return ""
        directive = self._random.choice(("include", "skip"))
        if self._chance(0.3):
            return f" @{directive}(if: {self._random.choice(('true', 'false'))})"
        if len(self._conditions) < 3 and self._chance(0.5):
            name = f"c{len(self._conditions)}"
            self._conditions.append(name)
            default = self._random.choice(("!", "! = true", "! = false", " = true"))
            self._definitions.append(f"${name}: Boolean{default}")
            if "=" not in default or self._chance(0.5):
                self._values[name] = self._maybe_hostile(self._chance(0.5))
            return f" @{directive}(if: ${name})"
        return f" @{directive}(if: ${self._random.choice(self._conditions)})" if self._conditions else ""

    def _arguments(self, definition: GraphQLField) -> str:
        given = []
        for name, argument in definition.args.items():
            if not is_required_argument(argument) and self._chance(0.5):
                continue
            given.append(f"{name}: {self._argument(argument)}")
        return f"({', '.join(given)})" if given else ""

    def _argument(self, argument: GraphQLArgument) -> str:
        if self._chance(0.5):
            return self._literal(argument.type, 0)
        return self._variable(argument.type)

    def _variable(self, kind: GraphQLInputType) -> str:
        name = f"v{len(self._definitions)}"
        default = ""
        if self._chance(0.15) and not isinstance(get_named_type(kind), GraphQLInputObjectType):
            default = f" = {self._literal(kind, 0)}"
            default = "" if "$" in default or default == " = null" else default
        self._definitions.append(f"${name}: {kind}{default}")
        is_left_out = (default or not isinstance(kind, GraphQLNonNull)) and self._chance(0.2)
        if not is_left_out:
            self._values[name] = self._maybe_hostile(self._json(kind))
        return f"${name}"

    def _maybe_hostile(self, value: Any) -> Any:
        return self._random.choice(_HOSTILE) if self._chance(self._hostile) else value

    def _json(self, kind: GraphQLInputType, depth: int = 0) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self._json(kind.of_type, depth)
        if isinstance(kind, GraphQLList):
            if self._chance(0.1):
                return self._json(kind.of_type, depth)
            return [self._json(kind.of_type, depth) for _ in range(self._random.randint(0, 2))]
        if isinstance(kind, GraphQLInputObjectType):
            return {
                name: self._maybe_hostile(self._json(each.type, depth + 1))
                for name, each in kind.fields.items()
                if is_required_input_field(each) or (depth < 2 and self._chance(0.4))
            }
        if isinstance(kind, GraphQLEnumType):
            return self._random.choice(list(kind.values))
        return self._random.choice(_SCALARS.get(kind.name, ("x",)))

    def _literal(self, kind: GraphQLInputType, depth: int) -> str:
        if isinstance(kind, GraphQLNonNull):
            return self._literal(kind.of_type, depth)
        if self._chance(0.05) and depth:
            return self._variable(kind)
        if isinstance(kind, GraphQLList):
            return f"[{', '.join(self._literal(kind.of_type, depth + 1) for _ in range(self._random.randint(0, 2)))}]"
        if isinstance(kind, GraphQLInputObjectType):
            parts = [
                f"{name}: {self._literal(each.type, depth + 1)}"
                for name, each in kind.fields.items()
                if is_required_input_field(each) or (depth < 2 and self._chance(0.3))
            ]
            return f"{{{', '.join(parts)}}}"
        value = self._json(kind)
        return str(value) if isinstance(kind, GraphQLEnumType) else json.dumps(value, ensure_ascii=False)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share


_SCALARS: dict[str, tuple[Any, ...]] = {
    "Int": (1, 2, 5, 50),
    "Float": (0.5, 31.2, 121.4, 7),
    "Boolean": (True, False),
    "ID": ("led_1", "per_1", 7),
    "String": ("text", "", "客户", '"quoted"'),
    "DateTime": ("2026-11-23T09:30:00Z", "2026-11-23T09:30:00.123456+08:00"),
    "Date": ("2026-11-23",),
    "Decimal": ("12.50", "0"),
}
