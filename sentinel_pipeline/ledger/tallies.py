"""Numbers that grow: whoever does something adds to them and ends; the portal, which goes on, tells Prometheus.

Kept apart from what is counted, whose rows change their state and are deleted one day. Labels are words that we give,
never what a system or a person wrote.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from math import inf
from typing import Final

from sqlalchemy import Connection, and_, insert, select, update

from sentinel_pipeline.domain.period import CADENCES, CUSTOM
from sentinel_pipeline.ledger.schema import TALLIES

THOUSANDTHS: Final = 1_000
MEGABYTE: Final = 1_000_000.0


@dataclass(frozen=True)
class Tally:
    """Something that is counted, by labels; with `bounds` how large each was too.

    `cases` are labels that are told before anything is counted: an alert must see the first of them come. `is_last`:
    not how often, but how large the last one was.
    """

    name: str
    said: str
    labels: tuple[str, ...]
    bounds: tuple[float, ...] = ()
    cases: tuple[tuple[str, ...], ...] = ()
    is_last: bool = False


@dataclass(frozen=True)
class Added:
    """One more of a tally: a counter grows by the value, of all others the value is how large it was."""

    tally: Tally
    labels: tuple[str, ...]
    value: float = 1.0


@dataclass(frozen=True)
class Counted:
    """What a tally holds for some labels: how many, how many up to each bound, and their sum."""

    labels: tuple[str, ...]
    upto: tuple[int, ...]
    number: int
    total: float


# A request is made once; the documents call how often something is made its frequency.
FREQUENCIES: Final = {**{cadence: cadence for cadence in CADENCES}, CUSTOM: "once"}
MAKINGS: Final = ("published", "unchanged", "failed")
MAILINGS: Final = ("sent", "refused", "failed", "uncertain")
MAILED: Final = (*FREQUENCIES, "export", "failure", "recovery", "deletion")
SECONDS: Final = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
MAIL_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
FORMATS: Final = ("csv", "html", "json", "pdf", "png", "svg", "txt", "xlsx")
SIZES: Final = tuple(size * MEGABYTE for size in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0))

# The names are those of the DLP system's document, whose users have rules and dashboards that ask for them.
REPORTS: Final = Tally(
    "dlp_reports_generated",
    "Reports made, and those that failed.",
    ("report_type", "frequency", "status"),
    cases=tuple((*named, status) for named, status in product(FREQUENCIES.items(), MAKINGS)),
)
REPORT_SECONDS: Final = Tally(
    "dlp_report_generation_duration_seconds",
    "From the beginning of a run to its published report.",
    ("report_type",),
    SECONDS,
    cases=tuple((name,) for name in FREQUENCIES),
)
LAST_SECONDS: Final = Tally(
    "sentinel_last_report_seconds", "How long the last report took to make.", ("report_type",), is_last=True
)
EACH_FORMAT: Final = tuple((name,) for name in FORMATS)
REPORT_BYTES: Final = Tally(
    "dlp_report_size_bytes", "Size of a report's files of a format together.", ("format",), SIZES, EACH_FORMAT
)
ATTACHMENTS: Final = Tally("dlp_report_attachments", "Files sent with mails.", ("format",), cases=EACH_FORMAT)
ATTACHED_BYTES: Final = Tally(
    "sentinel_attached_bytes", "Size of the files sent with mails.", ("format",), cases=EACH_FORMAT
)
MAILS: Final = Tally(
    "dlp_emails_sent",
    "Mails handed over, by what became of it.",
    ("report_type", "status"),
    cases=tuple(product(MAILED, MAILINGS)),
)
MAIL_DURATION: Final = Tally(
    "dlp_email_delivery_duration_seconds", "Time the mail server took to answer.", (), MAIL_SECONDS, cases=((),)
)
ALL: Final = (REPORTS, REPORT_SECONDS, LAST_SECONDS, REPORT_BYTES, ATTACHMENTS, ATTACHED_BYTES, MAILS, MAIL_DURATION)


def add(connection: Connection, added: Iterable[Added]) -> None:
    """Adds to tallies, in the transaction of what is counted; must be a writing one."""
    columns = TALLIES.c
    for one in added:
        key = {"name": one.tally.name, "labels": ",".join(one.labels), "upto": repr(_bound(one))}
        is_measured = bool(one.tally.bounds) or one.tally.is_last
        new = {
            "number": 1 if is_measured else round(one.value),
            "total": round(one.value * THOUSANDTHS) if is_measured else 0,
        }
        grown = {name: columns[name] + value for name, value in new.items()}
        there = update(TALLIES).where(and_(*(columns[name] == value for name, value in key.items())))
        if not connection.execute(there.values(new if one.tally.is_last else grown)).rowcount:
            connection.execute(insert(TALLIES).values({**key, **new}))


def _bound(one: Added) -> float:
    bounds = (*one.tally.bounds, inf)
    return bounds[bisect_left(bounds, one.value)] if one.tally.bounds else inf


def counted(connection: Connection, tally: Tally) -> list[Counted]:
    """What a tally holds, by labels; what was counted under bounds of an earlier version is in the next ones."""
    cells: dict[tuple[str, ...], list[tuple[float, int, int]]] = {case: [] for case in tally.cases}
    rows = connection.execute(select(TALLIES).where(TALLIES.c.name == tally.name))
    for row in rows.mappings():
        labels = tuple(row["labels"].split(",")) if tally.labels else ()
        cells.setdefault(labels, []).append((float(row["upto"]), row["number"], row["total"]))
    return [_summed(tally, labels, found) for labels, found in sorted(cells.items())]


def _summed(tally: Tally, labels: tuple[str, ...], found: list[tuple[float, int, int]]) -> Counted:
    upto = tuple(sum(number for bound, number, _ in found if bound <= limit) for limit in tally.bounds)
    number = sum(number for _, number, _ in found)
    return Counted(labels, upto, number, sum(total for *_, total in found) / THOUSANDTHS)
