"""When two open leads may be the same prospect: keys to look for, and the check that what was found really fits.

Keys are coarse, so that one equality finds every spelling; `matches` is exact. Used by storage/leads.py, which keeps
the keys with each open lead, and resolvers/duplicates.py.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from domain.leads import Lead
from domain.refusals import Refusal

_TAIL_DIGITS = 7
"""So many last digits of a number are the same however it is written."""
_LONGEST_COUNTRY_CODE = 3
_EXTENSION = re.compile(r"(?i)(?:ext\.?|x|;|#|durchwahl|转).*$")


class DuplicateMatch(StrEnum):
    """What two leads have in common."""

    PHONE = "PHONE"
    EMAIL = "EMAIL"
    NAME_AND_REGION = "NAME_AND_REGION"
    ACCOUNT = "ACCOUNT"
    SITE = "SITE"


@dataclass(frozen=True, slots=True)
class PossibleDuplicate(Refusal):
    """Open leads may be the same prospect. Create it with `ignoreDuplicates` if it is not, with the same client key.

    `lead_ids` are those the caller may see, with what they have in common in `matched_on`. `elsewhere` says only that
    there are others.
    """

    code: ClassVar[str] = "POSSIBLE_DUPLICATE"
    passing: ClassVar[bool] = True
    lead_ids: tuple[str, ...]
    matched_on: tuple[DuplicateMatch, ...]
    elsewhere: bool

    @property
    def message(self) -> str:
        seen = f"{', '.join(self.lead_ids)} may be the same prospect." if self.lead_ids else ""
        return f"{seen} The prospect exists, owned by somebody else.".strip() if self.elsewhere else seen


def match_keys(lead: Lead) -> tuple[str, ...]:
    """What a possible duplicate shares at least one of. Keys of different kinds never meet."""
    keys = {
        DuplicateMatch.PHONE: _phone_tail(lead.phone),
        DuplicateMatch.EMAIL: _plain_email(lead.email),
        DuplicateMatch.NAME_AND_REGION: _name_in_region(lead),
        DuplicateMatch.ACCOUNT: _for_product(lead.account_id, lead),
        DuplicateMatch.SITE: _for_product(lead.site_id, lead),
    }
    return tuple(f"{kind}:{key}" for kind, key in keys.items() if key)


def matches(lead: Lead, other: Lead) -> tuple[DuplicateMatch, ...]:
    """What the two really have in common."""
    found = {
        DuplicateMatch.PHONE: same_number(lead.phone, other.phone),
        DuplicateMatch.EMAIL: _both(_plain_email(lead.email), _plain_email(other.email)),
        DuplicateMatch.NAME_AND_REGION: _both(_name_in_region(lead), _name_in_region(other)),
        DuplicateMatch.ACCOUNT: _both(_for_product(lead.account_id, lead), _for_product(other.account_id, other)),
        DuplicateMatch.SITE: _both(_for_product(lead.site_id, lead), _for_product(other.site_id, other)),
    }
    return tuple(kind for kind, same in found.items() if same)


def same_number(one: str | None, other: str | None) -> bool:
    """Whether two telephone numbers reach the same line: written nationally (0... or not) or with a country code."""
    first, second = _digits(one), _digits(other)
    if min(len(first), len(second)) < _TAIL_DIGITS:
        return False
    shorter, longer = sorted((first, second), key=len)
    return longer.endswith(shorter) and len(longer) - len(shorter) <= _LONGEST_COUNTRY_CODE


def _both(one: str, other: str) -> bool:
    return bool(one) and one == other


def _digits(phone: str | None) -> str:
    """Digits without prefixes of the country's exit and trunk; `(0)` inside an international number goes too."""
    text = unicodedata.normalize("NFKC", phone or "").strip().replace("(0)", "")
    return re.sub(r"\D", "", _EXTENSION.sub("", text)).lstrip("0")


def _phone_tail(phone: str | None) -> str:
    digits = _digits(phone)
    return digits[-_TAIL_DIGITS:] if len(digits) >= _TAIL_DIGITS else ""


def _plain_email(email: str | None) -> str:
    return (email or "").strip().casefold()


def _name_in_region(lead: Lead) -> str:
    """Letters and digits of both; a name alone says too little."""
    name, region = _letters(lead.name), _letters(lead.region)
    return f"{name}@{region}" if name and region else ""


def _letters(text: str | None) -> str:
    return "".join(each for each in unicodedata.normalize("NFKC", text or "").casefold() if each.isalnum())


def _for_product(record_id: str | None, lead: Lead) -> str:
    """Two open leads of one customer are two deals unless they are about the same product line."""
    return f"{record_id}@{_letters(lead.product_line)}" if record_id else ""
