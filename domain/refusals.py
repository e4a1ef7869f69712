"""What a caller can be told instead of a result: frozen facts with a stable code, rendered by schema/refusals.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was understood and not carried out; nothing but the stated facts has changed."""

    code: ClassVar[str] = "REFUSED"
    passing: ClassVar[bool] = False
    """Passing refusals are not remembered under the client key: the same call may succeed later."""

    @property
    def message(self) -> str:
        """One English sentence for logs and developers; apps word their own from `code` and the facts."""
        return "The request was refused."


@dataclass(frozen=True, slots=True)
class NotFound(Refusal):
    """The id names nothing the caller may see."""

    code: ClassVar[str] = "NOT_FOUND"
    id: str

    @property
    def message(self) -> str:
        return f"There is nothing with the id {self.id} that you may see."


@dataclass(frozen=True, slots=True)
class InvalidInput(Refusal):
    """A value that can never be accepted; `field` is its path in the input."""

    code: ClassVar[str] = "BAD_INPUT"
    field: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.field}: {self.reason}"


@dataclass(frozen=True, slots=True)
class NotAllowed(Refusal):
    """The caller sees the record but lacks the capability to do this."""

    code: ClassVar[str] = "FORBIDDEN"
    capability: str

    @property
    def message(self) -> str:
        return f"Your role does not include {self.capability}."


@dataclass(frozen=True, slots=True)
class WrongState(Refusal):
    """The record is in a state from which this step is not possible."""

    code: ClassVar[str] = "WRONG_STATE"
    id: str
    current_state: str

    @property
    def message(self) -> str:
        return f"{self.id} is {self.current_state}."


@dataclass(frozen=True, slots=True)
class VersionConflict(Refusal):
    """The record changed since the caller read it."""

    code: ClassVar[str] = "CONFLICT"
    id: str
    current_version: int

    @property
    def message(self) -> str:
        return f"{self.id} is at version {self.current_version} now."


@dataclass(frozen=True, slots=True)
class KeyReused(Refusal):
    """The client key was used before with other input."""

    code: ClassVar[str] = "KEY_REUSED"
    client_key: str

    @property
    def message(self) -> str:
        return "This client key belongs to an earlier call with other input."


@dataclass(frozen=True, slots=True)
class IdTaken(Refusal):
    """The device-made id belongs to something else."""

    code: ClassVar[str] = "ID_TAKEN"
    id: str

    @property
    def message(self) -> str:
        return f"The id {self.id} is taken."


@dataclass(frozen=True, slots=True)
class RetryLater(Refusal):
    """The same call is being carried out elsewhere, or the server is busy: repeat it with the same key."""

    code: ClassVar[str] = "RETRY_LATER"
    passing: ClassVar[bool] = True
    retry_after_s: int

    @property
    def message(self) -> str:
        return f"Repeat the call in {self.retry_after_s} s with the same client key."
