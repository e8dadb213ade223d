"""Layouts that source systems document for their own exports: their headers, their order, their spelling.

A layout is all text in CSV: what came from the source is made inert there, so that a negative number stays one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, Protocol
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.rendering.batches import Heard, unheard
from sentinel_pipeline.rendering.energy_workbook import INTERVALS_BOOK, READINGS_BOOK
from sentinel_pipeline.rendering.json_shapes import (
    ALERTS,
    ATLAS,
    CONNECTIONS,
    JsonShape,
    Occasion,
    iotsentinel,
    kasa_head,
)
from sentinel_pipeline.rendering.layout_cells import PAPER
from sentinel_pipeline.rendering.machine_layouts import device_data, device_intervals, hub_events, widget_logs
from sentinel_pipeline.rendering.paper import write_pdf
from sentinel_pipeline.rendering.security_layouts import (
    alert_rules,
    alerts,
    connections,
    devices,
    incidents,
    last_seen_first,
    most_severe_first,
)
from sentinel_pipeline.rendering.security_workbooks import (
    ALERTS_BOOK,
    CONNECTIONS_BOOK,
    DEVICES_BOOK,
    INCIDENTS_BOOK,
    RULES_BOOK,
)
from sentinel_pipeline.rendering.spelling import Spelling

Select = Callable[[pl.LazyFrame, ZoneInfo], pl.LazyFrame]


class Shape(Protocol):
    """How a system documents a format that is more than the columns of its CSV.

    One that `is_rounding` is given reals as they are, and rounds them where it writes them.
    """

    @property
    def select(self) -> Select: ...
    @property
    def is_rounding(self) -> bool: ...
    def write(
        self, frame: pl.LazyFrame, path: Path, spelling: Spelling, occasion: Occasion, heard: Heard = unheard
    ) -> int: ...


@dataclass(frozen=True)
class PaperShape:
    """A table on paper under its own title, every row of it."""

    select: Select
    title: str
    is_rounding: ClassVar[bool] = False

    def write(
        self,
        frame: pl.LazyFrame,
        path: Path,
        spelling: Spelling,
        occasion: Occasion,  # noqa: ARG002 - paper tells of the rows only
        heard: Heard = unheard,
    ) -> int:
        """Raises TooLargeError for more rows than paper is for."""
        return write_pdf(frame, path, replace(spelling, title=self.title), heard)


@dataclass(frozen=True)
class Layout:
    """How a system's documentation lays out a table; `select` gives its columns in its order.

    They are text, made inert, unless it is `is_typed`: then every format can hold them, and some of them can be chosen.
    `shapes`: by format, what it documents besides.
    """

    table: str
    system: str
    select: Select
    is_newest_first: bool = True
    is_typed: bool = False
    shapes: Mapping[str, Shape] = field(default_factory=dict)

    @property
    def formats(self) -> tuple[str, ...]:
        """Those of a layout that is all text."""
        return "csv", *self.shapes

    def selecting(self, format_name: str) -> Select:
        """What gives its columns in a format."""
        shape = self.shapes.get(format_name)
        return shape.select if shape else self.select

    def fixes(self, format_name: str) -> bool:
        """Whether it leaves no choice of columns and decimals."""
        return not self.is_typed and not (format_name == "json" and "json" in self.shapes)


DEVICES, RULES = iotsentinel("devices", last_seen_first), iotsentinel("rules", most_severe_first)
READINGS, INTERVALS = (JsonShape(select, kasa_head, "data") for select in (device_data, device_intervals))
DEVICES_PAPER, ALERTS_PAPER, CONNECTIONS_PAPER, RULES_PAPER, INCIDENTS_PAPER = (
    PaperShape(partial(select, cells=PAPER), title)
    for select, title in (
        (devices, "IoTSentinel devices"),
        (alerts, "IoTSentinel alerts"),
        (connections, "IoTSentinel connections"),
        (alert_rules, "IoTSentinel alert rules"),
        (incidents, "DLP incidents"),
    )
)
IOTSENTINEL: Final = "iotsentinel"
LAYOUTS = (
    Layout(
        "connections",
        IOTSENTINEL,
        connections,
        shapes={"json": CONNECTIONS, "xlsx": CONNECTIONS_BOOK, "pdf": CONNECTIONS_PAPER},
    ),
    Layout(
        "devices",
        IOTSENTINEL,
        devices,
        is_newest_first=False,
        shapes={"json": DEVICES, "xlsx": DEVICES_BOOK, "pdf": DEVICES_PAPER},
    ),
    Layout("alerts", IOTSENTINEL, alerts, shapes={"json": ALERTS, "xlsx": ALERTS_BOOK, "pdf": ALERTS_PAPER}),
    Layout(
        "alert_rules",
        IOTSENTINEL,
        alert_rules,
        is_newest_first=False,
        shapes={"json": RULES, "xlsx": RULES_BOOK, "pdf": RULES_PAPER},
    ),
    Layout("incidents", "cybersentinel", incidents, shapes={"xlsx": INCIDENTS_BOOK, "pdf": INCIDENTS_PAPER}),
    Layout(
        "energy_readings",
        "kasa",
        device_data,
        is_newest_first=False,
        is_typed=True,
        shapes={"json": READINGS, "xlsx": READINGS_BOOK},
    ),
    Layout(
        "energy_intervals",
        "kasa",
        device_intervals,
        is_newest_first=False,
        is_typed=True,
        shapes={"json": INTERVALS, "xlsx": INTERVALS_BOOK},
    ),
    Layout("rule_events", "iothub", partial(hub_events, generation="v4")),
    *(Layout("rule_events", f"iothub_{name}", partial(hub_events, generation=name)) for name in ("v1", "v2", "v3")),
    Layout("widget_logs", "atlas", widget_logs, shapes={"json": ATLAS}),
)


def layout(table_name: str, system: str) -> Layout:
    """The layout of a table; raises UsageError where the system documents none."""
    for known in LAYOUTS:
        if (known.table, known.system) == (table_name, system):
            return known
    tables = [known.table for known in LAYOUTS if known.system == system]
    if tables:
        raise UsageError(f"the layout '{system}' has no table '{table_name}'; it has {', '.join(tables)}")
    systems = ", ".join(sorted({"canonical", *(known.system for known in LAYOUTS)}))
    raise UsageError(f"'{system}' is no layout; choose one of {systems}")
