"""Which app versions are served; used by resolvers/bootstrap.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from domain.refusals import Refusal

_VERSION = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:[-+][0-9A-Za-z.+-]*)?")


@dataclass(frozen=True, slots=True)
class AppTooOld(Refusal):
    """The app must be updated before it can work with this server."""

    code: ClassVar[str] = "APP_TOO_OLD"
    app_version: str
    minimum_version: str

    @property
    def message(self) -> str:
        return f"Version {self.app_version} is not served any more; {self.minimum_version} or newer is."


def version_numbers(text: str) -> tuple[int, int, int]:
    """`1.4` is (1, 4, 0); what follows a hyphen or plus does not count. Raises ValueError for anything else."""
    found = _VERSION.fullmatch(text)
    if found is None:
        raise ValueError("must look like 1.4.2")
    major, minor, patch = (int(part or 0) for part in found.groups())
    return major, minor, patch


def too_old(app_version: str, minimum_version: str) -> AppTooOld | None:
    """The refusal for a version below the minimum. Raises ValueError for what is no version."""
    if version_numbers(app_version) < version_numbers(minimum_version):
        return AppTooOld(app_version, minimum_version)
    return None
