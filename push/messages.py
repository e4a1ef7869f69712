"""Turns a notice into the words, data and address that a channel sends; called by the delivery worker.

A push passes other companies' servers and lies open on a lock screen, so its text is made of fixed sentences, known
metrics, dates and counts alone: a fact that is none of these is left out, and no customer's name can get in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from domain.deliveries import Delivery
from domain.notices import Notice, NoticeKind
from push.channel import Message, Target

SCHEME = "fieldbeat"
"""The app's own URL scheme in deep links."""
LOCALES = ("zh-CN", "en")
_COUNT = re.compile(r"[0-9]{1,5}")
_TTL_CAP_S = 2_419_200


class Text(NamedTuple):
    """What is shown: one line and one or two sentences."""

    title: str
    body: str


_METRICS = {
    "zh-CN": {
        "LEAD_FIRST_CONTACT": "首次联系",
        "LEAD_NEXT_FOLLOWUP": "下次跟进",
        "TIER_A_PROPOSAL": "A 级方案",
        "SATISFACTION": "满意度回访",
    },
    "en": {
        "LEAD_FIRST_CONTACT": "first contact",
        "LEAD_NEXT_FOLLOWUP": "next follow-up",
        "TIER_A_PROPOSAL": "tier A proposal",
        "SATISFACTION": "satisfaction survey",
    },
}
_ANY_METRIC = {"zh-CN": "跟进", "en": "follow-up"}

