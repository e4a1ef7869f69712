"""Check-ins in the schema: evidence and verdict, checking in and out, and the sites within reach."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import evidence_times, openings, site_codes
from domain.access import Capability
from domain.check_in_policies import Mode
from domain.check_ins import CheckInDirection, Claim
from domain.evidence import Evidence, Provider, Reason
from domain.evidence_times import FixAge, TimeConfidence, TimeSource, confidence_of
from domain.geofence import Verdict
from domain.ids import LeadId
from domain.openings import SecondEvidence
from domain.places import Datum
from domain.refusals import InvalidInput, Refusal
from domain.visits import VisitOutcome
from resolvers.check_ins import CheckInCall, CheckOutCall, check_in, check_in_candidates, check_out
from resolvers.context import Context
from schema.evidence import PhoneClockInput, SendingInput, clock_of, sending_of
from schema.fields import Info, computed, mutates, placed, related, returns, stored
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
    from schema.people import Person

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
    openings.OutsideGeofence,
    distance_m="Metres from the pin.",
    radius_m="Radius of the fence in metres.",
    uncertainty_m="Accuracy of the position in metres.",
)
ReasonRequired = shown(openings.ReasonRequired, verdict="The verdict that needs a reason.")
SecondEvidenceRequired = shown(openings.SecondEvidenceRequired, verdict="The verdict that needs more evidence.")
MockLocation = shown(openings.MockLocation)
VisitAlreadyOpen = shown(
    openings.VisitAlreadyOpen, visit_id="The visit that is open.", site_id="The site it is open at."
)
StaleFix = shown(evidence_times.StaleFix)
CodeNotAccepted = shown(site_codes.CodeNotAccepted, problem="Why not.")


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
    time_source: TimeSource = stored("time_source", "What that time was taken from.", default=TimeSource.DEVICE.value)
    time_confidence: TimeConfidence = computed(
        confidence_of, needs=("time_source",), description="Whether that time follows from the server's."
    )
    fix_age: FixAge = stored("fix_age", "How old the position was at the tap.", default=FixAge.UNKNOWN.value)
    second_evidence: SecondEvidence | None = stored("second_evidence", "What stands beside a weak position.")
    vouched_at: datetime | None = stored("vouched.at", "When a manager stood for it; null where nobody did.")
    vouched_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who stood for it.", key="vouched.by_id"
    )
    vouch_reason: str | None = stored("vouched.reason", "Why.")
    overridden: bool = stored(
        "vouched.overridden", "Whether they stood for presence too, whatever the evidence shows.", default=False
    )
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
    captured_at: datetime = strawberry.field(description="When the rep tapped, by the phone's own clock.")
    latitude: float | None = strawberry.field(
        default=None, description="Degrees within 90; position, datum and accuracy may be absent only with a code."
    )
    longitude: float | None = strawberry.field(default=None, description="Degrees within 180, east is positive.")
    datum: Datum | None = strawberry.field(default=None, description="What the two numbers are measured in.")
    accuracy_m: float | None = strawberry.field(default=None, description="Accuracy in metres, as the phone states it.")
    id: strawberry.ID | None = strawberry.field(
        default=None, description="Made on the device: chk_ + ULID or UUID; a new one for new evidence."
    )
    visit_id: strawberry.ID | None = strawberry.field(
        default=None, description="The planned visit; absent: that of the day at this site, else an unplanned one."
    )
    new_visit_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Made on the device: the id of the unplanned visit this opens, so that a check-out can name it.",
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
    code: str | None = strawberry.field(default=None, description="The code that a screen at the site shows.")
    clock: PhoneClockInput | None = strawberry.field(default=None, description="The phone's monotonic clock.")


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
    code: str | None = strawberry.field(default=None, description="The code that a screen at the site shows.")
    clock: PhoneClockInput | None = strawberry.field(default=None, description="The phone's monotonic clock.")


Sent = Annotated[
    SendingInput | None, strawberry.argument(description="The phone's clocks now; not part of the input that repeats.")
]


def _evidence(context: Context, sent: CheckInInput | CheckOutInput) -> Evidence | InvalidInput:
    """The evidence; a position needs its datum, and where there is none the datum says nothing."""
    has_position = any(each is not None for each in (sent.latitude, sent.longitude, sent.accuracy_m))
    if has_position and sent.datum is None:
        return InvalidInput("datum", "is needed with a position")
    return Evidence(
        sent.latitude,
        sent.longitude,
        sent.datum or Datum.WGS84,
        sent.accuracy_m,
        sent.captured_at,
        sent.provider,
        sent.is_mock,
        clock_of(context, sent.clock),
    )


def arrival_of(context: Context, sent: CheckInInput) -> CheckInCall | InvalidInput:
    """The check-in as the resolver takes it."""
    evidence = _evidence(context, sent)
    if isinstance(evidence, InvalidInput):
        return evidence
    lead_id = LeadId(sent.lead_id) if sent.lead_id is not None else None
    claim = Claim(evidence, sent.device_id, sent.note, sent.reason, sent.photo_hash, lead_id, sent.code)
    return CheckInCall(sent.site_id, claim, sent.id, sent.visit_id, sent.new_visit_id)


def departure_of(context: Context, sent: CheckOutInput) -> CheckOutCall | InvalidInput:
    """The check-out as the resolver takes it."""
    evidence = _evidence(context, sent)
    if isinstance(evidence, InvalidInput):
        return evidence
    said = said_in(sent.must_dos, sent.insights)
    if isinstance(said, InvalidInput):
        return said
    claim = Claim(evidence, device_id=sent.device_id, note=sent.note, code=sent.code)
    return CheckOutCall(sent.visit_id, sent.outcome, claim, sent.next_step, said)


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
        StaleFix,
        CodeNotAccepted,
    )
    async def check_in(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[CheckInInput, strawberry.argument(description="The evidence.")],  # noqa: A002
        sending: Sent = None,
    ) -> Document | Refusal:
        info.context.require(Capability.DO_FIELD_WORK)
        call = arrival_of(info.context, input)
        if isinstance(call, InvalidInput):
            return call
        return await check_in(info.context, client_key, call, sending_of(sending))

    @mutates(
        "checkOut",
        "Ends a visit with its outcome: DONE, or TOUCH if it was short. Where the norms are kept strictly it wants the "
        "required items done.",
        Visit,
        *COMMON,
        WrongState,
        MustDoRequired,
        CodeNotAccepted,
    )
    async def check_out(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[CheckOutInput, strawberry.argument(description="How it ended.")],  # noqa: A002
        sending: Sent = None,
    ) -> Document | Refusal:
        info.context.require(Capability.DO_FIELD_WORK)
        call = departure_of(info.context, input)
        if isinstance(call, InvalidInput):
            return call
        return await check_out(info.context, client_key, call, sending_of(sending))
