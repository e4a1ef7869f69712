"""The bytes of files in a bucket of any S3-compatible store; the only file that names its library, an optional extra.

Opened by wiring/services.py where FILES_BUCKET is set.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.exceptions import NotFoundError as ObjectNotFoundError
from obstore.store import S3Store

from storage.blobs import READ_BYTES, BlobError

_CONNECT = timedelta(seconds=5)
_RETRY = timedelta(seconds=20)
"""So long a request is repeated that failed for a passing reason."""


@dataclass(frozen=True, slots=True)
class S3Blobs:
    """A bucket, or the part of it below a prefix."""

    store: S3Store

    async def put(self, source: Path, key: str) -> None:
        """One request, or parts of a multipart upload that only its end makes visible."""
        try:
            await obstore.put_async(self.store, key, source)
        except (BaseError, OSError) as error:
            raise BlobError(f"{key} cannot be written") from error

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """In pieces of at least 256 KB but the last."""
        try:
            found = await obstore.get_async(self.store, key)
            async for piece in found.stream(min_chunk_size=READ_BYTES):
                yield bytes(piece)
        except (BaseError, OSError) as error:
            raise BlobError(f"{key} cannot be read") from error

    async def remove(self, key: str) -> None:
        """Also where there is none."""
        try:
            await obstore.delete_async(self.store, key)
        except ObjectNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise BlobError(f"{key} cannot be removed") from error


def open_bucket(
    bucket: str,
    *,
    region: str,
    prefix: str = "",
    endpoint: str | None = None,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
) -> S3Blobs:
    """A bucket of AWS, or of the store at `endpoint`. Without keys: what the machine has (environment, its role)."""
    config: dict[str, str] = {"region": region}
    if endpoint is not None:
        config["endpoint"] = endpoint
    if access_key_id is not None and secret_access_key is not None:
        config |= {"access_key_id": access_key_id, "secret_access_key": secret_access_key}
    plain = endpoint is not None and endpoint.startswith("http://")
    return S3Blobs(
        S3Store(
            bucket,
            prefix=prefix or None,
            config=config,  # type: ignore[arg-type]  # a TypedDict of the same strings
            client_options={"allow_http": plain, "connect_timeout": _CONNECT},
            retry_config={"max_retries": 4, "retry_timeout": _RETRY},
        )
    )
