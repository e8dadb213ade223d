from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.domain.errors import SettingsError
from sentinel_pipeline.exports.planning import plans
from sentinel_pipeline.settings import ExportEntry, Settings, SourceEntry
from sentinel_pipeline_tests.clocks import BERLIN

HOME = SourceEntry(name="home", kind="iotsentinel", location="sqlite:///home.db")


def settings(*entries: dict[str, Any]) -> Settings:
    planned = tuple(ExportEntry(**entry) for entry in entries)
    return Settings(Path("/data"), "Test", BERLIN, None, (HOME,), planned_exports=planned)


def test_a_plan_is_what_the_command_would_understand() -> None:
    (plan,) = plans(
        settings(
            {
                "name": "serious",
                "table": "alerts",
                "columns": ["alert_id", "severity"],
                "source": ["home"],
                "severity": ["critical", "high"],
                "compress": "gz",
                "timezone": "Asia/Tokyo",
                "decimals": 2,
                "delimiter": "semicolon",
                "header": False,
                "bom": True,
            }
        )
    )
    assert (plan.name, plan.wanted.table.name, plan.wanted.suffix) == ("serious", "alerts", ".csv.gz")
    assert plan.wanted.columns == ("alert_id", "severity")
    assert [(one.option, one.values) for one in plan.wanted.conditions] == [
        ("severity", ("critical", "high")),
        ("source", ("home",)),
    ]
    spelling = plan.spelling
    assert (spelling.zone.key, spelling.decimals, spelling.delimiter) == ("Asia/Tokyo", 2, ";")
    assert (spelling.has_header, spelling.has_bom) == (False, True)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"table": "incidents"}, "no incidents to be had from any configured source"),
        ({"table": "alerts", "source": ["office"]}, "there is no source 'office'; configured: home"),
        ({"table": "connections", "severity": ["high"]}, "severity does not narrow connections; it does narrow alerts"),
        ({"table": "alerts", "columns": ["colour"]}, "alerts has no column colour"),
        ({"table": "alerts", "format": "pdf", "bom": True}, "bom is for csv; pdf has no such thing"),
        ({"table": "alerts", "layout": "iotsentinel", "decimals": 2}, "the layout 'iotsentinel' fixes the decimals"),
    ],
)
def test_a_plan_that_cannot_be_had_is_a_line_that_names_it(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        plans(settings({"name": "one", "table": "alerts"}, {"name": "wrong", **entry}))
    (mistake,) = refusal.value.mistakes
    assert mistake.startswith(f"/data/config/sentinel.yaml: exports, wrong: {said}")
