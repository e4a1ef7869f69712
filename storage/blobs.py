"""The bytes of files: what a store of them can do, and the one that keeps them in a folder of this machine.

wiring/services.py chooses the store; storage/s3.py is the other one. Keys come from domain/files.py.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Protocol

READ_BYTES = 256 * 1024


class BlobError(Exception):
    """The store cannot be reached, or does not hold what it should."""


class Blobs(Protocol):
    """Keeps bytes under keys."""

    async def put(self, source: Path, key: str) -> None:
        """Takes the file over; when it returns, the bytes survive a crash. Raises BlobError."""
        ...

    def read(self, key: str) -> AsyncIterator[bytes]:
        """The bytes in pieces. Raises BlobError."""
        ...

    async def remove(self, key: str) -> None:
        """Forgets them; nothing happens where there are none."""
        ...


class Incoming:
    """Bytes on their way in: a temporary file that goes away unless a store takes it over.

    Only what has arrived whole is ever given to a store.
    """

    def __init__(self, folder: Path) -> None:
        self._hash = sha256()
        self._file: IO[bytes] | None = None
        self._folder = folder
        self.path = Path()
        self.size_bytes = 0

    async def write(self, chunk: bytes) -> None:
        """Appends."""
        await asyncio.to_thread(self._write, chunk)

    def _write(self, chunk: bytes) -> None:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix="incoming-")
            self._file, self.path = os.fdopen(handle, "wb"), Path(name)
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size_bytes += len(chunk)

    async def finish(self) -> str:
        """Brings everything to the disk; the SHA-256 in hexadecimal digits."""
        await asyncio.to_thread(self._finish)
        return self._hash.hexdigest()

    def _finish(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def discard(self) -> None:
        """Leaves nothing; does nothing after a store took the file over."""
        if self._file is not None:
            self._file.close()
            self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class DiskBlobs:
    """A folder, which all API processes share."""

    folder: Path

    async def put(self, source: Path, key: str) -> None:
        """Renames within the file system, so that a key has all of its bytes or does not exist."""
        try:
            await asyncio.to_thread(self._put, source, self.folder / key)
        except OSError as error:
            raise BlobError(f"{key} cannot be written") from error

    def _put(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        for folder in (target.parent, target.parent.parent, self.folder):
            # A rename is only safe from a crash once its folder is on the disk.
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """In pieces of 256 KB."""
        try:
            file = await asyncio.to_thread((self.folder / key).open, "rb")
        except OSError as error:
            raise BlobError(f"{key} cannot be read") from error
        with file:
            while chunk := await asyncio.to_thread(file.read, READ_BYTES):
                yield chunk

    async def remove(self, key: str) -> None:
        """Also where somebody else was faster."""
        with suppress(FileNotFoundError):
            await asyncio.to_thread((self.folder / key).unlink)


def sweep_incoming(folder: Path, older_than_s: float) -> int:
    """Removes what killed processes left of uploads and nobody wrote to for so many seconds; how many those were."""
    if not folder.exists():
        return 0
    with tempfile.TemporaryFile(dir=folder) as probe:
        now_s = os.fstat(probe.fileno()).st_mtime  # by the clock of the file system, which may be another machine's
    removed = 0
    for path in folder.glob("incoming-*"):
        with suppress(FileNotFoundError):
            if now_s - path.stat().st_mtime > older_than_s:
                path.unlink()
                removed += 1
    return removed
