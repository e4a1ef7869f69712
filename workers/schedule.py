"""The jobs of a worker process and the loop that runs each at its interval; workers/__main__.py starts it.

A job joins with one line in `jobs`. Each runs in a task of its own: a slow or failing one holds up no other.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from prometheus_client import Counter

from push.channel import Channel
from resolvers.services import Services
from storage.driver import PyMongoError
from wiring.settings import Settings
from workers.article_vectors import make_vectors
from workers.beat_plans import finish_beat_plans
from workers.daily_reports import write_reports
from workers.devices import forget_lost_devices
from workers.drives import measure_driven
from workers.erasures import erase_due
from workers.hand_overs import hand_over_due
from workers.norms import tell_of_norms
from workers.old_photos import remove_old_photos
from workers.planning_runs import plan_regions
from workers.pool import return_untouched
from workers.push_delivery import PushDelivery, Timing
from workers.push_metrics import show_queue, show_unreachable
from workers.reports import count_reports
from workers.routes import solve_left_over
from workers.shifts import close_forgotten_shifts
from workers.silent_phones import wake_silent
from workers.sla_sweeps import sweep_once
from workers.sla_watch import SlaWatch
from workers.team_days import solve_left_over_teams
from workers.unheard import Unheard
from workers.visits import close_open, mark_missed

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
GATHER_S = 0.1
VISITS_EVERY_S = 30.0
POOL_EVERY_S = 30.0
NORMS_EVERY_S = 60.0
DRIVES_EVERY_S = 30.0
REPORTS_EVERY_S = 60.0
DAILY_REPORTS_EVERY_S = 15.0
SILENT_PHONES_EVERY_S = 30.0
SWEEPS_EVERY_S = 2.0
UNHEARD_EVERY_S = 5.0
DEVICES_EVERY_S = 3_600.0
ERASURES_EVERY_S = 5.0
PHOTOS_EVERY_S = 600.0
METRICS_EVERY_S = 15.0
VECTORS_EVERY_S = 2.0
REACH_EVERY_S = 300.0
RELEASE_S = 3.0
"""Of the time to stop, what is kept for giving leases back."""
log = structlog.get_logger(__name__)
runs = Counter("fieldbeat_job_runs", "How often a job looked for work, by how that ended", ["job", "outcome"])


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is looked for every `every_s` seconds.

    `run` answers how much it did: more than 0 and it is called again at once. It may be cut off between two awaits
    when the process ends, so whatever it does must be safe to repeat. `finish` is for what it has left running.
    """

    name: str
    every_s: float
    run: Callable[[], Awaitable[int]]
    finish: Callable[[], Awaitable[None]] | None = None
    woken_by: asyncio.Event | None = None
    """Looks before its time when this is set, and clears it."""


