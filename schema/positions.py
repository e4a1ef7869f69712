"""Positions in the schema: what phones report, and who looked at them."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.access import Role
from domain.places import Datum
from domain.positions import PhoneState, PositionDropReason, ReportedPoint
from domain.refusals import Refusal
from resolvers.positions import PositionBatch, report_device_state, report_positions, who_saw_me
from schema.fields import Info, mutates, placed, returns, stored
from schema.inputs import given
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.places import Coordinates
from schema.refusals import COMMON
from schema.scalars import described_enum
from storage.driver import Document

described_enum(
    PositionDropReason,
    "Why a reported point was not kept.",
    OUTSIDE_SHIFT="Measured outside your actual shift: nothing of it was stored.",
    ON_BREAK="Measured during a break: nothing of it was stored.",
    NO_CONSENT="Measured without your consent, where your organization asks for it: nothing of it was stored.",
    FUTURE="More than 120 s ahead of the server's time.",
    TOO_OLD="More than 72 h old.",
    BAD_POINT="No position: out of range, (0, 0), or an accuracy that is not within 0 and 5,000 m.",
)
described_enum(
    PhoneState,
    "What a phone tells of itself.",
    NO_PERMISSION="The app may not use the location in the background.",
    LOW_BATTERY="The phone saves energy and reports less often.",
    OK="Nothing of that; ends an earlier report.",
)


@strawberry.type(description="A person's latest known position, by the time of the fix.")
class Position:
    location: Coordinates | None = placed("location", "Where, in the datum you ask for.")
    accuracy_m: float = stored("accuracy_m", "Radius of the circle the position lies in, metres.")
    at: datetime = stored("at", "Time of the fix.")
    received_at: datetime = stored("received_at", "When the server got it.")
    speed_mps: float | None = stored("speed_mps", "Metres per second.")
    heading_deg: float | None = stored("heading_deg", "Degrees clockwise from north.")
    battery_pct: float | None = stored("battery_pct", "Charge of the phone, percent.")


@strawberry.type(description="How many points were not kept for one reason.")
class DropCount:
    reason: PositionDropReason = stored("reason", "Why.")
    count: int = stored("count", "How many.")


@strawberry.type(description="One point that was not kept.")
class DroppedPoint:
    index: int = stored("index", "Its place in the batch, from 0.")
    reason: PositionDropReason = stored("reason", "Why.")


@strawberry.type(description="What became of a batch of points. All are dealt with: do not send any again.")
class PositionsReceived:
    accepted: int = stored("accepted", "How many were kept.")
    dropped: list[DropCount] = stored("dropped", "How many were not, by reason.")
    dropped_points: list[DroppedPoint] = stored("dropped_points", "Which were not.")
    latest_at: datetime | None = stored("latest_at", "Time of your latest known position, of this batch or another.")


@strawberry.type(description="What your phone told last, by its own time.")
class DeviceStateReceived:
    state: PhoneState = stored("phone_state", "What it told.")
    at: datetime = stored("phone_state_at", "Since when.")


@strawberry.type(description="Somebody looked at your position within one hour.")
class LocationView:
    viewer_id: strawberry.ID = stored("viewer_id", "Who looked.")
    viewer_name: str | None = stored("viewer_name", "Their name.")
    viewer_role: Role | None = stored("viewer_role", "What they are in the organization.")
    purpose: str = stored("purpose", "Where they saw it, such as TEAM_MAP.")
    hour_at: datetime = stored("hour_at", "Start of the hour.")


@strawberry.input(description="A position as the phone measured it.")
class ReportedPointInput:
    latitude: float = strawberry.field(description="Degrees, north is positive.")
    longitude: float = strawberry.field(description="Degrees, east is positive.")
    datum: Datum = strawberry.field(description="What the two numbers are measured in.")
    accuracy_m: float = strawberry.field(description="Radius of the circle it lies in, metres.")
    at: datetime = strawberry.field(description="Time of the fix.")
    speed_mps: float | None = strawberry.field(default=None, description="Metres per second; negative is unknown.")
    heading_deg: float | None = strawberry.field(default=None, description="Degrees from north; negative is unknown.")
    battery_pct: float | None = strawberry.field(default=None, description="Charge of the phone, percent.")


@strawberry.input(description="Positions measured since the last report, in any order.")
class ReportPositionsInput:
    cadence_s: int = strawberry.field(description="How often the phone means to report now, 1 to 3600 seconds.")
    points: list[ReportedPointInput] = strawberry.field(description="1 to 10,000 points.")
    device_id: strawberry.ID | None = strawberry.field(default=None, description="The registered device.")


@strawberry.type
class PositionQuery:
    @returns(Connection[LocationView] | None, "Who looked at your position, one row per viewer and hour, latest first.")
    async def who_saw_me(self, info: Info, first: First = 20, after: After = None) -> Document:
        return as_connection(await who_saw_me(info.context, page_request(first, after, "-hour_at")))


@strawberry.type
class PositionMutation:
    @mutates(
        "reportPositions",
        "Reports a batch of positions. Only what lies inside your shift, outside its breaks and within your "
        "consent is kept.",
        PositionsReceived,
        *COMMON,
    )
    async def report_positions(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[ReportPositionsInput, strawberry.argument(description="The batch.")],  # noqa: A002
    ) -> Document | Refusal:
        values = given(input)
        points = tuple(ReportedPoint(**each) for each in values.pop("points"))
        return await report_positions(info.context, client_key, PositionBatch(points=points, **values))

    @mutates("reportDeviceState", "Tells what keeps the phone from reporting well.", DeviceStateReceived, *COMMON)
    async def report_device_state(
        self,
        info: Info,
        client_key: ClientKey,
        state: Annotated[PhoneState, strawberry.argument(description="What the phone knows.")],
        at: Annotated[datetime, strawberry.argument(description="When it came to be so.")],
    ) -> Document | Refusal:
        return await report_device_state(info.context, client_key, state, at)
