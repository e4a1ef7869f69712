"""Which policy a new SLA clock begins under; the one place that resolvers ask."""

from __future__ import annotations

from domain.leads import Lead
from domain.sla import DEFAULT_POLICIES, Metric, Policy
from storage.store import Store


async def policy_for(_store: Store, _lead: Lead, metric: Metric) -> Policy | None:
    """What a clock that begins now promises on the lead; None where nothing is promised and no clock is to begin."""
    return DEFAULT_POLICIES.get(metric)
