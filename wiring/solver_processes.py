"""The processes of this machine that solve route plans, as an executor; used by wiring/services.py."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from threading import Lock
from typing import Any

import structlog

from wiring.child_process import die_with_parent

log = structlog.get_logger(__name__)


class SolverProcesses(Executor):
    """A process pool that outlives its processes.

    When one dies, for want of memory for example, a pool of the standard library is lost with everything in it. Here
    the next problems get new processes, and those that were in the pool are tried once more, each alone: only the
    one that cannot be solved fails, with BrokenExecutor.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._closed = False
        # A thread of its own, which lasts: processes here end with the thread that started them.
        self._second_tries = ThreadPoolExecutor(1, thread_name_prefix="second_tries")

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Raises RuntimeError after `shutdown`."""
        answer: Future[Any] = Future()
        work = partial(fn, *args, **kwargs)
        while True:
            pool = self._usable_pool()
            try:
                asked = pool.submit(work)
            except BrokenExecutor:  # it died since the last problem
                self._forget(pool)
                continue
            break
        asked.add_done_callback(partial(self._answered, answer, work, pool))
        answer.add_done_callback(lambda given: given.cancelled() and asked.cancel())
        return answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the processes."""
        with self._lock:
            pool, self._pool, self._closed = self._pool, None, True
        if pool is not None:
            pool.shutdown(wait, cancel_futures=cancel_futures)
        self._second_tries.shutdown(wait, cancel_futures=cancel_futures)

    def _usable_pool(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._closed:
                raise RuntimeError("the solver's processes were shut down")
            if self._pool is None:
                self._pool = _processes(self._count)
            return self._pool

    def _forget(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is not pool:
                return
            self._pool = None
        log.warning("solver_process_died")
        pool.shutdown(wait=False)

    def _answered(
        self, answer: Future[Any], work: Callable[[], Any], pool: ProcessPoolExecutor, asked: Future[Any]
    ) -> None:
        if not asked.cancelled() and isinstance(asked.exception(), BrokenExecutor):
            self._forget(pool)
            with suppress(RuntimeError):  # shut down meanwhile: nobody waits
                self._second_tries.submit(_alone, work).add_done_callback(partial(_hand_over, answer))
        else:
            _hand_over(answer, asked)


def _alone(work: Callable[[], Any]) -> Any:
    with _processes(1) as pool:
        return pool.submit(work).result()


def _hand_over(answer: Future[Any], asked: Future[Any]) -> None:
    if asked.cancelled():
        answer.cancel()
    elif answer.set_running_or_notify_cancel():
        problem = asked.exception()
        if problem is not None:
            answer.set_exception(problem)
        else:
            answer.set_result(asked.result())


def _processes(count: int) -> ProcessPoolExecutor:
    """Started at the first plan. Spawned, not forked: a fork would inherit listening sockets and locks."""
    context = get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=die_with_parent, initargs=(os.getpid(),))
