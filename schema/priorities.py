"""The enum of urgency, shared by the inbox and the bindings of channels."""

from domain.notices import Priority
from schema.scalars import described_enum

__all__ = ["Priority"]

described_enum(
    Priority,
    "How urgent a notice is.",
    CRITICAL="At once, at night too.",
    HIGH="Within hours.",
    NORMAL="Within the day.",
)