def jobs(
    settings: Settings,
    services: Services,
    worker_id: str,
    channels: Mapping[str, Channel],
    queued: asyncio.Event | None = None,
) -> list[Job]:
    """Everything a worker process does; `queued` is set when there is something to send."""
    timing = Timing(
        lease_s=settings.push_lease_s,
        backoff_base_s=settings.push_backoff_base_s,
        backoff_cap_s=settings.push_backoff_cap_s,
        finish_s=max(0.0, settings.shutdown_s - RELEASE_S),
        pause_s=settings.push_pause_s,
    )
    watch = SlaWatch(services, worker_id)
    push = PushDelivery(services, channels, worker_id, timing, secrets.SystemRandom())
    return [
        Job("sla_watch", settings.sla_poll_s, watch.look, watch.finish),
        Job("sla_sweeps", SWEEPS_EVERY_S, partial(sweep_once, services)),
        Job("push_delivery", settings.push_poll_s, push.look, push.finish, queued),
        Job("push_leases", settings.push_lease_check_s, push.release_lost),
        Job("missed_visits", VISITS_EVERY_S, partial(mark_missed, services)),
        Job("forgotten_shifts", VISITS_EVERY_S, partial(close_forgotten_shifts, services)),
        Job("forgotten_visits", VISITS_EVERY_S, partial(close_open, services)),
        Job("hand_overs", settings.hand_over_poll_s, partial(hand_over_due, services, settings.hand_over_batch)),
        Job("norms", NORMS_EVERY_S, partial(tell_of_norms, services)),
        Job("daily_reports", DAILY_REPORTS_EVERY_S, partial(write_reports, services)),
        Job("reports", REPORTS_EVERY_S, partial(count_reports, services)),
        Job("untouched_leads", POOL_EVERY_S, partial(return_untouched, services)),
        Job("unheard_notices", UNHEARD_EVERY_S, Unheard(services).look),
        Job("lost_devices", DEVICES_EVERY_S, partial(forget_lost_devices, services)),
        Job("old_photos", PHOTOS_EVERY_S, partial(remove_old_photos, services)),
        Job("erasures", ERASURES_EVERY_S, partial(erase_due, services)),
        Job("push_metrics", METRICS_EVERY_S, partial(show_queue, services)),
        Job("push_reach", REACH_EVERY_S, partial(show_unreachable, services)),
        Job("silent_phones", SILENT_PHONES_EVERY_S, partial(wake_silent, services, channels)),
        Job("driven_distances", DRIVES_EVERY_S, partial(measure_driven, services)),
        Job("route_plans", 5.0, partial(solve_left_over, services)),
        Job("planning_runs", 5.0, partial(plan_regions, services)),
        Job("team_days", 5.0, partial(solve_left_over_teams, services)),
        Job("beat_plans", 10.0, partial(finish_beat_plans, services)),
        *(
            [Job("article_vectors", VECTORS_EVERY_S, partial(make_vectors, services, services.meaning))]
            if services.meaning is not None
            else []
        ),
    ]


async def run_jobs(
    wanted: Sequence[Job], stop: asyncio.Event, grace_s: float, beside: Sequence[Coroutine[Any, Any, None]] = ()
) -> None:
    """Runs the jobs until `stop`; what is then still at work after `grace_s` seconds is cancelled.

    What runs `beside` them never ends by itself and is cancelled at once.
    """
    endless = [asyncio.create_task(each) for each in beside]
    running = [asyncio.create_task(_run(job, stop), name=job.name) for job in wanted]
    await stop.wait()
    for task in endless:
        task.cancel()
    _, late = await asyncio.wait(running, timeout=grace_s)
    for task in late:
        log.warning("job_cut_off", job=task.get_name())
        task.cancel()
    await asyncio.gather(*running, *endless, return_exceptions=True)


async def _run(job: Job, stop: asyncio.Event) -> None:
    pause_s = FIRST_PAUSE_S
    while not stop.is_set():
        failed = True
        try:
            done = await job.run()
            runs.labels(job.name, "done").inc()
        except PyMongoError as error:
            runs.labels(job.name, "no_database").inc()
            log.warning("job_waits_for_database", job=job.name, error=type(error).__name__, pause_s=pause_s)
            wait_s, pause_s = pause_s, min(pause_s * 2, LONGEST_PAUSE_S)
        except Exception:
            runs.labels(job.name, "failed").inc()
            log.exception("job_failed", job=job.name, pause_s=pause_s)
            wait_s, pause_s = pause_s, min(pause_s * 2, LONGEST_PAUSE_S)
        else:
            failed = False
            pause_s, wait_s = FIRST_PAUSE_S, 0.0 if done else job.every_s
            if done:
                log.info("job_done", job=job.name, done=done)
        await _sleep(stop, wait_s, None if failed else job.woken_by)
    if job.finish is not None:
        await job.finish()


async def _sleep(stop: asyncio.Event, seconds: float, woken_by: asyncio.Event | None) -> None:
    """Until the time is over, `stop`, or a little after `woken_by`, so that what comes together is taken together."""
    waiting = [asyncio.create_task(each.wait()) for each in (stop, woken_by) if each is not None]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    if woken_by is not None and woken_by.is_set() and not stop.is_set():
        await asyncio.sleep(min(GATHER_S, seconds))
        woken_by.clear()
