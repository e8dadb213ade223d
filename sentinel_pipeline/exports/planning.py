"""Exports that the configuration asks for, understood as those of the command are."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from sentinel_pipeline.domain.errors import SettingsError, UsageError
from sentinel_pipeline.exports.asking import asked_columns, asked_sources, asked_spelling, asked_table, asked_zone
from sentinel_pipeline.exports.filters import Condition, asked_conditions
from sentinel_pipeline.exports.privacy import asked_privacy
from sentinel_pipeline.exports.wanted import CANONICAL, Wanted, require_possible
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.settings import ExportEntry, Settings


@dataclass(frozen=True)
class Plan:
    """A file that every day gets below `exports/<name>/`."""

    name: str
    wanted: Wanted
    spelling: Spelling


def plans(settings: Settings) -> tuple[Plan, ...]:
    """Raises SettingsError with a line for each entry of `exports` that cannot be had."""
    made: list[Plan] = []
    mistakes: list[str] = []
    for entry in settings.planned_exports:
        try:
            made.append(_plan(entry, settings))
        except UsageError as error:
            file = settings.file
            mistakes.append(f"{file}: exports, {entry.name}: {str(error).replace('--', '')}")
    if mistakes:
        raise SettingsError(mistakes)
    return tuple(made)


def _plan(entry: ExportEntry, settings: Settings) -> Plan:
    table = asked_table(entry.table)
    asked_sources(table, tuple(entry.source), settings)
    conditions = asked_conditions(table, entry.model_dump())
    if entry.source:
        conditions += (Condition("source", tuple(entry.source), pl.col("source").is_in(entry.source)),)
    privacy = asked_privacy(entry.privacy, None, settings)
    columns = asked_columns(",".join(entry.columns)) if entry.columns else None
    wanted = Wanted(
        table,
        columns=columns if entry.layout != CANONICAL else privacy.columns(table, columns),
        format=entry.format,
        layout=entry.layout,
        conditions=conditions,
        compression=entry.compress,
        privacy=privacy,
    )
    require_possible(wanted)
    zone = asked_zone(entry.timezone, settings)
    return Plan(entry.name, wanted, asked_spelling(wanted, zone, {**entry.model_dump(), "no_header": not entry.header}))
