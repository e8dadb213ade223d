"""An export on request: what it says once it is understood, and where it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, get_args

ExportState = Literal["queued", "running", "completed", "failed", "cancelled", "expired", "deleted"]
EXPORT_STATES: Final[tuple[ExportState, ...]] = get_args(ExportState)
OPEN_EXPORTS: Final[tuple[ExportState, ...]] = ("queued", "running")

KEPT_DAYS: Final[Mapping[str, int]] = {
    "device_data": 7,
    "cost_analysis": 7,
    "audit_logs": 30,
    "system_report": 90,
}
KEPT_DAYS_OF_OTHERS: Final = 7


@dataclass(frozen=True)
class ExportOrder:
    """`options` are those of `sentinel export` for the table, by name; `fields` the columns of the file as a document
    names them, in their order (none: as the layout has them). `breakdown`: columns that costs are told apart by,
    or the sections of a report of the system.
    """

    export_type: str
    format: str
    table: str
    options: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    breakdown: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The order as JSON, the same for the same order."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @property
    def kept_days(self) -> int:
        """How many days its file is kept."""
        return KEPT_DAYS.get(self.export_type, KEPT_DAYS_OF_OTHERS)


def order_from(text: str) -> ExportOrder:
    """The inverse of `ExportOrder.text`."""
    said: dict[str, Any] = json.loads(text)
    return ExportOrder(**said | {name: tuple(said[name]) for name in ("fields", "breakdown")})
