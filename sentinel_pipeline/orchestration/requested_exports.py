"""Exports that people ask for: a partition a request, a file of its own, made by the engine of `sentinel export`."""

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

import dagster as dg

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.exports.on_request import discard, file_name, place
from sentinel_pipeline.exports.requested import Commission
from sentinel_pipeline.lake.storage import sha256
from sentinel_pipeline.orchestration.daily import OWNERS
from sentinel_pipeline.orchestration.presenting import Metadata, file_link
from sentinel_pipeline.orchestration.retrying import patient
from sentinel_pipeline.settings import Settings, ledger_url

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.database import Ledger

GROUP = JOB = "requested_exports"
KEY = dg.AssetKey(["exports_on_request", "file"])
EXPORT_REQUESTS = dg.DynamicPartitionsDefinition(name="export_requests")
READ, WRITTEN = 50, 99  # percent of the work, once all is read, and once all is written
ROWS_OF_HALF = 200_000


def requested_exports(settings: Settings) -> dg.AssetsDefinition:
    """The file of a request, and what became of it."""

    @dg.asset(
        key=KEY,
        partitions_def=EXPORT_REQUESTS,
        group_name=GROUP,
        kinds={"polars"},
        owners=OWNERS,
        tags={"layer": "export"},
        description="The file that somebody asked for, below exports/on-request/, until it expires.",
    )
    @patient
    def file(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        try:
            return dg.MaterializeResult(metadata=fulfil(settings, context.partition_key, context.run.run_id))
        except UnwantedError as error:
            # It ends as cancelled, not as failed, and nobody is told of a failure.
            context.instance.report_run_canceling(context.run, str(error))
            raise dg.Failure(str(error), allow_retries=False) from None

    return file


class UnwantedError(SentinelError):
    """An export that was cancelled, deleted or made already."""


def fulfil(settings: Settings, export_id: str, run_id: str) -> Metadata:
    """Makes the file and records it; raises UnwantedError for what nobody wants, SentinelError for what cannot be."""
    from sentinel_pipeline.ledger.database import open_ledger
    from sentinel_pipeline.ledger.exports import Made, begin, complete, export_of

    ledger = open_ledger(ledger_url(settings.data))
    is_begun = begin(ledger, export_id, run_id, datetime.now(UTC))
    with ledger.reading() as connection:
        row = export_of(connection, export_id)
    if not is_begun or row is None:
        if row is None or row.state == "cancelled":
            discard(settings.data, export_id)
        raise UnwantedError(f"export '{export_id}' is not to be made: it is {row.state if row else 'deleted'}")
    commission = Commission(row.order, settings, row.created_at, export_id)
    name = file_name(row.order.export_type, row.created_at, export_id, commission.suffix)
    output = place(settings.data, export_id) / name
    exported = commission.made(output, Progress(ledger, export_id))
    now = datetime.now(UTC)
    made = Made(
        file=output.relative_to(settings.data).as_posix(),
        sha256=sha256(output),
        bytes=output.stat().st_size,
        rows=exported.rows,
        expires_at=now + timedelta(days=row.order.kept_days),
    )
    if not complete(ledger, export_id, made, now):
        discard(settings.data, export_id)
        raise UnwantedError(f"export '{export_id}' was cancelled or deleted while it was made; its file is gone")
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(made.rows),
        "bytes": dg.MetadataValue.int(made.bytes),
        "sha256": dg.MetadataValue.text(made.sha256),
        "expires_at": dg.MetadataValue.timestamp(made.expires_at),
        "download": file_link(settings.data, output),
    }


class Progress:
    """Listens to an export and keeps in the ledger how far it is; stops one that nobody wants any more."""

    def __init__(self, ledger: "Ledger", export_id: str) -> None:
        self._ledger, self._export_id = ledger, export_id
        self._noted_at = monotonic()

    def __call__(self, doing: str, rows: int, total: int | None) -> None:
        from sentinel_pipeline.ledger.exports import note_progress

        if monotonic() - self._noted_at < 1:
            return
        self._noted_at = monotonic()
        if not note_progress(self._ledger, self._export_id, percent(doing, rows, total)):
            raise UnwantedError(f"export '{self._export_id}' was cancelled or deleted while it was made")


def percent(doing: str, rows: int, total: int | None) -> int:
    """How far an export is; how much there is to read nobody knows before it is read."""
    share = rows / total if total else rows / (rows + ROWS_OF_HALF)
    first, last = (0, READ) if doing == "reading" else (READ, WRITTEN)
    return first + int(min(1.0, share) * (last - first))