_STANDING_IN = {"zh-CN": "代同事处理：", "en": "For an absent colleague: "}
_TEXTS = {
    "zh-CN": {
        NoticeKind.SLA_REMINDER: Text("{metric}即将到期", "您有一条线索的{metric}即将到期，请尽快处理。"),
        NoticeKind.SLA_BREACHED: Text("{metric}已超时", "一条线索的{metric}已超过时限，请立即处理。"),
        NoticeKind.SLA_ESCALATED: Text("{metric}超时升级", "团队中一条线索的{metric}超时仍未处理，请您跟进。"),
        NoticeKind.SLA_REASSIGN_PROPOSED: Text("建议改派线索", "一条线索的{metric}长时间超时，建议改派负责人。"),
        NoticeKind.SLA_WITHDRAWN: Text("超时已撤销", "一条线索的{metric}实际已按时完成，超时记录已撤销。"),
        NoticeKind.CARE_TASK: Text("待办：满意度回访", "一条线索交付后仍未收到满意度反馈，请联系客户。"),
        NoticeKind.LEAD_ASSIGNED: Text("新线索", "有一条新线索分配给您，请在时限内联系。"),
        NoticeKind.LEADS_HANDED_OVER: Text("客户交接", "离职同事未完成的线索和拜访已移交给您。"),
        NoticeKind.LEAD_UNTOUCHED: Text("线索即将回收", "您有一条线索长时间未跟进，即将退回公海。"),
        NoticeKind.LEAD_RETURNED: Text("线索已退回公海", "您的一条线索已退回公海，可由他人领取。"),
        NoticeKind.VISIT_MISSED: Text("拜访未完成", "有一次计划拜访未完成{date}。"),
        NoticeKind.VISIT_RESCHEDULED: Text("拜访已改期", "一次拜访已改期{to_date}。"),
        NoticeKind.VISIT_CANCELLED: Text("拜访已取消", "一次拜访已取消{date}。"),
        NoticeKind.PLAN_PUBLISHED: Text("路线已发布", "您的拜访路线{date}已发布{count}。"),
        NoticeKind.BEAT_PLAN_PUBLISHED: Text("拜访计划已发布", "您接下来几周的拜访计划{from_date}已发布。"),
        NoticeKind.NORMS_REMINDER: Text("本周必做动作提醒", "本周拜访的必做动作或客户洞察尚未完成，请在拜访中补齐。"),
        NoticeKind.NORMS_MISSED: Text("必做动作未达标", "您一周拜访的必做动作或客户洞察未完成{date}。"),
        NoticeKind.NORMS_MISSED_IN_TEAM: Text("团队必做动作未达标", "团队成员一周拜访的必做动作或洞察未完成{date}。"),
        NoticeKind.THRESHOLD_CROSSED: Text("指标预警", "拜访或线索的一项指标越过预警线{date}，请在驾驶舱查看。"),
        NoticeKind.COACHING: Text("为您推荐一篇话术", "最近几次拜访或通话漏掉了一个要点，下次之前请看看这篇文章。"),
        NoticeKind.ARTICLE_TO_REVIEW: Text("有文章待审核", "一篇文章已提交审核，请您审阅。"),
        NoticeKind.ARTICLE_RETURNED: Text("文章被退回", "您参与撰写的一篇文章被退回，请查看审核意见。"),
        NoticeKind.ARTICLE_APPROVED: Text("文章已发布", "您参与撰写的一篇文章已通过审核并发布。"),
        NoticeKind.QUESTION_ANSWERED: Text("您的问题有答案了", "您提过的一个问题，现在有文章解答了。"),
        NoticeKind.SLA_INCIDENT: Text("{metric}大量超时", "团队在数分钟内有大量线索的{metric}超时，请立即查看。"),
        NoticeKind.RECIPIENT_UNREACHABLE: Text("无法通知同事：{metric}", "同事收不到一条线索的{metric}提醒，请跟进。"),
        NoticeKind.DIGEST: Text("您有新消息", "{some}，请打开收件箱查看。"),
    },
    "en": {
        NoticeKind.SLA_REMINDER: Text("Due soon: {metric}", "The {metric} of one of your leads is due soon."),
        NoticeKind.SLA_BREACHED: Text("Overdue: {metric}", "The {metric} of a lead is overdue. Please act now."),
        NoticeKind.SLA_ESCALATED: Text(
            "Escalated: {metric}", "The {metric} of a lead in your teams is overdue and still open. Please step in."
        ),
        NoticeKind.SLA_REASSIGN_PROPOSED: Text(
            "Reassign a lead?", "The {metric} of a lead has been overdue for long. Reassigning it is proposed."
        ),
        NoticeKind.SLA_WITHDRAWN: Text(
            "Breach withdrawn", "The {metric} of a lead was done in time after all; its breach is withdrawn."
        ),
        NoticeKind.CARE_TASK: Text("Call a customer", "A survey is not answered yet. Please get in touch."),
        NoticeKind.LEAD_ASSIGNED: Text("New lead", "A new lead is yours. Please make contact in time."),
        NoticeKind.LEADS_HANDED_OVER: Text(
            "Leads handed over", "The open leads and visits of a colleague who left are yours now."
        ),
        NoticeKind.LEAD_UNTOUCHED: Text(
            "Lead goes back soon", "One of your leads has lain untouched and goes back to the pool soon."
        ),
        NoticeKind.LEAD_RETURNED: Text("Lead is back in the pool", "A lead you had is in the pool again."),
        NoticeKind.VISIT_MISSED: Text("Visit missed", "A planned visit{date} was not made."),
        NoticeKind.VISIT_RESCHEDULED: Text("Visit rescheduled", "A visit has been rescheduled{to_date}."),
        NoticeKind.VISIT_CANCELLED: Text("Visit cancelled", "A visit{date} has been cancelled."),
        NoticeKind.PLAN_PUBLISHED: Text("Route published", "Your route{date} is published{count}."),
        NoticeKind.BEAT_PLAN_PUBLISHED: Text(
            "Weeks planned", "Your visits of the coming weeks{from_date} are planned."
        ),
        NoticeKind.NORMS_REMINDER: Text(
            "Norms of the week", "Must-do items or customer insights of this week are still missing."
        ),
        NoticeKind.NORMS_MISSED: Text(
            "Norms not kept", "Must-do items or customer insights of the week{date} are missing."
        ),
        NoticeKind.NORMS_MISSED_IN_TEAM: Text(
            "Norms not kept in your team", "Reps of yours lack must-do items or customer insights of the week{date}."
        ),
        NoticeKind.THRESHOLD_CROSSED: Text(
            "Threshold crossed", "A figure{date} crossed a threshold. Please look at the cockpit."
        ),
        NoticeKind.COACHING: Text(
            "An article for you", "Your last conversations left something out. Have a look before the next one."
        ),
        NoticeKind.ARTICLE_TO_REVIEW: Text("An article to review", "A text was handed in and waits for your review."),
        NoticeKind.ARTICLE_RETURNED: Text(
            "Article given back", "A text you wrote at was given back. Please see what is to be changed."
        ),
        NoticeKind.ARTICLE_APPROVED: Text("Article published", "A text you wrote at was approved and is published."),
        NoticeKind.QUESTION_ANSWERED: Text("Your question is answered", "An article now answers what you asked."),
        NoticeKind.SLA_INCIDENT: Text(
            "Many overdue: {metric}", "The {metric} of very many leads in your teams came overdue within minutes."
        ),
        NoticeKind.RECIPIENT_UNREACHABLE: Text(
            "Not reached: {metric}", "A colleague cannot be told of the {metric} of a lead. Please step in."
        ),
        NoticeKind.DIGEST: Text("New notices", "{some} in your inbox."),
    },
}


