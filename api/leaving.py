"""Cancels the work of a query whose client has left; api/http.py wraps the execution of queries in it."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive

_QUICK_S: Final = 0.25
"""Work shorter than this is not watched: it costs nothing but a timer."""


class WhileClientStays:
    """`with`: the task inside is cancelled when the client disconnects, which raises ClientDisconnect."""

    def __init__(self, receive: Receive, quick_s: float = _QUICK_S) -> None:
        self._receive = receive
        self._quick_s = quick_s
        self._watch: asyncio.Task[None] | None = None
        self._left = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._timer = loop.call_later(self._quick_s, self._start)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._left and self._task.uncancel() <= 0 and kind is asyncio.CancelledError:
            raise ClientDisconnect

    def _start(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._await_leave())

    async def _await_leave(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left = True
        self._task.cancel()
