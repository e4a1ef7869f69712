"""Check-ins in the schema: evidence and verdict, checking in and out, and the sites within reach."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import geofence
from domain.access import Capability
from domain.check_ins import CheckInDirection, Claim
from domain.geofence import Evidence, Mode, Provider, Reason, Verdict
from domain.ids import LeadId
from domain.places import Datum
from domain.refusals import InvalidInput, Refusal
from domain.visits import VisitOutcome
from resolvers.check_ins import CheckInCall, CheckOutCall, check_in, check_in_candidates, check_out
from schema.fields import Info, mutates, placed, related, returns, stored
from schema.nodes import Node
from schema.norms import InsightInput, MustDoInput, MustDoRequired, said_in
from schema.paging import ClientKey
from schema.places import Coordinates, InDatum, Latitude, Longitude
from schema.refusals import COMMON, IdTaken, WrongState, shown
from schema.scalars import described_enum
from schema.sites import Site
from schema.visits import Visit
from storage.driver import Document

if TYPE_CHECKING:
    from schema.leads import Lead

described_enum(
    Provider,
    "What measured a position, as the phone says.",
    title="PositionProvider",
    GPS="Satellites.",
    NETWORK="Cells and access points.",
    FUSED="The phone's own mixture.",
    UNKNOWN="Not told.",
)
described_enum(
    Verdict,
    "What the evidence of a check-in shows.",
    INSIDE="Within the fence.",
    INSIDE_WEAK="Within the fence, with an accuracy of more than 100 m.",
    BORDERLINE="Outside the fence, but within it as far as the accuracy tells.",
    OUTSIDE="Outside the fence.",
    NO_VERDICT="The accuracy is worse than 200 m.",
    NO_FIX="The accuracy is worse than 5000 m: no position at all.",
    REJECTED_MOCK="The phone says that the position is made up.",
)
described_enum(
    Reason,
    "Why a verdict is what it is.",
    title="VerdictReason",
    WITHIN_FENCE="The distance is within the radius.",
    WEAK_ACCURACY="The accuracy is worse than 100 m.",
    FENCE_WITHIN_ACCURACY="The fence is within the accuracy of the position.",
    BEYOND_FENCE="The fence is out of the accuracy's reach.",
    BEYOND_DOUBT="The fence is out of reach even at twice the accuracy.",
    ACCURACY_TOO_POOR="The accuracy is worse than 200 m.",
    NO_USABLE_FIX="The accuracy is worse than 5000 m.",
    MOCK_LOCATION="The phone reports a mock location.",
    DATUM_OUTSIDE_REGION="Sent as GCJ02 or BD09 from outside mainland China; taken as WGS84.",
)
described_enum(
    Mode,
    "How strictly the fence is kept.",
    title="FenceMode",
    OFF="A visit always opens; the verdict is kept.",
    SOFT="A visit opens with a reason where the rep is not clearly inside.",
    HARD="Outside beyond doubt no visit opens; weak positions need second evidence.",
)
described_enum(
    CheckInDirection, "Whether the rep came or left.", ARRIVAL="A check-in.", DEPARTURE="A check-out with a position."
)

OutsideGeofence = shown(
    geofence.OutsideGeofence,
    distance_m="Metres from the pin.",
    radius_m="Radius of the fence in metres.",
    uncertainty_m="Accuracy of the position in metres.",
)
ReasonRequired = shown(geofence.ReasonRequired, verdict="The verdict that needs a reason.")
SecondEvidenceRequired = shown(geofence.SecondEvidenceRequired, verdict="The verdict that needs more evidence.")
MockLocation = shown(geofence.MockLocation)
VisitAlreadyOpen = shown(
    geofence.VisitAlreadyOpen, visit_id="The visit that is open.", site_id="The site it is open at."
)


@strawberry.type(description="Evidence of a rep at a site, kept as it was sent, and what was made of it.")
class CheckIn(Node):
    direction: CheckInDirection = stored("direction", "Whether the rep came or left.")
    verdict: Verdict = stored("verdict", "What the evidence shows.")
    reasons: list[Reason] = stored("reasons", "Why; the rep sees what the manager sees.")
    score: int = stored("score", "Signs of a made-up position, added up; 0 is none.")
    distance_m: float = stored("distance_m", "Metres from the pin that was valid then.")
    uncertainty_m: float = stored("uncertainty_m", "Accuracy of the position in metres.")
    radius_m: float = stored("radius_m", "Radius of the fence in metres.")
    policy_version: int = stored("policy_version", "The version of the rules it was judged by.")
    mode: Mode = stored("mode", "How strictly the fence was kept.")
    unverified: bool = stored("unverified", "Does not count as presence.")
    flagged: bool = stored("flagged", "Shown to the manager.")
    review: bool = stored("review", "A manager has to look at it.")
    offline: bool = stored("offline", "Arrived more than two minutes after it was made.")
    refused: str | None = stored("refused", "Code of the refusal it was answered with; null where it counted.")
    position: Coordinates = placed("point", "Where the rep was.")
    sent_position: Coordinates = stored("evidence", "The position as it was sent.")
    provider: Provider = stored("evidence.provider", "What measured the position.")
    is_mock: bool = stored("evidence.is_mock", "Whether the phone called the position made up.")
    captured_at: datetime = stored("evidence.captured_at", "When it was made, by the phone.")
    received_at: datetime = stored("received_at", "When it arrived.")
    event_at: datetime = stored("event_at", "The time that counts.")
    device_id: str | None = stored("device_id", "The device it came from.")
    note: str | None = stored("note", "The rep's note.")
    reason: str | None = stored("reason", "The rep's reason.")
    photo_hash: str | None = stored("photo_hash", "SHA-256 of the photo.")
    rep_id: strawberry.ID = stored("owner_id", "Who checked in.")
    site: Site | None = related("sites", "The place.", key="site_id")
    visit: Visit | None = related("visits", "The visit it belongs to.", key="visit_id")
    lead: Annotated["Lead", strawberry.lazy("schema.leads")] | None = related(
        "leads", "The lead it is about.", key="lead_id"
    )


@strawberry.input(description="Evidence of being at a site, as the phone has it.")
class CheckInInput:
    site_id: strawberry.ID = strawberry.field(description="Where the rep says to be.")
    latitude: float = strawberry.field(description="Degrees within 90, north is positive.")
    longitude: float = strawberry.field(description="Degrees within 180, east is positive.")
    datum: Datum = strawberry.field(description="What the two numbers are measured in.")
    accuracy_m: float = strawberry.field(description="Accuracy in metres, as the phone states it.")
    captured_at: datetime = strawberry.field(description="When the rep tapped.")
    id: strawberry.ID | None = strawberry.field(
        default=None, description="Made on the device: chk_ + ULID or UUID; a new one for new evidence."
    )
    visit_id: strawberry.ID | None = strawberry.field(
        default=None, description="The planned visit; absent: that of the day at this site, else an unplanned one."
    )
    lead_id: strawberry.ID | None = strawberry.field(default=None, description="The lead the visit is about.")
    provider: Provider = strawberry.field(default=Provider.UNKNOWN, description="What measured the position.")
    is_mock: bool = strawberry.field(default=False, description="Whether the phone calls the position made up.")
    device_id: str | None = strawberry.field(default=None, description="The device.")
    note: str | None = strawberry.field(default=None, description="Free text.")
    reason: str | None = strawberry.field(default=None, description="Why the position is not clearly inside.")
    photo_hash: str | None = strawberry.field(
        default=None, description="SHA-256 of a photo taken there, 64 lower-case hexadecimal digits."
    )


@strawberry.input(description="The end of a visit. A position is welcome and never required: send all of it or none.")
class CheckOutInput:
    visit_id: strawberry.ID = strawberry.field(description="Which visit.")
    outcome: VisitOutcome = strawberry.field(description="What it led to.")
    captured_at: datetime = strawberry.field(description="When the rep tapped.")
    next_step: str | None = strawberry.field(default=None, description="What comes next.")
    note: str | None = strawberry.field(default=None, description="Free text; replaces the visit's note.")
    latitude: float | None = strawberry.field(default=None, description="Degrees within 90.")
    longitude: float | None = strawberry.field(default=None, description="Degrees within 180.")
    datum: Datum | None = strawberry.field(default=None, description="What the two numbers are measured in.")
    accuracy_m: float | None = strawberry.field(default=None, description="Accuracy in metres.")
    provider: Provider = strawberry.field(default=Provider.UNKNOWN, description="What measured the position.")
    is_mock: bool = strawberry.field(default=False, description="Whether the phone calls the position made up.")
    device_id: str | None = strawberry.field(default=None, description="The device.")
    must_dos: list[MustDoInput] = strawberry.field(
        default_factory=list, description="Items of the day that were done in the visit, 20 at the most."
    )
    insights: list[InsightInput] = strawberry.field(
        default_factory=list, description="What was learnt about the customer, 20 at the most."
    )


def _evidence(sent: CheckInInput | CheckOutInput, datum: Datum) -> Evidence:
    return Evidence(
        sent.latitude, sent.longitude, datum, sent.accuracy_m, sent.captured_at, sent.provider, sent.is_mock
    )


def _departing(sent: CheckOutInput) -> Claim | InvalidInput | None:
    if all(each is None for each in (sent.latitude, sent.longitude, sent.datum, sent.accuracy_m)):
        return None
    if sent.datum is None:
        return InvalidInput("datum", "is needed with a position")
    return Claim(_evidence(sent, sent.datum), device_id=sent.device_id)


@strawberry.type
class CheckInQuery:
    @returns(list[Site] | None, "The sites whose fence a position may be in, nearest first: let the rep choose.")
    async def check_in_candidates(
        self,
        info: Info,
        latitude: Latitude,
        longitude: Longitude,
        datum: InDatum,
        accuracy_m: Annotated[float, strawberry.argument(description="Accuracy in metres, 5000 at the most.")],
    ) -> list[Document]:
        evidence = Evidence(latitude, longitude, datum, accuracy_m, info.context.now)
        return await check_in_candidates(info.context, evidence)


@strawberry.type
class CheckInMutation:
    @mutates(
        "checkIn",
        "Checks in at a site. The evidence is kept whatever the answer; a refusal that asks for more wants a new call.",
        CheckIn,
        *COMMON,
        IdTaken,
        WrongState,
        OutsideGeofence,
        ReasonRequired,
        SecondEvidenceRequired,
        MockLocation,
        VisitAlreadyOpen,
    )
    async def check_in(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[CheckInInput, strawberry.argument(description="The evidence.")],  # noqa: A002
    ) -> Document | Refusal:
        claim = Claim(
            _evidence(input, input.datum),
            input.device_id,
            input.note,
            input.reason,
            input.photo_hash,
            LeadId(input.lead_id) if input.lead_id is not None else None,
        )
        return await check_in(info.context, client_key, CheckInCall(input.site_id, claim, input.id, input.visit_id))

    @mutates(
        "checkOut",
        "Ends a visit with its outcome: DONE, or TOUCH if it was short. Where the norms are kept strictly it wants the "
        "required items done.",
        Visit,
        *COMMON,
        WrongState,
        MustDoRequired,
    )
    async def check_out(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[CheckOutInput, strawberry.argument(description="How it ended.")],  # noqa: A002
    ) -> Document | Refusal:
        info.context.require(Capability.DO_FIELD_WORK)
        claim = _departing(input)
        if isinstance(claim, InvalidInput):
            return claim
        said = said_in(input.must_dos, input.insights)
        if isinstance(said, InvalidInput):
            return said
        call = CheckOutCall(input.visit_id, input.outcome, input.captured_at, claim, input.next_step, input.note, said)
        return await check_out(info.context, client_key, call)
