"""The words of a push: every kind in both languages, and no fact that could name a customer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.deliveries import make_delivery
from domain.devices import Platform
from domain.ids import ClockId, LeadId, OrgId, PersonId, VisitId
from domain.notices import Notice, NoticeKind, Priority, make_notice
from push.channel import Target
from push.fcm import encode
from push.messages import LOCALES, collapse_id, deep_link, make_message, notice_text, pick_locale

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def a_notice(kind: NoticeKind = NoticeKind.SLA_BREACHED, **changes: object) -> Notice:
    values: dict[str, object] = {"clock_id": ClockId("clk_1"), "cycle": 2, "step": 100} | changes
    return make_notice(OrgId("org_1"), PersonId("per_1"), kind, Priority.HIGH, "key", NOW, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_text_every_kind(kind: NoticeKind, locale: str) -> None:
    for facts in ({}, {"metric": "LEAD_FIRST_CONTACT", "date": "2026-11-24", "visits": "5", "count": "7"}):
        text = notice_text(a_notice(kind, facts=facts), locale)
        assert text.title
        assert text.body
        assert "{" not in text.title + text.body
        assert any("\u4e00" <= each <= "\u9fff" for each in text.body) is (locale == "zh-CN")


@pytest.mark.parametrize(
    ("kind", "facts", "locale", "body"),
    [
        (
            NoticeKind.SLA_BREACHED,
            {"metric": "LEAD_FIRST_CONTACT"},
            "en-GB",
            "The first contact of a lead is overdue. Please act now.",
        ),
        (
            NoticeKind.SLA_BREACHED,
            {"metric": "LEAD_FIRST_CONTACT"},
            "zh_Hans_CN",
            "一条线索的首次联系已超过时限，请立即处理。",
        ),
        (
            NoticeKind.PLAN_PUBLISHED,
            {"date": "2026-11-24", "visits": "1"},
            None,
            "Your route of 2026-11-24 is published (1 stop).",
        ),
        (
            NoticeKind.PLAN_PUBLISHED,
            {"date": "2026-11-24", "visits": "8"},
            "zh",
            "您的拜访路线（2026-11-24）已发布，共 8 站。",
        ),
        (
            NoticeKind.BEAT_PLAN_PUBLISHED,
            {"date": "2026-11-30"},
            "en",
            "Your visits of the coming weeks from 2026-11-30 on are planned.",
        ),
        (
            NoticeKind.BEAT_PLAN_PUBLISHED,
            {"date": "2026-11-30"},
            "zh",
            "您接下来几周的拜访计划（自 2026-11-30 起）已发布。",
        ),
        (NoticeKind.VISIT_RESCHEDULED, {"date": "2026-11-25"}, "zh-CN", "一次拜访已改期至 2026-11-25。"),
        (NoticeKind.VISIT_MISSED, {}, "fr", "A planned visit was not made."),
        (NoticeKind.DIGEST, {"count": "1"}, "en", "1 new notice is in your inbox."),
        (NoticeKind.DIGEST, {"count": "14"}, "en", "14 new notices are in your inbox."),
        (NoticeKind.DIGEST, {}, "en", "Several new notices are in your inbox."),
        (NoticeKind.DIGEST, {"count": "14"}, "zh-CN", "您有 14 条新消息，请打开收件箱查看。"),
    ],
)
def test_text(kind: NoticeKind, facts: dict[str, str], locale: str | None, body: str) -> None:
    assert notice_text(a_notice(kind, facts=facts), locale).body == body


@settings(max_examples=40)
@given(
    st.sampled_from(NoticeKind),
    st.sampled_from(LOCALES),
    st.dictionaries(st.sampled_from(["metric", "date", "visits", "name", "contact"]), st.text(min_size=3)),
)
def test_text_free_facts_never_show(kind: NoticeKind, locale: str, facts: dict[str, str]) -> None:
    named = {key: f"Zq{value}" for key, value in facts.items()}
    text = notice_text(a_notice(kind, facts=named), locale)
    assert "Zq" not in text.title + text.body
    assert text == notice_text(a_notice(kind), locale)


@pytest.mark.parametrize(
    ("tag", "locale"),
    [("zh", "zh-CN"), ("zh-TW", "zh-CN"), ("ZH_cn", "zh-CN"), ("en-US", "en"), ("", "en"), (None, "en")],
)
def test_pick_locale(tag: str | None, locale: str) -> None:
    assert pick_locale(tag) == locale


def test_deep_link() -> None:
    lead, visit = LeadId("led_1"), VisitId("vis_1")
    assert deep_link(a_notice(lead_id=lead, visit_id=visit)) == "fieldbeat://visits/vis_1"
    assert deep_link(a_notice(lead_id=lead)) == "fieldbeat://leads/led_1"
    assert deep_link(a_notice()).startswith("fieldbeat://inbox/ntc_")
    assert deep_link(a_notice(NoticeKind.DIGEST)) == "fieldbeat://inbox"


def test_collapse_id_is_one_per_cycle() -> None:
    assert collapse_id(a_notice(step=75)) == collapse_id(a_notice(step=100)) == "clk_1:2"
    assert collapse_id(a_notice(cycle=3)) != collapse_id(a_notice())
    plain = a_notice(NoticeKind.PLAN_PUBLISHED, clock_id=None)
    assert collapse_id(plain) == plain.id
    assert len(collapse_id(a_notice(clock_id=ClockId("clk_" + "0" * 36), cycle=10**9))) <= 64


def test_message_repeats_all_but_the_ttl() -> None:
    notice = a_notice(lead_id=LeadId("led_1"))
    delivery = make_delivery(notice, "fcm", None, NOW)
    target = Target(token="t", fid=None, platform=Platform.ANDROID)
    first = make_message(notice, delivery, target, "zh-CN", NOW)
    later = make_message(notice, delivery, target, "zh-CN", NOW + timedelta(hours=1))
    assert (first.ttl_s, later.ttl_s) == (14_400, 10_800)
    assert first.data == later.data
    assert first.data == {
        "msg_key": delivery.id,
        "inbox_id": notice.id,
        "kind": "SLA_BREACHED",
        "deep_link": "fieldbeat://leads/led_1",
        "breach_id": "clk_1:2",
        "level": "100",
    }
    assert first.collapse_id == later.collapse_id
    assert encode(first)["message"]["data"] == first.data
    assert make_message(notice, delivery, target, None, NOW + timedelta(days=9)).ttl_s == 0
