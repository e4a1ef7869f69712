"""The keys that sign access tokens: from the settings, or generated into the data folder for a first start.

Called by the entry points; api/auth.py receives the result. `python -m wiring.signing_keys` prints a fresh pair for
SIGNING_KEYS.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

from wiring.settings import Settings, SettingsError

MIN_BYTES = 32
_DEMO_MARK = b"fieldbeat-demo:"
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One symmetric key (HMAC) and the `kid` that tokens name it by."""

    key_id: str
    secret: bytes = field(repr=False)

    @property
    def is_demo(self) -> bool:
        """Whether it was generated for a first start; told by the secret, so that renaming does not hide it."""
        return self.secret.startswith(_DEMO_MARK)

    def encoded(self) -> str:
        """The `id:base64` form in which settings hold a key."""
        return f"{self.key_id}:{base64.b64encode(self.secret).decode()}"


def new_key(*, demo: bool = False) -> SigningKey:
    """A random key with 256 bits of entropy and an id of its own."""
    mark, prefix = (_DEMO_MARK, "demo") if demo else (b"", "key")
    return SigningKey(f"{prefix}-{secrets.token_hex(4)}", mark + secrets.token_bytes(MIN_BYTES))


def parse_keys(text: str, variable: str) -> tuple[SigningKey, ...]:
    """The keys in `text`, separated by commas or line breaks, the signing one first; SettingsError names `variable`."""
    keys: list[SigningKey] = []
    for pair in filter(None, (part.strip() for part in re.split(r"[,\n]", text))):
        key_id, _, encoded = pair.partition(":")
        try:
            secret = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise SettingsError(f"{variable}: the secret of a key is not base64") from error
        if not _KEY_ID.fullmatch(key_id):
            raise SettingsError(f"{variable}: a key must look like id:base64")
        if len(secret) < MIN_BYTES:
            raise SettingsError(f"{variable}: the key {key_id} is shorter than {MIN_BYTES} bytes")
        keys.append(SigningKey(key_id, secret))
    if not keys:
        raise SettingsError(f"{variable}: holds no key")
    if len({key.key_id for key in keys}) < len(keys):
        raise SettingsError(f"{variable}: two keys have the same id")
    return tuple(keys)


def load_signing_keys(settings: Settings) -> tuple[SigningKey, ...]:
    """The keys to use, the first one signs; generates one (mode 600) if none is set.

    SettingsError where a key cannot be read or production may not use it.
    """
    if settings.signing_keys is not None:
        variable, keys = "SIGNING_KEYS", parse_keys(settings.signing_keys, "SIGNING_KEYS")
    else:
        variable = "SIGNING_KEY_FILE"
        path = settings.signing_key_file or generated_key_file(settings.data)
        keys = parse_keys(path.read_text(encoding="utf-8"), variable)
    if settings.environment == "production" and any(key.is_demo for key in keys):
        raise SettingsError(f"{variable}: production refuses the key that was generated for trying out")
    return keys


def generated_key_file(data: Path) -> Path:
    """The file with the generated key in the data folder, written once even if several processes start together."""
    path = data / "signing.key"
    if path.exists():
        return path
    data.mkdir(parents=True, exist_ok=True)
    draft = data / f".signing.key.{os.getpid()}.{secrets.token_hex(4)}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(new_key(demo=True).encoded() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)  # fails where another process was first, so both read the same key
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path


if __name__ == "__main__":
    sys.stdout.write(new_key().encoded() + "\n")
