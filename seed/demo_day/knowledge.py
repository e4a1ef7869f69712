"""What reps find, miss and get written in the knowledge base; for seed/demo_day/day.py."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from seed.demo_day.operations import (
    ASK_QUESTION,
    PUBLISH_ARTICLE,
    RECOMMENDED,
    SEARCH,
    TOPICS,
    WHO_SAW_ME,
    WRITE_ARTICLE,
)
from seed.demo_day.phone import Phone
from seed.demo_day.transcript import Transcript

_QUESTIONS = ("竞品降价怎么应对", "cold chain")
_SLIPS = {"jpjj": 0, "竟品降阶": 0, "cold chian": 1}
"""What a thumb makes of them, and of which."""
_ASKED = ("冷柜报警声怎么关闭？", "怎么关闭冷柜的报警声", "冷柜报警声如何关闭")
_ANSWER = "按住面板左侧的静音键三秒。\n\n报警仍会记录在冷柜里。"
_PATIENCE_S = 10.0
_LOOK_S = 0.1


def search_knowledge(said: Transcript, rep: Phone, lead: dict[str, Any]) -> None:
    """A question in Chinese and one in English, the same with slips, and what fits the lead."""
    said.step("Search the knowledge base")
    best: list[str] = []
    for text, language in zip(_QUESTIONS, ("ZH_CN", "EN"), strict=True):
        hits = rep.ask(SEARCH, text=text)
        said.ensure(f"Articles found for {text!r}", len(hits) > 0, "at least one", len(hits))
        said.expect(f"Language of the best article for {text!r}", language, hits[0]["article"]["language"])
        best.append(hits[0]["article"]["title"])
        said.fact("search", text)
        said.table(
            ("score", "article", "passage"),
            [(f"{hit['score']:.1f}", hit["article"]["title"], hit["snippet"].replace("\n", " ")[:80]) for hit in hits],
        )
    for text, meant in _SLIPS.items():
        found = rep.ask(SEARCH, text=text)
        said.expect(f"Best article for {text!r}", best[meant], found[0]["article"]["title"] if found else None)
        said.fact("search", f"{text} finds {best[meant]}")
    fitting = rep.ask(RECOMMENDED, lead=lead["id"])
    said.ensure("Articles for the lead", len(fitting) > 0, "at least one", fitting)
    said.table(("for this lead", "why"), [(each["article"]["title"], ", ".join(each["reasons"])) for each in fitting])


def ask_thrice(said: Transcript, askers: Sequence[Phone], manager: Phone) -> None:
    """Three ask the same in other words: a draft waits for the manager, whose answer everybody finds."""
    said.step("Three ask what no article answers: it becomes a draft, then an answer")
    for phone, text in zip(askers, _ASKED, strict=True):
        topic = phone.act(ASK_QUESTION, "Question", input={"text": text})["topic"]
        said.fact(phone.me["name"], f"{text} (asked {topic['count']} times)")
    drafted = [each for each in manager.ask(TOPICS)["nodes"] if each["text"] == _ASKED[0]]
    said.expect("Drafts of the three questions", [3], [each["count"] for each in drafted])
    draft = drafted[0]["article"]
    manager.act(WRITE_ARTICLE, "Article", id=draft["id"], body=_ANSWER)
    manager.act(PUBLISH_ARTICLE, "Article", id=draft["id"])
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        found = [hit["article"]["id"] for hit in askers[0].ask(SEARCH, text=_ASKED[2])]
        if found[:1] == [draft["id"]] or time.monotonic() > deadline:
            break
        time.sleep(_LOOK_S)
    said.expect("Best article for the third wording", draft["id"], found[0] if found else None)
    said.fact("published", f"{draft['title']} ({', '.join(draft['aliases'])})")


def show_who_looked(said: Transcript, rep: Phone, manager: Phone) -> None:
    """The rep sees that the manager saw them on the map."""
    said.step("The rep sees who looked at their position")
    nodes = rep.ask(WHO_SAW_ME)["nodes"]
    said.expect("Who looked", {manager.me["id"]}, {each["viewerId"] for each in nodes})
    said.table(
        ("who", "where", "hour (UTC)"), [(each["viewerName"], each["purpose"], each["hourAt"]) for each in nodes]
    )
