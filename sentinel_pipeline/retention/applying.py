"""Retention carried out: announces, deletes, and records both; may die at any step, and the next time ends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.closures import Closed, close, unused
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.requests import remove_settled
from sentinel_pipeline.ledger.retention import announce, begin_deletion, end_deletion, forget, miss
from sentinel_pipeline.publishing.assembly import FILE_ASSETS, sole_assembler
from sentinel_pipeline.publishing.editions import edition_folder, sole_publisher
from sentinel_pipeline.publishing.withdrawal import withdraw
from sentinel_pipeline.retention.removal import remove, remove_empty
from sentinel_pipeline.retention.stock import Item
from sentinel_pipeline.retention.survey import Survey
from sentinel_pipeline.retention.telling import mail_words

PATIENCE_SECONDS = 60.0  # for all items together: a lake that is in use stays so for long
# Folders so deep below `editions` belong to one edition or draft: nobody else writes into them.
OWN_DEPTH = 4


@dataclass(frozen=True)
class Keeper:
    """Where things are deleted and recorded, the time, and what deletes an item of runs (how many went).

    `tells_by_mail`: there is somebody who is told by mail before anything goes.
    """

    data: Path
    zone: ZoneInfo
    ledger: Ledger
    clock: Callable[[], datetime]
    delete_runs: Callable[[Item], int]
    tells_by_mail: bool = False

    @property
    def lake(self) -> Lake:
        return Lake(self.data / "lake")

    @property
    def editions(self) -> Path:
        return self.data / "editions"


@dataclass(frozen=True)
class Deleted:
    """An item that is gone: how many files or runs went now, and how many bytes that freed."""

    item: Item
    number: int
    bytes: int


@dataclass(frozen=True)
class Outcome:
    """What was deleted, and a line for each thing that could not be."""

    deleted: tuple[Deleted, ...]
    problems: tuple[str, ...]


def apply(keeper: Keeper, survey: Survey) -> Outcome:
    """Announces and deletes as surveyed; what cannot be deleted stops nothing else. Raises LedgerError."""
    there = {one.item.identity: one.fate for one in survey.decisions}
    stays = [one for one in survey.notices if there.get(one) in ("hold", "keep") or one[0] not in survey.kinds]
    forget(keeper.ledger, stays)
    miss(keeper.ledger, [one for one in survey.notices if one not in there and one not in stays], keeper.clock())
    fresh = survey.of("announce")
    said = mail_words(fresh) if keeper.tells_by_mail and fresh else ""
    announce(keeper.ledger, [one.item.identity for one in fresh], survey.today, keeper.clock(), said)
    deleted, problems = [], []
    until = time.monotonic() + PATIENCE_SECONDS
    for decision in survey.of("delete"):
        try:
            deleted.append(delete(keeper, decision.item, until - time.monotonic()))
        except SentinelError as error:
            problems.append(f"{decision.item.kind} {decision.item.name}: {error}")
        except OSError as error:
            problems.append(f"{decision.item.kind} {decision.item.name}: {error.strerror or error}")
    return Outcome(tuple(deleted), tuple(problems))


def delete(keeper: Keeper, item: Item, seconds: float) -> Deleted:
    """Deletes an item while nobody works on it; waits so long for the lake.

    Raises SentinelError when somebody uses it all the time, or the item cannot be deleted.
    """
    with alone_with(keeper, item, seconds) as is_alone:
        begin_deletion(keeper.ledger, item.identity, keeper.clock(), {"number": item.number, "bytes": item.bytes})
        _note(keeper, item)
        if not is_alone():  # a machine that was suspended since it asked is told by now what others do
            raise SentinelError("the lake was used meanwhile; it is left for the next time")
        number, freed = (keeper.delete_runs(item), 0) if item.kind == "runs" else remove(keeper.data, item.files)
        number += item.kind == "requests" and remove_settled(keeper.ledger, item.name)
        remove_empty(keeper.data, _own_folders(item))
        end_deletion(keeper.ledger, item.identity, keeper.clock(), {"number": number, "bytes": freed})
    return Deleted(item, number, freed)


@contextmanager
def alone_with(keeper: Keeper, item: Item, seconds: float) -> Iterator[Callable[[], bool]]:
    """Keeps away whoever would read or write what an item holds; what is yielded tells whether it still does.

    Raises SentinelError while the lake is in use.
    """
    with ExitStack() as held:
        is_alone = held.enter_context(unused(keeper.lake, seconds)) if item.kind in get_args(Closed) else lambda: True
        if not is_alone():
            raise SentinelError("the lake is in use; it is left for the next time")
        if item.kind.endswith("_editions"):
            held.enter_context(sole_publisher(keeper.editions, _period(keeper, item)))
        if item.kind.endswith("_editions") or item.kind == "outbox":
            held.enter_context(keeper.ledger.sole_sender())
        if item.kind == "drafts":
            held.enter_context(sole_assembler(keeper.editions, _period(keeper, item), *FILE_ASSETS))
        yield is_alone


def _note(keeper: Keeper, item: Item) -> None:
    """Says beside what is deleted that it is, before the first file goes: a day half deleted must not look whole."""
    for what in get_args(Closed):
        if what == item.kind:
            close(keeper.lake, what, item.name, keeper.clock())
    if item.kind.endswith("_editions"):
        withdraw(edition_folder(keeper.editions, _period(keeper, item)), keeper.clock())


def _period(keeper: Keeper, item: Item) -> Period:
    cadence, _, key = item.name.partition("/")
    return Period.parse(cadence, key, keeper.zone)


def _own_folders(item: Item) -> set[str]:
    """Folders of the files, and those above, that belong to the item alone."""
    above = {parent.as_posix() for file in item.files for parent in Path(file.path).parents}
    return {one for one in above if one.startswith("editions/") and one.count("/") >= OWN_DEPTH}
