"""The file of registered documents, and what is kept of the documents that clients send."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.decoding import Parameters
from api.documents import Documents, Prepared
from api.limits import Limits
from api.persisted import PersistedDocumentsError, read_manifest
from storage.recent import Recent
from tests.support.tiny_schema import tiny_schema

ROOT = Path(__file__).parents[2]
SCHEMA = tiny_schema()
HELLO = "query Hello { greeting }"
HELLO_SHA = hashlib.sha256(HELLO.encode()).hexdigest()


def manifest(*operations: Any, **other: Any) -> dict[str, Any]:
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": list(operations), **other}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, {}),
        ({"a": HELLO, "b": "{ item { id } }"}, {"a": HELLO, "b": "{ item { id } }"}),
        ({"operations": HELLO}, {"operations": HELLO}),
        (manifest({"id": "a", "body": HELLO, "name": "Hello", "type": "query"}), {"a": HELLO}),
        (manifest({"id": "a", "body": HELLO}, {"id": "a", "body": HELLO}), {"a": HELLO}),
    ],
)
def test_both_shapes_of_the_file_are_read(tmp_path: Path, content: Any, expected: dict[str, str]) -> None:
    path = tmp_path / "documents.json"
    path.write_text(json.dumps(content))
    assert read_manifest(path) == expected


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("{", "not readable as JSON"),
        ("[]", "must hold"),
        ('"x"', "must hold"),
        ('{"a": 1}', "must hold"),
        ('{"": "{ greeting }"}', "must hold"),
        ('{"a": "{ greeting }", "a": "{ item { id } }"}', "a stands there twice"),
        ("[" * 100_000, "not readable as JSON"),
        (json.dumps({"operations": []}), "format"),
        (json.dumps({**manifest(), "version": 2}), "format"),
        (json.dumps(manifest({"id": "a"})), r"operations\[0\] must have"),
        (json.dumps(manifest({"id": 1, "body": HELLO})), r"operations\[0\] must have"),
        (json.dumps(manifest("x")), r"operations\[0\] must have"),
        (json.dumps(manifest({"id": "a", "body": HELLO}, {"id": "a", "body": "{ __typename }"})), "a stands there"),
    ],
)
def test_other_files_are_refused_by_what_is_wrong(tmp_path: Path, content: str, shown: str) -> None:
    path = tmp_path / "documents.json"
    path.write_text(content)
    with pytest.raises(PersistedDocumentsError, match=shown):
        read_manifest(path)


@pytest.mark.parametrize(
    ("registered", "shown"),
    [
        ({"a": "{"}, "^a: Syntax Error"),
        ({"ok": HELLO, "b": "{ nothing }", "c": "{ no }"}, "^b: Cannot query field 'nothing'.*\nc: Cannot"),
        ({"deep": "{ items(first: 100) { items(first: 100) { items(first: 100) { id } } } }"}, "^deep: .*cost"),
        ({f"sha256:{'0' * 64}": HELLO}, f"the SHA-256 of its text is {HELLO_SHA}"),
        ({str(number): "{ nothing }" for number in range(30)}, "and 10 more$"),
    ],
)
def test_a_document_that_is_not_valid_stops_the_start(registered: dict[str, str], shown: str) -> None:
    with pytest.raises(PersistedDocumentsError, match=shown):
        Documents(SCHEMA, Limits(), registered=registered)


def test_only_registered_documents_need_some() -> None:
    with pytest.raises(PersistedDocumentsError, match="none is registered"):
        Documents(SCHEMA, Limits(), registered_only=True)


def test_a_registered_document_has_its_id_and_its_hash_and_is_never_dropped() -> None:
    documents = Documents(SCHEMA, Limits(), size=1, registered={"hello": HELLO})
    for number in range(5):
        documents.prepare(f"{{ a{number}: greeting }}")
    names = ("hello", HELLO_SHA, f"sha256:{HELLO_SHA}")
    found = [documents.find(Parameters(None, document_id=name)) for name in names]
    assert isinstance(found[0], Prepared)
    assert all(each is found[0] for each in [*found, documents.prepare(HELLO)])


def test_a_file_that_cannot_be_used_ends_the_program_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({"home": "{ nothing }"}))
    given = {"PERSISTED_DOCUMENTS": str(path), "MONGODB_URI": "mongodb://127.0.0.1:1", "DATA": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-m", "api"],
        env={"PATH": os.environ["PATH"], **given},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "PERSISTED_DOCUMENTS cannot be used" in run.stderr
    assert "home: Cannot query field 'nothing' on type 'Query'." in run.stderr
    assert "Traceback" not in run.stderr


def test_what_is_kept_is_bounded_by_count_and_by_size() -> None:
    kept: Recent[str, int] = Recent(3, 10)
    for key, size in (("a", 1), ("b", 1), ("c", 1)):
        kept.put(key, 0, size)
    assert kept.get("a") == 0
    kept.put("d", 0, 1)
    assert [key in kept for key in "abcd"] == [True, False, True, True]
    kept.put("e", 0, 9)
    assert [key in kept for key in "acde"] == [False, False, True, True]
    kept.put("f", 0, 11)
    assert ("f" in kept, "e" in kept) == (False, True)


@given(st.lists(st.tuples(st.sampled_from("abcdefg"), st.integers(0, 12))))
def test_the_bounds_hold_whatever_comes(puts: list[tuple[str, int]]) -> None:
    kept: Recent[str, int] = Recent(4, 20)
    sizes: dict[str, int] = {}
    for key, size in puts:
        kept.put(key, size, size)
        sizes[key] = size
        assert len(kept) <= 4
        assert kept.size == sum(sizes[each] for each in "abcdefg" if each in kept) <= 20
        assert kept.get(key) == size
