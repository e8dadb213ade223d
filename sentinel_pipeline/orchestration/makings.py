"""Counts reports that were made, how long that took and how large they are, for the portal, which knows no runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import dagster as dg

from sentinel_pipeline.domain.errors import LedgerError
from sentinel_pipeline.publishing.editions import Edition
from sentinel_pipeline.settings import Settings, ledger_url

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.database import Ledger
    from sentinel_pipeline.ledger.tallies import Added


def count_making(context: dg.AssetExecutionContext, settings: Settings, edition: Edition) -> None:
    """Counts a published report; where the ledger cannot be written it stays published and is not counted."""
    from sentinel_pipeline.ledger.database import open_ledger
    from sentinel_pipeline.ledger.tallies import add

    run = context.instance.get_run_record_by_id(context.run.run_id)
    began = run.start_time if run else None
    seconds = None if began is None else max(0.0, datetime.now(UTC).timestamp() - began)
    try:
        with open_ledger(ledger_url(settings.data)).writing() as connection:
            add(connection, made(edition, seconds))
    except LedgerError as error:
        context.log.warning(f"not counted: {error}")


def made(edition: Edition, seconds: float | None) -> Iterator[Added]:
    """What a making adds; the sizes are those of a new revision, by format."""
    from sentinel_pipeline.ledger.tallies import FREQUENCIES, LAST_SECONDS, REPORT_BYTES, REPORT_SECONDS, REPORTS, Added

    cadence = edition.name.partition("/")[0]
    yield Added(REPORTS, (cadence, FREQUENCIES[cadence], "published" if edition.is_new else "unchanged"))
    if seconds is not None:
        yield from (Added(what, (cadence,), seconds) for what in (REPORT_SECONDS, LAST_SECONDS))
    sizes: Counter[str] = Counter()
    for name in edition.files if edition.is_new else ():
        sizes[PurePosixPath(name).suffix.removeprefix(".")] += (edition.folder / name).stat().st_size
    yield from (Added(REPORT_BYTES, (form,), size) for form, size in sizes.items())


def count_failure(ledger: Ledger, asset: str) -> None:
    """Counts a report that could not be made, by the asset that a run failed to make; other assets are no reports."""
    from sentinel_pipeline.ledger.tallies import FREQUENCIES, REPORTS, Added, add

    cadence, _, name = asset.partition("/")
    if name == "edition" and cadence in FREQUENCIES:
        with ledger.writing() as connection:
            add(connection, [Added(REPORTS, (cadence, FREQUENCIES[cadence], "failed"))])
