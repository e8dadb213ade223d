"""A deployment as the assets see it: settings, lake, scope, and the sources opened as configured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

from sentinel_pipeline.domain.names import slug
from sentinel_pipeline.domain.period import CUSTOM, Period
from sentinel_pipeline.lake.keys import Keys
from sentinel_pipeline.lake.storage import Storage
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.publishing.scope import Scope
from sentinel_pipeline.requests.wanted import filed, narrowing_of
from sentinel_pipeline.settings import Settings, SourceEntry, resolved, source_settings
from sentinel_pipeline.sources.kinds import KINDS, tables_given
from sentinel_pipeline.sources.source import SourceKind, SourceSettings


@dataclass(frozen=True)
class Deployment:
    """Everything the assets need, made once from the settings."""

    settings: Settings

    @cached_property
    def lake(self) -> Lake:
        return lake_of(self.settings)

    @cached_property
    def scope(self) -> Scope:
        return Scope(tables_given((entry.name, entry.kind) for entry in self.settings.sources))

    def scope_of(self, period: Period) -> Scope:
        """What the edition of a period speaks of: all, or what was requested. Raises UsageError for what nobody filed.

        Whether a request is wanted still is asked once, when a step begins: not again while it is at work.
        """
        if period.cadence != CUSTOM:
            return self.scope
        request = filed(self.settings, period.key).request
        if request.request_id not in self._narrowed:
            self._narrowed[request.request_id] = self.scope.narrowed(narrowing_of(request, self.settings))
        return self._narrowed[request.request_id]

    @cached_property
    def _narrowed(self) -> dict[str, Scope]:
        return {}

    def giving(self, table: str) -> tuple[str, ...]:
        """Names of the sources that give a table (receipts and quarantine: all of them)."""
        return tuple(name for name, tables in self.scope.sources if table in (*tables, "receipts", "quarantine"))

    def opening(self, entry: SourceEntry) -> tuple[SourceKind, SourceSettings]:
        """Kind and settings of a source, references resolved now."""
        return KINDS[entry.kind], source_settings(entry, self.settings.data)

    def day(self, key: str) -> Period:
        return Period.parse("daily", key, self.settings.zone)

    def period(self, cadence: str, key: str) -> Period:
        return Period.parse(cadence, key, self.settings.zone)


def lake_of(settings: Settings) -> Lake:
    """The lake as configured; the references to its keys are resolved when one is needed."""
    keys = Keys(settings.lake_keys, partial(resolved, data=settings.data))
    return Lake(settings.lake, Storage(keys))


def source_key(name: str) -> list[str]:
    return ["sources", slug(name)]


def extract_key(name: str) -> list[str]:
    return ["extracts", slug(name)]
