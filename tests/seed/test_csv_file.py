"""Files as spreadsheets and CRMs write them: encodings, separators, quoting, headers, and those that are no table."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed.csv_file import UnreadableFileError, decode, parse, read_table

COLUMNS = {"external_id": ("id", "编号"), "name": ("title", "名称"), "note": ()}
TEXT = "编号,名称\nA1,云杉面包房\n"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_the_encoding_is_found_out(tmp_path: Path, encoding: str, found: str) -> None:
    path = tmp_path / "accounts.csv"
    path.write_bytes(TEXT.encode(encoding))
    table = read_table(path, COLUMNS)
    assert table.encoding == found
    assert table.rows[0].cells == {"external_id": "A1", "name": "云杉面包房"}


def test_an_encoding_that_is_named_is_used() -> None:
    assert decode("Müller".encode("cp1252"), "cp1252") == ("Müller", "cp1252")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(separator: str) -> None:
    table = parse(separator.join(("id", "title", "note")) + "\n" + separator.join(("1", "a", '"x, y; z"')), COLUMNS)
    assert table.separator == separator
    assert table.rows[0].cells["note"] == "x, y; z"


def test_the_separator_is_the_one_that_gives_known_columns() -> None:
    assert parse('id;"title";remarks, long, longer, longest\n1;a;b\n', COLUMNS).separator == ";"


@pytest.mark.parametrize("told", ["sep=;\n", '"sep=;"\r\n'])
def test_a_line_that_tells_the_separator_is_no_header(told: str) -> None:
    table = parse(told + "id;name\n1;a\n", COLUMNS)
    assert [(row.line, row.cells["name"]) for row in table.rows] == [(3, "a")]


def test_rows_know_their_line_across_quoted_line_breaks_and_blank_lines() -> None:
    table = parse('id,note\r\n1,"two\r\nlines"\r\n\r\n,\r\n2,x\r\n', COLUMNS)
    assert [(row.line, row.cells["note"]) for row in table.rows] == [(2, "two\r\nlines"), (6, "x")]


def test_headers_are_compared_without_case_and_strokes() -> None:
    assert parse("External-ID , NAME\n1,a", COLUMNS).columns == {"external_id", "name"}


def test_unknown_columns_are_told() -> None:
    assert parse("id,colour,\n1,red,\n", COLUMNS).unused == ("colour",)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("id,name\n1,a\n2\n3,c\n", 3, "has 1 cells, the header has 2"),
        ("id,name\n1,a\n2,b,c\n3,c\n", 3, "has 3 cells, the header has 2"),
        ('id,name\n1,a\n"2"x,b\n3,c\n', 3, "after a closing quotation mark"),
        ("id,name\n1,a\n2," + "x" * 140_000 + "\n3,c\n", 3, "longer than 131,072 characters"),
    ],
)
def test_a_broken_row_costs_itself_alone(text: str, line: int, reason: str) -> None:
    table = parse(text, COLUMNS)
    assert [row.cells["external_id"] for row in table.rows] == ["1", "3"]
    (broken,) = table.broken
    assert broken.line == line
    assert reason in broken.reason


def test_a_quotation_that_never_ends_is_told_where_it_begins() -> None:
    table = parse('id,name\n1,a\n2,"b\n3,c\n', COLUMNS)
    assert [(each.line, "never closed" in each.reason) for each in table.broken] == [(3, True)]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"id,name\n1,a\n2,\x00\n", "Line 3 holds a NUL"),
        (b"id,name,title\n1,a,b\n", "Columns 2 and 3 of the header are both 'name'"),
        (b"id,colour,Colour\n1,a,b\n", "are both 'colour'"),
        (b"colour,size\nred,1\n", "No column of the header"),
        (b"id,name\n1,\xff\xff\n", "utf-8 nor gb18030"),
        (",".join(f"c{number}" for number in range(201)).encode(), "200 are the most"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(tmp_path: Path, raw: bytes, reason: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(raw)
    with pytest.raises(UnreadableFileError, match=reason):
        read_table(path, COLUMNS)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="No such file"):
        read_table(tmp_path / "none.csv", COLUMNS)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_reason(raw: bytes) -> None:
    with suppress(UnreadableFileError):
        table = parse(decode(b"id,name\n" + raw)[0], COLUMNS)
        lines = [row.line for row in table.rows] + [row.line for row in table.broken]
        assert all(line > 1 for line in lines)
