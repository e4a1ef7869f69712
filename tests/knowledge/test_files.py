"""Where an index is kept: it survives its process, belongs to one at a time, and files of another version go."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.articles import ArticleState
from knowledge.files import FolderTakenError
from knowledge.index import MAX_HITS, MOST_PROCESSES, ArticleIndex, in_free_folder
from tests.knowledge.articles import ORG, an_article, demo_set

QUESTIONS = ("竞品降价", "cold chain", "客户", "price", "checklist for delivery")


def ids(index: ArticleIndex) -> list[str]:
    return [hit.article_id for hit in index.search(ORG, "frost", limit=MAX_HITS)]


def test_an_index_in_a_folder_survives_a_restart(tmp_path: Path) -> None:
    before = ArticleIndex(tmp_path)
    before.replace_all(demo_set())
    answers = [before.search(ORG, text) for text in QUESTIONS]
    before.close()
    after = ArticleIndex(tmp_path)
    assert [after.search(ORG, text) for text in QUESTIONS] == answers
    after.close()


def test_files_of_another_version_go_and_nothing_else(tmp_path: Path) -> None:
    outdated, bystander = tmp_path / "articles-0-0", tmp_path / "other"
    outdated.mkdir()
    bystander.mkdir()
    ArticleIndex(tmp_path).close()
    assert not outdated.exists()
    assert bystander.exists()


def test_a_folder_belongs_to_one_index_until_it_is_closed(tmp_path: Path) -> None:
    first = ArticleIndex(tmp_path)
    first.replace_all([an_article("art_1", "Frost")])
    with pytest.raises(FolderTakenError):
        ArticleIndex(tmp_path)
    assert len(first.search(ORG, "frost")) == 1
    first.close()
    second = ArticleIndex(tmp_path)
    assert len(second.search(ORG, "frost")) == 1
    second.close()


def test_processes_take_the_first_free_folder(tmp_path: Path) -> None:
    first, second = in_free_folder(tmp_path), in_free_folder(tmp_path)
    second.replace_all([an_article("art_1", "Frost")])
    assert first.search(ORG, "frost") == []
    second.close()
    third = in_free_folder(tmp_path)
    assert len(third.search(ORG, "frost")) == 1, "what an earlier process left is used"
    first.close()
    third.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["0", "1"]


def test_a_new_folder_begins_with_what_a_neighbour_has_and_then_goes_its_own_way(tmp_path: Path) -> None:
    first = in_free_folder(tmp_path)
    first.apply([an_article(f"art_{n}", "Frost", "Cold.") for n in range(50)], {ORG: 50})
    first.apply([an_article("art_0", "Frost", "Cold.", state=ArticleState.RETIRED)], {ORG: 51})
    second = in_free_folder(tmp_path)
    assert (len(ids(second)), second.position) == (49, first.position)
    assert second.is_suspect
    assert not second.mend()
    for n in range(60, 75):
        first.apply([an_article(f"art_{n}", "Frost")])
        second.apply([an_article(f"art_{n - 50}", "Heat")])
    assert (len(ids(first)), len(ids(second))) == (64, 34)
    first.close()
    second.close()
    for number, count in ((0, 64), (1, 34)):
        again = ArticleIndex(tmp_path / str(number))
        assert not again.mend()
        assert len(ids(again)) == count
        again.close()


def test_a_neighbour_with_missing_files_is_of_no_use(tmp_path: Path) -> None:
    first = in_free_folder(tmp_path)
    first.apply([an_article("art_1", "Frost")])
    next(tmp_path.glob("0/articles-*/*.term")).unlink()
    second = in_free_folder(tmp_path)
    assert ids(second) == []
    second.apply([an_article("art_2", "Frost")])
    assert ids(second) == ["art_2"]
    first.close()
    second.close()


def test_too_many_processes_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_PROCESSES >= 16
    monkeypatch.setattr("knowledge.index.MOST_PROCESSES", 1)
    first = in_free_folder(tmp_path)
    with pytest.raises(FolderTakenError):
        in_free_folder(tmp_path)
    first.close()
