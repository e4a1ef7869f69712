"""Charges, counts and times every operation of every transport, whichever way it is executed; put in by api/app.py."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextvars import ContextVar
from typing import Any, Final

from graphql import GraphQLError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.budget import Bill, Budgets
from api.compiled import CompiledOperations
from api.decoding import Parameters
from api.documents import Documents
from api.errors import EdgeError, render
from api.metrics import OK, PARTIAL, Tally
from api.operations import Answer, Call, Found, MakeContext, Operations, Way, first_code
from domain.access import Actor
from domain.errors import RateLimited

_BILL: ContextVar[Bill | None] = ContextVar("bill", default=None)
"""The bill of the HTTP request, or of the WebSocket, whose operation is being run."""
_ELSEWHERE: Final = "unknown"
TOO_MANY_SUBSCRIPTIONS: Final = "TOO_MANY_SUBSCRIPTIONS"


class MeteredOperations(Operations):
    """Operations within the budgets of those who ask for them."""

    def __init__(
        self,
        documents: Documents,
        make_context: MakeContext,
        budgets: Budgets,
        tally: Tally,
        *,
        timeout_s: float,
        compiled: CompiledOperations | None = None,
        most_subscriptions: int = 100,
    ) -> None:
        super().__init__(documents, make_context, timeout_s=timeout_s, compiled=compiled)
        self._budgets = budgets
        self._tally = tally
        self._most_subscriptions = most_subscriptions
        self._open: Counter[str] = Counter()
        """Subscriptions by who has them: a person, or an address where nobody is signed in."""

    def find(self, parameters: Parameters) -> Found | list[GraphQLError]:
        """As Operations.find. A document that is refused, and one more after too many of those, count too."""
        bill = _current_bill()
        query = parameters.query
        if query is not None and not self._documents.knows(query) and not self._budgets.may_prepare(bill):
            text = "Too many documents from this address were refused."
            seconds = self._budgets.reset_s()
            found: Found | list[GraphQLError] = [
                EdgeError("RATE_LIMITED", text, retryable=True, retryAfterSeconds=seconds)
            ]
        else:
            found = super().find(parameters)
            if isinstance(found, list) and query is not None:
                self._budgets.charge_refused(bill, len(query))
        if isinstance(found, list):
            self._tally.operation(_ELSEWHERE, str((found[0].extensions or {}).get("code")), 0, None)
        return found

    async def execute(self, found: Found, variables: dict[str, Any], call: Call) -> Answer:
        """As Operations.execute, if the caller's budget allows."""
        started = time.perf_counter()
        kind = found.operation.kind
        cost = self._documents.cost(found.prepared, found.operation, variables)
        refused = await self._charge(cost, call)
        if refused is not None:
            return refused
        answer = await super().execute(found, variables, call)
        self._tally.operation(kind, _outcome(answer), cost, time.perf_counter() - started)
        return answer

    def executed(self, way: Way) -> None:
        """Counts it."""
        self._tally.executed(way)

    async def subscribe(self, found: Found, variables: dict[str, Any], call: Call) -> AsyncGenerator[Answer, None]:
        """As Operations.subscribe, if the caller's budget allows; its cost is taken once, not for each event."""
        cost = self._documents.cost(found.prepared, found.operation, variables)
        refused = await self._charge(cost, call)
        if refused is not None:
            yield refused
            return
        holder = call.actor.person_id if call.actor is not None else call.client_host or ""
        if self._open[holder] >= self._most_subscriptions:
            self._tally.operation(call.kind, TOO_MANY_SUBSCRIPTIONS, 0, None)
            message = f"You have {self._most_subscriptions} subscriptions open: end one first."
            limit = EdgeError(TOO_MANY_SUBSCRIPTIONS, message, limit=self._most_subscriptions)
            yield {"errors": render([limit], call.request_id)}
            return
        outcome = OK
        self._open[holder] += 1
        async with contextlib.aclosing(super().subscribe(found, variables, call)) as answers:
            try:
                async for answer in answers:
                    outcome = _outcome(answer)
                    yield answer
            finally:
                self._open[holder] -= 1
                if not self._open[holder]:
                    del self._open[holder]
                self._tally.operation("subscription", outcome, cost, None)

    async def _charge(self, cost: int, call: Call) -> Answer | None:
        try:
            await self._budgets.charge(_current_bill(), call.actor, cost)
        except RateLimited as limited:
            self._tally.operation(call.kind, limited.code, 0, None)
            return {"errors": render([limited], call.request_id)}
        return None


class Metered:
    """ASGI: opens a bill for each HTTP request and WebSocket, and shows it in the headers of every HTTP answer."""

    def __init__(self, app: ASGIApp, budgets: Budgets, tally: Tally) -> None:
        self._app = app
        self._budgets = budgets
        self._tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        bill = Bill(client[0] if client else "")
        token = _BILL.set(bill)

        async def send_with_bill(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._tally.answer(message["status"])
                message["headers"] = [*message.get("headers", ()), *self._budgets.headers(bill)]
            await send(message)

        try:
            await self._app(scope, receive, send_with_bill if scope["type"] == "http" else send)
        finally:
            _BILL.reset(token)


async def charge_request(budgets: Budgets, actor: Actor, cost: int) -> None:
    """Takes the cost of the HTTP request that is being answered. Raises RateLimited."""
    await budgets.charge(_current_bill(), actor, cost)


def _current_bill() -> Bill:
    return _BILL.get() or Bill("")


def _outcome(answer: Answer) -> str:
    if "errors" not in answer:
        return OK
    return PARTIAL if "data" in answer else first_code(answer)
