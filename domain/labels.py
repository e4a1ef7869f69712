"""What apps call the values of enums in English and Chinese, so that no app keeps a table of its own; for bootstrap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from domain.access import Role
from domain.accounts import Tier
from domain.activities import ActivityKind
from domain.check_in_policies import Mode
from domain.consents import ConsentPurpose, ConsentState
from domain.geofence import Verdict
from domain.leads import StageKind
from domain.people import PersonState
from domain.shifts import EndKind
from domain.sla import ClockState
from domain.visits import VisitKind, VisitOutcome, VisitState


@dataclass(frozen=True, slots=True)
class Label:
    """One value of one enum."""

    enum_name: str
    value: str
    en: str
    zh_cn: str


TITLES: dict[type[StrEnum], str] = {Mode: "FenceMode"}
"""Names that the schema gives to enums whose own name says too little."""

LABELS: dict[type[StrEnum], dict[StrEnum, tuple[str, str]]] = {
    Role: {
        Role.REP: ("Sales rep", "业务代表"),
        Role.MANAGER: ("Manager", "经理"),
        Role.DIRECTOR: ("Director", "总监"),
        Role.ADMIN: ("Administrator", "管理员"),
        Role.SUPPORT: ("Support", "支持人员"),
    },
    PersonState: {
        PersonState.INVITED: ("Invited", "已邀请"),
        PersonState.ACTIVE: ("Active", "在用"),
        PersonState.LEAVING: ("Leaving", "离职交接中"),
        PersonState.DEACTIVATED: ("Deactivated", "已停用"),
    },
    ConsentPurpose: {ConsentPurpose.LIVE_LOCATION: ("Live location", "实时位置")},
    ConsentState: {
        ConsentState.NOT_ASKED: ("Not asked", "未征求"),
        ConsentState.REQUIRED: ("Asked", "待同意"),
        ConsentState.GIVEN: ("Agreed", "已同意"),
        ConsentState.OUTDATED: ("To be asked again", "需重新同意"),
        ConsentState.WITHDRAWN: ("Withdrawn", "已撤回"),
    },
    Tier: {Tier.A: ("Tier A", "A 级"), Tier.B: ("Tier B", "B 级"), Tier.C: ("Tier C", "C 级")},
    StageKind: {
        StageKind.OPEN: ("Open", "跟进中"),
        StageKind.WON: ("Won", "赢单"),
        StageKind.LOST: ("Lost", "输单"),
        StageKind.DISQUALIFIED: ("Disqualified", "无效"),
    },
    ActivityKind: {
        ActivityKind.CALL: ("Call", "电话"),
        ActivityKind.EMAIL: ("E-mail", "邮件"),
        ActivityKind.MESSAGE: ("Message", "消息"),
        ActivityKind.MEETING: ("Meeting", "会面"),
        ActivityKind.NOTE: ("Note", "备注"),
        ActivityKind.VISIT: ("Visit", "拜访"),
    },
    ClockState: {
        ClockState.PENDING: ("Not started", "未开始"),
        ClockState.RUNNING: ("Running", "计时中"),
        ClockState.PAUSED: ("Paused", "已暂停"),
        ClockState.MET: ("Met", "按时完成"),
        ClockState.MET_LATE: ("Met late", "超时完成"),
        ClockState.BREACHED: ("Overdue", "已超时"),
        ClockState.CANCELLED: ("Cancelled", "已取消"),
    },
    VisitState: {
        VisitState.PLANNED: ("Planned", "待拜访"),
        VisitState.OPEN: ("In progress", "拜访中"),
        VisitState.DONE: ("Done", "已完成"),
        VisitState.TOUCH: ("Short contact", "短暂接触"),
        VisitState.MISSED: ("Missed", "未拜访"),
        VisitState.CANCELLED: ("Cancelled", "已取消"),
        VisitState.RESCHEDULED: ("Rescheduled", "已改期"),
        VisitState.AUTO_CLOSED: ("Closed automatically", "自动结束"),
    },
    VisitKind: {
        VisitKind.APPOINTMENT: ("Appointment", "预约"),
        VisitKind.PLANNED: ("Planned", "计划内"),
        VisitKind.UNPLANNED: ("Unplanned", "临时"),
    },
    VisitOutcome: {
        VisitOutcome.ORDER: ("Order", "下单"),
        VisitOutcome.PROGRESS: ("Progress", "有进展"),
        VisitOutcome.NO_INTEREST: ("No interest", "无意向"),
        VisitOutcome.SERVICE: ("Service", "服务"),
        VisitOutcome.NOBODY_THERE: ("Nobody there", "无人接待"),
        VisitOutcome.OTHER: ("Other", "其他"),
    },
    Verdict: {
        Verdict.INSIDE: ("At the site", "在现场"),
        Verdict.INSIDE_WEAK: ("At the site, weak position", "在现场（定位较弱）"),
        Verdict.BORDERLINE: ("At the edge", "边缘"),
        Verdict.OUTSIDE: ("Outside", "不在现场"),
        Verdict.NO_VERDICT: ("Position too vague", "定位精度不足"),
        Verdict.NO_FIX: ("No position", "无定位"),
        Verdict.REJECTED_MOCK: ("Mock position", "虚拟定位"),
    },
    Mode: {
        Mode.OFF: ("Not checked", "不校验"),
        Mode.SOFT: ("With a reason", "需说明原因"),
        Mode.HARD: ("Strict", "严格"),
    },
    EndKind: {EndKind.MANUAL: ("Ended by hand", "手动结束"), EndKind.AUTO: ("Ended by itself", "自动结束")},
}


def labels() -> Iterator[Label]:
    """Every label, named as in the schema."""
    for enum, values in LABELS.items():
        for value, (en, zh_cn) in values.items():
            yield Label(TITLES.get(enum, enum.__name__), value.value, en, zh_cn)
