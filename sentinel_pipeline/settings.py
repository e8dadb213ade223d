"""The environment and the configuration of a data folder, as frozen settings.

The only module that reads the environment.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel_pipeline.configuration import PACE, ExportEntry, SourceEntry, configuration_of, masked
from sentinel_pipeline.correction_entries import CorrectionsEntry
from sentinel_pipeline.delivery_entries import AlertsEntry, DeliveryEntry, SubscriptionEntry
from sentinel_pipeline.domain import shared_locks
from sentinel_pipeline.domain.errors import SettingsError, UsageError
from sentinel_pipeline.domain.limits import UNLIMITED, Limits
from sentinel_pipeline.domain.origin import Pace, SourceSettings
from sentinel_pipeline.domain.stores import GIGABYTE, Store, declare, require_its_bucket, store_at
from sentinel_pipeline.retention_entries import RetentionEntry
from sentinel_pipeline.schedule_entries import SchedulesEntry
from sentinel_pipeline.yaml_document import Lines, document_of

PROJECT = Path(__file__).resolve().parent.parent
REFERENCE = re.compile(r"(env|file):(.+)", re.DOTALL)
UNCONFIGURED = DeliveryEntry()
POSTGRESQL_URL = "SENTINEL_POSTGRESQL_URL"
STORE_URL = "SENTINEL_STORE_URL"
STORE_COPY_GB = "SENTINEL_STORE_COPY_GB"
DEMO_POSTGRESQL_URL = "SENTINEL_DEMO_POSTGRESQL_URL"
BROKER_URL = "SENTINEL_CELERY_BROKER_URL"


def data_folder() -> Path:
    """The one folder everything is read from and written below: SENTINEL_DATA, else `data/` of the project."""
    named = os.environ.get("SENTINEL_DATA")
    return Path(named).expanduser().resolve() if named else PROJECT / "data"


def dagster_home(data: Path) -> Path:
    """Where Dagster keeps its history, below the data folder."""
    return data / "dagster"


def use_dagster_home(home: Path) -> None:
    """Makes this process and its children use `home`, whatever DAGSTER_HOME said before."""
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"


def give_memory_back() -> None:
    """Makes Polars return at once what it has done with, instead of keeping it for later; before anything loads it."""
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0")


def share_cores() -> None:
    """Leaves one core to the Polars of each process that is started from here: several would stand in their own way."""
    os.environ.setdefault("POLARS_MAX_THREADS", "1")


def dagster_postgresql_url() -> str | None:
    """Where Dagster keeps its records: SENTINEL_DAGSTER_POSTGRESQL_URL, else SENTINEL_POSTGRESQL_URL, else SQLite."""
    return os.environ.get("SENTINEL_DAGSTER_POSTGRESQL_URL") or os.environ.get(POSTGRESQL_URL) or None


def ledger_url(data: Path) -> str:
    """Where the ledger lies: SENTINEL_LEDGER_POSTGRESQL_URL, else SENTINEL_POSTGRESQL_URL, else the file."""
    return os.environ.get("SENTINEL_LEDGER_POSTGRESQL_URL") or os.environ.get(POSTGRESQL_URL) or ledger_file_url(data)


def ledger_file_url(data: Path) -> str:
    """Where the ledger lies when no server is named: `state.db` in the data folder."""
    return f"sqlite:///{data / 'state.db'}"


def celery_broker_url() -> str | None:
    """Over what runs reach workers; None when this machine executes them. Raises SettingsError for a wrong one."""
    if not (url := os.environ.get(BROKER_URL)):
        return None
    if url.partition("://")[0] not in ("redis", "rediss", "amqp", "amqps", "pyamqp"):
        raise SettingsError([f"{BROKER_URL}: names no broker; write redis://host:6379/0 or amqp://user@host//"])
    if dagster_postgresql_url() is None or not ledger_url(Path()).startswith("postgres"):
        raise SettingsError([f"{BROKER_URL}: workers share their records over PostgreSQL; set {POSTGRESQL_URL} too"])
    return url


def kubernetes_runs() -> Path | None:
    """The file that says in which pods runs are executed; None when they are not."""
    return Path(place) if (place := os.environ.get("SENTINEL_KUBERNETES_RUNS")) else None


def object_store() -> Store | None:
    """The bucket that lake, editions and exports lie in: SENTINEL_STORE_URL; None when they lie in the data folder.

    The usual AWS_* variables say where its service is and who asks. Raises UsageError for what is no address.
    """
    address = os.environ.get(STORE_URL)
    try:
        return store_named(address) if address else None
    except UsageError as error:
        raise UsageError(f"{STORE_URL}: {error}") from None


def store_named(address: str) -> Store:
    """The bucket of an address, at the service that the environment names. Raises UsageError for what is none."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    kept = os.environ.get(STORE_COPY_GB) or "20"
    if not kept.isascii() or not kept.isdigit() or int(kept) < 1:
        raise UsageError(f"{STORE_COPY_GB} is '{kept}'; write a whole number of gigabytes, such as 20")
    return store_at(address, endpoint, int(kept) * GIGABYTE)


def demo_postgresql_url() -> str | None:
    """The database the demo's office is made in instead of a SQLite file."""
    return os.environ.get(DEMO_POSTGRESQL_URL) or None


