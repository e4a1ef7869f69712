"""Who this server is to the push services of browsers (RFC 8292); for push/web_push.py and, its public half, the API.

`python -m push.vapid FILE` makes a key. Browsers subscribe for its public half alone, so it must stay the same.
"""

from __future__ import annotations

import base64
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


@dataclass(frozen=True, slots=True)
class VapidKey:
    """A key pair on P-256."""

    private_key: EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def from_file(cls, path: Path) -> VapidKey:
        """Reads a PEM file; ValueError, without any of its content, unless it holds a private key on P-256."""
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
            return cls(key)
        raise ValueError(f"{path} holds no private key on P-256")

    @property
    def public(self) -> str:
        """The `applicationServerKey` that browsers subscribe with."""
        point = self.private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).decode().rstrip("=")


def write_key(path: Path) -> VapidKey:
    """Makes a key and writes it (mode 600). Raises FileExistsError: a new key would lose every subscription."""
    key = generate_private_key(SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    return VapidKey(key)


def main() -> None:
    """Writes a key into the file that is named and prints its public half."""
    if len(sys.argv) != 2:
        raise SystemExit("python -m push.vapid FILE")
    try:
        sys.stdout.write(write_key(Path(sys.argv[1])).public + "\n")
    except FileExistsError as error:
        raise SystemExit(f"{sys.argv[1]} exists; a new key would lose every subscription") from error


if __name__ == "__main__":
    main()
