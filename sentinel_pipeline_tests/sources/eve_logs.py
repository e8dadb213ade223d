"""Small EVE logs for tests, and short ways to read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import CONNECTIONS, Table
from sentinel_pipeline.sources.source import UTC_ZONE, SourceSettings
from sentinel_pipeline.sources.suricata import open_suricata
from sentinel_pipeline_tests.sources.zeek_logs import Result, taken

Event = dict[str, Any]
NOTHING: Mapping[str, Any] = {}

TUPLE = {
    "src_ip": "192.168.60.5",
    "src_port": 41_000,
    "dest_ip": "203.0.113.9",
    "dest_port": 443,
    "proto": "TCP",
}
COUNTERS = {"pkts_toserver": 7, "pkts_toclient": 9, "bytes_toserver": 900, "bytes_toclient": 12_000}
SPAN = {"start": "2026-05-28T22:26:40.123456+0200", "end": "2026-05-28T22:26:41.623456+0200"}
SIGNATURE = {
    "action": "allowed",
    "gid": 1,
    "signature_id": 2_013_028,
    "rev": 4,
    "signature": "POLICY curl outbound",
    "category": "Potential Corporate Privacy Violation",
    "severity": 2,
}


def event(kind: str, changes: Mapping[str, Any]) -> Event:
    """An event; `changes` with a dot in the key reach into its objects, None takes a key away."""
    found: Event = {
        "timestamp": "2026-05-28T22:30:00.000001+0200",
        "flow_id": 1_303_033_428_771_908,
        "event_type": kind,
    }
    found |= TUPLE
    if kind in ("flow", "netflow"):
        found[kind] = {**SPAN, **(COUNTERS if kind == "flow" else {"pkts": 7, "bytes": 900})}
    if kind == "flow":
        found |= {"app_proto": "tls"}
        found["flow"] |= {"state": "closed", "reason": "shutdown", "age": 1}
    if kind == "alert":
        found["alert"] = dict(SIGNATURE)
    for key, value in changes.items():
        outer, _, inner = key.rpartition(".")
        place = found.setdefault(outer, {}) if outer else found
        if value is None:
            place.pop(inner, None)
        else:
            place[inner] = value
    return found


def flow(changes: Mapping[str, Any] = NOTHING) -> Event:
    return event("flow", changes)


def alert(changes: Mapping[str, Any] = NOTHING) -> Event:
    return event("alert", changes)


def netflow(changes: Mapping[str, Any] = NOTHING) -> Event:
    return event("netflow", changes)


def other(kind: str) -> Event:
    return {"timestamp": "2026-05-28T22:30:00.000001+0200", "event_type": kind, kind: {"uptime": 8}}


def lines(*events: Event) -> str:
    return "".join(json.dumps(one) + "\n" for one in events)


def settings(location: Path | str, options: dict[str, object] | None = None) -> SourceSettings:
    return SourceSettings("office", "suricata", str(location), str(location), UTC_ZONE, options or {})


def read(
    location: Path | str,
    table: Table = CONNECTIONS,
    window: Window | None = None,
    memory: Path | None = None,
    **options: object,
) -> Result:
    with open_suricata(settings(location, options), memory) as source:
        return taken(source, table, window)
