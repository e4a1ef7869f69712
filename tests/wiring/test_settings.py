"""Settings: what each variable accepts, what production refuses, and that the operators' page says the same."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from push.rooms import NoLimit
from push.vapid import write_key
from wiring.services import open_push
from wiring.settings import Settings, SettingsError, load_settings, read_settings
from wiring.settings_page import settings_page

ROOT = Path(__file__).resolve().parents[2]
LAYERS = (
    "api",
    "domain",
    "knowledge",
    "push",
    "reports",
    "resolvers",
    "routing",
    "schema",
    "seed",
    "storage",
    "workers",
)
PRODUCTION = {
    "ENVIRONMENT": "production",
    "MONGODB_URI": "mongodb://db/?replicaSet=rs",
    "SIGNING_KEYS": "k:unread-here",
}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_an_empty_environment_is_a_first_start() -> None:
    settings = read_settings()
    assert (settings.host, settings.port, settings.environment) == ("127.0.0.1", 8000, "development")
    assert settings.mongodb_uri is None
    assert settings.demo is None
    assert settings.data.is_absolute()
    assert settings.push_channels == ("console", "wecom_bot", "dingtalk", "feishu", "lark")
    assert settings.introspection
    assert settings.graphiql


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("PORT", "9001", "port", 9001),
        ("PORT", "", "port", 8000),
        ("DEMO", "0", "demo", False),
        ("DEMO", "1", "demo", True),
        ("CLOCK_OFFSET_S", "-90000.5", "clock_offset_s", -90000.5),
        ("CORS_ORIGINS", " https://a.test ,https://b.test,", "cors_origins", ("https://a.test", "https://b.test")),
        ("PUSH_CHANNELS", "fcm,console", "push_channels", ("fcm", "console")),
        ("PUSH_LIMITS", '{"feishu": {"per_minute": 9}}', "push_limits", {"feishu": {"per_minute": 9}}),
        (
            "WEB_PUSH_SERVICES",
            "https://a.test,https://*.b.test",
            "web_push_services",
            ("https://a.test", "https://*.b.test"),
        ),
        ("GEOCODER", "nominatim", "geocoder", "nominatim"),
        ("GEOCODER_OPTIONS", '{"user_agent": "x"}', "geocoder_options", {"user_agent": "x"}),
        ("MONGODB_URI", "mongodb+srv://u:p@cluster.test/", "mongodb_uri", "mongodb+srv://u:p@cluster.test/"),
        ("INTROSPECTION", "0", "introspection", False),
        ("LOG_FORMAT", "json", "log_format", "json"),
        ("APP_MIN_VERSION", "2.4", "app_min_version", "2.4"),
    ],
)
def test_a_valid_value_is_taken(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, field: str, value: object
) -> None:
    monkeypatch.setenv(variable, text)
    assert getattr(read_settings(), field) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("DEMO", "maybe"),
        ("ENVIRONMENT", "staging"),
        ("MONGODB_URI", "localhost:27017"),
        ("MONGODB_DRIVER", "sqlite"),
        ("MONGODB_DATABASE", "a.b"),
        ("CLOCK_OFFSET_S", "nan"),
        ("CLOCK_OFFSET_S", "1e12"),
        ("SAMPLES", "/does/not/exist"),
        ("FCM_CREDENTIALS", "/does/not/exist"),
        ("PERSISTED_DOCUMENTS", "/does/not/exist"),
        ("PERSISTED_ONLY", "1"),
        ("FCM_BASE_URL", "fcm"),
        ("PUSH_CHANNELS", "console,pigeon"),
        ("PUSH_CHANNELS", ","),
        ("PUSH_CHANNELS", "wecom_app"),
        ("PUSH_CHANNELS", "web_push"),
        ("PUSH_CHANNELS", "apprise"),
        ("PUSH_LIMITS", '{"pigeon": {"per_minute": 9}}'),
        ("PUSH_LIMITS", '{"feishu": {"per_minute": 0}}'),
        ("WECOM_SECRET", "alone"),
        ("WEB_PUSH_CONTACT", "somebody"),
        ("DINGTALK_BASE_URL", "dingtalk"),
        ("PUSH_LEASE_S", "0"),
        ("GEOCODER", "atlas"),
        ("GEOCODER_OPTIONS", "key=1"),
        ("GEOCODER_OPTIONS", "[1]"),
        ("TRAVEL_ENGINE", "osrm"),
        ("TRAVEL_ENGINE", "valhalla"),
        ("TRAVEL_ENGINE", "tiles"),
        ("TRAVEL_ENGINE", "atlas"),
        ("TRAVEL_URL", "maps.test"),
        ("TRAVEL_TILES", "/does/not/exist"),
        ("TRAVEL_TIMEOUT_S", "0"),
        ("TRAVEL_TIMEOUT_S", "61"),
        ("LOG_LEVEL", "LOUD"),
        ("APP_MIN_VERSION", "latest"),
        ("MAX_BODY_BYTES", "-1"),
        ("OPERATION_TIMEOUT_S", "inf"),
    ],
)
def test_an_invalid_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(SettingsError) as refusal:
        read_settings()
    assert [line.partition(":")[0] for line in str(refusal.value).splitlines()] == [variable]


def test_every_problem_is_reported_at_once_and_without_the_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("MONGODB_URI", "http://user:hidden@db")
    monkeypatch.setenv("ENVIRONMENT", "nowhere")
    with pytest.raises(SystemExit) as end:
        load_settings()
    text = capsys.readouterr().err
    assert end.value.code == 2
    assert all(name in text for name in ("ENVIRONMENT", "PORT", "MONGODB_URI"))
    assert "hidden" not in text
    assert "INTROSPECTION" not in text


def test_the_embedded_road_engine_needs_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRAVEL_ENGINE", "tiles")
    monkeypatch.setenv("TRAVEL_TILES", str(tmp_path))
    assert read_settings().travel_tiles == tmp_path
    monkeypatch.setattr("wiring.settings.find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match=r"^TRAVEL_ENGINE: .*extra `road`"):
        read_settings()


def test_a_process_with_bad_settings_ends_without_a_traceback() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "wiring.supervisor"], env={"PORT": "x"}, cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 2
    assert "PORT" in run.stderr
    assert "Traceback" not in run.stderr


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://u:hidden@db")
    monkeypatch.setenv("SIGNING_KEYS", "k:hidden")
    monkeypatch.setenv("GEOCODER_OPTIONS", '{"api_key": "hidden"}')
    assert "hidden" not in repr(read_settings())


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("MONGODB_URI", None),
        ("SIGNING_KEYS", None),
        ("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:9099"),
        ("CLOCK_OFFSET_S", "60"),
    ],
)
def test_production_refuses_what_is_meant_for_trying_out(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str | None
) -> None:
    for name, value in (PRODUCTION | {variable: text}).items():
        if value is not None:
            monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{variable}: "):
        read_settings()


def test_production_starts_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert (settings.introspection, settings.graphiql, settings.log_format) == (False, False, "json")


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_page_for_operators_is_up_to_date() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == settings_page(), "run `make settings-page`"


def test_nothing_but_wiring_reads_the_environment() -> None:
    readers = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"})
        or (isinstance(node, ast.ImportFrom) and {name.name for name in node.names} & {"environ", "getenv"})
    ]
    assert readers == []


def test_channels_that_have_their_settings_are_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    write_key(key)
    given = {
        "WECOM_CORP_ID": "ww1",
        "WECOM_AGENT_ID": "7",
        "WECOM_SECRET": "unread-here",
        "WECOM_ORG_ID": "org_1",
        "WEB_PUSH_KEY_FILE": str(key),
        "WEB_PUSH_CONTACT": "mailto:push@fieldbeat.example",
        "APPRISE_SCHEMES": "tgram",
        "PUSH_LIMITS": '{"wecom_bot": {"per_minute": 9}}',
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    wanted = ("wecom_app", "console", "web_push", "wecom_bot", "dingtalk", "feishu", "lark", "apprise")
    assert settings.push_channels == wanted
    assert "unread-here" not in repr(settings)
    channels = open_push(settings, NoLimit())
    assert {name: channel.name for name, channel in channels.items()} == {name: name for name in wanted}


def test_a_key_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("nothing")
    monkeypatch.setenv("WEB_PUSH_KEY_FILE", str(path))
    monkeypatch.setenv("WEB_PUSH_CONTACT", "https://fieldbeat.example/push")
    with pytest.raises(SettingsError, match=r"key\.pem"):
        open_push(read_settings(), NoLimit())
