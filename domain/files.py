"""Files people hand in: what kinds there are, which contents are taken, and how a name is made safe.

Used by resolvers/files.py; the gates of domain/sop.py ask whether a proposal is among them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.ids import AccountId, ArticleId, FileId, LeadId, OrgId, PersonId, TeamId, VisitId

HEAD_BYTES: Final = 64
"""So much of a file's beginning tells its type."""
MAX_NAME: Final = 120


class FileKind(StrEnum):
    """What a file is to the business."""

    PROPOSAL = "PROPOSAL"
    PHOTO = "PHOTO"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class File:
    """A stored file, about exactly one lead, visit, account or article; its bytes never change.

    `holder_id` is who has it: the owner of the lead or visit, or the team of the account. Who sees that record sees
    the file. Nobody has the file of an article: who reads a text that lists it is given it. `account_id` is set for
    files of accounts and visits, `blob_key` is where the bytes are.
    """

    id: FileId
    org_id: OrgId
    kind: FileKind
    name: str
    content_type: str
    size_bytes: int
    sha256: str
    blob_key: str
    holder_id: PersonId | TeamId | None
    team_id: TeamId | None
    uploaded_by_id: PersonId
    uploaded_at: datetime
    lead_id: LeadId | None = None
    visit_id: VisitId | None = None
    account_id: AccountId | None = None
    article_id: ArticleId | None = None


_ZIPPED: Final[Mapping[str, str]] = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PROPOSALS: Final = frozenset({"application/pdf", *_ZIPPED.values()})
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
_ENTRY_NAME: Final = slice(30, 49)
"""Where the first entry of a zip archive has its name."""


def sniff(head: bytes, name: str) -> str | None:
    """The content type that the first bytes prove, whatever the sender says; None for what is not taken.

    Office documents are zip archives of one shape: the name says which of them it is.
    """
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "image/heic"
    if head.startswith(b"PK\x03\x04") and head[_ENTRY_NAME].startswith(
        (b"[Content_Types].xml", b"_rels/", b"docProps/")
    ):
        return _ZIPPED.get(name[-5:].lower())
    return None


def takes(kind: FileKind, content_type: str) -> bool:
    """Whether a file of that kind may have that type: a proposal is a document, a photo is an image."""
    if kind is FileKind.PROPOSAL:
        return content_type in _PROPOSALS
    return kind is FileKind.OTHER or content_type.startswith("image/")


_UNSAFE: Final = re.compile(r'[\\/:*?"<>|]')


def safe_name(given: str) -> str:
    """A name that is no path and shows as it is: no folders, control or direction marks, 120 characters at the most.

    Empty where nothing is left.
    """
    composed = unicodedata.normalize("NFC", given.replace("\\", "/").rpartition("/")[2])
    shown = "".join(each for each in composed if unicodedata.category(each)[0] != "C")
    clean = " ".join(_UNSAFE.sub("_", shown).split()).strip(". ")
    if len(clean) <= MAX_NAME:
        return clean
    stem, dot, suffix = clean.rpartition(".")
    if not dot or len(suffix) > 10:
        return clean[:MAX_NAME].rstrip()
    return f"{stem[: MAX_NAME - len(suffix) - 1].rstrip()}.{suffix}"


def blob_key(org_id: OrgId, sha256: str, file_id: FileId, mark: str) -> str:
    """Where a file's bytes are kept: every upload has a place of its own, so that a refused one can be removed.

    The hash stands in the name, so that a store can be checked without the database. `mark` is new for each upload.
    """
    return f"{org_id}/{sha256[:2]}/{sha256}-{file_id}-{mark}"
