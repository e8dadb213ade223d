"""The configuration file and the environment, as frozen settings with precise mistakes.

The only module that reads the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sentinel_pipeline.domain.errors import SettingsError, UsageError
from sentinel_pipeline.domain.origin import SourceSettings
from sentinel_pipeline.domain.period import day_from_key

PROJECT = Path(__file__).resolve().parent.parent
READABLE_KINDS = ("iotsentinel", "cybersentinel", "zeek")
REFERENCE = re.compile(r"(env|file):(.+)", re.DOTALL)
DEMO_POSTGRESQL_URL = "SENTINEL_DEMO_POSTGRESQL_URL"


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


def dagster_postgresql_url() -> str | None:
    """Where Dagster's storage lives instead of SQLite: SENTINEL_DAGSTER_POSTGRESQL_URL."""
    return os.environ.get("SENTINEL_DAGSTER_POSTGRESQL_URL") or None


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


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceEntry(_Strict):
    """One entry of `sources`; `location` may be a reference and is resolved when the source is opened."""

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]
    kind: Literal["iotsentinel", "cybersentinel", "zeek"]
    location: Annotated[str, Field(min_length=1)]
    timezone: str = "UTC"
    local_timezone: str | None = None
    local_networks: list[str] | None = None
    notice_severity: dict[str, Literal["critical", "high", "medium", "low", "info", "unknown"]] | None = None

    @field_validator("timezone", "local_timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return None if name is None else _zone_name(name)

    @field_validator("local_networks")
    @classmethod
    def _networks(cls, names: list[str] | None) -> list[str] | None:
        for name in names or ():
            try:
                ip_network(name, strict=False)
            except ValueError:
                raise ValueError(f"networks such as 192.168.0.0/16; '{name}' is none") from None
        return names


class Configuration(_Strict):
    """`sentinel.yaml` as written. Delivery, subscriptions, schedules, retention and privacy have their place here."""

    organisation: Annotated[str, Field(min_length=1, max_length=200)] = "Sentinel Pipeline"
    timezone: str = "UTC"
    first_day: date | None = None
    sources: Annotated[list[SourceEntry], Field(min_length=1)]
    delivery: dict[str, Any] = Field(default_factory=dict)
    subscriptions: list[dict[str, Any]] = Field(default_factory=list)
    schedules: dict[str, Any] = Field(default_factory=dict)
    retention: dict[str, Any] = Field(default_factory=dict)
    privacy: dict[str, Any] = Field(default_factory=dict)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return _zone_name(name)

    @field_validator("first_day", mode="before")
    @classmethod
    def _a_day(cls, written: object) -> date | None:
        """Only as YYYY-MM-DD: a number would be taken for seconds since 1970."""
        try:
            return None if written is None else day_from_key(str(written))
        except UsageError:
            raise ValueError("a day, written YYYY-MM-DD") from None

    @field_validator("sources")
    @classmethod
    def _unique_names(cls, entries: list[SourceEntry]) -> list[SourceEntry]:
        names = [entry.name for entry in entries]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the name '{name}' stands {names.count(name)} times; every source needs its own")
        return entries


@dataclass(frozen=True)
class Settings:
    """Everything the pipeline is told: where it works, for whom, in which zone, from which systems."""

    data: Path
    organisation: str
    zone: ZoneInfo
    first_day: date | None
    sources: tuple[SourceEntry, ...]
    is_demo: bool = False
    unused: tuple[str, ...] = ()

    @property
    def lake(self) -> Path:
        return self.data / "lake"

    @property
    def editions(self) -> Path:
        return self.data / "editions"

    @property
    def exports(self) -> Path:
        return self.data / "exports"

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
    options = {
        "local_timezone": entry.local_timezone,
        "local_networks": entry.local_networks,
        "notice_severity": entry.notice_severity,
    }
    return SourceSettings(
        name=entry.name,
        kind=entry.kind,
        location=_absolute(location, data),
        place=_printable(_absolute(location, data)),
        zone=ZoneInfo(entry.timezone),
        options={key: value for key, value in options.items() if value is not None},
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
    bare = _masked(location)
    return bare.split("?")[0] if "://" in bare else bare


def _masked(text: str) -> str:
    """Without what stands between a user and the last @: a password may hold any character."""
    return re.sub(r"//([^:@/]*):.*@", r"//\1@", text, flags=re.DOTALL)


def _settings(data: Path, file: Path, text: str) -> Settings:
    written = _parsed(file, text)
    try:
        configuration = Configuration.model_validate(written)
    except ValidationError as error:
        raise SettingsError([_mistake(file, dict(detail)) for detail in error.errors()]) from None
    later = ("delivery", "subscriptions", "schedules", "retention", "privacy")
    return Settings(
        data=data,
        organisation=configuration.organisation,
        zone=ZoneInfo(configuration.timezone),
        first_day=configuration.first_day,
        sources=tuple(configuration.sources),
        unused=tuple(name for name in later if getattr(configuration, name)),
    )


class _DaysAsText(yaml.SafeLoader):
    """Leaves dates as they are written, so that a mistake in one is told like any other."""


_DaysAsText.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if not tag.endswith(":timestamp")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _parsed(file: Path, text: str) -> object:
    try:
        node = yaml.compose(text, Loader=_DaysAsText)
        if node is None:
            return {}
        repeated = list(_repeated_keys(node, ""))
        if repeated:
            raise SettingsError([f"{file}: {_line(path)}: found twice; a key may stand once" for path in repeated])
        return yaml.SafeLoader("").construct_document(node)
    except RecursionError:
        raise SettingsError([f"{file}: is nested too deeply"]) from None
    except yaml.MarkedYAMLError as error:
        where = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SettingsError([f"{file}:{where}: is not YAML: {error.problem or error.context}"]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError([f"{file}: is not YAML: {' '.join(str(error).split())}"]) from None


def _repeated_keys(node: yaml.Node, path: str) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = f"{path}.{key.value}".lstrip(".")
            if name in seen:
                yield name
            seen.add(name)
            yield from _repeated_keys(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _repeated_keys(item, f"{path}[{number}]")


def _zone_name(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("an IANA time zone such as Europe/Berlin or UTC")
    return name


def _mistake(file: Path, detail: dict[str, Any]) -> str:
    path = _line("".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]).lstrip("."))
    found = detail.get("input")
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        return f"{file}: {path}: unknown key; allowed here: {', '.join(_allowed(detail['loc']))}"
    if detail["type"] == "missing":
        return f"{file}: {path}: missing; it has to be there"
    if path.endswith(".kind"):
        return f"{file}: {path}: found {_short(found)}; this version reads {', '.join(READABLE_KINDS)}"
    secret = path.endswith(".location")
    return f"{file}: {path or 'the file'}: found {'a value' if secret else _short(found)}; allowed: {message}"


def _allowed(location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = SourceEntry if location[0] == "sources" else Configuration
    return list(model.model_fields)


def _short(value: object) -> str:
    """A single value as it was written, shortened; of what may hold a secret only the shape."""
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = repr(_masked(value) if isinstance(value, str) else value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _line(text: str) -> str:
    """On one line, whatever is in it."""
    return "".join(character if character.isprintable() else "�" for character in text)