def pick_locale(preferred: str | None) -> str:
    """The locale that is rendered: any Chinese tag gives zh-CN, anything else English."""
    return "zh-CN" if (preferred or "").lower().split("-")[0].split("_")[0] == "zh" else "en"


def notice_text(notice: Notice, locale: str | None) -> Text:
    """Title and body of a notice."""
    return words(notice.kind, notice.facts, locale)


def words(kind: NoticeKind, facts: Mapping[str, str], locale: str | None) -> Text:
    """Title and body. Facts used: `metric` (a shipped metric), `date` (ISO 8601), `visits` and `count` (counts),
    `instead` (1: told in place of somebody who is away)."""
    language = pick_locale(locale)
    day = _iso_date(facts.get("date", ""))
    count, held = _count(facts.get("visits", "")), _count(facts.get("count", ""))
    if language == "zh-CN":
        shown = {
            "date": f"（{day}）" if day else "",
            "to_date": f"至 {day}" if day else "",
            "from_date": f"（自 {day} 起）" if day else "",
            "count": f"，共 {count} 站" if count else "",
            "some": f"您有 {held} 条新消息" if held else "您有多条新消息",
        }
    else:
        stops = "stop" if count == "1" else "stops"
        shown = {
            "date": f" of {day}" if day else "",
            "to_date": f" to {day}" if day else "",
            "from_date": f" from {day} on" if day else "",
            "count": f" ({count} {stops})" if count else "",
            "some": "1 new notice is" if held == "1" else f"{held or 'Several'} new notices are",
        }
    shown["metric"] = _METRICS[language].get(facts.get("metric", ""), _ANY_METRIC[language])
    template = _TEXTS[language][kind]
    standing_in = _STANDING_IN[language] if facts.get("instead") == "1" else ""
    return Text(standing_in + template.title.format_map(shown), template.body.format_map(shown))


def deep_link(notice: Notice) -> str:
    """What a tap on the notice opens."""
    if notice.kind is NoticeKind.DIGEST:
        return f"{SCHEME}://inbox"
    return link_to(notice.id, notice.lead_id, notice.visit_id, notice.article_id)


def link_to(notice_id: str, lead_id: str | None, visit_id: str | None, article_id: str | None) -> str:
    """The article, else the visit, else the lead, else the inbox row."""
    if article_id:
        return f"{SCHEME}://articles/{article_id}"
    if visit_id:
        return f"{SCHEME}://visits/{visit_id}"
    if lead_id:
        return f"{SCHEME}://leads/{lead_id}"
    return f"{SCHEME}://inbox/{notice_id}"


def collapse_id(notice: Notice) -> str:
    """What replaces what on the screen: the steps of one clock's cycle are one entry, so are all digests and all
    incidents of one cause, any other notice its own.

    At most 64 ASCII bytes, the limit of `apns-collapse-id`.
    """
    if notice.kind is NoticeKind.DIGEST:
        return "digest"
    if notice.kind is NoticeKind.SLA_INCIDENT:
        return f"incident:{notice.facts.get('metric', '')}"[:64]
    if notice.clock_id is None:
        return notice.id
    return f"{notice.clock_id}:{notice.cycle or 0}"


def make_message(
    notice: Notice, delivery: Delivery, target: Target | None, locale: str | None, now: datetime
) -> Message:
    """The message of one attempt; everything but `ttl_s` is the same for every attempt.

    `msg_key` is the delivery's id: the app drops a key it has shown and reports received keys.
    """
    text = notice_text(notice, locale)
    data = {
        "msg_key": str(delivery.id),
        "inbox_id": str(notice.id),
        "kind": notice.kind.value,
        "deep_link": deep_link(notice),
    }
    if notice.clock_id is not None:
        data["breach_id"] = collapse_id(notice)
    if notice.step is not None:
        data["level"] = str(notice.step)
    left_s = int((delivery.deadline_at - now).total_seconds())
    return Message(
        delivery_id=delivery.id,
        msg_key=delivery.id,
        title=text.title,
        body=text.body,
        data=data,
        collapse_id=collapse_id(notice),
        priority=delivery.priority,
        ttl_s=min(max(left_s, 0), _TTL_CAP_S),
        deadline_at=delivery.deadline_at,
        target=target,
        locale=pick_locale(locale),
    )


def _count(value: str) -> str:
    return value if _COUNT.fullmatch(value) else ""


def _iso_date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        return ""
