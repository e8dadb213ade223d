"""The connections of one network on one day, before any system writes them down in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import chain
from typing import Any

import numpy as np
import polars as pl

from sentinel_pipeline.demo.chance import Chance, picks
from sentinel_pipeline.demo.habits import PUBLIC, PUBLIC_IPV6, Device, Habit
from sentinel_pipeline.demo.household import GUESSED, GUESSER, HOME, STRANGER
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.rhythm import NIGHT, at, instants

IPV6_OF = dict(zip(PUBLIC, PUBLIC_IPV6, strict=True))
STATES = {
    "tcp": (("SF", "S1", "RSTO", "RSTR", "S0", "REJ", "SH"), (0.87, 0.04, 0.04, 0.025, 0.015, 0.006, 0.004)),
    "udp": (("SF", "S0"), (0.965, 0.035)),
    "icmp": (("OTH",), (1.0,)),
}
UNANSWERED = ("S0", "REJ", "SH")
Columns = dict[str, Any]


def traffic(devices: tuple[Device, ...], plan: Plan, day: date, dice: Chance) -> pl.DataFrame:
    """Connections of the devices in order of their start (`us`), seen from the device.

    Returns columns us, device, peer, own_port, peer_port, protocol, service, seconds, sent, received (bytes),
    packets_sent, packets_received, state, is_inbound (the peer began it).
    """
    habits = [
        _habit_columns(device, habit, plan, day, dice, int(dice.poisson(often * plan.scale * _mood(day))))
        for device in devices
        for habit, often in device.daily
        if "stranger" not in device.traits or plan.story.has_stranger(day)
    ]
    rows = pl.concat([_together(habits), *_plot(devices, plan, day, dice)]).sort("us", maintain_order=True)
    # The day's first connection begins at midnight itself, where careless windows lose it or count it twice.
    is_first = pl.int_range(pl.len()) == 0
    return rows.with_columns(us=pl.when(is_first).then(at(day, plan.zone, 0)).otherwise("us"))


def _mood(day: date) -> float:
    """Busier at weekends, and no two days alike."""
    return (1.25 if day.weekday() >= 5 else 1.0) * (0.9 + 0.2 * (day.toordinal() * 7 % 11) / 10)


def _habit_columns(device: Device, habit: Habit, plan: Plan, day: date, dice: Chance, count: int) -> Columns:
    """A day of one habit: a list or an array for each column; a frame of its own would cost more than its rows."""
    names, shares = STATES[habit.protocol]
    peers = [habit.peers[n] for n in (dice.random(count) ** 2 * len(habit.peers)).astype(np.int64).tolist()]
    states = [names[n] for n in picks(dice, shares, count)]
    is_ipv6 = dice.random(count) < 0.35 if device.ipv6 else np.zeros(count, dtype=np.bool_)
    return {
        "us": instants(day, plan.zone, habit.rhythm, count, dice),
        "own_port": dice.integers(32_768, 61_000, count),
        "seconds": _around(habit.seconds, habit.spread, count, dice),
        "sent": _around(habit.sent, habit.spread, count, dice).astype(np.int64),
        "received": _around(habit.received, habit.spread, count, dice).astype(np.int64),
        "is_silent": dice.random(count) < 0.5,
        "device": [device.ip] * count,
        "ipv6": [device.ipv6] * count,
        "is_ipv6": is_ipv6,
        "peer": peers,
        "peer_port": np.full(count, habit.port, dtype=np.int64),
        "protocol": [habit.protocol] * count,
        "service": [habit.service] * count,
        "state": states,
        "is_inbound": np.full(count, "serves" in device.traits and habit.seconds > 60),
    }


def _together(habits: list[Columns]) -> pl.DataFrame:
    """All habits as one frame, as they are logged."""
    texts = dict.fromkeys(("device", "ipv6", "peer", "protocol", "service", "state"), pl.String)
    columns = {name: [habit[name] for habit in habits] for name in habits[0]}
    joined = {
        name: list(chain.from_iterable(parts)) if name in texts else np.concatenate(parts)
        for name, parts in columns.items()
    }
    rows = pl.DataFrame(joined, schema_overrides=texts)
    is_ipv6 = pl.col("is_ipv6") & pl.col("peer").is_in(PUBLIC)
    return _as_logged(
        rows.with_columns(
            device=pl.when(is_ipv6).then("ipv6").otherwise("device"),
            peer=pl.when(is_ipv6).then(pl.col("peer").replace(IPV6_OF)).otherwise("peer"),
        )
    )


def _around(
    median: float, spread: float, count: int, dice: Chance
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return median * np.exp(np.minimum(spread * dice.standard_normal(count), 3.0))


def _as_logged(rows: pl.DataFrame) -> pl.DataFrame:
    """What a sensor can know: an unanswered attempt has no service, length or answer, sometimes not even a size."""
    unanswered = pl.col("state").is_in(UNANSWERED)
    known = pl.when(~unanswered)
    return rows.select(
        "us",
        "device",
        "peer",
        pl.when(pl.col("protocol") == "icmp").then(8).otherwise("own_port").cast(pl.Int64).alias("own_port"),
        "peer_port",
        "protocol",
        known.then("service").alias("service"),
        known.then(pl.col("seconds").round(6)).alias("seconds"),
        known.then("sent").when(~pl.col("is_silent")).then(0).cast(pl.Int64).alias("sent"),
        known.then("received").cast(pl.Int64).alias("received"),
        known.then(1 + pl.col("sent") // 1_150).otherwise(1).cast(pl.Int64).alias("packets_sent"),
        known.then(1 + pl.col("received") // 1_150)
        .otherwise(pl.col("state").eq("REJ").cast(pl.Int64))
        .alias("packets_received"),
        "state",
        "is_inbound",
    )


def _plot(devices: tuple[Device, ...], plan: Plan, day: date, dice: Chance) -> Iterator[pl.DataFrame]:
    """Connections that only the story explains; it plays in the watched network."""
    if devices is not HOME:
        return
    if plan.story.has_stranger(day):
        yield _scan(plan, day, dice)
    if day == plan.story.guessing_night:
        yield _guessing(plan, day, dice, 22.0, 2.0, 180)
    if day == plan.story.morning_after:
        yield _guessing(plan, day, dice, 0.0, 1.5, 120)


def _scan(plan: Plan, day: date, dice: Chance) -> pl.DataFrame:
    """The stranger tries telnet and file sharing on everything in the house, at night."""
    count = max(4, int(160 * plan.scale))
    targets = [device.ip for device in HOME if device.ip != STRANGER]
    moments = instants(day, plan.zone, NIGHT, count, dice)
    return _attempts(
        dice,
        pl.Series(moments),
        STRANGER,
        pl.Series(targets, dtype=pl.String).gather(dice.integers(0, len(targets), count)),
        pl.Series(dice.choice(np.array([23, 445]), count)),
        pl.Series(["S0", "REJ"], dtype=pl.String).gather(picks(dice, (0.7, 0.3), count)),
    )


def _guessing(plan: Plan, day: date, dice: Chance, start_hour: float, hours: float, count: int) -> pl.DataFrame:
    """Somebody outside guesses the storage box's password."""
    count = max(3, int(count * plan.scale))
    begin = at(day, plan.zone, start_hour)
    moments = np.sort(begin + (dice.random(count) * hours * 3.6e9).astype(np.int64))
    peers = pl.Series([GUESSER] * count, dtype=pl.String)
    ports = pl.Series([22] * count, dtype=pl.Int64)
    return _attempts(dice, pl.Series(moments), GUESSED, peers, ports, pl.Series(["RSTO"] * count, dtype=pl.String))


def _attempts(
    dice: Chance, moments: pl.Series, device: str, peers: pl.Series, ports: pl.Series, states: pl.Series
) -> pl.DataFrame:
    count = len(moments)
    rows = pl.DataFrame(
        {
            "us": moments,
            "own_port": dice.integers(32_768, 61_000, count),
            "seconds": _around(2.0, 0.4, count, dice),
            "sent": _around(1_400, 0.3, count, dice).astype(np.int64),
            "received": _around(1_900, 0.3, count, dice).astype(np.int64),
            "is_silent": dice.random(count) < 0.5,
            "peer": peers,
            "peer_port": ports.cast(pl.Int64),
            "state": states,
        }
    ).with_columns(
        device=pl.lit(device),
        protocol=pl.lit("tcp"),
        service=pl.when(pl.col("peer_port") == 22).then(pl.lit("ssh")),
        is_inbound=pl.lit(value=False),
    )
    return _as_logged(rows)
