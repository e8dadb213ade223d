"""An export on request, made by the engine of `sentinel export`: the same rows, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.export_order import ExportOrder
from sentinel_pipeline.domain.tables import ENERGY_INTERVALS, ENERGY_READINGS
from sentinel_pipeline.exports.computing import with_computed
from sentinel_pipeline.exports.device_data import KASA, READ, Buckets, Costs, Documented
from sentinel_pipeline.exports.measures import MEASURES
from sentinel_pipeline.exports.ordering import UNASKED, Order, ordered
from sentinel_pipeline.exports.origins import spooled
from sentinel_pipeline.exports.preview import Preview, preview
from sentinel_pipeline.exports.privacy import DROP
from sentinel_pipeline.exports.protection import protected
from sentinel_pipeline.exports.rows import Exported, export, shape
from sentinel_pipeline.exports.spool import Listener, silent, spool
from sentinel_pipeline.exports.system_report import SystemReport
from sentinel_pipeline.exports.wanted import Transformation
from sentinel_pipeline.settings import Settings

COSTS, SYSTEM = "cost_analysis", "system_report"
METERED = frozenset(measure.name for measure in MEASURES[ENERGY_INTERVALS.name])


@dataclass(frozen=True)
class Commission:
    """An order at the time it was given, under the id of its export."""

    order: ExportOrder
    settings: Settings
    ordered_at: datetime
    export_id: str

    def require_possible(self) -> None:
        """Raises UsageError for what cannot be had."""
        self._understood(None).require_possible()
        if self._is_read_beside:
            self._readings().require_possible()

    def previewed(self, count: int) -> Preview:
        """The first `count` rows as the file would hold them, and how many there are; makes no file."""
        with TemporaryDirectory(prefix="sentinel-beside-") as name:
            order = self._understood(self._read_beside(Path(name)))
            return preview(order.wanted, order.origin, order.spelling, count, limits=self.settings.limits)

    def made(self, output: Path, listener: Listener = silent) -> Exported:
        """Writes the file, whole or not at all; replaces what an attempt before has left."""
        output.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".beside-", dir=output.parent) as name:
            order = self._understood(self._read_beside(Path(name)))
            limits = self.settings.limits
            return export(order.wanted, order.origin, order.spelling, output, listener, limits=limits)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its times."""
        return self._understood(None).spelling.zone

    @property
    def suffix(self) -> str:
        return self._understood(None).wanted.suffix

    def _understood(self, beside: Path | None) -> Order:
        if self.order.export_type == COSTS:
            return self._costs()
        if self.order.export_type == SYSTEM:
            return self._system_report()
        if not self.order.fields:
            return self._ordered(self.order.options)
        return self._buckets(beside) if self.order.options.get("aggregate") else self._raw()

    def _ordered(self, options: Mapping[str, Any], table: str = "") -> Order:
        asked = {**UNASKED, **options}
        return ordered(table or self.order.table, self.settings, asked, self.ordered_at, self.export_id)

    def _raw(self) -> Order:
        """In the documented layout; what it has no room for is done to the rows before they are laid out."""
        options = dict(self.order.options)
        computed = options.pop("compute", ())
        if not computed and not options.get("outliers") and DROP not in options.get("privacy", ()):
            return self._ordered({**options, "layout": KASA, "columns": ",".join(self.order.fields)})
        order = self._ordered(options)
        table = order.wanted.table
        named = Documented(table, order.spelling.zone)
        lost = table.personal if DROP in order.wanted.privacy.measures else ()
        columns = tuple(name for name in self.order.fields if name not in lost)
        wanted = replace(order.wanted, columns=columns, transformations=(*order.wanted.transformations, named))
        return replace(order, wanted=with_computed(wanted, computed, order.spelling.zone, named.schema))

    def _buckets(self, beside: Path | None) -> Order:
        options = dict(self.order.options)
        computed = options.pop("compute", ())
        options["function"] = [text for text in options.get("function", ()) if not _is_of_readings(text)]
        order = self._ordered(options)
        named = Buckets(beside)
        steps: tuple[Transformation, ...] = (*order.wanted.transformations, named)
        wanted = replace(order.wanted, columns=self.order.fields, transformations=steps)
        return replace(order, wanted=with_computed(wanted, computed, order.spelling.zone, named.schema))

    def _costs(self) -> Order:
        options = dict(self.order.options)
        grain = options.pop("aggregate")
        order = self._ordered(options)
        if "device" in self.order.breakdown:
            _require_names(order, "; leave device out of breakdown_by")
        costs = Costs(grain, order.spelling.zone, self.order.breakdown)
        return replace(order, wanted=replace(order.wanted, columns=None, transformations=(costs,)))

    def _system_report(self) -> Order:
        order = self._ordered(self.order.options)
        _require_names(order, "")
        report = SystemReport(self.order.breakdown, order.spelling.zone)
        return replace(order, wanted=replace(order.wanted, columns=None, transformations=(report,)))

    @property
    def _is_read_beside(self) -> bool:
        return bool(self.order.options.get("aggregate") and READ.keys() & {*self.order.fields})

    def _readings(self) -> Order:
        """The same buckets of readings, as a table for ourselves."""
        kept = ("since", "until", "last", "source", "device", "hours", "weekdays", "outliers", "power", "switched")
        options = {name: self.order.options[name] for name in kept if name in self.order.options}
        functions = [text for text in self.order.options.get("function", ()) if _is_of_readings(text)]
        grain, zone = self.order.options["aggregate"], self.order.options.get("timezone")
        plain = {"aggregate": grain, "timezone": zone, "function": functions}
        privacy = self.order.options.get("privacy", ())
        return self._ordered({**options, **plain, "privacy": privacy}, ENERGY_READINGS.name)

    def _read_beside(self, folder: Path) -> Path | None:
        if not self._is_read_beside:
            return None
        order = self._readings()
        rows = protected(order.wanted, spool(order.wanted, order.origin, folder), order.origin, folder)
        shaped = shape(order.wanted, rows, order.spelling, folder)
        batches = shaped.collect_batches(maintain_order=True)
        return spooled(batches, shaped.collect_schema(), folder / "beside.parquet")


def _require_names(order: Order, way_out: str) -> None:
    if DROP in order.wanted.privacy.measures:
        raise UsageError(f"privacy: devices cannot be told apart without their names{way_out}")


def _is_of_readings(text: str) -> bool:
    return text.partition("=")[0] not in METERED
