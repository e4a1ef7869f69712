"""Removes photos of visits once the check-ins that they prove are gone too; a job of workers/schedule.py.

Bytes first: a worker that dies in between finds the record again, and removing bytes that are gone does nothing.
"""

from __future__ import annotations

from datetime import timedelta

from resolvers.services import Services
from storage.check_ins import KEEP_S
from storage.files import list_old_photos, remove_file

BATCH = 100


async def remove_old_photos(services: Services) -> int:
    """Answers how many; more than 0 and there may be others."""
    until = services.clock() - timedelta(seconds=KEEP_S)
    removed = 0
    for photo in await list_old_photos(services.store, until, BATCH):
        await services.files.blobs.remove(photo.blob_key)
        removed += await remove_file(services.store, photo)
    return removed
