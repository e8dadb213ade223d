"""Exports that go on where the last one ended: each row once, late ones too, whatever was cut off when.

A named state remembers digests of the rows it has given. A file and its state cannot be renamed in one step, so a
journal is written before the file takes its place: it tells afterwards what had happened when a call was cut off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import Table
from sentinel_pipeline.exports.identities import AT, IDENTITY, KEYS, Identities, identified
from sentinel_pipeline.exports.origins import spooled
from sentinel_pipeline.exports.wanted import EARLIEST, LATEST, Wanted
from sentinel_pipeline.lake.storage import SPOOLS, sha256
from sentinel_pipeline.lake.store import read_json, write_json
from sentinel_pipeline.lake.whole_files import replacing

MOST_REMEMBERED: Final = 2_000_000
BATCH_ROWS: Final = 16_384


@dataclass
class Memory:
    """The state of a name, held by one call at a time; `most` rows are remembered, the newest."""

    folder: Path
    table: Table
    about: Mapping[str, Any]
    most: int
    notice: str | None = None
    _fresh: pl.LazyFrame | None = field(default=None, init=False)
    _floor: datetime | None = field(default=None, init=False)

    @property
    def state(self) -> dict[str, Any]:
        return read_state(self.folder / "state.json")

    @property
    def journal(self) -> dict[str, Any]:
        return read_state(self.folder / "journal.json")

    @property
    def floor(self) -> datetime | None:
        """Rows before this instant are no longer told apart, and so never exported again."""
        written = self.state.get("floor")
        return datetime.fromisoformat(written) if written else None

    def window(self, until: datetime | None) -> Window | None:
        """What to read: everything since the beginning of this state that can be told apart."""
        since = self.about["since"]
        start = max(self.floor or EARLIEST, datetime.fromisoformat(since) if since else EARLIEST)
        if start == EARLIEST and until is None:
            return None
        return Window(start, max(until or LATEST, start))

    def recover(self, output: Path) -> str | None:
        """Settles a call that was cut off, before `output` is written; a line for the reader where rows had gone out.

        A file that this very call replaces has reached nobody: its rows are exported again, with the new ones.
        """
        journal = self.journal
        if not journal:
            self._sweep()
            return None
        if Path(journal["temporary"]).exists():
            Path(journal["temporary"]).unlink()
            self._take_back(journal)
            return self.recover(output)
        placed = Path(journal["output"])
        if placed == output and placed.is_file() and sha256(placed) == journal["sha256"]:
            return None
        self._keep(journal["next"])
        return f"the call before was cut off, but {placed} was complete: its rows count as exported"

    def narrowed(self, wanted: Wanted, rows: pl.LazyFrame, folder: Path) -> tuple[Wanted, pl.LazyFrame]:
        """What is wanted, and the rows that it is made of now."""
        return wanted, self.unseen(rows, folder)

    def unseen(self, rows: pl.LazyFrame, folder: Path) -> pl.LazyFrame:
        """Those of the rows that no call before has exported."""
        known = Identities(keys[IDENTITY] for keys in self._known().collect_batches(chunk_size=BATCH_ROWS))
        named = (identified(batch, self.table) for batch in rows.collect_batches(chunk_size=BATCH_ROWS))
        fresh = (batch.filter(known.unknown(batch[IDENTITY])) for batch in named)
        schema = pl.Schema({**self.table.schema, **KEYS})
        self._fresh = SPOOLS.scan(spooled(fresh, schema, folder / "fresh.parquet"))
        return self._fresh.select(self.table.schema.names())

    def prepare(self, temporary: Path, output: Path) -> None:
        """Writes down what is about to happen: `temporary` takes the place of `output`, and the rows are exported."""
        before, journal = self.state, self.journal
        number = max(int(before.get("number", 0)), int(journal.get("next", {}).get("number", 0))) + 1
        upcoming = {"about": dict(self.about), "number": number, **self._remembered(number)}
        move = {"temporary": str(temporary), "output": str(output), "sha256": sha256(temporary)}
        write_json(self.folder / "journal.json", {**move, "next": upcoming, "before": journal or None})

    def _remembered(self, number: int) -> Mapping[str, Any]:
        """What the state is to hold from now on."""
        keys = f"keys-{number}.parquet"
        floor = self._remember(self.folder / keys)
        return {"keys": keys, "floor": floor and floor.isoformat()}

    def commit(self) -> None:
        """The file is in its place: its rows are exported."""
        self._keep(self.journal["next"])

    def _known(self) -> pl.LazyFrame:
        name = self.state.get("keys")
        if name is None:
            return pl.LazyFrame(schema=KEYS)
        if not (self.folder / name).is_file():
            raise _damaged(self.folder / name)
        return pl.scan_parquet(self.folder / name, glob=False)

    def _remember(self, path: Path) -> datetime | None:
        """Writes the keys of all rows exported so far, or of the newest; returns the instant before which none are."""
        fresh = pl.LazyFrame(schema=KEYS) if self._fresh is None else self._fresh.select(KEYS.names())
        keys = pl.concat([self._known(), fresh])
        floor = self.floor
        if int(keys.select(pl.len()).collect().item()) > self.most:
            cut = keys.select(pl.col(AT).sort(descending=True).get(self.most)).collect().item()
            if cut is None:
                raise SentinelError(f"{self.table.name} has more rows than a state can remember, {self.most:,}")
            # Rows of one instant are remembered all or none.
            floor = cut + timedelta(microseconds=1)
            keys = keys.filter(pl.col(AT) >= floor)
        with replacing(path) as temporary:
            keys.sink_parquet(temporary, compression="zstd", compression_level=3, row_group_size=4 * BATCH_ROWS)
        return floor

    def _keep(self, upcoming: Mapping[str, Any]) -> None:
        write_json(self.folder / "state.json", upcoming)
        (self.folder / "journal.json").unlink()
        self._sweep()

    def _take_back(self, journal: Mapping[str, Any]) -> None:
        if journal["before"]:
            write_json(self.folder / "journal.json", journal["before"])
        else:
            (self.folder / "journal.json").unlink()

    def _sweep(self) -> None:
        """Removes keys that nothing refers to."""
        for path in self.folder.glob("*keys-*"):
            if path.name != self.state.get("keys"):
                path.unlink()


def read_state(path: Path) -> dict[str, Any]:
    """A missing file is a beginning; a damaged one must not be taken for it, or all would be exported again."""
    written = read_json(path)
    if not written and path.exists():
        raise _damaged(path)
    return written


def _damaged(path: Path) -> SentinelError:
    return SentinelError(f"{path} is missing or damaged; restore {path.parent}, or remove it to export all rows again")
