"""Codes of sites in the schema: what a screen at a site fetches and shows, for phones to read."""

from datetime import datetime
from typing import Annotated

import strawberry

from resolvers.site_codes import site_codes
from schema.fields import Info, returns, stored
from storage.driver import Document


@strawberry.type(description="What a screen shows in one minute, as a QR code or by NFC.")
class SiteCode:
    code: str = stored("code", "The text to show; a phone sends it as `code`.")
    shown_at: datetime = stored("shown_at", "Show it from then on.")
    ends_at: datetime = stored("ends_at", "Show the next one from then on; a minute later it is no longer taken.")


@strawberry.type
class SiteCodeQuery:
    @returns(
        list[SiteCode] | None,
        "The codes of a site from now on, one for each minute; null where you do not see it. Needs PLAN_FOR_OTHERS: "
        "reps have to read them at the site.",
    )
    async def site_codes(
        self,
        info: Info,
        site_id: Annotated[strawberry.ID, strawberry.argument(description="Which site.")],
        first: Annotated[int, strawberry.argument(description="How many minutes, 100 at the most.")] = 5,
    ) -> list[Document] | None:
        return await site_codes(info.context, site_id, first)
