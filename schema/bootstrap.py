"""What a phone asks first, in the schema; what a noun adds goes to `Bootstrap` and resolvers/bootstrap.py."""

from datetime import datetime
from typing import Annotated, Any, Union

import strawberry

import schema.check_ins  # noqa: F401 - gives FenceMode its name and words
from domain import apps as domain
from domain.accounts import Tier
from domain.check_in_policies import Mode
from domain.refusals import Refusal
from resolvers.bootstrap import bootstrap
from schema.consents import Consent
from schema.fields import Info, returns, stored
from schema.norms import BehaviourNorms
from schema.paging import MAX_PAGE
from schema.people import Person
from schema.refusals import shown
from schema.shifts import Shift
from schema.teams import Organization
from storage.driver import Document

AppTooOld = shown(
    domain.AppTooOld, app_version="The version that asked.", minimum_version="The oldest version that is served."
)


@strawberry.type(description="When work is planned to begin and to end.")
class PlannedShift:
    starts_at: datetime = stored("starts_at", "Its beginning.")
    ends_at: datetime = stored("ends_at", "Its end; may lie on the next date.")


@strawberry.type(description="How an app names a value of an enum.")
class EnumLabel:
    enum_name: str = stored("enum_name", "Name of the enum in this schema.")
    value: str = stored("value", "The value.")
    en: str = stored("en", "In English.")
    zh_cn: str = stored("zh_cn", "In Chinese.")


@strawberry.type(description="How much fits into one call.")
class ClientLimits:
    page: int = stored("page", "Records of a list.")
    body_bytes: int = stored("body_bytes", "Bytes of a request.")
    positions_per_batch: int = stored("positions_per_batch", "Points of `reportPositions`.")
    evidence_late_s: int = stored("evidence_late_s", "Seconds a tap may be old when it arrives.")
    evidence_ahead_s: int = stored("evidence_ahead_s", "Seconds a phone's clock may be ahead.")


@strawberry.type(description="How the fence of a tier's sites is kept.")
class FenceRule:
    tier: Tier = stored("tier", "The tier.")
    mode: Mode = stored("mode", "How strictly.")


@strawberry.type(description="How often an app reports positions in a shift, outside breaks and with consent.")
class TrackingRule:
    moving_s: int = stored("moving_s", "While moving, after so many seconds,")
    moving_m: int = stored("moving_m", "or after so many metres, whichever comes first.")
    idle_s: int = stored("idle_s", "At rest, after so many seconds.")


@strawberry.type(description="The rules an app applies while it is offline.")
class ClientPolicies:
    version: int = stored("version", "Grows with each change of the rules.")
    fence_radius_m: float = stored("fence_radius_m", "Radius of a fence that has none of its own, metres.")
    fence_modes: list[FenceRule] = stored("fence_modes", "By tier.")
    tracking: TrackingRule = stored("tracking", "How often positions are reported.")


@strawberry.type(description="All a phone must know to begin.")
class Bootstrap:
    server_now: datetime = stored("server_now", "The server's time, to measure how far the phone's clock is off.")
    minimum_app_version: str = stored("minimum_app_version", "The oldest app version that is served.")
    time_zone_data: str = stored(
        "time_zone_data", "Version of the IANA time zone data that due times are computed with, such as 2026f."
    )
    me: Person = stored("me", "Who is signed in.")
    organization: Organization = stored("organization", "Their organization.")
    shift: Shift | None = stored("shift", "Their open shift; null where they are not at work.")
    planned_shift: PlannedShift | None = stored("planned_shift", "Today's planned shift; null on a free day.")
    limits: ClientLimits = stored("limits", "How much fits into one call.")
    policies: ClientPolicies = stored("policies", "The rules an app applies while it is offline.")
    consents: list[Consent] = stored("consents", "What you are asked to agree to, and where you stand with it.")
    norms: BehaviourNorms = stored("norms", "What is to be done in visits, for an app to keep while it is offline.")
    labels: list[EnumLabel] = stored("labels", "Names of enum values, so that apps need no table of their own.")


_OUTCOMES = (Bootstrap, AppTooOld)
BootstrapResult: Any = Annotated[
    Union[tuple(_OUTCOMES)],  # noqa: UP007
    strawberry.union("BootstrapResult", description="What `bootstrap` can answer."),
]


@strawberry.type
class BootstrapQuery:
    @returns(BootstrapResult | None, "All a phone must know to begin, or that its app is too old.")
    async def bootstrap(
        self,
        info: Info,
        app_version: Annotated[
            str | None, strawberry.argument(description="Version of the app, such as 1.4.2; absent: not looked at.")
        ] = None,
    ) -> Document | Refusal:
        return await bootstrap(info.context, app_version, MAX_PAGE)
