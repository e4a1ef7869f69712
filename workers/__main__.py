"""`python -m workers`: runs all jobs until SIGTERM or Ctrl-C, then lets them finish what they are at."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket

import structlog
import uvloop

from wiring.clock import system_clock
from wiring.logging import configure_logging
from wiring.services import build_services, build_store, open_push
from wiring.settings import Settings, SettingsError, load_settings
from workers.metrics_server import serving_metrics
from workers.push_rooms import SharedRooms
from workers.push_wake import PushWake
from workers.schedule import jobs, run_jobs

log = structlog.get_logger(__name__)


def main() -> None:
    """Reads the settings and works."""
    settings = load_settings()
    configure_logging(settings, "workers")
    if settings.mongodb_uri is None:
        raise SystemExit("MONGODB_URI is not set: start everything by `make up`, or name a database.")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_work(settings, settings.mongodb_uri))
    except SettingsError as error:
        raise SystemExit(str(error)) from error


async def _work(settings: Settings, uri: str) -> None:
    worker_id = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    store = build_store(settings, uri)
    services = build_services(settings, store)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    channels = open_push(settings, SharedRooms(store, system_clock()))
    wake = PushWake(store)
    wanted = jobs(settings, services, worker_id, channels, wake.queued)
    with serving_metrics(settings.host, settings.workers_metrics_port):
        log.info("workers_started", worker=worker_id, jobs=[job.name for job in wanted])
        await run_jobs(wanted, stop, settings.shutdown_s, [wake.run()])
    await services.close()
    for channel in channels.values():
        await channel.close()
    await store.database.close()
    log.info("workers_stopped", worker=worker_id)


if __name__ == "__main__":
    main()
