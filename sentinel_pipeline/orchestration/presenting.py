"""What the UI shows of a materialization: rows, bytes, period, checksum, a preview."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import polars as pl

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.tables import MACHINES, WIDGET_LOGS
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.rendering.cells import written

PREVIEW_ROWS = 10
PREVIEW_COLUMNS = 10

# Dagster keeps previews in a database of its own, and what a fleet sends sealed must not lie open there.
UNSHOWN = frozenset({*WIDGET_LOGS.personal, *MACHINES.personal, "record"})

Metadata = dict[str, dg.MetadataValue]


def partition_metadata(lake: Lake, asset: str, period: Period, *, has_columns: bool = True) -> Metadata:
    """Metadata of one Parquet partition; rows from its footer, only the preview is read.

    Of an encrypted lake no row is shown, because Dagster keeps what it shows in clear. Columns are the same
    for many days made in one run, and half of all that Dagster would keep: one of them tells.
    """
    scan = lake.scan(asset, period.key)
    shown = 0 if lake.storage.keys.references else PREVIEW_ROWS
    length, first = pl.collect_all([scan.select(pl.len()), scan.head(shown)])
    rows = int(length.item())
    columns = column_schema(scan.collect_schema()) if has_columns else {}
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(rows),
        "bytes": dg.MetadataValue.int(lake.path(asset, period.key).stat().st_size),
        "period": dg.MetadataValue.text(period.interval),
        "sha256": dg.MetadataValue.text(lake.version(asset, period.key)),
        "preview": dg.MetadataValue.md(preview(first, period, rows)),
        **columns,
    }


def preview(table: pl.DataFrame, period: Period, rows: int) -> str:
    """The first rows as a Markdown table, every cell inert, sealed columns left out; says how many rows there are."""
    columns = [name for name in table.columns if name not in UNSHOWN][:PREVIEW_COLUMNS]
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    for row in table.select(columns).iter_rows():
        cells = (_inert(written(value, "text", period.zone)) for value in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", f"{table.height} of {counted(rows, 'row')}"])


def _inert(text: str) -> str:
    """Text that Markdown and HTML print as it is."""
    shown = "".join(character if character.isprintable() else " " for character in text[:80])
    return "".join(f"&#{ord(c)};" if c in "\\`*_{}[]()#+!|<>&~:/" else c for c in shown)


def column_schema(schema: pl.Schema) -> Metadata:
    """The columns of a table, where Dagster looks for them."""
    columns = [dg.TableColumn(name=name, type=str(dtype)) for name, dtype in schema.items()]
    return {"dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns=columns))}


def file_link(data: Path, path: Path) -> dg.MetadataValue:
    """A link that downloads a published file through the UI's own server."""
    from urllib.parse import quote

    return dg.MetadataValue.url(f"/files/{quote(path.relative_to(data).as_posix())}")
