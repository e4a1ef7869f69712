"""An event of a subscription that many subscribers get alike, so that it is executed and written once for all of them.

Made by resolvers/team.py; api/operations.py and api/ws.py use what was made for the first subscriber for the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from domain.access import Actor, Role
from domain.ids import OrgId, TeamId
from storage.driver import Document


@dataclass(frozen=True, slots=True)
class Audience:
    """Those whose reads are bounded alike: people with these see the same, but for what is personal."""

    org_id: OrgId
    role: Role
    subtree: frozenset[TeamId]


def audience_of(actor: Actor) -> Audience | None:
    """To whom what the caller sees may be handed too; None for a rep, whose records are their own."""
    return None if actor.role is Role.REP else Audience(actor.org_id, actor.role, actor.subtree)


class SharedAnswer(dict[str, Any]):
    """An answer without errors that goes to several subscribers."""

    @cached_property
    def json(self) -> bytes:
        """Its text. Raises TypeError for what JSON cannot hold."""
        return orjson.dumps(self)


class SharedEvent(dict[str, Any]):
    """The document of an event for one audience."""

    def __init__(self, document: Document, audience: Audience) -> None:
        super().__init__(document)
        self.audience = audience
        self._answers: dict[Hashable, asyncio.Future[SharedAnswer | None]] = {}

    async def answer(self, question: Hashable, make: Callable[[], Awaitable[SharedAnswer | None]]) -> Document | None:
        """What `make` answers to the question, called once; None where that cannot be shared.

        It runs in a task of its own: the first subscriber may leave while others wait for it.
        """
        made = self._answers.get(question)
        if made is None:
            made = self._answers[question] = asyncio.ensure_future(make())
        return await asyncio.shield(made)
