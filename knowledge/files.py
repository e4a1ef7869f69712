"""Where a process keeps its search index: a folder that it alone uses, or memory; opened by knowledge/index.py.

What lies there is a copy of what the database has. So whatever is damaged or of another version is deleted.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import zlib
from collections.abc import Iterable, Iterator
from json import JSONDecodeError, dumps, loads
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import tantivy

_LOCK = "lock"
_META, _MANAGED = "meta.json", ".managed.json"
"""tantivy's: what the last commit consists of, and which files it may delete once nothing needs them."""
_KINDS = frozenset({"store", "idx", "pos", "term", "fieldnorm", "fast"})
"""Of the files of every segment."""
_TAIL = struct.Struct("<II")
"""Length of the footer before it, and a constant."""


class FolderTakenError(Exception):
    """Another process keeps its index there."""


class IndexFiles:
    """The files of one index; `close` lets another process have the folder, as does the end of this one."""

    def __init__(self, folder: Path | None, version: str, neighbours: Path | None = None) -> None:
        """In `folder`, or in memory. A new folder begins with what the newest of `neighbours`' folders has, if any.

        Raises FolderTakenError, or OSError where the folder cannot be used.
        """
        self.path = None if folder is None else folder / f"articles-{version}"
        self._lock: int | None = None
        if folder is not None and self.path is not None:
            self._lock = _locked(folder)
            for old in folder.glob("articles-*"):
                if old != self.path:
                    shutil.rmtree(old)
            self.path.mkdir(exist_ok=True)
            if neighbours is not None and not (self.path / _META).exists():
                _begin_with(self.path, neighbours.glob(f"*/{self.path.name}/{_META}"))

    def open(self, schema: tantivy.Schema) -> tantivy.Index:
        """What is there, or an empty index."""
        if self.path is None:
            return tantivy.Index(schema)
        try:
            return tantivy.Index(schema, path=str(self.path))
        except BaseException as error:
            if not is_damage(error):
                raise
            return self.open_empty(schema)

    def open_empty(self, schema: tantivy.Schema) -> tantivy.Index:
        """An empty index in place of what is there; whoever still reads that goes on reading."""
        if self.path is None:
            return tantivy.Index(schema)
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True, exist_ok=True)
        return tantivy.Index(schema, path=str(self.path))

    def are_sound(self) -> bool:
        """Whether each file has the check sum it was written with; only while nothing is written."""
        if self.path is None:
            return True
        try:
            about = loads((self.path / _META).read_bytes())
            segments = {each["segment_id"].replace("-", "") for each in about["segments"]}
        except (OSError, JSONDecodeError, KeyError, TypeError, AttributeError):
            return False
        return all(_is_sound(file) for file in self.path.iterdir() if file.name.partition(".")[0] in segments)

    def close(self) -> None:
        """Gives the folder free; without effect the second time."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def is_damage(error: BaseException) -> bool:
    """Whether tantivy raised it over files it cannot make sense of; it panics over some, which is no Exception."""
    return isinstance(error, ValueError | OSError) or type(error).__name__ == "PanicException"


def _begin_with(path: Path, metas: Iterable[Path]) -> None:
    """Links the files of the newest commit among `metas` into the empty folder: they are never written again.

    The neighbour may delete some meanwhile; then, as after any other failure, the index begins with nothing. What was
    linked is checked like all files that are found at a start.
    """
    try:
        newest = max(metas, key=lambda meta: meta.stat().st_mtime_ns)
        commit = newest.read_bytes()
        names = [name for each in loads(commit)["segments"] for name in _files_of(each)]
        for name in names:
            os.link(newest.parent / name, path / name)
        (path / _MANAGED).write_text(dumps([*names, _META]), encoding="utf-8")
        (path / _META).write_bytes(commit)
    except (OSError, ValueError, KeyError, TypeError):
        shutil.rmtree(path)
        path.mkdir()


def _files_of(segment: dict[str, Any]) -> Iterator[str]:
    name = segment["segment_id"].replace("-", "")
    yield from (f"{name}.{kind}" for kind in sorted(_KINDS))
    if segment["deletes"] is not None:
        yield f"{name}.{segment['deletes']['opstamp']}.del"


def _locked(folder: Path) -> int:
    """A descriptor that keeps the folder for this process; the kernel frees it however the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise FolderTakenError(str(folder)) from error
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _is_sound(file: Path) -> bool:
    """The content is followed by a footer in JSON, its length and a constant; the footer has the content's CRC-32."""
    try:
        with file.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as content:
            end = len(content) - _TAIL.size
            start = end - _TAIL.unpack(content[end:])[0]
            with memoryview(content) as whole, whole[:start] as checked:
                return bool(loads(content[start:end])["crc"] == zlib.crc32(checked))
    except (ValueError, KeyError, TypeError, struct.error):
        return False
