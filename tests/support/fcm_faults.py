"""What can go wrong at Google, as faults the stand-in plays and the error objects it answers with."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from starlette.responses import JSONResponse

OAUTH = "oauth"
"""As a fault's target: the token endpoint instead of a device."""
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


class FaultKind(StrEnum):
    """What the server does instead of accepting."""

    UNREGISTERED = "unregistered"
    SENDER_MISMATCH = "sender_mismatch"
    BAD_TOKEN = "bad_token"
    BAD_TOKEN_FIELD = "bad_token_field"
    INVALID_FIELD = "invalid_field"
    FORBIDDEN = "forbidden"
    WRONG_PROJECT = "wrong_project"
    UNAUTHENTICATED = "unauthenticated"
    THIRD_PARTY_AUTH = "third_party_auth"
    INVALID_GRANT = "invalid_grant"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"
    HTML = "html"
    HTML_OK = "html_ok"
    RESET = "reset"
    ANSWER_LOST = "answer_lost"
    HANG = "hang"
    SLOW = "slow"
    NO_NAME = "no_name"


@dataclass(slots=True)
class Fault:
    """Applies to `target` (a token, fid or OAUTH; None is every message), at most `times`, for `seconds` from now."""

    kind: FaultKind
    target: str | None = None
    times: int | None = None
    seconds: float | None = None
    retry_after: str | None = None
    delay_s: float = 0.3
    since: float = field(default_factory=time.monotonic)

    def hits(self, target: str) -> bool:
        if self.target != target and not (self.target is None and target != OAUTH):
            return False
        if self.seconds is not None and time.monotonic() - self.since > self.seconds:
            return False
        return self.times is None or self.times > 0


ERRORS: dict[FaultKind, tuple[int, str, str | None, str]] = {
    FaultKind.UNREGISTERED: (404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found."),
    FaultKind.SENDER_MISMATCH: (403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", "SenderId mismatch"),
    FaultKind.BAD_TOKEN: (
        400,
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "The registration token is not a valid FCM registration token",
    ),
    FaultKind.FORBIDDEN: (403, "PERMISSION_DENIED", None, "Permission 'cloudmessaging.messages.create' denied"),
    FaultKind.WRONG_PROJECT: (404, "NOT_FOUND", None, "Requested project was not found."),
    FaultKind.UNAUTHENTICATED: (401, "UNAUTHENTICATED", None, "Request had invalid authentication credentials."),
    FaultKind.THIRD_PARTY_AUTH: (401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR", "Auth error from APNS or Web Push"),
    FaultKind.THROTTLED: (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "Sending limit exceeded"),
    FaultKind.UNAVAILABLE: (503, "UNAVAILABLE", "UNAVAILABLE", "The service is currently unavailable."),
    FaultKind.INTERNAL: (500, "INTERNAL", "INTERNAL", "Internal error encountered."),
}


def google_error(
    status: int, name: str, code: str | None, text: str, found: list[tuple[str, str]] | None = None
) -> JSONResponse:
    """Google's error object: an FCM error code and the violated fields, where there are any."""
    details: list[dict[str, Any]] = []
    if code:
        details.append({"@type": _FCM_ERROR, "errorCode": code})
    if found:
        rows = [{"field": where, "description": why} for where, why in found]
        details.append({"@type": _BAD_REQUEST, "fieldViolations": rows})
    body = {"error": {"code": status, "message": text, "status": name, "details": details}}
    return JSONResponse(body, status_code=status)
