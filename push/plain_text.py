"""A message as plain text for chat services: whom it is for, what happened, and a reference that makes it unique."""

from __future__ import annotations

from hashlib import sha256

from push.channel import Message

_REFERENCE = {"zh-CN": "编号", "en": "Ref"}


def plain_text(message: Message, limit_bytes: int) -> str:
    """The text of the message in at most so many bytes of UTF-8; the same for every attempt.

    The reference tells apart two messages of the same words, which services that drop repeated texts take for one.
    """
    to_whom = message.bound.meant_for if message.bound is not None else None
    reference = f"\n{_REFERENCE.get(message.locale, 'Ref')} {sha256(message.msg_key.encode()).hexdigest()[:8]}"
    shown = f"{f'[{to_whom}] ' if to_whom else ''}{message.title}\n{message.body}"
    return cut(shown, limit_bytes - len(reference.encode())) + reference


def cut(text: str, limit_bytes: int) -> str:
    """As much of the text as fits, without half a character."""
    return text.encode()[: max(0, limit_bytes)].decode(errors="ignore")
