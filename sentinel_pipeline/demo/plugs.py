"""The plugs of the household, and what each draws minute by minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from sentinel_pipeline.demo.chance import Chance, Integers, Reals

Draw = Callable[[Integers, date, Chance], Reals]
"""Watts in each minute, of the local minutes of the day (0 to 1439), the day, and the dice."""


@dataclass(frozen=True)
class Plug:
    """A plug, strip or switch. `traits`: lifetime (has a counter that never resets), blind (measures nothing), lossy
    (misses polls), away (was unplugged for some days)."""

    ip: str
    alias: str
    model: str
    kind: str
    draw: Draw
    traits: frozenset[str] = field(default_factory=frozenset)


def cooling(watts: float, on: int, off: int) -> Draw:
    """A compressor that runs `on` of `on + off` minutes, and a little longer by day."""

    def draw(minutes: Integers, day: date, dice: Chance) -> Reals:
        phase = (np.arange(len(minutes)) + int(dice.integers(0, on + off)) + day.toordinal()) % (on + off)
        longer = np.where((minutes > 600) & (minutes < 1_320), 4, 0)
        drawn: Reals = np.where(phase < on + longer, watts, 1.2) * dice.normal(1, 0.02, len(minutes)).clip(0.9, 1.1)
        return drawn

    return draw


def heating(watts: float, spans: tuple[tuple[int, int], ...], duty: float) -> Draw:
    """A thermostat that is on for a share of the minutes of some spans of the day."""

    def draw(minutes: Integers, day: date, dice: Chance) -> Reals:  # noqa: ARG001 - one seam for all
        wanted = np.zeros(len(minutes), dtype=bool)
        for start, end in spans:
            wanted |= (minutes >= start) & (minutes < end)
        return np.where(wanted & (dice.random(len(minutes)) < duty), watts, 0.6)

    return draw


def standing_by(standby: float, watts: float, spans: tuple[tuple[int, int], ...], *, weekdays: bool) -> Draw:
    """Something that stands by, and is used in some spans of the day, on weekdays only or on all days."""

    def draw(minutes: Integers, day: date, dice: Chance) -> Reals:
        drawn = np.full(len(minutes), standby)
        if not weekdays or day.weekday() < 5:
            for start, end in spans:
                used = (minutes >= start + dice.integers(-20, 20)) & (minutes < end + dice.integers(-30, 30))
                drawn[used] = watts
        shaken: Reals = drawn * dice.normal(1, 0.05, len(minutes)).clip(0.7, 1.3)
        return shaken

    return draw


def washing(minutes: Integers, day: date, dice: Chance) -> Reals:
    """A wash of 100 minutes on three days of the week: it heats first, then turns."""
    drawn = np.full(len(minutes), 0.9)
    if day.weekday() in (0, 3, 5):
        begun = int(dice.integers(540, 1_080))
        drawn[(minutes >= begun) & (minutes < begun + 25)] = 2_050
        drawn[(minutes >= begun + 25) & (minutes < begun + 100)] = 180
    return drawn


def nothing(minutes: Integers, day: date, dice: Chance) -> Reals:  # noqa: ARG001 - one seam for all
    """What a switch says that measures nothing."""
    return np.zeros(len(minutes))


LIFETIME = frozenset({"lifetime"})

PLUGS = (
    Plug("192.168.1.201", "Fridge", "HS110(EU)", "DeviceType.Plug", cooling(92, 14, 31), LIFETIME),
    Plug("192.168.1.202", "Boiler", "KP115(EU)", "DeviceType.Plug", heating(1_980, ((330, 450), (1_140, 1_260)), 0.62)),
    Plug("192.168.1.203", "Washing machine", "KP115(EU)", "DeviceType.Plug", washing),
    Plug(
        "192.168.1.204",
        "Media shelf",
        "KP303(EU)",
        "DeviceType.Strip",
        standing_by(9.5, 128, ((1_080, 1_390),), weekdays=False),
    ),
    Plug(
        "192.168.1.205",
        "Anna's desk",
        "KP115(EU)",
        "DeviceType.Plug",
        standing_by(4.1, 96, ((500, 720), (770, 1_030)), weekdays=True),
    ),
    Plug(
        "192.168.1.206",
        '=HYPERLINK("http://example.invalid","Coffee")',
        "HS110(EU)",
        "DeviceType.Plug",
        heating(1_240, ((400, 440), (900, 915)), 0.3),
        LIFETIME,
    ),
    Plug("192.168.1.207", "Kühltruhe 🧊", "KP115(EU)", "DeviceType.Plug", cooling(118, 20, 44)),
    Plug(
        "192.168.1.208",
        "Cellar dehumidifier",
        "KP115(EU)",
        "DeviceType.Plug",
        heating(310, ((0, 1_440),), 0.35),
        frozenset({"lossy"}),
    ),
    Plug(
        "192.168.1.209",
        "Caravan",
        "KP115(EU)",
        "DeviceType.Plug",
        cooling(65, 10, 20),
        frozenset({"away"}),
    ),
    Plug("192.168.1.210", "Porch light", "HS100(EU)", "DeviceType.Plug", nothing, frozenset({"blind"})),
)
