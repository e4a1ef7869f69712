"""How Chinese names sound, for those who type pinyin or its initials on a Latin keyboard; used by knowledge/index.py.

Readings of single characters come from pypinyin, which is loaded when it is first needed and needs no phrases for that
(wiring leaves them out, 45 MB in each process): a character with two readings is found by both. Sounds that many
speakers do not tell apart (zh and z, ang and an) are the same here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice, pairwise, product

MAX_READINGS = 2
"""Of one character; further ones are rare."""
MAX_INITIALS = 6
"""Letters of one term of initials; longer ones are several that overlap."""
_MAX_WAYS = 8
_INITIAL = re.compile("^([zcs])h")
_FINAL = re.compile("(?<=[aei])ng$")
_HAN_RUN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+")


def sounds_of(name: str) -> Iterator[str]:
    """The terms a name is also found by: each two syllables (`jin_pin`) and each two to six initials (`jpjj`)."""
    for run in _HAN_RUN.findall(name):
        readings = [_readings(character) for character in run]
        for two in pairwise(readings):
            yield from (_pair(*way) for way in product(*two))
        for start in range(len(readings) - 1):
            for end in range(start + 2, min(start + MAX_INITIALS, len(readings)) + 1):
                letters = [sorted({reading[0] for reading in each}) for each in readings[start:end]]
                yield from ("".join(way) for way in islice(product(*letters), _MAX_WAYS))


def typed_sounds(word: str) -> set[str]:
    """The terms that a lower-case Latin `word` may mean: syllables where it can be cut into some, else initials."""
    if not (word.isascii() and word.isalpha()) or len(word) < 2:
        return set()
    if syllables := {_pair(*two) for two in pairwise(_cut(word))}:
        return syllables
    return {word[start : start + MAX_INITIALS] for start in range(max(len(word) - MAX_INITIALS, 0) + 1)}


def spoken_sounds(pair: str) -> set[str]:
    """The terms of two Chinese characters, to find others that sound the same."""
    return {_pair(*way) for way in product(*map(_readings, pair))} if len(pair) == 2 else set()


def _pair(first: str, second: str) -> str:
    return "_".join(_FINAL.sub("n", _INITIAL.sub(r"\1", syllable)) for syllable in (first, second))


def _cut(word: str) -> tuple[str, ...]:
    """`word` as the fewest syllables; empty where it is none or cannot be cut."""
    known = _syllables()
    best: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(word) + 1):
        ways = [
            (*before, word[start:end])
            for start in range(max(0, end - 6), end)
            if (before := best[start]) is not None and word[start:end] in known
        ]
        best.append(min(ways, key=len, default=None))
    return best[-1] or ()


@lru_cache(maxsize=20_000)
def _readings(character: str) -> tuple[str, ...]:
    from pypinyin import Style, pinyin  # noqa: PLC0415

    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(dict.fromkeys(found[0]))[:MAX_READINGS] if found else ()


@cache
def _syllables() -> frozenset[str]:
    """Those of the 3,755 characters of GB 2312's first level, which have all that occur."""
    codes = (bytes((high, low)) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF))
    return frozenset(
        reading for code in codes for each in code.decode("gb2312", "ignore") for reading in _readings(each)
    )
