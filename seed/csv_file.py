"""Reads the tables people export from spreadsheets and CRMs: encoding and separator are found out, every row knows its
line. The importers beside it give the names of their columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 64 * 2**20
MAX_COLUMNS = 200
SEPARATORS = (",", ";", "\t", "|")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ARCHIVE = b"PK\x03\x04"
_SAMPLE_CHARS = 20_000


class UnreadableFileError(Exception):
    """Nothing of the file can be used; the text tells the operator why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line it begins on (from 1) and its cells by column, without space around them.

    Columns that the file does not have are not in `cells`.
    """

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A record that cannot be told apart into cells."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """A file as read. `unused` are its columns that no importer column is called like."""

    encoding: str
    separator: str
    columns: frozenset[str]
    unused: tuple[str, ...]
    rows: tuple[Row, ...]
    broken: tuple[BrokenRow, ...]


def read_table(path: Path, columns: Mapping[str, tuple[str, ...]], encoding: str | None = None) -> Table:
    """The table in a file of at most 64 MiB; `columns` maps each column to its other names.

    Without `encoding`: a byte order mark decides, else UTF-8, else GB18030. Raises UnreadableFileError.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UnreadableFileError(f"{path} has {size:,} bytes; a file may have {MAX_BYTES:,}. Split it.")
        raw = path.read_bytes()
    except OSError as problem:
        raise UnreadableFileError(f"{path} cannot be read: {problem.strerror or problem}.") from problem
    text, used = decode(raw, encoding)
    return parse(text, columns, used)


def decode(raw: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text and the encoding it is in. Raises UnreadableFileError."""
    if raw.startswith(_ARCHIVE):
        raise UnreadableFileError("This is a spreadsheet or an archive, not a CSV file; export it as CSV.")
    marked = next((name for mark, name in _BOMS if raw.startswith(mark)), None)
    tried = [encoding or marked] if encoding or marked else ["utf-8", "gb18030"]
    for name in tried:
        assert name is not None
        try:
            text = raw.decode(name)
        except LookupError as unknown:
            raise UnreadableFileError(f"{name} is no encoding that Python knows.") from unknown
        except UnicodeError:
            continue
        if "\0" in text:
            line = text.count("\n", 0, text.index("\0")) + 1
            raise UnreadableFileError(f"Line {line} holds a NUL character: this is not a text file.")
        return text.removeprefix("\ufeff"), name.removesuffix("-sig")
    shown = " nor ".join(str(name) for name in tried)
    raise UnreadableFileError(f"The file is not {shown}; save it as UTF-8, or name its encoding with --encoding.")


def parse(text: str, columns: Mapping[str, tuple[str, ...]], encoding: str = "utf-8") -> Table:
    """The table in a text. Raises UnreadableFileError where it has no header with a known column or names one twice."""
    known = {_plain(name): column for column, others in columns.items() for name in (column, *others)}
    separator, skipped = _separator(text, known)
    records = _records(text, separator, skipped)
    first = next(records, None)
    if first is None:
        raise UnreadableFileError("The file is empty.")
    if isinstance(first, BrokenRow):
        raise UnreadableFileError(f"The header (line {first.line}) cannot be read: {first.reason}.")
    header_line, header = first
    names = _named(header, known, header_line)
    if not any(name is not None for name in names):
        shown = ", ".join(repr(each.strip()) for each in header[:6])
        raise UnreadableFileError(f"No column of the header (line {header_line}) is known: {shown}.")
    rows: list[Row] = []
    broken: list[BrokenRow] = []
    for record in records:
        if isinstance(record, BrokenRow):
            broken.append(record)
            continue
        line, cells = record
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
            broken.append(BrokenRow(line, f"has {len(cells)} cells, the header has {len(header)}"))
            continue
        pairs = zip(names, cells, strict=False)
        rows.append(Row(line, {name: cell.strip() for name, cell in pairs if name is not None}))
    unused = tuple(each.strip() for each, name in zip(header, names, strict=True) if name is None and each.strip())
    used = frozenset(name for name in names if name is not None)
    return Table(encoding, separator, used, unused, tuple(rows), tuple(broken))


def _plain(name: str) -> str:
    """Header names are compared without case, and `Time zone`, `time-zone` and `time_zone` are one."""
    return "_".join(name.strip().casefold().replace("-", " ").replace("_", " ").split())


def _named(header: list[str], known: Mapping[str, str], line: int) -> list[str | None]:
    """The importer column of each cell of the header."""
    if len(header) > MAX_COLUMNS:
        raise UnreadableFileError(f"The header (line {line}) has {len(header)} columns; {MAX_COLUMNS} are the most.")
    names: list[str | None] = []
    seen: dict[str, int] = {}
    for number, cell in enumerate(header, start=1):
        plain = _plain(cell)
        name = known.get(plain)
        key = name or plain
        if key and key in seen:
            raise UnreadableFileError(f"Columns {seen[key]} and {number} of the header are both {key!r}.")
        seen[key] = number
        names.append(name)
    return names


def _separator(text: str, known: Mapping[str, str]) -> tuple[str, int]:
    """The separator under which the header has most known columns, and how many lines stand before the header."""
    first = text[:_SAMPLE_CHARS].partition("\n")[0]
    told = first.strip(' \r"')
    if told.casefold().startswith("sep=") and told[4:] in SEPARATORS:
        return told[4:], 1
    sample = text[:_SAMPLE_CHARS]
    best, most = SEPARATORS[0], (-1, -1)
    for separator in SEPARATORS:
        header = next((each for each in _records(sample, separator, 0) if isinstance(each, tuple)), (0, []))[1]
        found = (sum(_plain(cell) in known for cell in header), len(header))
        if found > most:
            best, most = separator, found
    return best, 0


def _records(text: str, separator: str, skipped: int) -> Iterator[tuple[int, list[str]] | BrokenRow]:
    """Records that are not blank with the line each begins on; cells may hold line breaks."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            yield BrokenRow(line, _in_words(str(problem), separator))
            continue
        if cells and line > skipped:
            yield line, cells


def _in_words(problem: str, separator: str) -> str:
    if "unexpected end of data" in problem:
        return "a quotation mark is opened and never closed; nothing after it can be read"
    if "expected after" in problem:
        return f"after a closing quotation mark only {separator!r} or the end of the line may follow"
    if "field larger" in problem:
        return f"a cell is longer than {csv.field_size_limit():,} characters"
    return problem
