"""IoT Hub: devices, rules and the events they fire, in PostgreSQL or a SQLite copy of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson
import polars as pl

from sentinel_pipeline.domain.severity import severity
from sentinel_pipeline.domain.tables import ALERT_RULES, AUDIT_EVENTS, RULE_EVENTS
from sentinel_pipeline.sources.databases import unreachable
from sentinel_pipeline.sources.fields import ROW, filled, flags, jsons, moments, texts
from sentinel_pipeline.sources.json_text import details_json, sorted_json
from sentinel_pipeline.sources.origins import DatabaseSource, Origin, opened
from sentinel_pipeline.sources.source import SourceKind, SourceSettings

# Columns of `events` in every generation of the schema; old installations stay on the first one.
SHARED = frozenset({"id", "created_at", "acknowledged"})
LATER = SHARED | {"rule_id", "trigger_device_serial_id", "trigger_context"}
GENERATIONS: Mapping[str, frozenset[str]] = {
    "v1": SHARED | {"timestamp", "rule_id", "trigger_telemetry_id", "trigger_device_id"},
    "v2": LATER | {"timestamp"},
    "v3": LATER | {"rule_triggered_at"},
    "v4": LATER | {"rule_triggered_at", "event_uuid"},
    "v5": (LATER - {"rule_id"}) | {"rule_triggered_at", "event_uuid", "rule", "is_external"},
}
TELLING = frozenset[str]().union(*GENERATIONS.values())

RULE_NAMES = texts("id", "name")
DEVICE_NAMES = texts("id", "serial_id", "name")

# Its audit log knows three levels of its own.
AUDIT_LEVELS = {"warning": "medium", "error": "high"}


def generation(columns: Mapping[str, str]) -> str | None:
    """Which generation's table `events` has these columns, further ones aside; None for an unknown combination."""
    found = TELLING & columns.keys()
    return next((name for name, known in GENERATIONS.items() if known == found), None)


