"""Any other service by a URL of Apprise (extra `apprise`); made by push/registry.py where the operator allows schemes.

Apprise tells only whether it worked, so that every failure is tried again until the deadline.
"""

from __future__ import annotations

import asyncio
import logging

import apprise

from domain.deliveries import Outcome, SendResult
from push.channel import Message
from push.plain_text import plain_text

TEXT_BYTES = 1_000
# Its log lines hold URLs, and with them the right to send.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)


class AppriseChannel:
    """Sends by URLs whose scheme is allowed: others would let this server call whatever a user names."""

    name = "apprise"

    def __init__(self, schemes: frozenset[str], timeout_s: float, link_base: str | None = None) -> None:
        self._schemes = schemes
        self._timeout_s = timeout_s
        self._link_base = link_base
        self._asset = apprise.AppriseAsset(
            app_id="Fieldbeat", plugin_paths=[], storage_mode="memory", service_timeout=timeout_s, secure_logging=True
        )

    async def send(self, message: Message) -> SendResult:
        """One attempt, in a thread of Apprise's."""
        url = message.bound.address if message.bound is not None else ""
        if url.partition("://")[0] not in self._schemes:
            return SendResult(Outcome.DEAD_TARGET, "the scheme of the URL is not allowed")
        sender = apprise.Apprise(asset=self._asset)
        try:
            async with asyncio.timeout(self._timeout_s):
                # In a thread: the first URL loads all of its services.
                if not await asyncio.to_thread(sender.add, url):
                    return SendResult(Outcome.DEAD_TARGET, "Apprise does not understand the URL")
                text = plain_text(message, TEXT_BYTES, self._link_base)
                accepted = await sender.async_notify(body=text, body_format="text")
        except TimeoutError:
            return SendResult(Outcome.AMBIGUOUS, "no answer in time")
        except Exception as error:
            return SendResult(Outcome.AMBIGUOUS, f"Apprise failed: {type(error).__name__}")
        return SendResult(Outcome.ACCEPTED) if accepted else SendResult(Outcome.RETRY, "Apprise: not accepted")

    async def close(self) -> None:
        """Nothing is kept open."""
