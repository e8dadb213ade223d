"""The greenhouse and the workshop behind the house: what is measured there, and the rules that watch it."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel_pipeline.demo.rhythm import AROUND_THE_CLOCK, NIGHT, PEOPLE, Rhythm

AFTERNOON: Rhythm = (0.0,) * 10 + (2, 5, 9, 12, 12, 9, 5, 2) + (0.0,) * 6
STRANGE_SERIAL = "MAST-0077"

DEVICES = (
    ("GH-T-01", "Greenhouse north, air"),
    ("GH-T-02", "Greenhouse south, air"),
    ("GH-S-01", "Tomato bed, soil"),
    ("GH-S-02", "Kräuterbeet, Erde"),
    ("GH-W-01", "Water tank"),
    ("GH-D-01", "Greenhouse door"),
    ("WS-P-01", "Workshop, dust"),
    ("WS-C-01", "Compressor"),
    ("WS-K-01", "<b>Kiln</b>"),
    ("WX-M-01", '=HYPERLINK("http://example.invalid";"Mast")'),
)
"""Serial and name of every device the hub knows."""


@dataclass(frozen=True)
class Watch:
    """A rule: what it watches, how often it fires on a day and on which devices, and how far past its threshold.

    One whose metric is None fires when a device says nothing; one that is not `is_known` was deleted since.
    """

    number: int
    name: str
    metric: str | None
    unit: str
    operator: str
    threshold: float | None
    margin: float
    daily: float
    devices: tuple[str, ...]
    rhythm: Rhythm = AROUND_THE_CLOCK
    is_active: bool = True
    is_known: bool = True
    is_external: bool = False


SOIL = "Soil too dry"
DOOR = 6
RULES = (
    Watch(1, "Greenhouse too hot", "temperature", "°C", ">", 26, 7, 9, ("GH-T-01", "GH-T-02"), AFTERNOON),
    Watch(2, "Frost in the greenhouse", "temperature", "°C", "<", 3, 4, 3, ("GH-T-01", "GH-T-02"), NIGHT),
    Watch(3, SOIL, "soil_moisture", "%", "<", 25, 12, 6, ("GH-S-01",)),
    Watch(4, SOIL, "soil_moisture", "%", "<", 18, 9, 4, ("GH-S-02",)),
    Watch(5, "Water tank nearly empty", "level", "%", "<", 20, 15, 1.5, ("GH-W-01",)),
    Watch(DOOR, "Door open for ten minutes", "open", "", "=", None, 0, 4, ("GH-D-01",), PEOPLE),
    Watch(7, "Dust in the workshop", "pm10", "µg/m³", ">", 150, 220, 11, ("WS-P-01",), PEOPLE),
    Watch(8, "Compressor pressure low", "pressure", "bar", "<", 5.5, 2, 3, ("WS-C-01",), PEOPLE),
    Watch(9, "<i>Kiln</i> above 1,240 °C", "temperature", "°C", ">", 1_240, 25, 0.7, ("WS-K-01",), PEOPLE),
    Watch(10, "No data for 15 minutes", None, "", "", None, 0, 4, tuple(serial for serial, _ in DEVICES)),
    Watch(
        *(11, "Storm", "wind", "km/h", ">", 60, 35, 2.5, ("WX-M-01", STRANGE_SERIAL)),
        is_external=True,
    ),
    Watch(12, "Flood in the cellar", "level", "cm", ">", 1, 5, 0, ("GH-W-01",)),
    Watch(13, "Fan test", "speed", "1/min", "<", 200, 50, 0, ("GH-T-01",), is_active=False),
    Watch(14, "Humidity high", "humidity", "%", ">", 90, 9, 0.8, ("GH-T-02",), is_known=False),
)
