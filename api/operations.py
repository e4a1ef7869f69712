"""Runs one operation of a prepared document, compiled or on graphql-core; both edges come through here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, cast

import orjson
from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    create_source_event_stream,
    execute_root_selection_set,
    execute_subscription_event,
)

from api.compiled import CompiledOperations
from api.decoding import Parameters
from api.documents import Documents, Operation, OperationKind, Prepared
from api.errors import BAD_INPUT, TIMEOUT, EdgeError, coded, render
from api.sharing import SharableOperations
from execution.replay import Recorded
from resolvers.shared_events import Audience, SharedAnswer, SharedEvent, audience_of
from storage.driver import time_limit

_GRACE_S: Final = 0.25
"""The database is stopped so much later than the work that waits for it, which tells better what happened."""

Answer = dict[str, Any]
"""A GraphQL response: `errors` without `data` where nothing was executed."""


@dataclass(slots=True)
class SignedIn:
    """Whom a token names and until when (aware UTC; None: no end)."""

    actor: Any
    expires_at: datetime | None = None


@dataclass(slots=True)
class Call:
    """One operation as the context factory sees it."""

    actor: Any
    """None for an anonymous caller."""
    request_id: str
    transport: Literal["http", "stream", "websocket"]
    kind: OperationKind
    operation_name: str | None
    headers: Mapping[str, str]
    """Lower-case names."""
    client_host: str | None


Way = Literal["compiled", "handed over", "interpreted"]
"""How an operation was executed: by generated code alone, begun there and finished by graphql-core, by graphql-core."""
Authenticate = Callable[[Mapping[str, str]], Awaitable[SignedIn | None]]
"""Headers (lower-case names) -> who it is; None without a token; raises CallerError for a bad or expired one."""
MakeContext = Callable[[Call], Awaitable[Any]]
"""A fresh context for one operation, or for one event of a subscription; may raise CallerError."""


@dataclass(slots=True)
class Found:
    """The operation a request asks for."""

    prepared: Prepared
    operation: Operation


class Operations:
    """Finds and runs operations. Every error leaves here rendered (api/errors.py).

    `timeout_s` bounds one query, mutation or subscription event; a late one is cancelled and answered with TIMEOUT.
    """

    def __init__(
        self,
        documents: Documents,
        make_context: MakeContext,
        *,
        timeout_s: float = 20.0,
        compiled: CompiledOperations | None = None,
    ) -> None:
        self._documents = documents
        self._make_context = make_context
        self._timeout_s = timeout_s
        self._compiled = compiled
        self._sharable = SharableOperations(documents.schema)

    def find(self, parameters: Parameters) -> Found | list[GraphQLError]:
        """The operation to run, or the errors of the document, its name or its hash."""
        prepared = self._documents.find(parameters)
        if isinstance(prepared, list):
            return prepared
        try:
            return Found(prepared, prepared.select(parameters.operation_name))
        except EdgeError as error:
            return [error]

    async def execute(self, found: Found, variables: dict[str, Any], call: Call) -> Answer:
        """The answer of a query or mutation."""

        return await self._answer(self._run(found, variables, call), call)

    async def _run(self, found: Found, variables: dict[str, Any], call: Call) -> ExecutionResult | list[GraphQLError]:
        context = await self._make_context(call)
        recorded = None
        way: Way = "interpreted"
        compiled = self._compiled.find(found.prepared.document, found.operation) if self._compiled else None
        if compiled is not None and (coerced := compiled.coerce(variables)) is not None:
            refused = self._documents.check_variables(found.prepared, found.operation, coerced)
            if refused:
                return refused
            done = await compiled.run(variables, coerced, context)
            if not isinstance(done, Recorded):
                self.executed("compiled")
                return ExecutionResult(done, None)
            recorded, way = done, "handed over"
        self.executed(way)
        executor = self._executor(found, variables, context, recorded)
        if isinstance(executor, list):
            return executor
        result = execute_root_selection_set(executor)
        return result if isinstance(result, ExecutionResult) else await result

    def executed(self, way: Way) -> None:
        """Called for each query and mutation that is executed; for counting."""

    async def subscribe(self, found: Found, variables: dict[str, Any], call: Call) -> AsyncGenerator[Answer, None]:
        """One answer per event, each executed with a context of its own; ends after an answer without `data`."""
        stream: AsyncIterable[Any] | None = None
        executor: Executor[Any] | None = None

        async def open_stream() -> ExecutionResult | list[GraphQLError]:
            nonlocal stream, executor
            built = self._executor(found, variables, await self._make_context(call))
            if isinstance(built, list):
                return built
            opened = create_source_event_stream(built)
            opened = opened if isinstance(opened, ExecutionResult | AsyncIterable) else await opened
            if isinstance(opened, ExecutionResult):
                return opened.errors or []
            stream, executor = opened, built
            return []

        refused = await self._answer(open_stream(), call)
        if stream is None or executor is None:
            yield refused
            return
        events = aiter(stream)
        try:
            while True:
                try:
                    event = await anext(events)
                except StopAsyncIteration:
                    return
                except Exception as error:
                    yield {"errors": render([error], call.request_id)}
                    return
                answer = await self._answer_to(executor, event, found, call)
                yield answer
                if "data" not in answer:
                    return
        finally:
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()

    async def _answer_to(self, executor: Executor[Any], event: Any, found: Found, call: Call) -> Answer:
        """The answer to one event: of a shared one what it was for another subscriber who asked the same."""

        async def own() -> Answer:
            return await self._answer(self._event(executor, event, call), call)

        if not isinstance(event, SharedEvent) or (found.prepared.document, found.operation) not in self._sharable:
            return await own()

        async def for_all() -> SharedAnswer | None:
            answer = await self._answer(self._event(executor, event, call, event.audience), call)
            return SharedAnswer(answer) if "errors" not in answer else None

        variables = orjson.dumps(executor.variable_values.coerced, default=str, option=orjson.OPT_SORT_KEYS)
        return await event.answer((found.operation, variables), for_all) or await own()

    async def _event(
        self, executor: Executor[Any], event: Any, call: Call, audience: Audience | None = None
    ) -> ExecutionResult | list[GraphQLError]:
        once = executor.build_per_event_executor(event)
        once.context_value = context = await self._make_context(call)
        if audience is not None and audience_of(context.actor) != audience:
            # Whoever stands for the others has become somebody else meanwhile: each asks for themselves.
            return []
        result = execute_subscription_event(once)
        return result if isinstance(result, ExecutionResult) else await result

    def _executor(
        self, found: Found, variables: dict[str, Any], context: Any, recorded: Recorded | None = None
    ) -> Executor[Any] | list[GraphQLError]:
        documents = self._documents
        executor: Executor[Any] | list[GraphQLError] = Executor.build(
            documents.schema,
            found.prepared.document,
            root_value=recorded,
            context_value=context,
            raw_variable_values=variables,
            operation_name=found.operation.name,
            hide_suggestions=not documents.limits.suggestions,
        )
        if isinstance(executor, list):
            return list(coded(executor, BAD_INPUT))
        coerced = executor.variable_values.coerced
        return documents.check_variables(found.prepared, found.operation, coerced) or executor

    async def _answer(self, work: Awaitable[ExecutionResult | list[GraphQLError]], call: Call) -> Answer:
        try:
            with time_limit(self._timeout_s + _GRACE_S):
                async with asyncio.timeout(self._timeout_s) as deadline:
                    result = await work
        except Exception as error:
            if isinstance(error, TimeoutError) and deadline.expired():
                error = EdgeError(TIMEOUT, f"The operation took longer than {self._timeout_s:g} s.")
            return {"errors": render([error], call.request_id)}
        if isinstance(result, list):
            return {"errors": render(result, call.request_id)}
        answer: Answer = {"data": result.data}
        if result.errors:
            answer["errors"] = render(result.errors, call.request_id)
        return answer


def first_code(answer: Answer) -> str:
    """The code of the first error of an answer that has errors."""
    return cast("str", answer["errors"][0]["extensions"]["code"])
