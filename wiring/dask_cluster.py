"""A `dask.distributed` cluster as the executor that solves route plans, where DASK_SCHEDULER names one (extra `dask`).

The machines of the cluster run the same program: their workers start in a folder that holds it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

from distributed import Client

CONNECT_S = 10


class DaskCluster(Executor):
    """Connects at the first problem, and again where the connection was lost; never on the caller's thread."""

    def __init__(self, address: str, at_once: int) -> None:
        self._address = address
        self._lock = Lock()
        self._client: Client | None = None
        self._waiting = ThreadPoolExecutor(at_once, thread_name_prefix="dask")

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The problem on its way to the cluster, at most `at_once` at a time."""
        return self._waiting.submit(self._solve, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leaves the cluster."""
        self._waiting.shutdown(wait, cancel_futures=cancel_futures)
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _solve(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        # Equal problems are solved again: an answer may depend on the time there was.
        return self._connected().submit(fn, *args, pure=False, **kwargs).result()

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None or self._client.status != "running":
                self._client = Client(self._address, timeout=CONNECT_S, set_as_default=False)
            return self._client
