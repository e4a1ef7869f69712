"""Where visits are made and how far plans are kept there: a heat map by the sites' region."""

from __future__ import annotations

from reports.by_day.visits import MEASURES, counted, visits_of
from reports.facts import Dimension, Events, Fact, Report, ReportDay
from reports.linked import linked


async def facts(events: Events, day: ReportDay) -> list[Fact]:
    """One of each visit, in the region of its site."""
    visits = await visits_of(events, day)
    sites = await linked(events, "sites", {each["site_id"] for each in visits}, ("region",))
    return [
        Fact(each["_id"], each["owner_id"], counted(each), _labels(sites.get(each["site_id"], {}).get("region")))
        for each in visits
    ]


def _labels(region: str | None) -> dict[Dimension, str]:
    return {Dimension.REGION: region} if region else {}


REPORT = Report("REGIONS", "Visits by region", "区域达成热力图", (Dimension.REGION,), MEASURES, facts)
