"""Writes the workshop's EVE logs: one file a local day by the time of writing, rotated and packed but the last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.demo.chance import Chance, picks
from sentinel_pipeline.demo.household import GUESSER
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.rhythm import PEOPLE, Stretch, at, instants, moment
from sentinel_pipeline.demo.systems import Progress
from sentinel_pipeline.demo.traffic import traffic
from sentinel_pipeline.demo.workshop import BEACON, EVERYDAY, GUESSING, PRINTER, SERVER, WORKSHOP, Signature
from sentinel_pipeline.demo.zeek_files import gzipped

Event = dict[str, Any]
Written = tuple[int, Event]

SECOND = 1_000_000
TIMEOUT = 60 * SECOND
FRAME = 54
STATES = {"SF": "closed", "RSTO": "closed", "RSTR": "closed", "S1": "established", "OTH": "established"}
SERVICES = {"ssl": "tls", "stun": "failed"}
BROKEN_EVERY = 4


def write_ids(folder: Path, plan: Plan, progress: Progress) -> None:
    """Writes events day by day; memory holds one day and the flows still open at its end."""
    still_open: list[Written] = []
    for done, stretch in enumerate(plan.stretches(), 1):
        events = sorted([*still_open, *_events(plan, stretch)], key=lambda one: one[0])
        _write(folder, plan, stretch, [event for us, event in events if us < stretch.end_us])
        still_open = [one for one in events if one[0] >= stretch.end_us]
        progress("ids", plan.whole_days(done), plan.days)


def _write(folder: Path, plan: Plan, stretch: Stretch, events: list[Event]) -> None:
    lines = [json.dumps(event, ensure_ascii=False, separators=(",", ":")) for event in events]
    if lines and stretch.day.toordinal() % BROKEN_EVERY == 0:
        lines.append(lines[0][: len(lines[0]) // 2])  # rotation by copying cuts the last line
    content = "".join(line + "\n" for line in lines).encode("utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    if stretch.day > plan.last_day:
        (folder / "eve.json").write_bytes(content)
    else:
        name = f"eve.json-{stretch.day + timedelta(days=1):%Y%m%d}.gz"
        (folder / name).write_bytes(gzipped(content))


def _events(plan: Plan, stretch: Stretch) -> Iterator[Written]:
    """What is written of a stretch: flows when they end, alerts at once, counters every hour."""
    dice = plan.dice(stretch.day, "ids")
    rows = traffic(WORKSHOP, plan, stretch.day, dice)
    rows = rows.with_columns(flow_id=pl.Series(dice.integers(10**12, 2**51, rows.height)))
    kept = rows.filter(pl.col("us").is_between(stretch.start_us, stretch.end_us, closed="left"))
    for row in _stamped(kept, plan.zone).iter_rows(named=True):
        yield row["written_us"], _flow(row)
    for us, event in _alerts(plan, stretch, rows):
        if stretch.start_us <= us < stretch.end_us:
            yield us, event
            if event["alert"]["action"] == "blocked":
                yield us, {**event, "event_type": "drop"}
    for us in range(stretch.start_us, stretch.end_us, 3_600 * SECOND):
        counters = {"uptime": us // SECOND % 864_000, "capture": {"kernel_packets": 90_000, "kernel_drops": 0}}
        yield us, {"timestamp": stamp(us, plan.zone), "event_type": "stats", "stats": counters}


def _stamped(rows: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Flows with `end_us`, `written_us`, and the stamps of both and of their start: one by one they take seconds."""
    end = (pl.col("us") + pl.col("seconds").fill_null(0.0) * SECOND).cast(pl.Int64)
    timed = rows.with_columns(end_us=end, written_us=end + TIMEOUT)
    local = {
        name: pl.from_epoch(column, "us").dt.replace_time_zone("UTC").dt.convert_time_zone(zone.key)
        for name, column in {"start": "us", "end": "end_us", "written": "written_us"}.items()
    }
    return timed.with_columns(**{name: time.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f%z") for name, time in local.items()})


def stamp(us: int, zone: ZoneInfo) -> str:
    """As Suricata writes it: `2026-11-20T14:04:05.678901+0100`."""
    local: datetime = moment(us).astimezone(zone)
    return f"{local:%Y-%m-%dT%H:%M:%S.%f%z}"


@lru_cache(maxsize=4096)
def _exploded(address: str) -> str:
    return ip_address(address).exploded


def _tuple(row: dict[str, Any]) -> Event:
    """Addresses and ports as the packet has them: IPv6 in full, no ports for ICMP."""
    source, target = (row["peer"], row["device"]) if row["is_inbound"] else (row["device"], row["peer"])
    ends = {"src_ip": _exploded(source), "dest_ip": _exploded(target)}
    if row["protocol"] == "icmp":
        return {**ends, "proto": "ICMP", "icmp_type": 8, "icmp_code": 0}
    return {
        "src_ip": ends["src_ip"],
        "src_port": row["own_port"],
        "dest_ip": ends["dest_ip"],
        "dest_port": row["peer_port"],
        "proto": row["protocol"].upper(),
    }


def _flow(row: dict[str, Any]) -> Event:
    ahead, back = ("received", "sent") if row["is_inbound"] else ("sent", "received")
    service = SERVICES.get(row["service"], row["service"]) or ("failed" if row["protocol"] == "tcp" else None)
    flow = {
        "pkts_toserver": row[f"packets_{ahead}"],
        "pkts_toclient": row[f"packets_{back}"],
        "bytes_toserver": (row[ahead] or 0) + FRAME * row[f"packets_{ahead}"],
        "bytes_toclient": (row[back] or 0) + FRAME * row[f"packets_{back}"],
        "start": row["start"],
        "end": row["end"],
        "age": (row["end_us"] - row["us"]) // SECOND,
        "state": STATES.get(row["state"], "new"),
        "reason": "timeout",
        "alerted": False,
    }
    told = {"timestamp": row["written"], "flow_id": row["flow_id"], "event_type": "flow", **_tuple(row)}
    return {**told, **({"app_proto": service} if service else {}), "flow": flow}


def _alerts(plan: Plan, stretch: Stretch, rows: pl.DataFrame) -> Iterator[Written]:
    """A few findings of every day in ordinary connections, and those of the story."""
    dice = plan.dice(stretch.day, "ids alerts")
    number = int(dice.poisson(7 * plan.scale))
    moments = instants(stretch.day, plan.zone, PEOPLE, number, dice).tolist()
    for us, pick in zip(moments, picks(dice, tuple(weight for _, _, weight in EVERYDAY), number), strict=True):
        signature, port, _ = EVERYDAY[pick]
        near = rows.filter((pl.col("peer_port") == port) & (pl.col("us") <= us)).tail(1)
        for row in near.iter_rows(named=True):
            yield us, _alert(us, row["flow_id"], _tuple(row), signature, plan)
    yield from _plot(plan, stretch, dice)


def _plot(plan: Plan, stretch: Stretch, dice: Chance) -> Iterator[Written]:
    story, day = plan.story, stretch.day
    found = []
    if day == story.guessing_night:
        found = [(22.4 + n / 20, GUESSER, SERVER, 22, GUESSING) for n in range(4)]
    if day == story.copying_day:
        found = [(4.2 + n / 4, PRINTER, GUESSER, 4443, BEACON) for n in range(3)]
    for hour, source, target, port, signature in found:
        us, own = at(day, plan.zone, hour), int(dice.integers(32_768, 61_000))
        ends = {"src_ip": source, "src_port": own, "dest_ip": target, "dest_port": port, "proto": "TCP"}
        yield us, _alert(us, int(dice.integers(10**12, 2**51)), ends, signature, plan)


def _alert(us: int, flow_id: int, ends: Event, signature: Signature, plan: Plan) -> Event:
    found = {
        "action": "blocked" if signature.is_blocking else "allowed",
        "gid": 1,
        "signature_id": signature.number,
        "rev": 2,
        "signature": signature.words,
        "category": signature.category,
        "severity": signature.priority,
    }
    return {"timestamp": stamp(us, plan.zone), "flow_id": flow_id, "event_type": "alert", **ends, "alert": found}
