"""Writes the inbox of a small fleet of Macs: sealed payloads, a key that was rotated, and what went wrong with some.

The keys lie beside the inbox and follow from the seed: they protect nothing but a demonstration.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sentinel_pipeline.demo.chance import Chance, chance
from sentinel_pipeline.demo.clocks import local_iso
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.rhythm import Stretch, microseconds
from sentinel_pipeline.demo.systems import Progress
from sentinel_pipeline.domain.period import Period, hour_end

MACHINES = (
    *(f"studio-{number:02}" for number in range(1, 6)),
    *(f"sales-{number:02}" for number in range(1, 5)),
    "reception",
    "workshop",
    "roaming-mac",
)
ROAMING, ROAMING_ZONE = "roaming-mac", ZoneInfo("America/New_York")
QUIET = "workshop"
KEYS_MADE = date(2000, 1, 1)
ROTATED_BEFORE = timedelta(days=6)
LOGS_AN_HOUR = 5
TAMPERED, UNSEALED, REPLAYED = 10, 11, 15
SERVERS = ("Example Net, Berlin", "Example Fibre, Hamburg")


@dataclass(frozen=True)
class Batch:
    """An hour of one machine, as its agent sends it."""

    machine: str
    start: datetime
    end: datetime
    zone: ZoneInfo


def write_fleet(folder: Path, plan: Plan, progress: Progress) -> None:
    """Writes the keys, and a file of envelopes for every hour."""
    old, new = (chance(plan.seed, KEYS_MADE, f"fleet key {age}").bytes(32) for age in ("old", "new"))
    _write_key(folder / "old.key", old)
    _write_key(folder / "current.key", new)
    for done, stretch in enumerate(plan.stretches(), 1):
        key = old if stretch.day < plan.last_day - ROTATED_BEFORE else new
        _write_stretch(folder / "inbox" / stretch.day.isoformat(), plan, stretch, AESGCM(key))
        progress("fleet", plan.whole_days(done), plan.days)


def _write_key(place: Path, key: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(base64.b64encode(key) + b"\n")


def _write_stretch(folder: Path, plan: Plan, stretch: Stretch, cipher: AESGCM) -> None:
    dice = plan.dice(stretch.day, "fleet")
    is_eventful = stretch.day == plan.story.copying_day
    for start in Period("daily", stretch.day, plan.zone).hour_starts:
        end, hour = hour_end(start, plan.zone), start.astimezone(plan.zone).hour
        batches = [
            Batch(machine, start, end, ROAMING_ZONE if machine == ROAMING else plan.zone)
            for machine in MACHINES
            if _is_on(machine, hour, stretch.day, plan)
        ]
        payloads = [(batch.machine, _payload(batch, plan.scale, dice)) for batch in batches]
        envelopes = [_sealed(payload, cipher, dice) for _, payload in payloads]
        if is_eventful and envelopes:
            _go_wrong(hour, envelopes, payloads[0][1])
        if envelopes and stretch.window.start <= start < stretch.window.end:
            _write_hour(folder, start.astimezone(plan.zone), end, envelopes)


def _is_on(machine: str, hour: int, day: date, plan: Plan) -> bool:
    if machine == QUIET and day >= plan.story.stranger_from:
        return False
    return machine == "reception" or (7 <= hour < 19 and day.weekday() < 5) or machine.startswith("studio-01")


def _payload(batch: Batch, scale: float, dice: Chance) -> dict[str, Any]:
    count = max(1, round(LOGS_AN_HOUR * scale))
    length = microseconds(batch.end) - microseconds(batch.start)
    moments = sorted((dice.random(count) * length).astype(int).tolist())
    logs = [_log(microseconds(batch.start) + moment, batch.zone, dice) for moment in moments]
    return {"machine_id": batch.machine, "logs": logs}


def _log(us: int, zone: ZoneInfo, dice: Chance) -> dict[str, Any]:
    luck, (one, two, three) = dice.random(), dice.random(3).tolist()
    stamp = local_iso(us, zone)
    if luck < 0.04:
        return _entry(stamp, "ERROR", "system", "Collector could not reach the fleet server", {"attempt": 3})
    if luck < 0.1:
        return _entry(stamp, "WARNING", "TCP Connection Tester", "tcp_connection_rate", {"success_rate_percent": 91.5})
    if luck < 0.45:
        latency = float("nan") if one < 0.002 else round(9 + 30 * two**3, 2)
        return _entry(stamp, "INFO", "Ping Monitor", "ping", {"latency": latency, "target": "192.0.2.1"})
    if luck < 0.75:
        rssi = -40 - round(45 * three)
        data = {"rssi": rssi, "noise": -92, "snr": rssi + 92, "channel": 36 + 4 * round(2 * two), "ssid": "Example"}
        return _entry(stamp, "INFO", "WiFi Quality Monitor", None if one < 0.002 else "wifi_quality", data)
    speeds = {"download": round(60 + 420 * one, 2), "upload": round(20 + 80 * two, 2), "ping": round(6 + 20 * three, 2)}
    server = SERVERS[int(one < 0.3)]
    return _entry(stamp, "INFO", "speedtest", "speedtest", {**speeds, "jitter": round(4 * three, 2), "server": server})


def _entry(stamp: str, level: str, kind: str, message: str | None, data: dict[str, Any]) -> dict[str, Any]:
    return {"timestamp": stamp, "level": level, "widget_type": kind, "message": message, "data": data}


def _sealed(payload: dict[str, Any], cipher: AESGCM, dice: Chance) -> dict[str, Any]:
    nonce = dice.bytes(12)
    sealed = cipher.encrypt(nonce, json.dumps(payload).encode(), None)
    texts = {name: base64.b64encode(part).decode() for name, part in (("nonce", nonce), ("ciphertext", sealed))}
    return {"encrypted": True, "version": "1", **texts}


def _go_wrong(hour: int, envelopes: list[dict[str, Any]], payload: dict[str, Any]) -> None:
    """One envelope was tampered with, one was never sealed, one is sent once more."""
    if hour == TAMPERED:
        sealed = bytearray(base64.b64decode(envelopes[0]["ciphertext"]))
        sealed[7] ^= 1
        envelopes[0] = {**envelopes[0], "ciphertext": base64.b64encode(sealed).decode()}
    elif hour == UNSEALED:
        envelopes[0] = payload
    elif hour == REPLAYED:
        envelopes.append(envelopes[-1])


def _write_hour(folder: Path, start: datetime, end: datetime, envelopes: list[dict[str, Any]]) -> None:
    """One envelope a line; the file arrived when the hour was over."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{start:%Y-%m-%dT%H%M%z}.ndjson"
    file.write_text("".join(json.dumps(envelope) + "\n" for envelope in envelopes), encoding="ascii")
    os.utime(file, (end.timestamp() - 1, end.timestamp() - 1))
