"""The documented report of the system: a plug of one kilowatt on a day of 23 hours, counted by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.exports.documented import understood
from sentinel_pipeline.exports.documented_entry import ExportEntry
from sentinel_pipeline.exports.system_report import SECTIONS
from sentinel_pipeline.settings import Settings, load_settings
from sentinel_pipeline_tests.exports.test_requested import DAY, commission, file_of, make_plug, rows_of
from sentinel_pipeline_tests.sources.plugs import PLUG


@pytest.fixture(scope="module")
def plug(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(make_plug(tmp_path_factory.mktemp("house") / "plug"))


def report(*sections: str, **more: Any) -> dict[str, Any]:
    named = {"report_sections": list(sections)} if sections else {}
    return {"export_type": "system_report", "date_range": DAY, **named, **more}


def test_each_figure_of_a_device_is_one_row(plug: Settings, tmp_path: Path) -> None:
    rows = rows_of(plug, tmp_path, **report("device_summary", "energy_consumption", "cost_breakdown", "system_health"))
    assert list(rows[0]) == ["section", "device_ip", "device_name", "figure", "value", "unit"]
    assert {(row["device_ip"], row["device_name"]) for row in rows} == {(PLUG, "Fridge")}
    assert [(row["section"], row["figure"], float(row["value"]), row["unit"]) for row in rows] == [
        ("device_summary", "readings", 276.0, "readings"),
        ("device_summary", "switched on", 23.0, "h"),
        ("device_summary", "highest power", 1000.0, "W"),
        ("energy_consumption", "energy", 23.0, "kWh"),
        ("cost_breakdown", "cost", 6.9, "EUR"),
        ("system_health", "metered", 23.0, "h"),
        ("system_health", "estimated", 0.0, "h"),
        ("system_health", "not metered", 0.0, "h"),
        ("system_health", "resets of the counter", 0.0, "times"),
    ]


def test_hours_of_the_local_day_lack_the_one_that_was_none(plug: Settings, tmp_path: Path) -> None:
    rows = rows_of(plug, tmp_path, **report("usage_patterns"))
    assert [row["figure"] for row in rows] == [f"{hour:02}:00" for hour in range(24) if hour != 2]
    assert {(row["value"], row["unit"], row["device_ip"]) for row in rows} == {("1", "kWh", "")}


def test_all_sections_on_paper(plug: Settings, tmp_path: Path) -> None:
    path = file_of(plug, tmp_path, **report(format="pdf"))
    assert path.read_bytes().startswith(b"%PDF-")
    assert understood(ExportEntry.model_validate(report())).breakdown == tuple(SECTIONS)


def test_nothing_read_is_a_header(plug: Settings, tmp_path: Path) -> None:
    assert rows_of(plug, tmp_path, **report(date_range={"start": "2025-01-01", "end": "2025-01-02"})) == []


def test_what_it_does_not_know_is_refused(plug: Settings) -> None:
    with pytest.raises(UsageError, match="aggregation: system_report knows only"):
        understood(ExportEntry.model_validate(report(aggregation="daily")))
    with pytest.raises(ValueError, match="one of device_summary"):
        ExportEntry.model_validate(report("weather"))


def test_without_names_there_is_none(plug: Settings) -> None:
    """What a token without PERSONAL_VIEW gets where there is no key for pseudonyms."""
    made = commission(plug, **report())
    nameless = replace(made, order=replace(made.order, options={**made.order.options, "privacy": ["drop"]}))
    with pytest.raises(UsageError, match="cannot be told apart without their names"):
        nameless.require_possible()
