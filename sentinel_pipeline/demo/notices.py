"""What Zeek finds noteworthy at the gateway."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from sentinel_pipeline.demo.chance import marks, picks
from sentinel_pipeline.demo.household import GUESSER
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.rhythm import PEOPLE, Stretch, at, instants

NOTICE = {
    "ts": "time",
    "uid": "string",
    "id.orig_h": "addr",
    "id.orig_p": "port",
    "id.resp_h": "addr",
    "id.resp_p": "port",
    "proto": "enum",
    "note": "enum",
    "msg": "string",
    "sub": "string",
    "src": "addr",
    "dst": "addr",
    "p": "port",
    "n": "count",
    "peer_descr": "string",
    "actions": "set[enum]",
    "suppress_for": "interval",
}
"""Fields of the log in order, with Zeek's types."""

TYPES = {"time": pl.Int64, "interval": pl.Int64, "port": pl.Int64, "count": pl.Int64}
SCHEMA = {field: TYPES.get(kind, pl.String) for field, kind in NOTICE.items()}
HOUR_US = 3_600_000_000

Finding = tuple[str, str, str | None, int]
CERTIFICATE: Finding = ("SSL::Invalid_Server_Cert", "SSL certificate validation failed with (expired)", None, 443)
FINDINGS: tuple[Finding, ...] = (
    CERTIFICATE,
    (CERTIFICATE[0], "SSL certificate validation failed with (self signed)", 'CN=<b>"box"</b>.example', 443),
    ("CaptureLoss::Too_Much_Loss", "The capture loss script detected an estimated loss rate above 3.1%", None, 0),
)
GUESSING: Finding = ("SSH::Password_Guessing", f"{GUESSER} appears to be guessing SSH passwords", "Sampled servers", 22)
SCAN: Finding = ("Scan::Port_Scan", "198.51.100.201 scanned at least 15 unique ports of host 192.168.40.2", "remote", 0)


def notices(plan: Plan, stretch: Stretch) -> pl.DataFrame:
    """A stretch's notices in order of time, columns of NOTICE with times in microseconds."""
    dice = plan.dice(stretch.day, "gateway notices")
    found = sorted(_found(plan, stretch), key=lambda entry: entry[0])
    rows = [_row(us, finding, uid) for (us, finding), uid in zip(found, marks(dice, "C", len(found), 17), strict=True)]
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return table.filter(pl.col("ts").is_between(stretch.start_us, stretch.end_us, closed="left"))


def _found(plan: Plan, stretch: Stretch) -> Iterator[tuple[int, Finding]]:
    dice = plan.dice(stretch.day, "gateway findings")
    count = int(dice.poisson(3 * plan.scale))
    moments = instants(stretch.day, plan.zone, PEOPLE, count, dice).tolist()
    for us, number in zip(moments, picks(dice, (5, 1, 1), count), strict=True):
        yield us, FINDINGS[number]
    if stretch.day == plan.story.guessing_night:
        yield at(stretch.day, plan.zone, 22.3), GUESSING
        yield at(stretch.day, plan.zone, 23.3), GUESSING
    if stretch.day == plan.story.copying_day:
        yield at(stretch.day, plan.zone, 3.4), SCAN


def _row(us: int, finding: Finding, uid: str) -> tuple[object, ...]:
    note, words, detail, port = finding
    source, target = {
        "SSH::Password_Guessing": (GUESSER, None),
        "Scan::Port_Scan": ("198.51.100.201", "192.168.40.2"),
    }.get(note, ("192.168.40.10", "192.0.2.44") if port else (None, None))
    has_connection = note == CERTIFICATE[0]
    tuple_of_flow = (uid, source, 40_000 + us % 9_000, target, port, "tcp") if has_connection else (None,) * 6
    number = 30 if note == GUESSING[0] else None
    return (
        *(us, *tuple_of_flow, note, words, detail, source, target, port or None, number, "zeek"),
        *("Notice::ACTION_LOG", HOUR_US),
    )
