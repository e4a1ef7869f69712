"""What docs/privacy.md promises about keeping, against what the database is told."""

from __future__ import annotations

import re
from pathlib import Path

from storage.driver import IndexModel
from storage.indexes import INDEXES

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")
KEPT = PAGE.split("## What is kept")[1].split("##")[0]
DAY_S = 86_400


def test_whatever_the_database_removes_is_told() -> None:
    removed = {
        collection
        for collection, indexes in INDEXES.items()
        if any("expireAfterSeconds" in index.document for index in indexes)
    }
    named = set(re.findall(r"\(`([a-z_]+)`\)", KEPT))
    assert removed <= named
    assert named - removed == {"alerts", "daily_reports", "notices", "files"}


def _is_ttl(index: IndexModel) -> bool:
    return bool(index.document["name"] == "ttl")


def test_periods_of_purposes() -> None:
    seconds = {
        collection: [
            each.document["expireAfterSeconds"] for each in INDEXES[collection] if each.document["name"] == "ttl"
        ]
        for collection in ("check_ins", "positions", "track_points", "location_views", "deliveries", "data_requests")
    }
    assert seconds == {
        "check_ins": [365 * DAY_S],
        "positions": [60 * DAY_S],
        "track_points": [0],
        "location_views": [0],
        "deliveries": [90 * DAY_S],
        "data_requests": [1_096 * DAY_S],
    }
