"""The demo's sites: about 300 made-up businesses in two cities, one in China given in GCJ-02, one in Europe in WGS-84.

Generated from a fixed seed, so that every demo has the same; seed/demo.py imports the files written here.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from math import cos, pi, radians, sin, sqrt
from pathlib import Path

SITES_PER_CITY = 150
_M_PER_DEGREE = 111_320.0
COLUMNS = (
    "external_id", "name", "tier", "industry", "region", "owner_email", "site_name", "latitude", "longitude", "datum",
    "address", "city", "time_zone", "opening_hours", "radius_m",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class City:
    """Where demo sites are strewn: centre in `datum`, radius in metres, words for names."""

    key: str
    name: str
    latitude: float
    longitude: float
    datum: str
    time_zone: str
    regions: tuple[str, ...]
    first_words: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    """What a business is called and its branch."""
    streets: tuple[str, ...]
    radius_m: float = 7_000.0


HANGZHOU = City(
    key="hz",
    name="杭州",
    latitude=30.2741,
    longitude=120.1551,
    datum="GCJ02",
    time_zone="Asia/Shanghai",
    regions=("城西", "城东"),
    first_words=("云杉", "青竹", "湖畔", "晨光", "白鹭", "桂雨", "石桥", "南山", "小满", "长风"),
    kinds=(
        ("面包房", "food"),
        ("冷链仓", "cold-chain"),
        ("五金行", "hardware"),
        ("诊所", "health"),
        ("便利店", "retail"),
        ("茶馆", "food"),
    ),
    streets=("演示一路", "演示二路", "样例大街", "示范巷"),
)
HAMBURG = City(
    key="hh",
    name="Hamburg",
    latitude=53.5530,
    longitude=9.9930,
    datum="WGS84",
    time_zone="Europe/Berlin",
    regions=("West", "East"),
    first_words=("Lantern", "Anchor", "Meadow", "Granite", "Juniper", "Copper", "Willow", "Harbour", "Amber", "Tidal"),
    kinds=(
        ("Bakery", "food"),
        ("Cold Store", "cold-chain"),
        ("Hardware", "hardware"),
        ("Clinic", "health"),
        ("Corner Shop", "retail"),
        ("Tea Room", "food"),
    ),
    streets=("Demo Street", "Sample Road", "Example Lane", "Specimen Way"),
)
CITIES = (HANGZHOU, HAMBURG)
_HOURS = (
    "Mo-Fr 08:30-18:00",
    "Mo-Fr 09:00-12:00,13:30-18:00; Sa 10:00-14:00",
    "Mo-Sa 07:00-19:00; Su off",
    "24/7",
    "Mo-Su 10:00-20:00",
    "",
)


def demo_rows(city: City, owners: dict[str, list[str]]) -> list[dict[str, str]]:
    """Rows of an account file for one city; `owners` maps each region to the e-mail addresses of its reps."""
    chance = random.Random(f"fieldbeat-demo-{city.key}")
    rows = []
    for number in range(1, SITES_PER_CITY + 1):
        kind, branch = chance.choice(city.kinds)
        name = f"{chance.choice(city.first_words)}{'' if city.key == 'hz' else ' '}{kind} {number}"
        # The square root spreads the points evenly over the disc.
        distance_m, bearing = city.radius_m * sqrt(chance.random()), chance.random() * 2 * pi
        latitude = city.latitude + distance_m * cos(bearing) / _M_PER_DEGREE
        longitude = city.longitude + distance_m * sin(bearing) / (_M_PER_DEGREE * cos(radians(city.latitude)))
        region = city.regions[0] if longitude < city.longitude else city.regions[1]
        reps = owners[region]
        rows.append(
            {
                "external_id": f"demo-{city.key}-{number:03d}",
                "name": name,
                "tier": chance.choices("ABC", weights=(2, 3, 5))[0],
                "industry": branch,
                "region": region,
                "owner_email": reps[number % len(reps)],
                "site_name": name,
                "latitude": f"{latitude:.6f}",
                "longitude": f"{longitude:.6f}",
                "datum": city.datum,
                "address": f"{chance.choice(city.streets)} {chance.randint(1, 200)}",
                "city": city.name,
                "time_zone": city.time_zone,
                "opening_hours": chance.choices(_HOURS, weights=(4, 3, 3, 1, 2, 1))[0],
                "radius_m": "200",
            }
        )
    return rows


def write_demo_file(path: Path, rows: list[dict[str, str]]) -> None:
    """The rows as a CSV file in UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
