"""Tables as files for spreadsheets, CSV and XLSX; written by api/exports.py, filled by resolvers/exports.py."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

Cell = str | float | bool | None
MAX_ROWS = 100_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so is a formula to spreadsheets."""
_MADE_AT = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook knows no zones
"""In every file, so that the same table gives the same bytes."""
_WIDTHS = range(8, 41)


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet: its name, a line of titles, lines of cells."""

    name: str
    titles: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def as_csv(table: Table) -> bytes:
    """UTF-8 with a byte order mark, by which spreadsheets know it; lines end as RFC 4180 says."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([_harmless(each) for each in table.titles])
    writer.writerows([_harmless(each) for each in row] for row in table.rows)
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def _harmless(cell: Cell) -> Cell:
    """A text that cannot be run: with an apostrophe before what a spreadsheet would calculate."""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    return "" if cell is None else cell


def as_xlsx(table: Table) -> bytes:
    """A workbook with one sheet: titles stay in sight, texts are never formulas, links or numbers."""
    written = io.BytesIO()
    import xlsxwriter  # noqa: PLC0415 - costs every start what few workbooks need

    book = xlsxwriter.Workbook(
        written,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": True,
        },
    )
    book.set_properties({"created": _MADE_AT})
    sheet, bold = book.add_worksheet(table.name[:31]), book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(table.titles):
        texts = (title, *(str(row[column]) for row in table.rows[:200]))
        sheet.set_column(column, column, min(max(max(map(_width, texts)) + 2, _WIDTHS[0]), _WIDTHS[-1]))
        sheet.write_string(0, column, title, bold)
    for line, row in enumerate(table.rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(line, column, cell)
            elif isinstance(cell, bool):
                sheet.write_boolean(line, column, cell)
            elif cell is not None:
                sheet.write_number(line, column, cell)
    book.close()
    return written.getvalue()


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if ord(each) > 0x2E7F else 1 for each in text)
