"""A message as plain text for chat services: whom it is for, what happened, where it leads, what makes it unique."""

from __future__ import annotations

from hashlib import sha256

from push.channel import Message

_REFERENCE = {"zh-CN": "编号", "en": "Ref"}


def plain_text(message: Message, limit_bytes: int, link_base: str | None = None) -> str:
    """The text of the message in at most so many bytes of UTF-8; the same for every attempt.

    The reference tells apart two messages of the same words, which services that drop repeated texts take for one.
    `link_base` is put in the place of the app's own URL scheme, which chat services do not open.
    """
    to_whom = message.bound.meant_for if message.bound is not None else None
    link = _link(message.data.get("deep_link", ""), link_base)
    reference = f"{_REFERENCE.get(message.locale, 'Ref')} {sha256(message.msg_key.encode()).hexdigest()[:8]}"
    end = "".join(f"\n{each}" for each in (link, reference) if each)
    shown = f"{f'[{to_whom}] ' if to_whom else ''}{message.title}\n{message.body}"
    return cut(shown, limit_bytes - len(end.encode())) + end


def cut(text: str, limit_bytes: int) -> str:
    """As much of the text as fits, without half a character."""
    return text.encode()[: max(0, limit_bytes)].decode(errors="ignore")


def _link(deep_link: str, base: str | None) -> str:
    path = deep_link.partition("://")[2]
    return f"{base.rstrip('/')}/{path}" if base and path else ""
