"""What one operation knows: who asks, what they may see, what time it is, and the parts the program is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.access import Actor, Capability
from domain.errors import Forbidden, Unauthenticated
from storage.reads import Reads
from storage.store import Store

if TYPE_CHECKING:
    from resolvers.services import Services


@dataclass(slots=True)
class Context:
    """One per operation; `renew` gives each mutation field and subscription event a fresh present."""

    services: Services
    actor: Actor | None
    request_id: str
    device_id: str = ""
    client_address: str = ""
    now: datetime = field(init=False)
    loaders: dict[Any, Any] = field(init=False, default_factory=dict)
    _reads: Reads | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.now = self.services.clock()

    def renew(self) -> None:
        """Forgets everything read so far and looks at the clock again."""
        self.now = self.services.clock()
        self.loaders = {}
        self._reads = None

    @property
    def store(self) -> Store:
        """The database."""
        return self.services.store

    @property
    def me(self) -> Actor:
        """The signed-in caller. Raises Unauthenticated."""
        if self.actor is None:
            raise Unauthenticated
        return self.actor

    @property
    def reads(self) -> Reads:
        """Reads under the caller's scope. Raises Unauthenticated."""
        if self._reads is None:
            self._reads = Reads(self.store, self.me.scope)
        return self._reads

    @property
    def fetch(self) -> Reads:
        """The name under which execution/ asks for reads."""
        return self.reads

    def require(self, capability: Capability) -> Actor:
        """The caller, who has the capability. Raises Unauthenticated or Forbidden."""
        actor = self.me
        if not actor.can(capability):
            raise Forbidden(f"Your role does not include {capability}.")
        return actor


Clock = Callable[[], datetime]
"""The present in aware UTC, cut to milliseconds."""
