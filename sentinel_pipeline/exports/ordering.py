"""From what `sentinel export` can be asked to what the engine makes: the same for the command and for requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sentinel_pipeline.exports import asking
from sentinel_pipeline.exports.aggregating import with_aggregation
from sentinel_pipeline.exports.computing import with_computed
from sentinel_pipeline.exports.energy_filters import asked_energy, without_outliers
from sentinel_pipeline.exports.filters import asked_conditions
from sentinel_pipeline.exports.limits import require_days
from sentinel_pipeline.exports.origins import Sources
from sentinel_pipeline.exports.privacy import asked_privacy
from sentinel_pipeline.exports.sealing import asked_sealing, unsealed_name
from sentinel_pipeline.exports.wanted import CANONICAL, Wanted, require_possible
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.settings import Settings

UNASKED: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("source", "device", "machine", "type", "user", "severity", "function", "compute", "privacy"), ()),
    **dict.fromkeys(("since", "until", "last", "power", "switched", "hours", "weekdays", "outliers", "aggregate")),
    **dict.fromkeys(("columns", "format_name", "compress", "timezone", "decimals", "delimiter", "privacy_key")),
    **dict.fromkeys(("password", "fleet_key", "output")),
    "layout": CANONICAL,
    "no_header": False,
    "bom": False,
}
"""What holds where nothing is asked."""


@dataclass(frozen=True)
class Order:
    """What was asked for, understood; `named` are sources, `now` is what a span without an end ends with."""

    settings: Settings
    wanted: Wanted
    origin: Sources
    spelling: Spelling
    now: datetime
    named: tuple[str, ...]

    def require_possible(self) -> None:
        """Raises UsageError for what cannot be had, DateRangeError for more days than are allowed."""
        require_possible(self.wanted)
        require_days(self.wanted, self.settings.limits, self.now, self.spelling.zone)


def ordered(table: str, settings: Settings, asked: Mapping[str, Any], now: datetime, export_id: str) -> Order:
    """Options by name, all of `UNASKED`. Raises UsageError for the first that cannot be."""
    chosen, zone = asking.asked_table(table), asking.asked_zone(asked["timezone"], settings)
    sealing = asked_sealing(asked["output"], asked["password"], asked["fleet_key"], settings)
    inner = unsealed_name(asked["output"])
    format_name, compression = asking.asked_kind(asked["format_name"], asked["compress"], inner)
    privacy = asked_privacy(asked["privacy"], asked["privacy_key"], settings)
    columns = asking.asked_columns(asked["columns"])
    wanted = Wanted(
        chosen,
        asking.asked_span(asked["since"], asked["until"], asked["last"], now, zone),
        columns if asked["layout"] != CANONICAL else privacy.columns(chosen, columns),
        format_name,
        asked["layout"],
        asked_conditions(chosen, asked) + asked_energy(chosen, asked, zone),
        (without_outliers(chosen, zone),) if asked["outliers"] else (),
        compression=compression,
        privacy=privacy,
        sealing=sealing,
        export_id=export_id,
        made_at=now,
    )
    wanted, schema = with_aggregation(wanted, asked["aggregate"], asked["function"], zone)
    wanted = with_computed(wanted, asked["compute"], zone, schema)
    spelling = asking.asked_spelling(wanted, zone, asked)
    origin = Sources(asking.asked_sources(chosen, asked["source"], settings), settings.zone)
    return Order(settings, wanted, origin, spelling, now, asked["source"])
