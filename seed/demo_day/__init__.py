"""`python -m seed demo`: one day of a rep and a manager with real calls, as a transcript that proves each step."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

from seed.demo_day.day import play
from seed.demo_day.server import own_servers, running_server
from seed.demo_day.transcript import StepFailedError, Transcript
from wiring.embedded_mongo import MongoUnavailableError
from wiring.settings import load_settings

FAILED, STOPPED = 1, 130


def main(url: str = "") -> int:
    """Plays the day on servers of its own, or on the one at `url`; the exit status is 0 if all was as it should be."""
    settings = load_settings()
    said = Transcript()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if url:
            with running_server(url, settings.data) as server:
                said.step(f"Play on the running server {server.url}")
                play(said, server, settings.samples)
        else:
            with own_servers() as servers:
                said.step("Start an embedded database, the demo organization, API and worker")
                began = time.monotonic()
                servers.start()
                said.fact("running", f"{servers.url}/graphql after {time.monotonic() - began:.1f} s")
                play(said, servers, settings.samples)
    except (StepFailedError, MongoUnavailableError) as problem:
        said.failed(str(problem))
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return STOPPED
    said.done()
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
