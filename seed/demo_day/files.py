"""The customer file of the demo, as a sales office might send it; for seed/demo_day/office.py."""

from __future__ import annotations

import csv
from pathlib import Path

_HEADINGS = ("客户编号", "客户名称", "等级", "行业", "区域", "负责人", "纬度", "经度", "坐标系", "地址", "营业时间")
_CENTRE = (30.2741, 120.1551)
_SPREAD = 0.011
_NAMES = (
    "青石面包房", "小河冷链仓", "梧桐便利店", "云栖茶馆", "山南五金行", "春江诊所",
    "拱墅样板店", "晚风面包房", "东篱茶馆", "满仓冷链仓", "望湖便利店", "桥头五金行",
)  # fmt: skip
ROWS = len(_NAMES)
BAD_LINE = ROWS + 2
"""The line of the file (from 1, headings included) that cannot go in: its latitude is a word."""


def write_customer_file(path: Path, owner: str) -> None:
    """Twelve customers of `owner` (an e-mail address) and a bad row; GB18030, semicolons, coordinates in GCJ-02."""
    with path.open("w", encoding="gb18030", newline="") as out:
        rows = csv.writer(out, delimiter=";")
        rows.writerow(_HEADINGS)
        for number, name in enumerate(_NAMES):
            latitude = _CENTRE[0] + _SPREAD * (number % 4 - 1.5)
            longitude = _CENTRE[1] + _SPREAD * (number // 4 - 1)
            rows.writerow(_row(f"day-{number + 1:03d}", name, "ABC"[number % 3], owner, f"{latitude:.6f}", longitude))
        rows.writerow(_row(f"day-{ROWS + 1:03d}", "无名小店", "B", owner, "北边", _CENTRE[1]))


def _row(external_id: str, name: str, tier: str, owner: str, latitude: str, longitude: float) -> tuple[str, ...]:
    hours = "Mo-Sa 09:00-18:30"
    return (
        external_id, name, tier, "retail", "城西", owner, latitude, f"{longitude:.6f}", "GCJ-02", "样例大街", hours
    )  # fmt: skip
