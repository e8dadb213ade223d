"""The folder that request files are dropped into, and the answers that are written beside them.

A file is known by its name and content: one that was accepted is not taken again, whoever dies in between, because the
same request has the same id. Only one that was written after its request had failed or was cancelled asks once more.
`last` counts from the day the file was written, so that it says the same however late it is read. Whoever writes a file
slowly is given time; a file that is renamed into the folder is whole at once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from sentinel_pipeline.domain.errors import RequestError
from sentinel_pipeline.domain.period import day_of
from sentinel_pipeline.domain.request import ANSWERS, Request
from sentinel_pipeline.lake.store import read_json
from sentinel_pipeline.lake.whole_files import write_whole
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.requests import UNMADE, Filed, file_request, state_of
from sentinel_pipeline.requests.asking import known, understood
from sentinel_pipeline.requests.reading import SUFFIXES, content_of, document
from sentinel_pipeline.settings import Settings
from sentinel_pipeline.yaml_document import printable

ENDS = ("rejected", "done", "failed", "cancelled")
QUIET = timedelta(seconds=2)
PATIENCE = timedelta(seconds=30)
LONG = timedelta(hours=1)  # after which nothing is added to what was said
LONGEST_NAME = 180
ASKED_BY = "requests folder"


@dataclass(frozen=True)
class Dropped:
    """A request file as the folder lists it; `stamp` changes whenever somebody writes it."""

    path: Path
    written_at: datetime
    stamp: str

    def is_young(self, now: datetime, age: timedelta) -> bool:
        """Whether it was written so short a time ago that more may come; a clock that is ahead does not matter."""
        return abs(now - self.written_at) < age

    @property
    def is_as_listed(self) -> bool:
        """Whether nobody has written it since: what was read of it may be half of one text, or half of two."""
        return _stamp(self.path.lstat()) == self.stamp

    def answer(self, kind: str) -> Path:
        """Where an answer stands: beside it under its stem, unless that is another file's."""
        short = self.path.with_suffix(f".{kind}.json")
        answers = (read_json(self.path.with_suffix(f".{one}.json")) for one in ANSWERS)
        is_taken = any(answer.get("file", self.said) != self.said for answer in answers)
        return self.path.with_name(f"{self.path.name}.{kind}.json") if is_taken else short

    @property
    def said(self) -> str:
        return printable(self.path.name)


def pick_up(settings: Settings, ledger: Ledger, now: datetime) -> list[str]:
    """Files what lies in the folder and answers it; returns a line for each file that cannot be answered."""
    problems: list[str] = []
    for file in dropped(settings.requests):
        try:
            if len(file.path.name.encode(errors="surrogateescape")) > LONGEST_NAME:
                raise OSError(f"its name is longer than {LONGEST_NAME} bytes")
            _take(file, settings, ledger, now)
        except FileNotFoundError:
            continue  # taken back while we looked
        except OSError as error:
            problems.append(f"requests/{file.said}: cannot be answered: {error.strerror or error}")
    return problems


def dropped(folder: Path) -> Iterator[Dropped]:
    """Request files by name; hidden files, folders and answers are none."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        is_answer = any(path.name.endswith(f".{kind}.json") for kind in ANSWERS)
        if path.suffix not in SUFFIXES or path.name.startswith(".") or is_answer:
            continue
        try:
            status = path.lstat()
        except OSError:
            continue
        if not path.is_dir() or path.is_symlink():
            at = datetime.fromtimestamp(status.st_mtime, UTC)
            yield Dropped(path, at, _stamp(status))


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _take(file: Dropped, settings: Settings, ledger: Ledger, now: datetime) -> None:
    accepted, rejected = (read_json(file.answer(kind)) for kind in ("accepted", "rejected"))
    request_id = str(accepted.get("request"))
    if accepted.get("stamp") == file.stamp:
        return _tell_end(file, request_id, settings, ledger, now)
    if rejected.get("stamp") == file.stamp or file.is_young(now, QUIET):
        return None
    try:
        content = content_of(file.path)
        if not file.is_as_listed:
            return None
        digest = sha256(content).hexdigest()
        if accepted.get("sha256") == digest and not _asks_once_more(file, request_id, ledger, now):
            return _tell_end(file, request_id, settings, ledger, now)
        wanted = _understood(file, content, settings, now)
    except RequestError as error:
        if not file.is_young(now, PATIENCE):
            _answer(file, "rejected", now, settings, {"mistakes": error.mistakes})
        return None
    filed = file_request(ledger, wanted, now, anew=_asks_once_more(file, wanted.request_id, ledger, now))
    told = {"request": filed, "sha256": digest, "since": wanted.first, "until": wanted.last}
    _answer(file, "accepted", now, settings, {name: str(value) for name, value in told.items()})
    return None


def _understood(file: Dropped, content: bytes, settings: Settings, now: datetime) -> Request:
    written = document(file.path.name, content)
    offer = known(settings, day_of(min(file.written_at, now), settings.zone))
    return understood(written.content, offer, ASKED_BY, written.lines)


def _asks_once_more(file: Dropped, request_id: str, ledger: Ledger, now: datetime) -> bool:
    """Whether it was written after its request had ended without a report; a clock that is ahead says nothing."""
    with ledger.reading() as connection:
        filed = state_of(connection, request_id)
    if filed is None or filed.state not in UNMADE or filed.settled_at is None:
        return False
    return filed.settled_at < file.written_at <= now


def _tell_end(file: Dropped, request_id: str, settings: Settings, ledger: Ledger, now: datetime) -> None:
    """Answers how a request ended, once it has; one that failed and is made once more gets another end."""
    done = file.answer("done")
    if done.exists() and now.timestamp() - done.stat().st_mtime > LONG.total_seconds():
        return
    with ledger.reading() as connection:
        filed = state_of(connection, request_id)
    if filed is None or filed.state not in ENDS:
        return
    at = filed.settled_at or filed.requested_at
    _answer(file, filed.state, at, settings, {"request": request_id, **END[filed.state](filed, settings)})


def _done(filed: Filed, settings: Settings) -> dict[str, object]:
    told: dict[str, object] = {"edition": filed.edition, "folder": str(settings.editions / str(filed.edition))}
    return told | ({"not_delivered": filed.error} if filed.error else {})


def _why(filed: Filed, _: Settings) -> dict[str, object]:
    return {"mistakes": (filed.error or "").splitlines()}


END: Mapping[str, Callable[[Filed, Settings], dict[str, object]]] = {
    "done": _done,
    "failed": _why,
    "rejected": _why,
    "cancelled": lambda *_: {},
}


def _answer(file: Dropped, kind: str, at: datetime, settings: Settings, said: Mapping[str, object]) -> None:
    """Writes an answer and takes back those that it contradicts."""
    when = at.astimezone(settings.zone).isoformat(timespec="seconds")
    told = {"file": file.said, "state": kind, "at": when, "stamp": file.stamp, **said}
    place = file.answer(kind)
    if read_json(place) == told:
        return
    stale = [file.answer(other) for other in ENDS if other != kind]
    stale += [file.answer("accepted")] if kind == "rejected" else []
    write_whole(place, (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode())
    for path in stale:
        path.unlink(missing_ok=True)
