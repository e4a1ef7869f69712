"""Sign-in sessions: what a refresh token is worth and when a whole family ends; used by resolvers/sessions.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, NewType

from domain.ids import OrgId, PersonId
from domain.refusals import Refusal

SessionId = NewType("SessionId", str)

LOST_ANSWER = timedelta(minutes=10)
"""So long a refresh may be repeated after its answer got lost."""
PASSWORD_LENGTH = range(10, 201)
INVITATION_LIFE = timedelta(days=7)
RESET_LIFE = timedelta(hours=24)


class SessionState(StrEnum):
    """Whether the tokens of a session still open anything."""

    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


class LinkPurpose(StrEnum):
    """What the holder of a one-time link may do."""

    INVITATION = "INVITATION"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105


class EndReason(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "SIGNED_OUT"
    REPLACED = "REPLACED"
    TOKEN_REUSED = "TOKEN_REUSED"  # noqa: S105
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105
    DEACTIVATED = "DEACTIVATED"


@dataclass(frozen=True, slots=True)
class SignInRules:
    """Idle life of a session and how many failures an account may have in a window (seconds)."""

    idle_s: int
    attempts: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Session:
    """A family of refresh tokens, each the successor of the one before; only digests of them are kept.

    `spent_*` is the token exchanged last and the digest of the client key and device that did it.
    """

    id: SessionId
    org_id: OrgId
    owner_id: PersonId
    state: SessionState
    token_digest: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    device_id: str | None = None
    app_version: str | None = None
    spent_digest: str | None = None
    spent_by: str | None = None
    spent_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = None


class Exchange(StrEnum):
    """What to do with a refresh token that we once issued."""

    ROTATE = "ROTATE"
    REPEAT = "REPEAT"
    REUSED = "REUSED"
    ENDED = "ENDED"


def judge_refresh(session: Session | None, presented: str, presented_by: str, now: datetime) -> Exchange:
    """What the token with the digest `presented` gets.

    A spent token repeats its successor for the same caller while that successor is unused and the answer may have got
    lost; any other use of a token that is not the current one is a copy in other hands.
    """
    if session is None or session.state is SessionState.ENDED or now >= session.expires_at:
        return Exchange.ENDED
    if presented == session.token_digest:
        return Exchange.ROTATE
    lost = (
        presented == session.spent_digest
        and presented_by == session.spent_by
        and session.spent_at is not None
        and now - session.spent_at <= LOST_ANSWER
    )
    return Exchange.REPEAT if lost else Exchange.REUSED


def rotate(session: Session, successor: str, presented_by: str, now: datetime, rules: SignInRules) -> Session:
    """The session after its current token was exchanged for the one with the digest `successor`."""
    return replace(
        session,
        token_digest=successor,
        spent_digest=session.token_digest,
        spent_by=presented_by,
        spent_at=now,
        used_at=now,
        expires_at=now + timedelta(seconds=rules.idle_s),
    )


@dataclass(frozen=True, slots=True)
class WrongCredentials(Refusal):
    """E-mail and password (or the ID token) do not belong to an active person; which of them is not told."""

    code: ClassVar[str] = "WRONG_CREDENTIALS"

    @property
    def message(self) -> str:
        return "The credentials do not open an account."


@dataclass(frozen=True, slots=True)
class TooManyAttempts(Refusal):
    """Too many failed sign-ins for this e-mail address or from this network address."""

    code: ClassVar[str] = "TOO_MANY_ATTEMPTS"
    passing: ClassVar[bool] = True
    retry_after_s: int

    @property
    def message(self) -> str:
        return f"Too many failed attempts; try again in {self.retry_after_s} s."


@dataclass(frozen=True, slots=True)
class SessionEnded(Refusal):
    """The refresh token opens nothing: unknown, idle too long, signed out or revoked. Sign in again."""

    code: ClassVar[str] = "SESSION_ENDED"

    @property
    def message(self) -> str:
        return "The session has ended; sign in again."


@dataclass(frozen=True, slots=True)
class FirebaseNotConfigured(Refusal):
    """This server accepts no Firebase ID tokens."""

    code: ClassVar[str] = "FIREBASE_NOT_CONFIGURED"

    @property
    def message(self) -> str:
        return "No Firebase project is configured."


@dataclass(frozen=True, slots=True)
class LinkInvalid(Refusal):
    """The one-time link was used, was replaced by a newer one, or has expired."""

    code: ClassVar[str] = "LINK_INVALID"

    @property
    def message(self) -> str:
        return "The link is not valid any more; ask for a new one."
