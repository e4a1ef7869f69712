"""Real shops as they come from a map: where SAMPLES names their folder, every row of both files goes in."""

from __future__ import annotations

from pathlib import Path

import pytest

from seed.csv_file import read_table
from seed.import_accounts import NAMES, import_accounts
from seed.importing import Options
from storage.store import Store
from tests.conftest import START
from tests.support.world import World
from wiring.settings import read_settings

SAMPLES = read_settings().samples
FILES = {
    # Rows, rows with opening hours, and how many of those are written in no way a machine can read.
    "helsinki.csv": (1_193, 490, 10),
    "liechtenstein.csv": (132, 10, 1),
}


@pytest.mark.skipif(SAMPLES is None, reason="SAMPLES does not name a folder with real sites")
@pytest.mark.parametrize("name", FILES)
async def test_real_sites_go_in_as_they_are(world: World, store: Store, name: str) -> None:
    assert SAMPLES is not None
    rows, with_hours, unreadable = FILES[name]
    table = read_table(Path(SAMPLES) / "sites" / name, NAMES)
    options = Options(world.org_id, START, time_zone="Europe/Helsinki", owner=world.rep.person.email)
    report = await import_accounts(store, table, options)
    assert (report.rows, report.created, len(report.bad_lines)) == (rows, rows, 0)
    assert {problem.column for problem in report.warnings} == {"opening_hours"}
    sites = await store["sites"].find({"org_id": world.org_id}, limit=2_000)
    assert len(sites) == rows
    assert sum("opening_hours" in site for site in sites) == with_hours - unreadable
    assert len(report.warnings) == unreadable
    assert {site["time_zone"] for site in sites} == {"Europe/Helsinki"}
    again = await import_accounts(store, table, options)
    assert (again.created, again.changed, again.unchanged) == (0, 0, rows)
