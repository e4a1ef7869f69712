"""Goes on with departures: one batch after the other until nothing is left; a job of workers/schedule.py.

Several workers may run it, and one may die between any two lines: a batch is one transaction.
"""

from __future__ import annotations

from functools import partial

import structlog

from domain.hand_overs import BATCH
from resolvers.hand_overs import move_batch
from resolvers.services import Services
from storage.driver import PyMongoError
from storage.hand_overs import list_due_hand_overs

AT_ONCE = 20
log = structlog.get_logger(__name__)


async def hand_over_due(services: Services, size: int = BATCH) -> int:
    """One batch of each hand-over that is due; answers how many records moved.

    Raises PyMongoError where the database fails; a hand-over that cannot go on for another reason is logged and left.
    """
    now, moved = services.clock(), 0
    for hand_over_id in await list_due_hand_overs(services.store, now, AT_ONCE):
        body = partial(move_batch, hand_over_id=hand_over_id, now=now, outbox=services.outbox, size=size)
        try:
            moved += await services.store.transaction(body)
        except PyMongoError:
            raise
        except Exception:
            log.exception("hand_over_waits", hand_over=hand_over_id)
    return moved
