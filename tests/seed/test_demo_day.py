"""`make demo` as a process: the whole day and its week play to their end and every part of it is in the transcript."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seed.demo_day.server import ZONE, seconds_to_monday
from seed.demo_day.transcript import StepFailedError, Transcript

ROOT = Path(__file__).parents[2]
KEY_LINES = (
    "12 created, 0 changed, 0 unchanged, 1 not imported",
    "0 created, 0 changed, 12 unchanged, 1 not imported",
    "bad row: line 14: latitude",
    "first contact by",
    "visits are on the rep's list",
    "INSIDE, 15 m from the pin",
    "sent 5 more times, stored once",
    "checked out: DONE, 15 min, presence verified",
    "from 3 km away: OUTSIDE_GEOFENCE",
    "kept for the manager: OUTSIDE",
    "teamMapChanged: 城西销售1 IN_VISIT",
    "CRITICAL - | 首次联系已超时",
    "red since",
    "竞品降价应对话术",
    "Cold chain",
    "jpjj finds 竞品降价应对话术",
    "published    冷柜报警声怎么关闭？",
    "湖滨连锁冷柜改造: 城西销售1 had it for all of the time",
    "refused      GATE_PROPOSAL_REQUIRED",
    "belongs to 城西销售2",
    "had no contact within 24 h",
    "All is as it should be: 15 steps",
)


def environment(temporary: Path) -> dict[str, str]:
    """That of the tests without what would choose another server, with a place of its own for temporary folders."""
    unset = {"URL", "MONGODB_URI", "SAMPLES", "CLOCK_OFFSET_S"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return kept | {"TMPDIR": str(temporary), "DATA": str(temporary)}


def test_the_day_plays_to_its_end(tmp_path: Path) -> None:
    played = subprocess.run(
        [sys.executable, "-m", "seed", "demo"],
        cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert played.returncode == 0, played.stdout + played.stderr
    assert [line for line in KEY_LINES if line not in played.stdout] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_demo_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    # What runs in the background of a shell ignores SIGINT, and would hand that on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "seed", "demo"], cwd=ROOT, env=environment(tmp_path), stdout=output, stderr=output
        )
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("*/mongo")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(30) == 130
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "seed", "demo", "--url", "http://127.0.0.1:9"]
    played = subprocess.run(command, cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=60)
    assert played.returncode == 1
    assert "Step 0 failed: The demo logins cannot be read" in played.stdout


@pytest.mark.parametrize("day", range(8))
def test_the_clock_begins_on_a_monday_to_come(day: int) -> None:
    now = datetime(2026, 3, 1, 22, 30, tzinfo=UTC) + timedelta(days=day)
    ahead = timedelta(seconds=seconds_to_monday(now))
    begins = (now + ahead).astimezone(ZONE)
    assert (begins.weekday(), begins.hour, begins.minute) == (0, 9, 10)
    assert timedelta(0) < ahead <= timedelta(days=8)


def test_a_failed_check_says_what_was_expected_and_seen() -> None:
    said = Transcript()
    said.expect("Stops", 3, 3)
    assert said.checks == 1
    with pytest.raises(StepFailedError, match=r"Stops\n  expected: 3\n  seen:     2"):
        said.expect("Stops", 3, 2)
