"""Every setting of the program, read from the environment once by the entry points; nothing else reads the environment.

`python -m wiring.settings_page > docs/settings.md` writes the page for operators from the descriptions here.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    DirectoryPath,
    Field,
    FilePath,
    ValidationError,
    model_validator,
)
from pydantic_settings import NoDecode, SettingsConfigDict

from wiring.console_settings import ConsoleSettings
from wiring.push_settings import PushSettings
from wiring.setting_values import (
    Folder,
    Names,
    existing,
    in_development,
    json_object,
    known_geocoder,
    mongodb_address,
)

_DAY_S = 86_400
_CENTURY_S = 36_525 * _DAY_S


class SettingsError(Exception):
    """A setting that cannot be used; the text names the variable and is meant for the operator."""


class Settings(ConsoleSettings, PushSettings):
    """The environment, checked; the variable of a field is its name in capitals."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, extra="ignore", allow_inf_nan=False)

    # Push: wiring/push_settings.py; the console: wiring/console_settings.py

    # What runs where
    environment: Literal["development", "production"] = Field(
        default="development", description="`production` refuses whatever is only meant for trying out."
    )
    host: str = Field(default="127.0.0.1", description="Address the API listens on; `0.0.0.0` for all interfaces.")
    port: int = Field(default=8000, ge=1, le=65_535, description="Port the API listens on.")
    data: Folder = Field(
        default=Path("data"),
        validate_default=True,
        description="Folder for the embedded database, the generated signing key and the search index.",
        json_schema_extra={"shown": "`./data`"},
    )
    demo: bool | None = Field(
        default=None,
        description="Whether the demo organization is created.",
        json_schema_extra={"shown": "on with the embedded database"},
    )
    demo_at_work: bool = Field(
        default=True,
        description="Whether `make up` lets the demo's reps work for four hours after each start: they drive, check in "
        "and report positions through the API, as phones would.",
    )
    samples: DirectoryPath | None = Field(
        default=None, description="Folder with real sites (shops, opening hours, positions) for the demo and its tests."
    )
    clock_offset_s: float = Field(
        default=0,
        ge=-_CENTURY_S,
        le=_CENTURY_S,
        description="Moves the clock of every process by so many seconds, forwards or backwards; not in production.",
    )
    shutdown_s: float = Field(
        default=15, gt=0, description="How long a process may finish its work after SIGTERM, seconds."
    )

    # Database
    mongodb_uri: Annotated[str, AfterValidator(mongodb_address)] | None = Field(
        default=None,
        repr=False,
        description="Replica set, sharded cluster or Atlas; required in production.",
        json_schema_extra={"shown": "the embedded database"},
    )
    mongodb_database: str = Field(
        default="fieldbeat", pattern=r"^[A-Za-z0-9_-]{1,38}$", description="Name of the database."
    )
    mongodb_driver: Literal["motor", "pymongo"] = Field(
        default="motor", description="Which asynchronous driver is used."
    )

    # Signing in
    signing_keys: str | None = Field(
        default=None,
        repr=False,
        description="Keys of the access tokens: `id:base64` pairs separated by commas, each of at least 32 bytes. "
        "The first signs, the others are still accepted. `python -m wiring.signing_keys` prints a fresh one.",
    )
    signing_key_file: FilePath | None = Field(
        default=None,
        description="File with the same pairs, one a line, used when SIGNING_KEYS is not set. Production needs one.",
        json_schema_extra={"shown": "generated in DATA, mode 600"},
    )
    access_token_s: int = Field(default=900, ge=30, le=_DAY_S, description="Life of an access token, seconds.")
    refresh_token_s: int = Field(
        default=30 * _DAY_S, ge=60, description="Idle time after which a refresh token ends, seconds (default 30 days)."
    )
    sign_in_attempts: int = Field(
        default=10, ge=1, description="Failed sign-ins per address and account in SIGN_IN_WINDOW_S."
    )
    sign_in_window_s: int = Field(default=900, ge=1, description="Window of SIGN_IN_ATTEMPTS, seconds.")
    firebase_project_id: str | None = Field(
        default=None, description="Firebase project whose ID tokens may sign in and whose devices are pushed to."
    )
    firebase_auth_emulator_host: str | None = Field(
        default=None,
        description="Firebase's own test switch: unsigned tokens pass, so production refuses to start with it.",
    )

    # GraphQL over HTTP and WebSocket
    cors_origins: Names = Field(default=(), description="Origins of browser apps, separated by commas; `*` for any.")
    introspection: bool = Field(
        default_factory=in_development,
        description="Whether the schema may be asked for.",
        json_schema_extra={"shown": "on, in production off"},
    )
    compiled: bool = Field(
        default=True, description="Whether operations that were seen before are compiled; off to look for a fault."
    )
    graphiql: bool = Field(
        default_factory=in_development,
        description="Whether a browser that opens the endpoint gets GraphiQL.",
        json_schema_extra={"shown": "on, in production off"},
    )
    persisted_documents: FilePath | None = Field(
        default=None,
        description="JSON file of the documents your apps send: `{id: text}` or an Apollo persisted-query manifest. "
        "Checked and prepared at the start.",
    )
    persisted_only: bool = Field(
        default=False,
        description="Whether all documents but those of PERSISTED_DOCUMENTS are refused (PERSISTED_QUERY_ONLY).",
    )
    max_body_bytes: int = Field(
        default=2_000_000, ge=1_000, description="Largest request body; above it the answer is 413."
    )
    limit_depth: int = Field(default=15, ge=1, description="Deepest nesting of fields in one operation.")
    limit_aliases: int = Field(default=50, ge=1, description="Most aliases in one operation.")
    limit_tokens: int = Field(default=4_000, ge=10, description="Most tokens in one document.")
    limit_cost: int = Field(default=20_000, ge=1, description="Highest cost of one operation: fields times page sizes.")
    limit_page: int = Field(default=100, ge=1, le=1_000, description="Largest page of a connection.")
    limit_socket_operations: int = Field(default=50, ge=1, description="Most operations open at once on one WebSocket.")
    limit_person_subscriptions: int = Field(
        default=100, ge=1, description="Most subscriptions that one person has open at once in one process."
    )
    limit_connections: int = Field(
        default=10_000, ge=1, description="Most connections of one process, WebSockets and streams included."
    )
    head_timeout_s: float = Field(
        default=10, gt=0, description="Longest wait for the head of a request on an open connection, seconds."
    )
    operation_timeout_s: float = Field(default=30, gt=0, description="Longest run of a query or mutation, seconds.")
    rate_user_cost_per_minute: int = Field(
        default=600_000, ge=0, description="Cost that one person may cause in a minute; 0 for any."
    )
    rate_org_cost_per_minute: int = Field(
        default=60_000_000, ge=0, description="Cost that one organization may cause in a minute; 0 for any."
    )
    rate_anonymous_per_minute: int = Field(
        default=1_200,
        ge=0,
        description="Operations without a token that one client address may send in a minute (each 100 of their cost "
        "counts as one more), refused documents included; 0 for any.",
    )
    trusted_proxies: Names = Field(
        default=(),
        description="Addresses or networks (`10.0.0.0/8`) whose X-Forwarded-For is believed, separated by commas.",
    )
    app_min_version: str = Field(
        default="0.0.0",
        pattern=r"^\d+(\.\d+){0,2}$",
        description="Oldest app version that is served; older ones are told so.",
    )

    # Files
    files_folder: Folder = Field(
        default_factory=lambda data: data["data"] / "files",
        description="Folder in which uploaded files arrive, and are kept unless FILES_BUCKET is set; then all API "
        "processes share it.",
        json_schema_extra={"shown": "`files` in DATA"},
    )
    files_bucket: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.'()-]+)*$",
        description="Bucket of an S3-compatible store for the files, and a prefix in it (`bucket/files`); needs the "
        "extra `s3`.",
        json_schema_extra={"shown": "files stay in FILES_FOLDER"},
    )
    files_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="Address of the store of FILES_BUCKET.",
        json_schema_extra={"shown": "AWS in FILES_REGION"},
    )
    files_region: str = Field(default="us-east-1", min_length=1, description="Region of FILES_BUCKET.")
    files_access_key_id: str | None = Field(
        default=None,
        repr=False,
        description="Key of the store of FILES_BUCKET, with FILES_SECRET_ACCESS_KEY.",
        json_schema_extra={"shown": "what the machine has (environment, instance role)"},
    )
    files_secret_access_key: str | None = Field(default=None, repr=False, description="Secret of FILES_ACCESS_KEY_ID.")
    file_max_bytes: int = Field(
        default=25_000_000,
        ge=1_000,
        le=2_000_000_000,
        description="Largest file that is taken; above it the answer is 413.",
    )

    # Work in the background
    sla_poll_s: float = Field(default=1, gt=0, description="How often clocks that fall due are looked for, seconds.")
    hand_over_poll_s: float = Field(
        default=1, gt=0, description="How often a worker looks for departures to go on with, seconds."
    )
    hand_over_batch: int = Field(
        default=50, ge=1, le=200, description="Most leads of somebody who left that move in one transaction."
    )
    plan_workers: int = Field(
        default=1,
        ge=1,
        le=256,
        description="Processes that solve route plans; with DASK_SCHEDULER, how many plans the cluster has at once.",
    )
    dask_scheduler: str | None = Field(
        default=None,
        pattern=r"^(tcp|tls|ws|wss)://\S+$",
        description="Address of a `dask.distributed` scheduler whose workers solve route plans instead of processes of "
        "this machine (extra `dask`).",
    )
    travel_engine: Literal["none", "osrm", "valhalla", "tiles"] = Field(
        default="none",
        description="Where driving times come from: `none` (geodesic distance with a detour), `osrm` or `valhalla` (a "
        "server at TRAVEL_URL), `tiles` (Valhalla inside the planner's process; needs TRAVEL_TILES and the extra "
        "`road`). What it does not answer is estimated and marked.",
    )
    travel_url: str | None = Field(
        default=None, pattern=r"^https?://\S+$", repr=False, description="Address of the road engine's server."
    )
    travel_tiles: Annotated[Path, AfterValidator(existing)] | None = Field(
        default=None, description="Folder or tar archive of Valhalla's tiles."
    )
    travel_profile: str | None = Field(
        default=None,
        pattern=r"^[a-z_]+$",
        description="What the road engine calls the way people travel.",
        json_schema_extra={"shown": "`driving` (OSRM), `auto` (Valhalla)"},
    )
    travel_timeout_s: float = Field(
        default=2, gt=0, le=60, description="Longest wait for the road engine in one plan, seconds."
    )
    geocoder: Annotated[str, AfterValidator(known_geocoder)] = Field(
        default="none",
        description="Name of a geopy geocoder for imported addresses without coordinates, e.g. `nominatim`.",
    )
    geocoder_options: Annotated[dict[str, Any], NoDecode, BeforeValidator(json_object)] = Field(
        default_factory=dict, repr=False, description="JSON object of that geocoder's arguments, e.g. its API key."
    )

    search_by_meaning: bool = Field(
        default=False,
        description="Whether articles are also found by what they mean, in whichever language (an English question, a "
        "Chinese article). Needs the extra `semantic`, without which they are found by their words; a worker takes "
        "about a second of CPU for each published page.",
    )

    # Live updates
    team_map_interval_s: float = Field(
        default=0.9, ge=0, le=60, description="Shortest time between two updates of a watched team map, seconds."
    )

    # Operation
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least level that is logged."
    )
    log_format: Literal["console", "json"] = Field(
        default_factory=lambda data: "console" if in_development(data) else "json",
        description="Lines for people or one JSON object a line.",
        json_schema_extra={"shown": "`console`, in production `json`"},
    )
    metrics: bool = Field(default=True, description="Whether `/metrics` answers (Prometheus).")
    workers_metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        description="Port at HOST on which a worker process answers `/metrics`; one of its own for each on a machine.",
        json_schema_extra={"shown": "not at all"},
    )
    bench_db_bin: FilePath | None = Field(
        default=None,
        description="Fast stand-in database for benchmarks, if it is not the one `make bench-db` builds.",
        json_schema_extra={"shown": "the one in `build/`"},
    )

    @model_validator(mode="after")
    def _documents_to_persist(self) -> Self:
        if self.persisted_only and self.persisted_documents is None:
            raise ValueError("PERSISTED_ONLY: needs PERSISTED_DOCUMENTS, else nothing could be asked")
        return self

    @model_validator(mode="after")
    def _road_engine(self) -> Self:
        if self.travel_engine in {"osrm", "valhalla"} and self.travel_url is None:
            raise ValueError(f"TRAVEL_ENGINE: {self.travel_engine} needs TRAVEL_URL")
        if self.travel_engine == "tiles" and self.travel_tiles is None:
            raise ValueError("TRAVEL_ENGINE: tiles needs TRAVEL_TILES")
        if self.travel_engine == "tiles" and find_spec("valhalla") is None:
            raise ValueError("TRAVEL_ENGINE: tiles needs the extra `road`, which is not installed")
        return self

    @model_validator(mode="after")
    def _cluster(self) -> Self:
        if self.dask_scheduler is not None and find_spec("distributed") is None:
            raise ValueError("DASK_SCHEDULER: needs the extra `dask`, which is not installed")
        return self

    @model_validator(mode="after")
    def _keys_of_the_bucket(self) -> Self:
        if (self.files_access_key_id is None) != (self.files_secret_access_key is None):
            raise ValueError("FILES_ACCESS_KEY_ID: goes with FILES_SECRET_ACCESS_KEY")
        return self

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        """Refuses what is handy while trying out and dangerous with real people."""
        if self.environment != "production":
            return self
        problems = {
            "MONGODB_URI: production needs a real replica set, not the embedded database": self.mongodb_uri is None,
            "SIGNING_KEYS: production needs SIGNING_KEYS or SIGNING_KEY_FILE": (
                self.signing_keys is None and self.signing_key_file is None
            ),
            "FIREBASE_AUTH_EMULATOR_HOST: lets unsigned tokens in, so production refuses it": (
                self.firebase_auth_emulator_host is not None
            ),
            "CLOCK_OFFSET_S: production runs on the real time": self.clock_offset_s != 0,
        }
        if any(problems.values()):
            raise ValueError("\n".join(text for text, found in problems.items() if found))
        return self


def read_settings() -> Settings:
    """The settings of this process; SettingsError with one line for each variable that cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from error


def _lines(error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        if problem["type"] == "default_factory_not_called":  # only says that another variable was refused
            continue
        text = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{str(problem['loc'][0]).upper()}: {text[0].lower()}{text[1:]}" if problem["loc"] else text)
    return lines


def load_settings() -> Settings:
    """What an entry point calls first: the settings, or the end of the process (status 2) with a readable reason."""
    try:
        return read_settings()
    except SettingsError as error:
        reason = str(error).replace("\n", "\n  ")
        sys.stderr.write(f"The settings cannot be used:\n  {reason}\nAll settings: docs/settings.md\n")
        raise SystemExit(2) from error
