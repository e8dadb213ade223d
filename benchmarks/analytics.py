"""A hundred people at once ask the analytics API about 90 days of a million events a day.

`python -m benchmarks.analytics` measures this alone. The portal is the real one in a process of its own, asked over
HTTP with a token of each user's own; the rate limit of 100 requests a minute holds. What is measured is what the asking
process sees, its own work included.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import polars as pl
from argon2 import PasswordHasher

from benchmarks.month import CONFIGURATION, fill, incidents
from benchmarks.worlds import DEVICES, facts_day, the_day
from sentinel_pipeline.domain.tables import TABLE
from sentinel_pipeline.ledger import credentials
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.tokens import make
from sentinel_pipeline.ledger.users import add
from sentinel_pipeline.portal.analyses import ANALYSES

EVENTS = 1_000_000
FIRST, DAYS = date(2025, 1, 1), 90
USERS, PLUGS = 100, 40
ALLOWED_MS = 50
MORE = (
    "trends?interval=hour&group_by=severity",
    "top-violators?by=agent",
    "energy/trends?group_by=device",
    "network/trends?group_by=service&interval=week",
)
WINDOW = f"start_date={FIRST}&end_date={FIRST + timedelta(days=DAYS - 1)}"
MINUTE = 60.0


@dataclass
class Asked:
    """Milliseconds by question, of answers that were good."""

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    seconds: float = 0.0

    @property
    def every(self) -> list[float]:
        return list(itertools.chain(*self.took.values()))


def questions() -> list[str]:
    """Every analysis as it is asked by default, and some of the heavier ways."""
    return [*(one.path for one in ANALYSES), *MORE]


def build(data: Path) -> None:
    """The statistics of 90 days with a million incidents, a million connections, and 40 plugs each."""
    (data / "config").mkdir(parents=True, exist_ok=True)
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION)
    facts_day(data / "facts.parquet", EVENTS)
    tables = {
        "incidents": incidents(EVENTS).lazy(),
        "connections": pl.scan_parquet(data / "facts.parquet"),
        "energy_intervals": _metered().lazy(),
        "devices": _devices().lazy(),
    }
    fill(data, tables, FIRST, DAYS)


def _metered() -> pl.DataFrame:
    """Every quarter-hour of the day of each plug."""
    chance = np.random.Generator(np.random.PCG64(3))
    count = PLUGS * 96
    numbers = np.arange(count)
    frame = pl.DataFrame({"n": numbers, "energy_micro_kwh": chance.integers(0, 500_000, count)})
    known = frame.select(
        source=pl.lit("home"),
        interval_id=pl.format("q{}", "n"),
        device_ip=pl.format("192.168.1.{}", pl.col("n") % PLUGS),
        device_name=pl.format("Plug {}", pl.col("n") % PLUGS),
        started_at=pl.lit(the_day().window.start) + pl.duration(minutes=15 * (pl.col("n") // PLUGS)),
        energy_micro_kwh="energy_micro_kwh",
        metered_seconds=pl.lit(900),
        estimated_seconds=pl.lit(0),
        unmetered_seconds=pl.lit(0),
        cost_micros=pl.col("energy_micro_kwh") // 4,
        unpriced_micro_kwh=pl.lit(0),
        band=pl.lit("day"),
        tier=pl.lit(1),
        currency=pl.lit("EUR"),
    )
    return _of(known, "energy_intervals")


def _devices() -> pl.DataFrame:
    numbers = pl.DataFrame({"n": np.arange(DEVICES)})
    address, name = pl.format("192.168.1.{}", "n"), pl.format("Device {}", "n")
    return _of(numbers.select(source=pl.lit("home"), device_ip=address, device_name=name), "devices")


def _of(known: pl.DataFrame, table: str) -> pl.DataFrame:
    typed = known.cast({name: TABLE[table].schema[name] for name in known.columns})
    return pl.concat([TABLE[table].empty(), typed], how="diagonal")


def people(data: Path) -> list[str]:
    """A token of each user."""
    # Nobody signs in with these passwords: hashed as they are for people, a hundred take longer than the measurement.
    credentials.HASHER = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    ledger, now = open_ledger(f"sqlite:///{data / 'state.db'}"), datetime.now(UTC)
    for number in range(USERS):
        add(ledger, f"user{number}", "analyst", "correct horse battery", "benchmark", now)
    life = timedelta(days=1)
    return [make(ledger, f"user{n}", "benchmark", ["ANALYTICS_VIEW"], life, "benchmark", now) for n in range(USERS)]


@contextmanager
def portal(data: Path) -> Iterator[str]:
    """`sentinel serve` on a free port, stopped at the end."""
    command = [sys.executable, "-m", "sentinel_pipeline", "serve", "--port", "3988"]
    environment = os.environ | {"SENTINEL_DATA": str(data)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert "Portal" in process.stderr.readline()
        address = "http://127.0.0.1:3988"
        _wait_for(address)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def _wait_for(address: str) -> None:
    while True:
        with suppress(httpx.ConnectError):
            httpx.get(f"{address}/health", trust_env=False)
            return
        time.sleep(0.1)


async def _ask(client: httpx.AsyncClient, question: str, window: str, asked: Asked) -> None:
    path = f"/api/v1/analytics/{question}{'&' if '?' in question else '?'}{window}"
    started = time.perf_counter()
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    asked.took[question].append((time.perf_counter() - started) * 1_000)


async def once(address: str, token: str, windows: Sequence[str]) -> Asked:
    """Every question of each window, one after another."""
    asked = Asked()
    async with _client(address, token) as client:
        for window, question in itertools.product(windows, questions()):
            await _ask(client, question, window, asked)
    return asked


async def together(address: str, tokens: Sequence[str], times: int, every_seconds: float) -> Asked:
    """All people at once, each asking so many times: once in a span, or, when it is 0, again with each answer."""
    asked, chance = Asked(), random.Random(4)

    async def person(client: httpx.AsyncClient) -> None:
        begun = time.perf_counter() + chance.random() * every_seconds
        for number in range(times):
            await asyncio.sleep(max(0.0, begun + number * every_seconds - time.perf_counter()))
            await _ask(client, chance.choice(questions()), WINDOW, asked)

    async with AsyncExitStack() as opened:
        clients = [await opened.enter_async_context(_client(address, token)) for token in tokens]
        started = time.perf_counter()
        await asyncio.gather(*map(person, clients))
        asked.seconds = time.perf_counter() - started
    return asked


def _client(address: str, token: str) -> httpx.AsyncClient:
    # Nothing is encrypted here, and reading the certificates of the world a hundred times takes seconds.
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=address, headers=headers, timeout=60, trust_env=False, verify=False)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def analytics(data: Path, times: int = 40) -> list[str]:
    """The tables for RESULTS.md."""
    print("building 90 days of statistics", flush=True)
    build(data)
    tokens = people(data)
    with portal(data) as address:
        cold = asyncio.run(once(address, tokens[0], [WINDOW]))
        others = [f"start_date={FIRST + timedelta(days=n)}&end_date={FIRST + timedelta(days=59 + n)}" for n in (1, 9)]
        own = asyncio.run(once(address, tokens[1], others))
        calm = asyncio.run(together(address, tokens, times, 1.0))
        time.sleep(MINUTE)
        closed = asyncio.run(together(address, tokens, times, 0.0))
    return report(cold, own, calm, closed)


def report(cold: Asked, own: Asked, calm: Asked, closed: Asked) -> list[str]:
    lines = [
        f"| analytics of {DAYS} days of 1 M events a day | requests | p50 ms | p95 ms | p99 ms | allowed p95 |",
        "|---|---|---|---|---|---|",
        _row(f"{USERS} users, each once a second: {_rate(calm)} a second", calm.every, str(ALLOWED_MS)),
        _row(f"{USERS} users, each again with every answer: {_rate(closed)} a second", closed.every, "–"),
        _row("one user, a question nobody asked before", cold.every, "–"),
        _row("one user, the same of other days", own.every, "–"),
        "",
        "| of the first line | requests | p50 ms | p95 ms | p99 ms | first asked, ms |",
        "|---|---|---|---|---|---|",
    ]
    firsts = {name: f"{statistics.median(took):.0f}" for name, took in cold.took.items()}
    return lines + [_row(f"`{name}`", calm.took[name], firsts[name]) for name in questions()]


def _row(name: str, took: Sequence[float], last: str) -> str:
    spans = " | ".join(f"{percentile(took, share):.1f}" for share in (0.5, 0.95, 0.99))
    return f"| {name} | {len(took)} | {spans} | {last} |"


def _rate(asked: Asked) -> str:
    return f"{len(asked.every) / asked.seconds:.0f}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="sentinel-bench-") as place:
        print("\n".join(analytics(Path(place))))
