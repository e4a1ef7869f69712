"""Time anchors in the schema: what a phone keeps so that what it records offline has a time the server believes."""

from datetime import datetime

import strawberry

from resolvers.time_anchors import issue_anchor
from schema.fields import Info, returns, stored
from storage.driver import Document
from storage.times import stored_time


@strawberry.type(
    description="The server's time under its seal, for you on this device. Keep the newest with the reading of the "
    "phone's monotonic clock as it came, and send both with evidence. Each answer over HTTP has one as `x-time-anchor`."
)
class TimeAnchor:
    token: str = stored("token", "Hand it back as `clock.anchor`.")
    server_now: datetime = stored("server_now", "The time it holds.")


@strawberry.type
class TimeAnchorQuery:
    @returns(TimeAnchor | None, "A fresh time anchor; ask whenever the phone is online.")
    async def time_anchor(self, info: Info) -> Document:
        context = info.context
        token = issue_anchor(context.services.secrets, context.me, context.now)
        return {"token": token, "server_now": stored_time(context.now)}
