"""The reports of the cockpit: one file and one line each; read by the nightly count, the API and the exports."""

from __future__ import annotations

from reports.by_day import (
    compliance,
    distances,
    follow_ups,
    funnel,
    newcomers,
    promises,
    reach,
    regions,
    sleeping_leads,
    visits,
)
from reports.facts import Report

REPORTS: dict[str, Report] = {
    each.key: each
    for each in (
        visits.REPORT,
        follow_ups.REPORT,
        promises.REPORT,
        funnel.REPORT,
        reach.REPORT,
        compliance.REPORT,
        regions.REPORT,
        sleeping_leads.REPORT,
        newcomers.REPORT,
        distances.REPORT,
    )
}
"""By key, in the order in which they are shown."""
