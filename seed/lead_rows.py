"""One row of a lead file, read purely; for seed/import_leads.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.accounts import Tier
from domain.leads import Stage, occurrence_problem, problem_with
from seed.cells import Column, Problem, amount, moment, names_of, one_of, read_cells, refused
from seed.csv_file import Row

COLUMNS = (
    Column("external_id", ("id", "lead_id", "外部编号", "线索编号"), clearable=False),
    Column("name", ("title", "lead", "subject", "名称", "标题"), clearable=False),
    Column("tier", ("level", "等级"), one_of(Tier), clearable=False),
    Column("stage", ("status", "阶段"), clearable=False),
    Column("source", ("channel", "来源")),
    Column("region", ("area", "区域")),
    Column("product_line", ("product", "产品线")),
    Column("owner", ("owner_email", "owner_external_id", "负责人"), clearable=False),
    Column("account", ("account_external_id", "customer", "客户编号")),
    Column("contact_name", ("contact", "联系人")),
    Column("phone", ("telephone", "电话")),
    Column("email", ("e_mail", "邮箱")),
    Column("note", ("notes", "remark", "备注")),
    Column("occurred_at", ("created_at", "发生时间"), moment, clearable=False),
    Column("last_contact_at", ("last_contact", "最近联系"), moment, clearable=False),
    Column("estimated_value", ("value", "amount", "金额"), amount),
    Column("currency", ("币种",), str.upper),
    Column("lost_reason", ("reason", "丢单原因")),
)
NAMES = names_of(COLUMNS)
_DESCRIBED = frozenset(
    {
        "name",
        "tier",
        "source",
        "region",
        "product_line",
        "contact_name",
        "phone",
        "email",
        "note",
        "estimated_value",
        "currency",
    }
)


@dataclass(frozen=True, slots=True)
class LeadRow:
    """What a row says: described fields (None clears) and what takes a step of its own.

    `account` is empty where the row unlinks it; the others are None where the row says nothing.
    """

    line: int
    external_id: str
    described: Mapping[str, Any]
    stage: Stage | None
    owner: str | None
    account: str | None
    occurred_at: datetime | None
    last_contact_at: datetime | None
    lost_reason: str | None


def read_lead_row(row: Row, stages: Sequence[Stage], now: datetime) -> LeadRow | list[Problem]:
    """The row, or everything that is wrong with it. A stage is named by its key or its name."""
    given, problems = read_cells(row, COLUMNS)
    described = {name: given[name] for name in _DESCRIBED if name in given}
    texts = {name: given.get(name) for name in ("external_id", "lost_reason")}
    found = [
        problem_with({**described, **texts}),
        *(occurrence_problem(given.get(name), now, None) for name in ("occurred_at", "last_contact_at")),
    ]
    problems += [refused(row.line, each) for each in found if each is not None]
    stage = _stage(given.get("stage"), stages)
    if "stage" in given and stage is None:
        known = ", ".join(each.key for each in stages)
        problems.append(Problem(row.line, "stage", f"{given['stage']!r} is none of {known}"))
    if "external_id" not in given and not any(problem.column == "external_id" for problem in problems):
        problems.append(Problem(row.line, "external_id", "is missing"))
    if problems:
        return problems
    return LeadRow(
        line=row.line,
        external_id=given["external_id"],
        described=described,
        stage=stage,
        owner=given.get("owner"),
        account=(given["account"] or "") if "account" in given else None,
        occurred_at=given.get("occurred_at"),
        last_contact_at=given.get("last_contact_at"),
        lost_reason=given.get("lost_reason"),
    )


def _stage(text: str | None, stages: Sequence[Stage]) -> Stage | None:
    wanted = (text or "").casefold()
    return next((each for each in stages if wanted in {each.key.casefold(), each.name.casefold()}), None)
