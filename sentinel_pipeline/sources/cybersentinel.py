"""CyberSentinel DLP, both generations and mixtures of them, in PostgreSQL or a SQLite copy of its tables."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa

from sentinel_pipeline.domain.severity import severity
from sentinel_pipeline.domain.tables import AGENTS, AUDIT_EVENTS, INCIDENTS, POLICIES
from sentinel_pipeline.sources.fields import ROW, filled, flags, jsons, moments, reals, texts, whole
from sentinel_pipeline.sources.json_text import details_json, labels
from sentinel_pipeline.sources.origins import DatabaseSource, Origin, opened
from sentinel_pipeline.sources.source import SourceKind, SourceSettings

UNKNOWN = "Unknown"

BLOCKED = ("blocked", "block")
PREVENTED = (*BLOCKED, "quarantined", "disallowed")  # block_failed is neither

# The second generation writes levels of its own incidents as numbers.
NUMBERED = {"0": "info", "1": "low", "2": "medium", "3": "high", "4": "critical"}

AGENT_NAMES = texts("agent_id", "name", "hostname")
POLICY_NAMES = texts("id", "name")


def level(column: str) -> pl.Expr:
    """Severity of either generation."""
    return severity(pl.col(column).str.strip_chars().replace(NUMBERED))


def incidents(source: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    named = _with_policies(source, _with_agents(source, rows))
    action = pl.col("action").str.strip_chars().str.to_lowercase()
    is_blocked = pl.coalesce("blocked", action.is_in(BLOCKED), pl.lit(False))
    return named.select(
        "occurred_at",
        "agent_id",
        "agent_name",
        "action",
        "policy_id",
        "policy_name",
        "is_agent_registered",
        incident_id=filled("event_id", "id"),
        severity=level("severity"),
        incident_type="event_type",
        hostname=filled("agent_hostname", "hostname"),
        user=filled("username"),
        source_ip=filled("source_ip"),
        is_blocked=is_blocked,
        data_types=data_types(named),
        confidence=pl.coalesce("confidence", "confidence_score"),
        is_prevented=is_blocked | action.is_in(PREVENTED).fill_null(False),
    )


def _with_agents(source: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    """Events of agents nobody registered stay, under the name Unknown; deleted agents still have theirs."""
    known = source.looked_up("agents", "agent_id", AGENT_NAMES).select(
        "agent_id", agent_name=filled("name"), agent_hostname="hostname", is_agent_registered=pl.lit(True)
    )
    is_named = pl.col("agent_id").is_not_null()
    return (
        rows.with_columns(agent_id=filled("agent_id"))
        .join(known, on="agent_id", how="left", maintain_order="left")
        .with_columns(
            agent_name=pl.when(is_named).then(pl.col("agent_name").fill_null(UNKNOWN)),
            is_agent_registered=pl.when(is_named).then(pl.col("is_agent_registered").fill_null(False)),
        )
    )


def _with_policies(source: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    known = source.looked_up("policies", "id", POLICY_NAMES).select(policy_id="id", known_name=filled("name"))
    fallback = pl.when(pl.col("policy_id").is_not_null()).then(pl.lit(UNKNOWN))
    return (
        rows.with_columns(policy_id=filled("policy_id"))
        .join(known, on="policy_id", how="left", maintain_order="left")
        .with_columns(policy_name=pl.coalesce("known_name", filled("policy_name"), fallback))
    )


def data_types(rows: pl.DataFrame) -> pl.Series:
    """Labels of each event: its classification type where it has one, else those of its classification."""
    texts = rows["classification"].unique()
    # Arrow builds columns of lists many times faster than Polars does.
    found = pl.Series("labels", pa.array([labels(text) for text in texts], pa.large_list(pa.large_string())))
    known = pl.DataFrame([texts, found])
    type_ = filled("classification_type").str.strip_chars()
    joined = rows.join(known, on="classification", how="left", nulls_equal=True, maintain_order="left")
    single = pl.when(type_.is_not_null()).then(pl.concat_list(type_))
    return joined.select(single.otherwise(pl.col("labels"))).to_series()


def policies(_: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    """Deleted ones are left out; the first generation has a switch, the second a status."""
    is_active = pl.col("status").str.strip_chars().str.to_lowercase() == "active"
    is_enabled = pl.coalesce("enabled", is_active)
    return rows.filter(pl.col("deleted_at").is_null()).select(
        "name",
        "description",
        "priority",
        "created_at",
        "updated_at",
        policy_id="id",
        policy_type="type",
        severity=level("severity"),
        is_enabled=is_enabled,
        status=pl.coalesce(
            filled("status"), pl.when(is_enabled).then(pl.lit("active")).when(~is_enabled).then(pl.lit("inactive"))
        ),
    )


def agents(_: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    """Deleted ones are left out."""
    return rows.filter(pl.col("deleted_at").is_null()).select(
        "name",
        "hostname",
        "os",
        "version",
        "status",
        agent_id=filled("agent_id", "agent_code", "id"),
        ip_address=filled("ip_address"),
        last_seen_at=pl.coalesce("last_seen", "last_heartbeat"),
    )


def audit_events(_: DatabaseSource, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "occurred_at",
        event_id=pl.format("audit_logs:{}", pl.coalesce("id", pl.format("row {}", ROW))),
        user=filled("username", "user_email", "user_id"),
        event_type=filled("action", "event_type"),
        severity=level("severity"),
        resource=filled("resource", "resource_type"),
        details=pl.Series([details_json(text) for text in rows["details"]], dtype=pl.String),
    )


ORIGINS = (
    Origin(
        INCIDENTS,
        "events",
        "id",
        texts("id", "event_id", "severity", "event_type", "agent_id", "hostname", "username", "user_email", "user_id")
        + texts("source_ip", "action", "policy_id", "policy_name", "classification_type")
        + jsons("classification")
        + flags("blocked")
        + reals("confidence", "confidence_score", least=0, most=1),
        incidents,
        times=("timestamp", "created_at"),
        watched=(
            *("severity", "event_type", "agent_id", "username", "source_ip"),
            *("action", "blocked", "policy_id", "classification_type"),
        ),
    ),
    Origin(
        POLICIES,
        "policies",
        "id",
        texts("id", "name", "description", "type", "severity", "status", "deleted_at")
        + flags("enabled")
        + whole("priority")
        + moments("created_at", "updated_at"),
        policies,
    ),
    Origin(
        AGENTS,
        "agents",
        "id",
        texts("id", "agent_id", "agent_code", "name", "hostname", "os", "ip_address", "version", "status", "deleted_at")
        + moments("last_seen", "last_heartbeat"),
        agents,
    ),
    Origin(
        AUDIT_EVENTS,
        "audit_logs",
        "id",
        texts("id", "username", "user_email", "user_id", "action", "event_type", "severity")
        + texts("resource", "resource_type", "details"),
        audit_events,
        times=("created_at", "timestamp"),
    ),
)


def open_cybersentinel(settings: SourceSettings, _: Path | None = None) -> DatabaseSource:
    """Opens the product's database. Raises SourceUnreachableError."""
    return opened(settings, "CyberSentinel", ORIGINS, ("events",))


KIND = SourceKind("cybersentinel", tables=(INCIDENTS, POLICIES, AGENTS, AUDIT_EVENTS), open=open_cybersentinel)
