"""Signing keys: read, generated once with mode 600, and refused in production when they were only for trying out."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wiring.settings import Settings, SettingsError
from wiring.signing_keys import SigningKey, load_signing_keys, new_key, parse_keys

LONG, SHORT = base64.b64encode(b"a" * 32).decode(), base64.b64encode(b"a" * 31).decode()
URI = "mongodb://db/?replicaSet=rs"


def test_a_first_start_generates_a_key_that_only_its_owner_can_read(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "new")
    (key,) = load_signing_keys(settings)
    file = tmp_path / "new" / "signing.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert key.is_demo
    assert load_signing_keys(settings) == (key,)
    assert list(file.parent.iterdir()) == [file]


def test_processes_that_start_together_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: load_signing_keys(Settings(data=tmp_path / "new")), range(16)))
    assert len(found) == 1


def test_two_keys_are_valid_and_the_first_signs() -> None:
    new, old = new_key(), new_key()
    settings = Settings(signing_keys=f"{new.encoded()},{old.encoded()}")
    assert load_signing_keys(settings) == (new, old)


def test_keys_come_from_a_file_one_a_line(tmp_path: Path) -> None:
    new, old = new_key(), new_key()
    file = tmp_path / "keys"
    file.write_text(f"{new.encoded()}\n{old.encoded()}\n")
    assert load_signing_keys(Settings(signing_key_file=file)) == (new, old)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no key"),
        ("k", "shorter"),
        (f"k:{SHORT}", "shorter than 32 bytes"),
        ("k:***", "base64"),
        (f"k k:{LONG}", "id:base64"),
        (f":{LONG}", "id:base64"),
        (f"k:{LONG},k:{LONG}", "same id"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_by_name(text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=rf"^SIGNING_KEYS: .*{reason}"):
        parse_keys(text, "SIGNING_KEYS")


def test_production_refuses_the_generated_key_also_under_another_name(tmp_path: Path) -> None:
    (demo,) = load_signing_keys(Settings(data=tmp_path))
    renamed = SigningKey("prod-2027", demo.secret)
    for extra in (renamed.encoded(), f"{new_key().encoded()},{renamed.encoded()}"):
        settings = Settings(environment="production", mongodb_uri=URI, signing_keys=extra)
        with pytest.raises(SettingsError, match=r"^SIGNING_KEYS: production refuses"):
            load_signing_keys(settings)
    by_file = Settings(environment="production", mongodb_uri=URI, signing_key_file=tmp_path / "signing.key")
    with pytest.raises(SettingsError, match=r"^SIGNING_KEY_FILE: production refuses"):
        load_signing_keys(by_file)


def test_production_takes_its_own_key() -> None:
    key = new_key()
    settings = Settings(environment="production", mongodb_uri=URI, signing_keys=key.encoded())
    assert load_signing_keys(settings) == (key,)


def test_a_secret_does_not_show_when_a_key_is_printed() -> None:
    assert "secret" not in repr(new_key())
