"""`sentinel.yaml`: what may stand in it, and one precise line for each mistake."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, PositiveInt, ValidationError, ValidationInfo, field_validator

from sentinel_pipeline.correction_entries import CorrectionsEntry
from sentinel_pipeline.delivery_entries import AlertsEntry, DeliveryEntry, SubscriptionEntry
from sentinel_pipeline.domain.errors import SettingsError
from sentinel_pipeline.domain.zones import is_zone
from sentinel_pipeline.retention_entries import RetentionEntry
from sentinel_pipeline.schedule_entries import SchedulesEntry
from sentinel_pipeline.strict import Day, Level, Secret, Strict, allowed_keys, path_of, shown
from sentinel_pipeline.yaml_document import Document, printable, where

SECRETS = (
    r"(\.(location|replicas|keys|database_keys|passwords|password|api_key|encryption_key)(\[\d+\])?|privacy\.key)$"
)
READABLE_KINDS = ("iotsentinel", "cybersentinel", "kasa", "iothub", "atlas", "zeek", "suricata")


PACE = ("statement_timeout_seconds", "batch_rows", "pause_milliseconds")
SERVED_KINDS = ("cybersentinel", "iothub")
QUERIED_KINDS = ("iotsentinel", "cybersentinel", "kasa", "iothub", "atlas")

Priority = Annotated[int, Field(ge=1, le=255)]


Named = TypeVar("Named", "SourceEntry", "ExportEntry", SubscriptionEntry)


class SourceEntry(Strict):
    """One entry of `sources`; `location` may be a reference and is resolved when the source is opened."""

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]
    kind: Literal["iotsentinel", "cybersentinel", "kasa", "iothub", "atlas", "zeek", "suricata"]
    location: Annotated[str, Field(min_length=1)]
    timezone: str = "UTC"
    local_timezone: str | None = None
    local_networks: list[str] | None = None
    notice_severity: dict[str, Level] | None = None
    alert_severity: dict[Priority, Level] | None = None
    device_timezones: dict[str, str] | None = None
    maximum_power_w: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    max_gap_minutes: Annotated[float, Field(gt=0, le=1_440)] | None = None
    tariff: Annotated[str, Field(min_length=1)] | None = None
    tariff_timezone: str | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    keys: list[Secret] | None = None
    database_keys: list[Secret] | None = None
    passwords: list[Secret] | None = None
    machine_timezones: dict[str, str] | None = None
    replicas: list[str] | None = None
    statement_timeout_seconds: Annotated[int, Field(ge=1, le=86_400)] | None = None
    batch_rows: Annotated[int, Field(ge=1_000, le=1_000_000)] | None = None
    pause_milliseconds: Annotated[int, Field(ge=0, le=60_000)] | None = None

    @field_validator("replicas")
    @classmethod
    def _servers(cls, locations: list[str] | None) -> list[str] | None:
        if not all(re.match(r"(env|file):.|postgres(ql)?(\+\w+)?://", location) for location in locations or ()):
            raise ValueError("a list of postgresql://… or of references to such, env:NAME or file:PATH")
        return locations

    @field_validator("replicas", *PACE)
    @classmethod
    def _read_by_query(cls, value: object, info: ValidationInfo) -> object:
        able = SERVED_KINDS if info.field_name == "replicas" else QUERIED_KINDS
        if value is not None and info.data.get("kind") not in (*able, None):
            raise ValueError(f"a key of sources of kind {', '.join(able)} only")
        return value

    @field_validator("timezone", "local_timezone", "tariff_timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return None if name is None else _zone_name(name)

    @field_validator("device_timezones", "machine_timezones")
    @classmethod
    def _known_zones(cls, zones: dict[str, str] | None) -> dict[str, str] | None:
        return None if zones is None else {machine: _zone_name(name) for machine, name in zones.items()}

    @field_validator("local_networks")
    @classmethod
    def _networks(cls, names: list[str] | None) -> list[str] | None:
        for name in names or ():
            try:
                ip_network(name, strict=False)
            except ValueError:
                raise ValueError(f"networks such as 192.168.0.0/16; '{name}' is none") from None
        return names


class LimitsEntry(Strict):
    """What one export may be; what is left out has no limit."""

    rows: PositiveInt | None = None
    days: PositiveInt | None = None
    bytes: PositiveInt | None = None


class AnalyticsEntry(Strict):
    """The most days that one analysis of the API may speak of."""

    days: Annotated[int, Field(ge=1, le=366)] = 90


class PrivacyEntry(Strict):
    """How pseudonyms are made; the key is a reference and is resolved when it is used."""

    key: Annotated[str, Field(pattern=r"^(env|file):.+$")] | None = None


class LakeEntry(Strict):
    """How the lake lies on disk: in clear without a key; a list is keys newest first."""

    encryption_key: list[Secret] = Field(default_factory=list)

    @field_validator("encryption_key", mode="before")
    @classmethod
    def _one_or_several(cls, written: object) -> object:
        return [written] if isinstance(written, str) else written


class ExportEntry(Strict):
    """One entry of `exports`: a file that is made of every day's rows."""

    name: Annotated[str, Field(max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
    table: str
    format: Literal["csv", "json", "ndjson", "xlsx", "parquet", "sqlite", "pdf"] = "csv"
    layout: str = "canonical"
    columns: Annotated[list[str], Field(min_length=1)] | None = None
    source: list[str] = Field(default_factory=list)
    device: list[str] = Field(default_factory=list)
    machine: list[str] = Field(default_factory=list)
    type: list[str] = Field(default_factory=list)
    user: list[str] = Field(default_factory=list)
    severity: list[str] = Field(default_factory=list)
    compress: Literal["gz", "zst"] | None = None
    timezone: str | None = None
    decimals: Annotated[int, Field(ge=0, le=15)] | None = None
    header: bool = True
    delimiter: Literal["comma", "semicolon", "tab", "pipe"] | None = None
    bom: bool = False
    privacy: list[Literal["addresses", "devices", "pseudonyms", "drop"]] = Field(default_factory=list)

    @field_validator("table")
    @classmethod
    def _known_table(cls, name: str) -> str:
        # Tables load Polars, which most configurations and commands do without.
        from sentinel_pipeline.domain.tables import TABLES

        if name not in (known := [table.name for table in TABLES]):
            raise ValueError(f"one of {', '.join(known)}")
        return name

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return None if name is None else _zone_name(name)


class Configuration(Strict):
    """`sentinel.yaml` as written."""

    organisation: Annotated[str, Field(min_length=1, max_length=200)] = "Sentinel Pipeline"
    timezone: str = "UTC"
    first_day: Day | None = None
    sources: Annotated[list[SourceEntry], Field(min_length=1)]
    exports: list[ExportEntry] = Field(default_factory=list)
    limits: LimitsEntry = LimitsEntry()
    delivery: DeliveryEntry = DeliveryEntry()
    subscriptions: list[SubscriptionEntry] = Field(default_factory=list)
    schedules: SchedulesEntry = SchedulesEntry()
    corrections: CorrectionsEntry = CorrectionsEntry()
    alerts: AlertsEntry = AlertsEntry()
    retention: RetentionEntry = RetentionEntry()
    privacy: PrivacyEntry = PrivacyEntry()
    lake: LakeEntry = LakeEntry()
    analytics: AnalyticsEntry = AnalyticsEntry()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return _zone_name(name)

    @field_validator("sources", "exports", "subscriptions")
    @classmethod
    def _unique_names(cls, entries: list[Named]) -> list[Named]:
        names = [entry.name for entry in entries]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the name '{name}' stands {names.count(name)} times; every entry needs its own")
        return entries


def configuration_of(file: Path, document: Document) -> Configuration:
    """The configuration that a file says. Raises SettingsError with a line for each mistake."""
    try:
        return Configuration.model_validate(document.content)
    except ValidationError as error:
        mistakes = [(path_of(detail["loc"]), _mistake(file, dict(detail))) for detail in error.errors()]
        raise SettingsError([f"{mistake}{where(document.lines, path)}" for path, mistake in mistakes]) from None


def _zone_name(name: str) -> str:
    if not is_zone(name):
        raise ValueError("an IANA time zone such as Europe/Berlin or UTC")
    return name


def _mistake(file: Path, detail: dict[str, Any]) -> str:
    path = printable(path_of(detail["loc"]))
    found = detail.get("input")
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        return f"{file}: {path}: unknown key; allowed here: {', '.join(allowed_keys(Configuration, detail['loc']))}"
    if detail["type"] == "missing":
        return f"{file}: {path}: missing; it has to be there"
    if path.endswith(".kind"):
        return f"{file}: {path}: found {_short(found)}; this version reads {', '.join(READABLE_KINDS)}"
    secret = re.search(SECRETS, path)
    if secret and detail["type"] == "string_pattern_mismatch":
        message = "a reference, env:NAME or file:PATH; a secret never stands in this file"
    return f"{file}: {path or 'the file'}: found {'a value' if secret else _short(found)}; allowed: {message}"


def _short(value: object) -> str:
    """A value as it was written, shortened, without a password."""
    return shown(masked(value) if isinstance(value, str) else value)


def masked(text: str) -> str:
    """Without what stands between a user and the last @: a password may hold any character."""
    return re.sub(r"//([^:@/]*):.*@", r"//\1@", text, flags=re.DOTALL)
