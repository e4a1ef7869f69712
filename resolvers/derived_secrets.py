"""Secrets that can be made again instead of being stored: refresh tokens and one-time links, keyed by the signing keys.

A repeated call derives the same secret from its own input; the database keeps digests only.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

SEAL_LENGTH = 22


def digest(secret: str) -> str:
    """What is stored of a secret; secrets here have 256 random bits, so a plain hash cannot be searched."""
    return sha256(secret.encode()).hexdigest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class DerivedSecrets:
    """Derives with the first key and recognizes what any of the keys derived."""

    keys: Mapping[str, bytes]

    def derive(self, purpose: str, *parts: str) -> str:
        """The secret for `purpose` and `parts`, by the current key."""
        return _derived(next(iter(self.keys.values())), purpose, parts)

    def again(self, wanted: str, purpose: str, *parts: str) -> str | None:
        """The secret with the digest `wanted`; None where no key derives it (any more)."""
        secrets = (_derived(key, purpose, parts) for key in self.keys.values())
        return next((secret for secret in secrets if hmac.compare_digest(digest(secret), wanted)), None)

    def knows(self, given: str, purpose: str, *parts: str) -> bool:
        """Whether one of the keys derives a secret that begins with `given`, which has `SEAL_LENGTH` characters."""
        if len(given) != SEAL_LENGTH or not given.isascii():
            return False
        derived = (_derived(key, purpose, parts)[:SEAL_LENGTH] for key in self.keys.values())
        return any(hmac.compare_digest(each, given) for each in derived)

    def token(self, session_id: str, secret: str) -> str:
        """A refresh token: session, secret and a seal by which an old one is told from a made-up one."""
        return f"{session_id}.{secret}.{_seal(next(iter(self.keys.values())), session_id, secret)}"

    def opened(self, token: str) -> tuple[str, str, bool] | None:
        """Session id, secret and whether the seal is ours; None for a text of another shape."""
        session_id, _, rest = token.partition(".")
        secret, _, seal = rest.partition(".")
        if not token.isascii() or not secret:
            return None
        sealed = any(hmac.compare_digest(_seal(key, session_id, secret), seal) for key in self.keys.values())
        return session_id, secret, sealed


def _derived(key: bytes, purpose: str, parts: tuple[str, ...]) -> str:
    # Lengths stand before the parts, so that no two lists of parts run together to the same bytes.
    body = "".join(f"{len(part)}:{part}" for part in (purpose, *parts))
    return _text(hmac.digest(key, body.encode(), "sha256"))


def _seal(key: bytes, session_id: str, secret: str) -> str:
    return _derived(key, "refresh seal", (session_id, secret))[:SEAL_LENGTH]
