"""Exports as the API tells of them: names and shapes of Kasa Monitor's document, with what else is worth knowing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal

from pydantic import BaseModel

from sentinel_pipeline.ledger.exports import Counts, Export
from sentinel_pipeline.rendering.quantities import quantity

SECONDS_OF_ONE: Final = 30
State = Literal["queued", "running", "completed", "failed", "cancelled", "expired"]


class Created(BaseModel):
    """An export that was filed."""

    export_id: str
    status: State
    created_at: datetime
    estimated_completion: datetime
    download_url: str


class Status(BaseModel):
    """How far an export is; `error` says why it failed, `sha256` what its file has to be."""

    export_id: str
    export_type: str
    format: str
    status: State
    progress: int
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    file_size: int | None
    record_count: int | None
    sha256: str | None
    download_url: str | None
    expires_at: datetime | None
    error: str | None


class Listed(Status):
    """An export in a list: whose it is, how long it is kept, how often it was downloaded."""

    user_id: str
    username: str
    retention_days: int
    downloads: int


class History(BaseModel):
    """A page of a list, the newest first."""

    exports: list[Listed]
    total: int
    page: int
    per_page: int


class Deleted(BaseModel):
    """What became of an export that is no more."""

    message: str
    export_id: str
    deleted_at: datetime


class Statistics(BaseModel):
    """What was exported, by whoever is asked about; a month is one of the calendar."""

    total_exports: int
    exports_this_month: int
    total_data_exported: str
    total_bytes_exported: int
    most_popular_format: str | None
    export_types: dict[str, int]
    formats: dict[str, int]


def created(export: Export, waiting: int, prefix: str) -> Created:
    """`waiting`: how many are made before it; `prefix`: where exports are asked about."""
    return Created(
        export_id=export.export_id,
        status=state_of(export, export.created_at),
        created_at=export.created_at,
        estimated_completion=export.created_at + timedelta(seconds=SECONDS_OF_ONE * (waiting + 1)),
        download_url=_download(export, prefix),
    )


def status(export: Export, now: datetime, prefix: str) -> Status:
    return Status(**_told(export, now, prefix))


def listed(export: Export, now: datetime, prefix: str) -> Listed:
    whose = {"user_id": export.user_id, "username": export.user}
    kept = {"retention_days": export.order.kept_days, "downloads": export.downloads}
    return Listed(**(_told(export, now, prefix) | whose | kept))


def statistics(counts: Counts) -> Statistics:
    return Statistics(
        total_exports=counts.exports,
        exports_this_month=counts.since,
        total_data_exported=quantity(counts.bytes, "bytes"),
        total_bytes_exported=counts.bytes,
        most_popular_format=next(iter(counts.formats), None),
        export_types=dict(counts.types),
        formats=dict(counts.formats),
    )


def _told(export: Export, now: datetime, prefix: str) -> dict[str, Any]:
    state = state_of(export, now)
    return {
        "export_id": export.export_id,
        "export_type": export.order.export_type,
        "format": export.order.format,
        "status": state,
        "progress": export.progress,
        "created_at": export.created_at,
        "started_at": export.started_at,
        "completed_at": export.settled_at if state in ("completed", "expired") else None,
        "file_size": export.bytes,
        "record_count": export.rows,
        "sha256": export.sha256,
        "download_url": _download(export, prefix) if state == "completed" else None,
        "expires_at": export.expires_at,
        "error": export.error,
    }


def state_of(export: Export, now: datetime) -> State:
    """Where an export stands for whoever asks: one whose time is up has expired, be its file there or not."""
    if export.state == "deleted" or export.is_expired(now):
        return "expired"
    return export.state


def _download(export: Export, prefix: str) -> str:
    return f"{prefix}/download/{export.export_id}"
