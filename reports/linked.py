"""Records that those of a report point to, by id: so many in one read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from reports.rows import Rows

IN_ONE_READ = 5_000


async def linked(
    rows: Rows, collection: str, ids: Collection[str | None], paths: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Those of the records that are in scope, by id."""
    wanted = sorted(each for each in ids if each is not None)
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(wanted), IN_ONE_READ):
        part = wanted[start : start + IN_ONE_READ]
        records = await rows.list(
            collection, {"_id": {"$in": part}}, order="_id", limit=len(part), projection=dict.fromkeys(paths, 1)
        )
        found |= {each["_id"]: each for each in records}
    return found
