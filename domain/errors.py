"""Errors that any layer raises on purpose because of what the caller did; api/errors.py shows these, masks others."""

# A caller reads these names as facts ("unauthenticated"), so they carry no Error suffix.
# ruff: noqa: N818

from __future__ import annotations

from typing import Any, Final

FELL_BEHIND: Final = "FELL_BEHIND"


class CallerError(Exception):
    """A failure whose `message` and facts are meant for the caller.

    `code` is stable (`extensions.code`), `retryable` says whether the same call may succeed later, and `facts` are
    further JSON values shown beside them.
    """

    def __init__(self, message: str, *, code: str, retryable: bool = False, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.retryable = retryable
        self.facts = facts


class Unauthenticated(CallerError):
    """No valid session: the token is missing, wrong, expired or revoked."""

    def __init__(self, message: str = "You are not signed in.") -> None:
        super().__init__(message, code="UNAUTHENTICATED")


class Forbidden(CallerError):
    """Signed in, but the role does not allow this."""

    def __init__(self, message: str = "You are not allowed to do this.") -> None:
        super().__init__(message, code="FORBIDDEN")


class BadInput(CallerError):
    """A value that can never be accepted; `field` is its path in the arguments."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, code="BAD_INPUT", field=field)


class RateLimited(CallerError):
    """Too many calls; the same call may succeed after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int, message: str = "Too many attempts.") -> None:
        super().__init__(message, code="RATE_LIMITED", retryable=True, retryAfterSeconds=retry_after_s)


class Unavailable(CallerError):
    """A part the call needs is not reachable now; nothing is known to have been written."""

    def __init__(self, retry_after_s: int = 5, message: str = "The service is not available right now.") -> None:
        super().__init__(message, code="UNAVAILABLE", retryable=True, retryAfterSeconds=retry_after_s)


class UnsupportedFile(CallerError):
    """A file whose content is of no type that is taken, or not of the kind it is said to be."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="UNSUPPORTED_MEDIA_TYPE")


class FellBehind(CallerError):
    """Updates came faster than the client read them: it should connect again and start from the present."""

    def __init__(self) -> None:
        super().__init__("Updates came faster than they were read. Subscribe again.", code=FELL_BEHIND, retryable=True)
