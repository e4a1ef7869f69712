"""`/metrics` of a worker process, on a port of its own; opened by workers/__main__.py where the operator wants it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import start_http_server

from wiring.settings import SettingsError


@contextmanager
def serving_metrics(host: str, port: int | None) -> Iterator[None]:
    """Serves while the block runs, in a thread beside the event loop; nothing without a port.

    Raises SettingsError where the port is taken.
    """
    if port is None:
        yield
        return
    try:
        server, thread = start_http_server(port, host)
    except OSError as error:
        raise SettingsError(f"WORKERS_METRICS_PORT: {error.strerror or error}") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
