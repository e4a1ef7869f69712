"""Generated operations answer byte by byte as on graphql-core: data, errors, paths and their order."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import orjson
import pytest
from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    execute_root_selection_set,
    parse,
    validate,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.compiled import declare
from domain.access import Actor, Role
from domain.ids import OrgId, PersonId, TeamId
from execution.declarations import NotCompilable
from execution.operation import CompiledOperation
from execution.replay import Recorded, install
from schema.root import build_schema
from tests.support.generated_operations import OperationMaker
from tests.support.hostile_documents import HostileDocuments

# graphql-core drops what it has not begun when a null propagates past it; the collector may find it anywhere, even
# where a warning cannot be written.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine 'Executor:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CASES_PER_OPERATION = 5
LONG_RUN_CASES = int(os.environ.get("DIFFERENTIAL_CASES", "100000"))
TEAM = TeamId("tea_1")
MANAGER = Actor(OrgId("org_1"), PersonId("per_1"), Role.MANAGER, TEAM, frozenset({TEAM}), "ses_1", "", "en")
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass
class FakeContext:
    """What resolvers and loaders ask for; the documents come from chance."""

    reads: HostileDocuments
    calls: Counter[str] = field(default_factory=Counter)
    loaders: dict[Any, Any] = field(default_factory=dict)
    now: datetime = NOW
    actor: Actor = MANAGER

    @property
    def fetch(self) -> HostileDocuments:
        """The same reads."""
        return self.reads


def _bound_schema() -> GraphQLSchema:
    """Our schema with root fields that answer what chance says, now and then by raising."""
    schema = build_schema()._schema
    for root in (schema.query_type, schema.mutation_type):
        assert root is not None
        for name, each in root.fields.items():
            each.resolve = _answering(name, each.type)
    install(schema)
    return schema


def _answering(name: str, kind: Any) -> Any:
    async def answer(source: Any, info: Any, **arguments: Any) -> Any:
        assert source is None
        context: FakeContext = info.context
        called = f"{name} {sorted(arguments.items())!r}"
        context.calls[called] += 1
        chance = Random(called).random()
        if chance < 0.03:
            raise GraphQLError("refused on purpose")
        if chance < 0.05:
            raise ZeroDivisionError("a fault")
        return context.reads.root(called, kind)

    return answer


SCHEMA = _bound_schema()


async def _plainly(
    document: DocumentNode, variables: dict[str, Any], context: FakeContext, recorded: Recorded | None = None
) -> ExecutionResult:
    executor = Executor.build(
        SCHEMA, document, root_value=recorded, context_value=context, raw_variable_values=variables
    )
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    result = execute_root_selection_set(executor)
    return result if isinstance(result, ExecutionResult) else await result


def _bytes(result: ExecutionResult) -> bytes:
    errors = [{**each.formatted, "cause": type(each.original_error).__name__} for each in result.errors or ()]
    return orjson.dumps([result.data, errors], default=repr)


async def _compare(
    document: DocumentNode, compiled: CompiledOperation | None, variables: dict[str, Any], seed: int, hostile: float
) -> str:
    plain_context = FakeContext(HostileDocuments(SCHEMA, seed, hostile))
    expected = await _plainly(document, variables, plain_context)
    if compiled is None:
        return "left to graphql-core"
    coerced = compiled.coerce(variables)
    if coerced is None:
        assert expected.data is None, "a variable was refused that graphql-core takes"
        assert expected.errors
        return "variables refused"
    context = FakeContext(HostileDocuments(SCHEMA, seed, hostile))
    done = await compiled.run(variables, coerced, context)
    if isinstance(done, Recorded):
        result, way = await _plainly(document, variables, context, done), "handed over"
    else:
        result, way = ExecutionResult(done, None), "compiled"
    assert _bytes(result) == _bytes(expected)
    assert context.calls == plain_context.calls, "a root field was not called as often as on graphql-core"
    return way


def _compiled(document: DocumentNode) -> CompiledOperation | None:
    node = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    try:
        return CompiledOperation(SCHEMA, declare, document, node)
    except NotCompilable:
        return None


async def _explore_one(seed: int, ways: Counter[str]) -> None:
    random = Random(seed)
    maker = OperationMaker(SCHEMA, random)
    made = maker.query() if random.random() < 0.8 else maker.mutation()
    document = parse(made.text)
    if validate(SCHEMA, document):
        ways["not valid"] += 1
        return
    compiled = _compiled(document)
    for hostile in (0.0, 0.0, 0.0, 0.005, 0.05):
        ways[await _compare(document, compiled, made.variables, random.randint(0, 2**32), hostile)] += 1


def _explore(operations: int) -> Counter[str]:
    ways: Counter[str] = Counter()

    @settings(max_examples=operations, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**63))
    def explore(seed: int) -> None:
        asyncio.run(_explore_one(seed, ways))

    explore()
    gc.collect()  # what graphql-core dropped must not be found while other tests run
    sys.stdout.write(f"\n{_cases(ways)} cases: {dict(ways)}\n")
    return ways


def _cases(ways: Counter[str]) -> int:
    return ways.total() - ways["not valid"]


def test_generated_operations_answer_as_on_graphql_core() -> None:
    ways = _explore(150)
    assert _cases(ways) >= 500, ways
    assert ways["compiled"] > 0.25 * _cases(ways), ways
    assert ways["handed over"] > 0, ways


@pytest.mark.long
def test_many_generated_operations_answer_as_on_graphql_core() -> None:
    ways = _explore(LONG_RUN_CASES // CASES_PER_OPERATION * 5 // 4)
    assert _cases(ways) >= LONG_RUN_CASES, ways