def resolved(reference: str, data: Path) -> str:
    """What `env:NAME` or `file:PATH` stands for; any other text is itself. Raises UsageError when it leads nowhere.

    A relative PATH starts at the data folder, like every location.
    """
    match = REFERENCE.fullmatch(reference)
    if match is None:
        return reference
    kind, name = match.groups()
    if kind == "env":
        if not os.environ.get(name):
            raise UsageError(
                f"the environment variable {name} is not set; the configuration refers to it as '{reference}'"
            )
        return os.environ[name]
    try:
        text = (data / Path(name).expanduser()).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UsageError(f"cannot read the file that '{reference}' refers to: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"the file that '{reference}' refers to is not UTF-8 text") from None
    if not text:
        raise UsageError(f"the file that '{reference}' refers to is empty")
    return text


@dataclass(frozen=True)
class Settings:
    """Everything the pipeline is told: where it works, for whom, in which zone, from which systems."""

    data: Path
    organisation: str
    zone: ZoneInfo
    first_day: date | None
    sources: tuple[SourceEntry, ...]
    planned_exports: tuple[ExportEntry, ...] = ()
    limits: Limits = UNLIMITED
    analysed_days: int = 90
    is_demo: bool = False
    privacy_key: str | None = None
    lake_keys: tuple[str, ...] = ()
    lines: Lines = field(default_factory=dict)
    delivery: DeliveryEntry = UNCONFIGURED
    subscriptions: tuple[SubscriptionEntry, ...] = ()
    schedules: SchedulesEntry = field(default_factory=SchedulesEntry)
    retention: RetentionEntry = field(default_factory=RetentionEntry)
    corrections: CorrectionsEntry = field(default_factory=CorrectionsEntry)
    alerts: AlertsEntry = field(default_factory=AlertsEntry)

    @property
    def file(self) -> Path:
        """The configuration file, whether it is there or not."""
        return self.data / "config" / "sentinel.yaml"

    @property
    def outbox(self) -> Path:
        return self.data / "outbox"

    @property
    def lake(self) -> Path:
        return self.data / "lake"

    @property
    def editions(self) -> Path:
        return self.data / "editions"

    @property
    def requests(self) -> Path:
        return self.data / "requests"

    @property
    def exports(self) -> Path:
        return self.data / "exports"

    @property
    def free_bytes(self) -> int:
        """Free space of the disk that the data folder lies on, or will lie on."""
        there = next(folder for folder in (self.data, *self.data.parents) if folder.exists())
        return shutil.disk_usage(there).free

    def source(self, name: str) -> SourceEntry:
        """Raises UsageError when no source has that name."""
        for entry in self.sources:
            if entry.name == name:
                return entry
        raise UsageError(f"there is no source '{name}'; configured: {', '.join(e.name for e in self.sources)}")

    def with_first_day(self, day: date) -> Settings:
        return replace(self, first_day=day)


def load_settings(data: Path | None = None) -> Settings:
    """Settings of a data folder; without a `sentinel.yaml` those of the demo. Raises SettingsError."""
    folder = data_folder() if data is None else data
    shared_locks.declare(folder, ledger_url(folder))
    declare(folder, store := object_store())
    require_its_bucket(folder, store)
    file = folder / "config" / "sentinel.yaml"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        from sentinel_pipeline.demo import demo_configuration_text

        return replace(_settings(folder, file, demo_configuration_text(folder)), is_demo=True)
    except OSError as error:
        raise SettingsError([f"{file}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{file}: is not UTF-8 text; save it as UTF-8"]) from None
    return _settings(folder, file, text)


def source_settings(entry: SourceEntry, data: Path) -> SourceSettings:
    """A source as its reader wants it: references resolved, paths absolute (relative ones start at the data folder)."""
    location = resolved(entry.location, data)
    beside = {"name", "kind", "location", "timezone", "replicas", *PACE}
    options = entry.model_dump(exclude=beside, exclude_none=True)
    if entry.tariff is not None:
        options["tariff"] = str(_below(resolved(entry.tariff, data), data))
    return SourceSettings(
        name=entry.name,
        kind=entry.kind,
        location=_absolute(location, data),
        place=_printable(_absolute(location, data)),
        zone=ZoneInfo(entry.timezone),
        options=options,
        resolve=partial(resolved, data=data),
        replicas=tuple(resolved(replica, data) for replica in entry.replicas or ()),
        pace=Pace(**entry.model_dump(include=set(PACE), exclude_none=True)),
    )


def _absolute(location: str, data: Path) -> str:
    if location.startswith("sqlite:///"):
        return "sqlite:///" + str(_below(location.removeprefix("sqlite:///"), data))
    if "://" in location:
        return location
    return str(_below(location, data))


def _below(path: str, data: Path) -> Path:
    """`sqlite:///var/x.db` is often written for /var/x.db: it is taken so when only that file exists."""
    place = data / Path(path).expanduser()
    rooted = Path("/") / path
    return rooted if not place.exists() and rooted.exists() else place


def _printable(location: str) -> str:
    """The location without its password and options."""
    bare = masked(location)
    return bare.split("?")[0] if "://" in bare else bare


def _settings(data: Path, file: Path, text: str) -> Settings:
    document = document_of(file, text)
    configuration = configuration_of(file, document)
    return Settings(
        data=data,
        organisation=configuration.organisation,
        zone=ZoneInfo(configuration.timezone),
        first_day=configuration.first_day,
        sources=tuple(configuration.sources),
        planned_exports=tuple(configuration.exports),
        limits=Limits(**configuration.limits.model_dump()),
        analysed_days=configuration.analytics.days,
        privacy_key=configuration.privacy.key,
        lake_keys=tuple(configuration.lake.encryption_key),
        lines=document.lines,
        delivery=configuration.delivery,
        subscriptions=tuple(configuration.subscriptions),
        schedules=configuration.schedules,
        corrections=configuration.corrections,
        alerts=configuration.alerts,
        retention=configuration.retention,
    )


__all__ = ["ExportEntry", "Settings", "SourceEntry", "load_settings", "source_settings"]
