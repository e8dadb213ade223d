"""Nothing happened, nothing arrived, and a source that was away are told apart."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.publishing.states import silent, state_of, unread
from sentinel_pipeline.rendering.report import KeyFigure

Row = tuple[str, str, int | None, str]


def table(*rows: Row) -> pl.DataFrame:
    schema: dict[str, Any] = {"source": pl.String, "table": pl.String, "rows": pl.Int64, "status": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(reason=pl.col("status"))


def events(**values: Any) -> list[KeyFigure]:
    return [KeyFigure(id_, id_, "", value, "") for id_, value in values.items()]


HOME: tuple[Row, ...] = (
    ("home", "alerts", 0, "no events"),
    ("home", "connections", 7, "received"),
    ("home", "devices", 3, "received"),
)
OFFICE: tuple[Row, ...] = (("office", "incidents", 0, "no events"), ("office", "agents", 4, "received"))
NOTHING = events(total_alerts=0, total_incidents=0)


@pytest.mark.parametrize(
    ("rows", "figures", "state"),
    [
        (HOME, events(total_alerts=2, total_incidents=0), "eventful"),
        ((*HOME, *OFFICE), NOTHING, "empty"),
        (OFFICE, events(total_incidents=0), "empty"),
        (HOME, events(total_connections=7), "eventful"),
        ((("home", "connections", 0, "no events"), ("home", "devices", 3, "received")), NOTHING, "no data"),
        ((("office", "incidents", 0, "no events"), ("office", "agents", 0, "no events")), NOTHING, "no data"),
        ((("plugs", "energy_readings", 0, "no events"), ("plugs", "energy_intervals", 96, "received")), [], "no data"),
        ((*HOME, ("office", "incidents", None, "unreachable")), NOTHING, "unreachable"),
        ((*HOME, ("office", "incidents", None, "not extracted")), NOTHING, "unreachable"),
        ((("home", "alerts", 0, "partial"), ("home", "connections", 7, "received")), NOTHING, "empty"),
    ],
)
def test_each_kind_of_period_has_its_state(rows: tuple[Row, ...], figures: list[KeyFigure], state: str) -> None:
    assert state_of(table(*rows), figures) == state


def test_a_source_that_has_gone_quiet_is_named_though_others_speak() -> None:
    quiet = (("gateway", "connections", 0, "no events"), ("gateway", "alerts", 0, "no events"))
    assert silent(table(*HOME, *OFFICE, *quiet)) == ["gateway"]
    assert silent(table(*HOME, ("gateway", "connections", None, "unreachable"))) == []


def test_a_source_without_the_table_is_not_missed() -> None:
    lacking = (("plugs", "audit_events", None, "not in source"), ("plugs", "energy_readings", 5, "received"))
    assert silent(table(*lacking)) == []
    assert unread(table(*lacking)) == {}


def test_a_source_that_was_away_is_named_once_with_its_reason() -> None:
    away = table(("home", "alerts", None, "unreachable"), ("home", "devices", None, "unreachable"))
    assert unread(away) == {"home": "unreachable"}
