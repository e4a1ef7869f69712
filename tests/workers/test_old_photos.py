"""Photos of visits go after a year with their bytes; other files stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from resolvers.services import Services
from storage.blobs import BlobError
from storage.files import COLLECTION
from tests.conftest import START, StoppedClock
from tests.support.field_work import make_account, make_site, make_visit
from tests.support.files import JPEG, PDF, upload
from tests.support.world import World
from workers.old_photos import remove_old_photos

YEAR = timedelta(days=365)


async def test_photos_of_visits_go_after_a_year(world: World, services: Services, clock: StoppedClock) -> None:
    account = await make_account(world.rep, "B")
    visit = await make_visit(world.rep, await make_site(world.rep, accountId=account), START + timedelta(hours=1))
    given: tuple[tuple[bytes, dict[str, Any]], ...] = (
        (JPEG, {"kind": "PHOTO", "name": "shelf.jpg", "visitId": visit}),
        (PDF, {"kind": "OTHER", "name": "list.pdf", "visitId": visit}),
        (JPEG, {"kind": "PHOTO", "name": "front.jpg", "accountId": account}),
    )
    stored = []
    for body, said in given:
        answer = await upload(world.rep.api, body, **said)
        assert answer.status_code == 201, answer.text
        stored.append(answer.json()["data"]["file"]["id"])
    photo = await services.store[COLLECTION].find_one({"_id": stored[0]})
    assert photo is not None

    async def left() -> list[str]:
        found = await services.store[COLLECTION].find({"org_id": world.org_id}, order=[("_id", 1)], limit=9)
        return [each["_id"] for each in found]

    clock.advance(seconds=YEAR.total_seconds() - 1)
    assert await remove_old_photos(services) == 0
    assert len([piece async for piece in services.files.blobs.read(photo["blob_key"])]) == 1
    clock.advance(seconds=1)
    assert await remove_old_photos(services) >= 1
    assert await left() == sorted(stored[1:])
    with pytest.raises(BlobError):
        _ = [piece async for piece in services.files.blobs.read(photo["blob_key"])]
    assert await remove_old_photos(services) == 0
