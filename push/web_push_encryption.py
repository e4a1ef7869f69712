"""Encrypts a message for one browser: RFC 8291 over the content coding aes128gcm (RFC 8188); for push/web_push.py."""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_BYTES = 4_096
"""What every push service takes (RFC 8030, 7.2): one record."""
PLAIN_BYTES = RECORD_BYTES - 86 - 16 - 1
"""Less the header, the tag and the padding's delimiter."""


def encrypt(
    plain: bytes,
    public_key: str,
    auth: str,
    *,
    sender_key: EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of the request. ValueError where the keys of the subscription are none.

    `sender_key` and `salt` are fresh for every message; only the RFC's own example gives them.
    """
    theirs = decoded(public_key)
    receiver = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), theirs)
    sender = sender_key or generate_private_key(SECP256R1())
    salt = os.urandom(16) if salt is None else salt
    ours = sender.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    secret = sender.exchange(ECDH(), receiver)
    keying = derive(secret, decoded(auth), b"WebPush: info\x00" + theirs + ours, 32)
    key = derive(keying, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = derive(keying, salt, b"Content-Encoding: nonce\x00", 12)
    record = AESGCM(key).encrypt(nonce, plain + b"\x02", None)
    return salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours + record


def derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF with SHA-256."""
    return HKDF(SHA256(), length, salt, info).derive(secret)


def decoded(text: str) -> bytes:
    """Bytes of URL-safe base64 without padding. ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
