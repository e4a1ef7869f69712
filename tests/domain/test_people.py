"""Trees of teams, changes of people and app versions, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.access import Role
from domain.apps import too_old
from domain.ids import OrgId, PersonId, TeamId
from domain.labels import LABELS, labels
from domain.people import (
    MAX_TEAM_DEPTH,
    Person,
    PersonState,
    Team,
    TeamCycle,
    audience_of,
    normal_email,
    place_team,
    revise_person,
    subtree,
    superiors,
    teams_above,
)
from domain.refusals import InvalidInput, VersionConflict
from domain.shifts import Roster, work_times, written

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def chain(length: int) -> dict[TeamId, Team]:
    """Teams t0 (top) to the lowest, each below the one before, each with a manager of its own."""
    teams = {}
    for number in range(length):
        parent = TeamId(f"t{number - 1}") if number else None
        team = Team(TeamId(f"t{number}"), OrgId("o"), f"T{number}", parent, PersonId(f"m{number}"), NOW)
        teams[team.id] = team
    return teams


REP = Person(
    id=PersonId("rep"),
    org_id=OrgId("o"),
    email="rep@example.test",
    name="Rep",
    role=Role.REP,
    team_id=TeamId("t1"),
    state=PersonState.ACTIVE,
    locale="en",
    time_zone="Asia/Shanghai",
    created_at=NOW,
    updated_at=NOW,
    roster=Roster("Asia/Shanghai", ((),) * 7),
)


def test_place_team_refuses_every_cycle_and_nothing_else() -> None:
    teams = chain(5)
    for team in teams.values():
        for parent in teams.values():
            placed = place_team(replace(team, parent_id=parent.id), teams)
            assert isinstance(placed, TeamCycle) == (parent.id in subtree(teams.values(), team.id))


def test_place_team_bounds_the_depth() -> None:
    teams = chain(MAX_TEAM_DEPTH)
    lowest = TeamId(f"t{MAX_TEAM_DEPTH - 1}")
    new = Team(TeamId("new"), OrgId("o"), "New", lowest, None, NOW)
    assert isinstance(place_team(new, teams), InvalidInput)
    fits = replace(new, parent_id=TeamId(f"t{MAX_TEAM_DEPTH - 2}"))
    assert place_team(fits, teams) == fits
    two = {TeamId("a"): replace(new, id=TeamId("a"), parent_id=None), TeamId("b"): replace(new, id=TeamId("b"))}
    two[TeamId("b")] = replace(two[TeamId("b")], parent_id=TeamId("a"))
    high = replace(two[TeamId("a")], parent_id=fits.parent_id)
    assert isinstance(place_team(high, teams | two), InvalidInput)


@pytest.mark.parametrize(
    ("role", "team", "audience"),
    [
        (Role.REP, "t2", {"t0", "t1", "t2"}),
        (Role.MANAGER, "t2", {"t0", "t1", "t2", "t3", "t4"}),
        (Role.DIRECTOR, "t0", {"t0", "t1", "t2", "t3", "t4"}),
        (Role.REP, None, set()),
        (Role.ADMIN, None, None),
        (Role.SUPPORT, None, None),
    ],
)
def test_what_is_kept_to_teams_is_for_those_below_and_the_managers_above(
    role: Role, team: str | None, audience: set[str] | None
) -> None:
    assert audience_of(role, TeamId(team) if team else None, chain(5)) == audience


def test_teams_above_end_in_a_cycle_of_bad_data() -> None:
    teams = chain(3)
    teams[TeamId("t0")] = replace(teams[TeamId("t0")], parent_id=TeamId("t2"))
    assert teams_above(teams, TeamId("t1")) == {"t0", "t1", "t2"}
    assert teams_above(teams, TeamId("nowhere")) == frozenset()


def test_superiors_climb_past_the_managers_own_team() -> None:
    teams = chain(3)
    assert superiors(PersonId("rep"), TeamId("t2"), teams) == ["m2", "m1", "m0"]
    assert superiors(PersonId("m2"), TeamId("t2"), teams) == ["m1", "m0"]
    assert superiors(PersonId("rep"), None, teams) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": None}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"email": None}, "email"),
        ({"email": "a@b"}, "email"),
        ({"email": "a b@c.de"}, "email"),
        ({"email": "a@b@c.de"}, "email"),
        ({"role": None}, "role"),
        ({"team_id": None}, "teamId"),
        ({"locale": "fr"}, "locale"),
        ({"time_zone": None}, "timeZone"),
        ({"time_zone": "Nowhere/Town"}, "timeZone"),
        ({"start_point": {"latitude": 91, "longitude": 0, "datum": "WGS84"}}, "startPoint"),
    ],
)
def test_revise_person_names_the_bad_field(changes: dict[str, Any], field: str) -> None:
    refused = revise_person(REP, changes, None, NOW)
    assert isinstance(refused, InvalidInput)
    assert refused.field == field


def test_revise_person() -> None:
    revised = revise_person(REP, {"role": Role.SUPPORT, "team_id": None, "time_zone": "Europe/Berlin"}, 1, NOW)
    assert isinstance(revised, Person)
    assert (revised.role, revised.team_id, revised.version) == (Role.SUPPORT, None, 2)
    assert revised.roster is not None
    assert revised.roster.zone == "Europe/Berlin"
    assert revise_person(REP, {}, 2, NOW) == VersionConflict(REP.id, 1)


def test_normal_email() -> None:
    assert normal_email(" Rep@Example.TEST\n") == "rep@example.test"


@pytest.mark.parametrize("text", ["", "09:00-12:00 13:00-18:00", "22:00-06:00", "00:00-24:00", "18:30-00:00"])
def test_work_times_are_written_as_they_are_read(text: str) -> None:
    times = work_times(text)
    assert work_times(written(times)) == times


@pytest.mark.parametrize(
    ("version", "minimum", "refused"),
    [("1.2.3", "1.2.3", False), ("1.2", "1.2.1", True), ("1.10", "1.9", False), ("2.0.0+7", "2", False)],
)
def test_too_old(version: str, minimum: str, refused: bool) -> None:
    assert (too_old(version, minimum) is not None) == refused


def test_every_value_has_its_labels() -> None:
    for enum, values in LABELS.items():
        assert set(values) == set(enum), enum
    shown = list(labels())
    assert all(label.en and label.zh_cn for label in shown)
    assert len({(label.enum_name, label.value) for label in shown}) == len(shown)
