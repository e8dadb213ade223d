"""A system of metered plugs in memory."""

from __future__ import annotations

from dataclasses import replace

from sentinel_pipeline.domain.tables import ENERGY_INTERVALS, ENERGY_READINGS
from sentinel_pipeline.sources.source import SourceKind
from sentinel_pipeline_tests.lake.sources import System


class Plugs(System):
    """Gives readings and intervals, and nothing else."""

    @property
    def kind(self) -> SourceKind:
        return replace(super().kind, tables=(ENERGY_READINGS, ENERGY_INTERVALS))
