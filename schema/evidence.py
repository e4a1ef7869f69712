"""Words and inputs of evidence in the schema: what measured a position, why a verdict is what it is, a phone's clocks.

Used by schema/check_ins.py.
"""

from datetime import datetime

import strawberry

from domain.evidence import PhoneClock, Provider, Reason, Sending
from domain.evidence_times import FixAge, TimeConfidence, TimeSource
from domain.geofence import Verdict
from domain.openings import SecondEvidence
from domain.site_codes import CodeProblem
from resolvers.context import Context
from resolvers.time_anchors import open_anchor
from schema.scalars import described_enum

described_enum(
    Provider,
    "What measured a position, as the phone says.",
    title="PositionProvider",
    GPS="Satellites.",
    NETWORK="Cells and access points.",
    FUSED="The phone's own mixture.",
    UNKNOWN="Not told.",
    QR="Nothing: the code of the site stands for its pin.",
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
    "Why a verdict is what it is, or is doubted.",
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
    SITE_CODE="The code shown at the site came with it.",
    CODE_CONTRADICTED="The code was shown at the site, but the position is outside.",
    CODE_TIME_UNPROVED="Sent late with a code, and only the phone's own clock says when it was read.",
    STALE_FIX="The position was measured 60 to 300 seconds before the tap.",
    OUTDATED_FIX="The position was measured longer before the tap, or before the phone was started again.",
    CLOCK_SKEW="The phone's clock is 2 to 10 minutes off.",
    CLOCK_SUSPECT="The phone's clock is further off, or its clocks contradict each other.",
    TIME_DOUBTFUL="The time of the tap rests on a clock that is suspect.",
    ANCHOR_NOT_ACCEPTED="The time anchor is none this server gave this person on this device.",
    VERY_LATE="It arrived more than 72 hours after it was made.",
    REPEATED_FIX="Exactly this position came at least three times within 30 days; weighs 2.",
    EQUALS_PIN="The position is exactly the site's pin; weighs 2.",
    CONSTANT_ACCURACY="Three positions in a row have the same accuracy; weighs 1.",
    FAST_TRAVEL="Faster than 97 m/s since the last believed position, or than 42 m/s over less than 10 km.",
    IMPOSSIBLE_TRAVEL="Faster than 280 m/s since the last believed position.",
    TWO_DEVICES="Within ten minutes the rep was at two places, by two devices.",
    DEVICE_OF_TWO="Another rep used the same device on the same day.",
    PHOTO_REUSED="The photo came with another check-in.",
)
described_enum(
    TimeConfidence,
    "Whether the time of a tap follows from the server's time.",
    HIGH="It does, by the phone's monotonic clock.",
    LOW="Only the phone's own clock tells.",
)
described_enum(
    TimeSource,
    "What the time of a tap was taken from.",
    ARRIVAL="The arrival, minus what the phone counted since the tap.",
    ANCHOR="A time anchor, plus what the phone counted since.",
    DEVICE="The phone's own clock.",
)
described_enum(
    FixAge,
    "How old a position was at the tap.",
    FRESH="60 seconds at the most.",
    STALE="300 seconds at the most.",
    OUTDATED="Older, or from before the phone was started again.",
    UNKNOWN="The phone does not tell.",
)
described_enum(
    SecondEvidence,
    "What stands beside a weak position.",
    FIX="Another position at the site, of the last two minutes.",
    PHOTO="A photo nobody sent before.",
    QR="The code of the site.",
)
described_enum(
    CodeProblem,
    "Why a site's code is not accepted.",
    title="SiteCodeProblem",
    NOT_OURS="It is no code of this server.",
    OTHER_SITE="It belongs to another site.",
    EXPIRED="It was not shown at the time of the tap.",
    USED="The same person used it before.",
)


@strawberry.input(
    description="The phone's monotonic clock around a tap: milliseconds since it was switched on, sleep included. "
    "Without it times rest on the phone's own clock, and have a low confidence."
)
class PhoneClockInput:
    boot_id: str | None = strawberry.field(
        default=None, description="Changes each time the phone is switched on; 100 characters at the most."
    )
    captured_elapsed_ms: float | None = strawberry.field(default=None, description="Reading at the tap.")
    fix_at: datetime | None = strawberry.field(default=None, description="When the position was measured.")
    fix_elapsed_ms: float | None = strawberry.field(default=None, description="Reading as it was measured.")
    fix_boot_id: str | None = strawberry.field(default=None, description="Boot of that reading; that of the tap.")
    anchor: str | None = strawberry.field(default=None, description="The last `timeAnchor` the phone was given.")
    anchor_elapsed_ms: float | None = strawberry.field(default=None, description="Reading as the anchor came.")
    anchor_boot_id: str | None = strawberry.field(default=None, description="Boot of that reading.")


@strawberry.input(description="The phone's clocks at this attempt to send; they may differ when the call is repeated.")
class SendingInput:
    at: datetime | None = strawberry.field(default=None, description="The phone's own clock.")
    elapsed_ms: float | None = strawberry.field(default=None, description="Its monotonic clock, milliseconds.")
    boot_id: str | None = strawberry.field(default=None, description="Boot of that reading.")


def clock_of(context: Context, told: PhoneClockInput | None) -> PhoneClock | None:
    """The readings with the anchor opened for the caller."""
    if told is None:
        return None
    return PhoneClock(
        boot_id=told.boot_id,
        captured_elapsed_ms=told.captured_elapsed_ms,
        fix_at=told.fix_at,
        fix_elapsed_ms=told.fix_elapsed_ms,
        fix_boot_id=told.fix_boot_id,
        anchor=told.anchor,
        anchor_at=open_anchor(context.services.secrets, context.me, told.anchor),
        anchor_elapsed_ms=told.anchor_elapsed_ms,
        anchor_boot_id=told.anchor_boot_id,
    )


def sending_of(told: SendingInput | None) -> Sending | None:
    """As the domain takes it."""
    return None if told is None else Sending(told.at, told.elapsed_ms, told.boot_id)
