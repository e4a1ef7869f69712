"""Opaque identifiers: a type prefix and a ULID or UUID, made by the device or by the server; used by every layer."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NewType

from ulid import ULID

OrgId = NewType("OrgId", str)
TeamId = NewType("TeamId", str)
PersonId = NewType("PersonId", str)
AbsenceId = NewType("AbsenceId", str)
AccountId = NewType("AccountId", str)
ContactId = NewType("ContactId", str)
SiteId = NewType("SiteId", str)
LeadId = NewType("LeadId", str)
AssignmentId = NewType("AssignmentId", str)
ActivityId = NewType("ActivityId", str)
VisitId = NewType("VisitId", str)
CheckInId = NewType("CheckInId", str)
PlanId = NewType("PlanId", str)
BeatPlanId = NewType("BeatPlanId", str)
PlanningRunId = NewType("PlanningRunId", str)
TeamDayId = NewType("TeamDayId", str)
ShiftId = NewType("ShiftId", str)
ArticleId = NewType("ArticleId", str)
DeviceId = NewType("DeviceId", str)
BindingId = NewType("BindingId", str)
NoticeId = NewType("NoticeId", str)
DeliveryId = NewType("DeliveryId", str)
ClockId = NewType("ClockId", str)
FileId = NewType("FileId", str)
HandOverId = NewType("HandOverId", str)
HandOverEntryId = NewType("HandOverEntryId", str)
GateBypassId = NewType("GateBypassId", str)
RelocationId = NewType("RelocationId", str)
NormEntryId = NewType("NormEntryId", str)
ConsentEventId = NewType("ConsentEventId", str)
DataRequestId = NewType("DataRequestId", str)
QuestionId = NewType("QuestionId", str)
TopicId = NewType("TopicId", str)
DailyReportId = NewType("DailyReportId", str)
AuditEntryId = NewType("AuditEntryId", str)

_TAIL = re.compile(r"(?:[0-7][0-9A-HJKMNP-TV-Z]{25}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")


def new_id(prefix: str, now: datetime) -> str:
    """A fresh id such as `led_01J...`, sortable by `now` (aware UTC)."""
    return f"{prefix}_{ULID.from_datetime(now)}"


def is_id(prefix: str, value: str) -> bool:
    """Whether `value` is `prefix_` followed by a ULID (upper case) or a UUID (lower case)."""
    head, _, tail = value.partition("_")
    return head == prefix and _TAIL.fullmatch(tail) is not None
