"""Requests as retention sees them: the row of each, its file and the answers beside it are one item.

A file that stayed without its answers would be taken for a new request, so that they only go together, the file first
and the row last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import CUSTOM, Period, day_of
from sentinel_pipeline.domain.request import ANSWERS, OPEN
from sentinel_pipeline.lake.store import read_json
from sentinel_pipeline.ledger.requests import Filed
from sentinel_pipeline.publishing.claims import claimed
from sentinel_pipeline.publishing.withdrawal import withdrawn_at
from sentinel_pipeline.retention.stock import File, Item, files_below, written_on
from sentinel_pipeline.yaml_document import printable

FOLDER = "requests"
MOST_BYTES = 1_000_000  # an answer is a few lines; what is larger is none of ours
UNDONE = "it is not made yet"
EDITION_KEPT = "its edition is kept"


@dataclass(frozen=True)
class Paper:
    """A request file or an answer, and the request it is of: its id, or the day on which it was refused."""

    file: File
    subject: str
    is_answer: bool


def old_requests(data: Path, zone: ZoneInfo, filed: Iterable[Filed]) -> list[Item]:
    """An item for each request that was filed, and one for each day on which files were refused, by name."""
    rows = {row.request_id: row for row in filed}
    papers: defaultdict[str, list[Paper]] = defaultdict(list)
    for paper in _papers(data, zone):
        papers[paper.subject].append(paper)
    names = sorted({*rows, *papers})
    return [item for name in names if (item := _item(name, rows.get(name), papers[name], zone)) is not None]


def why_it_stays(row: Filed | None, editions: Path) -> str:
    """Why a request cannot go yet; nothing when it can. An edition that is kept says what it was made from."""
    if row is None:
        return ""
    if row.state in OPEN:
        return UNDONE
    folder = editions / CUSTOM / row.request_id
    claimed(folder)
    return EDITION_KEPT if row.edition and folder.is_dir() and withdrawn_at(folder) is None else ""


def _item(name: str, row: Filed | None, papers: list[Paper], zone: ZoneInfo) -> Item | None:
    days = _days(name, row, zone)
    if days is None:
        return None
    ended: list[datetime] = [row.settled_at or row.requested_at] if row else []
    kept_since = max([day_of(at, zone) for at in ended] + [written_on(one.file, zone) for one in papers])
    in_order = sorted(papers, key=lambda one: (one.is_answer, one.file.path))
    files = tuple(one.file for one in in_order)
    size = sum(file.bytes for file in files)
    return Item("requests", name, *days, kept_since, len(files) + len(ended), size, files)


def _days(name: str, row: Filed | None, zone: ZoneInfo) -> tuple[date, date] | None:
    """The days a request asks for, or the day on which it was refused."""
    if row is not None:
        return row.request.first, row.request.last
    for cadence in (CUSTOM, "daily"):
        try:
            period = Period.parse(cadence, name, zone)
        except UsageError:
            continue
        return period.first, period.last
    return None


def _papers(data: Path, zone: ZoneInfo) -> Iterator[Paper]:
    here = {file.path.rpartition("/")[2]: file for file in files_below(data, FOLDER) if file.path.count("/") == 1}
    subjects: dict[str, str] = {}
    for name, file in here.items():
        said = _said(data, file) if _is_answer(name) else None
        if said is None:
            continue
        subject = str(said.get("request") or written_on(file, zone))
        # What was accepted has an id; a refusal of what the file said before has none.
        if said.get("request") or str(said.get("file")) not in subjects:
            subjects[str(said.get("file"))] = subject
        yield Paper(file, subject, is_answer=True)
    for name, file in here.items():
        if not _is_answer(name) and not name.startswith(".") and printable(name) in subjects:
            yield Paper(file, subjects[printable(name)], is_answer=False)


def _said(data: Path, file: File) -> Mapping[str, object] | None:
    """What an answer says; None when it cannot be one of ours."""
    try:
        return read_json(data / file.path) if file.bytes <= MOST_BYTES else None
    except (OSError, RecursionError):
        return None


def _is_answer(name: str) -> bool:
    return any(name.endswith(f".{kind}.json") for kind in ANSWERS)
