"""Tables for spreadsheets over HTTP: `GET /exports/{name}.csv` and `.xlsx`; mounted by api/app.py.

`name` is `daily-reports` or the key of a report. Beside GraphQL, because a browser saves an answer as a file by itself.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Final

import structlog
from starlette.types import Receive, Scope, Send

from api.beside import as_error, parameters_of, send_error, start
from api.errors import EdgeError
from api.files import Charge
from api.http import METHOD_NOT_ALLOWED, headers_of, request_id_from
from api.operations import Authenticate
from domain.errors import BadInput, Unauthenticated
from domain.refusals import NotFound
from reports.facts import Dimension
from reports.sheets import Table, as_csv, as_xlsx
from resolvers.context import Context
from resolvers.exports import is_known, table_of
from resolvers.services import Services

PATH: Final = "/exports"
COST: Final = 1_000
_WRITERS: Final = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
}
_PARAMETERS: Final = {"since", "until", "by", "teamId"}


class Exports:
    """The endpoint."""

    def __init__(self, services: Services, authenticate: Authenticate, charge: Charge) -> None:
        self._services = services
        self._authenticate = authenticate
        self._charge = charge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        headers = headers_of(scope)
        request_id = request_id_from(headers)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            if scope["method"] not in {"GET", "HEAD"}:
                raise EdgeError(METHOD_NOT_ALLOWED, f"Use GET {PATH}/{{name}}.")
            signed_in = await self._authenticate(headers)
            if signed_in is None:
                raise Unauthenticated
            context = Context(self._services, signed_in.actor, request_id)
            await self._charge(signed_in.actor, COST)
            name, _, kind = str(scope["path_params"]["file"]).rpartition(".")
            if kind not in _WRITERS or not is_known(name):
                raise as_error(NotFound(scope["path_params"]["file"]))
            table = await self._table(context, name, scope["query_string"])
            content_type, write = _WRITERS[kind]
            # A workbook of many lines takes a while: not on the event loop.
            body = await asyncio.to_thread(write, table)
        except Exception as error:
            await send_error(send, error, request_id)
            return
        about = {
            "content-type": content_type,
            "content-length": str(len(body)),
            "content-disposition": f'attachment; filename="{name.lower()}.{kind}"',
            "content-security-policy": "default-src 'none'; sandbox",
            "cross-origin-resource-policy": "same-site",
            "cache-control": "private, no-store",
            "x-request-id": request_id,
        }
        await start(send, 200, about)
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _table(self, context: Context, name: str, query: bytes) -> Table:
        values = parameters_of(query, _PARAMETERS)
        since = _day(values, "since")
        until = _day(values, "until") if "until" in values else since
        team_id = values.get("teamId")
        table = await table_of(context, name, since, until, _dimensions(values.get("by")), team_id)
        if table is None:
            raise as_error(NotFound(team_id or ""))
        return table


def _day(values: dict[str, str], name: str) -> date:
    try:
        return date.fromisoformat(values.get(name, ""))
    except ValueError as wrong:
        raise BadInput(name, "must be a day such as 2026-11-23") from wrong


def _dimensions(text: str | None) -> list[Dimension] | None:
    """Such as `DAY,REP`; an empty text asks for the sum of all. Raises BadInput."""
    if text is None:
        return None
    words = [each for each in text.split(",") if each]
    if not set(words) <= set(Dimension.__members__):
        raise BadInput("by", f"must be some of {', '.join(Dimension.__members__)}")
    return [Dimension(each) for each in words]
