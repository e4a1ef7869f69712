"""Both stores of bytes by the same tests: a folder, and a bucket of a real S3 server in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from storage.blobs import BlobError, Blobs, DiskBlobs, Incoming
from storage.s3 import open_bucket
from storage.store import Store
from wiring.services import build_services
from wiring.settings import Settings

KEY = "org_1/ab/abcd-fil_1-mark"
KEYS = {"access_key_id": "key", "secret_access_key": "secret"}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """Address of a server that speaks S3, with the bucket `files`."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client() as client:
            for _ in range(200):
                try:
                    client.put(f"{url}/files")
                    break
                except httpx.TransportError:
                    assert server.poll() is None, "the server ended"
                    time.sleep(0.1)
        yield url
        server.terminate()
        server.wait(10)


@pytest.fixture(params=["folder", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return DiskBlobs(tmp_path / "kept")
    url: str = request.getfixturevalue("s3_url")
    return open_bucket("files", region="us-east-1", prefix="below", endpoint=url, **KEYS)


async def content(blobs: Blobs, key: str) -> bytes:
    return b"".join([piece async for piece in blobs.read(key)])


async def arrived(folder: Path, body: bytes) -> Incoming:
    incoming = Incoming(folder)
    for start in range(0, len(body), 1_000_000):
        await incoming.write(body[start : start + 1_000_000])
    await incoming.finish()
    return incoming


@pytest.mark.parametrize("size", [1, 300_000, 12_000_000])
async def test_bytes_come_back_as_they_went_in(blobs: Blobs, tmp_path: Path, size: int) -> None:
    body = bytes(range(251)) * (size // 251 + 1)
    incoming = await arrived(tmp_path / "incoming", body[:size])
    await blobs.put(incoming.path, KEY)
    incoming.discard()
    assert await content(blobs, KEY) == body[:size]
    assert list((tmp_path / "incoming").iterdir()) == []


async def test_what_is_removed_cannot_be_read(blobs: Blobs, tmp_path: Path) -> None:
    incoming = await arrived(tmp_path / "incoming", b"once")
    await blobs.put(incoming.path, f"{KEY}-gone")
    for _ in range(2):
        await blobs.remove(f"{KEY}-gone")
    with pytest.raises(BlobError):
        await content(blobs, f"{KEY}-gone")


async def test_a_source_that_is_gone_is_told(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(BlobError):
        await blobs.put(tmp_path / "nothing", KEY)


async def test_a_store_that_is_gone_is_told(tmp_path: Path) -> None:
    blobs = open_bucket("files", region="us-east-1", endpoint=f"http://127.0.0.1:{free_port()}", **KEYS)
    incoming = await arrived(tmp_path / "incoming", b"never")
    with pytest.raises(BlobError):
        await blobs.put(incoming.path, KEY)
    incoming.discard()
    assert list((tmp_path / "incoming").iterdir()) == []


async def test_the_settings_choose_the_store(s3_url: str, tmp_path: Path, store: Store) -> None:
    settings = Settings(
        data=tmp_path,
        files_bucket="files/of/us",
        files_endpoint=s3_url,
        files_access_key_id="key",
        files_secret_access_key="secret",
    )
    files = build_services(settings, store).files
    incoming = await arrived(files.incoming, b"%PDF-")
    await files.blobs.put(incoming.path, KEY)
    whole = open_bucket("files", region="us-east-1", endpoint=s3_url, **KEYS)
    assert await content(whole, f"of/us/{KEY}") == b"%PDF-"
    assert isinstance(build_services(Settings(data=tmp_path), store).files.blobs, DiskBlobs)
