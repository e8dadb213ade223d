"""A request for a report of days of one's own choice: what it says once it is understood, and where it stands."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.period import CUSTOM, CustomPeriod

State = Literal["requested", "running", "done", "failed", "cancelled", "rejected"]
STATES: tuple[State, ...] = ("requested", "running", "done", "failed", "cancelled", "rejected")
OPEN: tuple[State, ...] = ("requested", "running")

# What is written beside a request file: how it was understood, and how it ended.
ANSWERS = ("accepted", "rejected", "done", "failed", "cancelled")

FILES = ("pdf", "html", "xlsx", "txt", "csv", "json", "svg", "png")
DIGEST = 12


@dataclass(frozen=True)
class Request:
    """`days` whole days from `first` on; an empty list narrows nothing. Lists are sorted, each member once.

    `sections` are names of sections, `sources` of sources; `devices` are addresses or ids as the sources have them;
    `severities` are levels.
    """

    name: str
    first: date
    days: int
    requested_by: str
    types: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    redaction: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()

    @property
    def request_id(self) -> str:
        """The same for whoever asks the same; also the key of its edition and of its partition."""
        return self.period(ZoneInfo("UTC")).key

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.days - 1)

    @property
    def text(self) -> str:
        """The request as JSON, the same for the same request."""
        said = asdict(self) | {"first": self.first.isoformat()}
        if not self.severities:  # what was filed before there were any keeps its id, and is not made twice
            del said["severities"]
        return json.dumps(said, sort_keys=True, ensure_ascii=False)

    def period(self, zone: ZoneInfo) -> CustomPeriod:
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:DIGEST]
        return CustomPeriod(CUSTOM, self.first, zone, self.days, digest)


def request_from(text: str) -> Request:
    """The inverse of `Request.text`."""
    said: dict[str, Any] = json.loads(text)
    lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
    return Request(**said | lists | {"first": date.fromisoformat(said["first"])})