def rule_events(source: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    """Events of rules and devices that are no longer there stay, called by what is known of them."""
    named = _with_devices(source, _with_rules(source, rows))
    contexts = zip(rows["trigger_context"], rows["trigger_telemetry_id"], strict=True)
    return named.select(
        "triggered_at",
        "rule",
        "device",
        "rule_id",
        "device_id",
        "created_at",
        "device_name",
        "is_device_known",
        event_id=filled("event_uuid", "id"),
        is_acknowledged="acknowledged",
        context=pl.Series([_context(*one) for one in contexts], dtype=pl.String),
        is_external=pl.col("is_external").fill_null(value=False),
    )


def _with_rules(source: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    known = source.looked_up("rules", "id", RULE_NAMES).select(
        rule_id="id", rule_name=filled("name"), is_rule_known=pl.lit(True)
    )
    is_deleted = pl.col("is_rule_known").is_null() & pl.lit(bool(source.database.columns("rules")))
    number = pl.format("rule #{}", "rule_id")
    return (
        rows.with_columns(rule_id=pl.coalesce(filled("rule_id"), filled("rule")))
        .join(known, on="rule_id", how="left", maintain_order="left")
        .with_columns(rule=pl.coalesce("rule_name", pl.when(is_deleted).then(number + " (deleted)").otherwise(number)))
    )


def _with_devices(source: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    """The first generation names a device by its id, later ones by its serial."""
    is_first = "trigger_device_id" in source.database.columns("events")
    key, given = ("id", "trigger_device_id") if is_first else ("serial_id", "trigger_device_serial_id")
    known = source.looked_up("devices", key, DEVICE_NAMES).select(
        pl.col(key).alias("_device"),
        _serial=filled("serial_id"),
        _id="id",
        device_name=filled("name"),
        is_device_known=pl.lit(True),
    )
    unknown = pl.format("device #{} (deleted)", "_device") if is_first else pl.col("_device")
    is_named = pl.col("_device").is_not_null()
    return (
        rows.with_columns(_device=filled(given))
        .join(known, on="_device", how="left", maintain_order="left")
        .with_columns(
            device=pl.coalesce("_serial", unknown),
            device_id=pl.coalesce("_id", pl.when(pl.lit(is_first)).then("_device")),
            is_device_known=pl.when(is_named).then(pl.col("is_device_known").fill_null(value=False)),
        )
    )


def _context(context: str | None, telemetry: str | None) -> str | None:
    """Why a rule fired; the first generation only names the measurement."""
    if context is None and telemetry is not None and telemetry.isdecimal():
        return f'{{"trigger_telemetry_id":{int(telemetry)}}}'
    return sorted_json(context)


def alert_rules(_: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    """Rules as they stand; of their actions, which hold secret addresses, only a severity is read."""
    conditions = [_held(text) for text in rows["condition"]]
    minutes = pl.Series([_number(one.get("duration_minutes")) for one in conditions], dtype=pl.Float64)
    return rows.select(
        "name",
        "description",
        rule_id="id",
        rule_type=pl.Series([_word(one.get("type")) for one in conditions], dtype=pl.String),
        condition=pl.Series([sorted_json(text) for text in rows["condition"]], dtype=pl.String),
        threshold=pl.Series([_number(one.get("threshold", one.get("value"))) for one in conditions], dtype=pl.Float64),
        time_window_hours=minutes / 60,
        severity=severity(
            pl.lit(pl.Series([_word(_held(text).get("severity")) for text in rows["action"]], dtype=pl.String))
        ),
        is_enabled="is_active",
        trigger_count=None,
        last_triggered_at=None,
        created_at=None,
    )


def _held(text: str | None) -> dict[str, object]:
    value = orjson.loads(text) if text is not None and text.strip() else None
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _number(value: object) -> float | None:
    """A number, be it written as text; None for anything else, true and false included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def audit_events(_: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    level = pl.col("severity").str.strip_chars().str.to_lowercase().replace(AUDIT_LEVELS)
    return rows.select(
        "occurred_at",
        "event_type",
        event_id=pl.format("audit_logs:{}", pl.coalesce("audit_event_id", "id", pl.format("row {}", ROW))),
        user=pl.concat_str(filled("actor_type"), filled("actor_id"), separator=" ", ignore_nulls=True),
        severity=severity(level),
        resource=pl.concat_str(filled("entity_type"), filled("entity_id"), separator=" ", ignore_nulls=True),
        details=pl.Series([details_json(text) for text in rows["details"]], dtype=pl.String),
    )


ORIGINS = (
    Origin(
        RULE_EVENTS,
        "events",
        "id",
        texts("id", "event_uuid", "rule_id", "rule", "trigger_device_id", "trigger_device_serial_id")
        + texts("trigger_telemetry_id")
        + jsons("trigger_context")
        + flags("acknowledged", "is_external")
        + moments("created_at"),
        rule_events,
        times=("rule_triggered_at", "timestamp"),
    ),
    Origin(
        ALERT_RULES,
        "rules",
        "id",
        texts("id", "name", "description") + jsons("condition", "action") + flags("is_active"),
        alert_rules,
        secrets=("action",),
    ),
    Origin(
        AUDIT_EVENTS,
        "audit_logs",
        "audit_event_id",
        texts("id", "audit_event_id", "actor_type", "actor_id", "entity_type", "entity_id", "event_type", "severity")
        + texts("details"),
        audit_events,
        times=("occurred_at",),
    ),
)


def open_iothub(settings: SourceSettings, _: Path | None = None) -> DatabaseSource:
    """Opens the hub's database. Raises SourceUnreachableError, also for a table `events` of no known generation."""
    source: DatabaseSource = opened(settings, "IoT Hub", ORIGINS, ("events",))
    columns = source.database.columns("events")
    if generation(columns) is None:
        source.database.close()
        raise unreachable(
            settings,
            f"its table events has the columns {', '.join(sorted(columns))}, which no known version of IoT Hub has",
            "check that 'location' names the hub's database; a newer hub needs a newer Sentinel Pipeline",
        )
    return source


KIND = SourceKind("iothub", tables=(RULE_EVENTS, ALERT_RULES, AUDIT_EVENTS), open=open_iothub)
