from __future__ import annotations

from dataclasses import replace

from sentinel_pipeline.rendering.summary import Counted, SummaryFacts, Talker, Value, render_detailed, render_summary
from sentinel_pipeline_tests.rendering.worlds import HOSTILE, a_period

FIGURES = {
    "total_devices": 42,
    "active_devices": 38,
    "blocked_devices": 2,
    "total_alerts": 156,
    "total_connections": 1_234_567,
    "data_transferred_mb": 45_678.9,
}
TALKERS = (Talker("Smart TV", "192.168.1.100", 12_345.67), Talker(None, "192.168.1.7", 0.5))
FACTS = SummaryFacts(
    a_period("weekly"),
    FIGURES,
    protocols=(Counted("tcp", 987_654), Counted("udp", 200_000), Counted(None, 3)),
    talkers=TALKERS,
    destinations=(Counted("8.8.8.8", 1234),),
    alert_severities={"critical": 3, "low": 54, "high": 12, "medium": 87, "unknown": 0},
)
TEXT = """# IoTSentinel Security Report
Generated: 2026-11-02 00:00:00
Report Period: Last 7 days
Time Zone: Europe/Berlin
Window: 2026-10-26T00:00:00+01:00/2026-11-02T00:00:00+01:00

## Network Overview
- Total Devices: 42
- Active Devices (24h): 38
- Blocked Devices: 2

## Security Alerts
- Total Alerts: 156
- Alerts by Severity:
  - CRITICAL: 3
  - HIGH: 12
  - MEDIUM: 87
  - LOW: 54

## Network Activity
- Total Connections: 1,234,567
- Data Transferred: 45,678.90 MB
- Top Protocols:
  - TCP: 987,654 connections
  - UDP: 200,000 connections
  - UNKNOWN: 3 connections

## Top Data Consumers
1. Smart TV (192.168.1.100): 12,345.67 MB
2. Unknown (192.168.1.7): 0.50 MB
"""


def test_the_summary_is_laid_out_as_documented() -> None:
    assert render_summary(FACTS) == TEXT


def test_the_detailed_report_is_the_summary_and_longer_lists() -> None:
    text = render_detailed(FACTS)
    assert text.startswith(TEXT)
    rest = text[len(TEXT) :].splitlines()
    assert rest[2:4] == ["=" * 80, "## Detailed Statistics"]
    assert "1. 8.8.8.8: 1,234 connections" in rest
    assert "- tcp: 987,654 connections" in rest


def test_lists_stop_after_five_lines() -> None:
    many = replace(FACTS, protocols=tuple(Counted(f"p{n}", n) for n in range(2, 11)), talkers=TALKERS * 4)
    assert render_summary(many).count(" connections\n") == 5
    assert render_summary(many).count(" MB\n") == 5 + 1


def test_what_cannot_be_told_says_so_and_is_not_zero() -> None:
    blind = replace(FACTS, figures=dict.fromkeys(FIGURES), protocols=None, talkers=None, alert_severities={})
    text = render_summary(blind)
    assert "- Total Devices: n/a (no data)" in text
    assert "- Top Protocols: n/a (no data)" in text
    assert " 0" not in text.partition("## Network Overview")[2]


def test_a_quiet_period_has_zeros_and_no_severities() -> None:
    quiet = replace(FACTS, figures=dict.fromkeys(FIGURES, 0), protocols=(), talkers=(), alert_severities={"low": 0})
    text = render_summary(quiet)
    assert "- Total Alerts: 0\n\n## Network Activity" in text
    assert "by Severity" not in text


def test_lines_of_a_system_that_is_not_configured_are_left_out() -> None:
    zeek = {key: value for key, value in FIGURES.items() if key in ("total_connections", "data_transferred_mb")}
    text = render_summary(replace(FACTS, figures=zeek, alert_severities={}))
    assert "Devices" not in text
    assert "## Security Alerts" not in text
    assert "- Total Connections: 1,234,567" in text


def test_a_deployment_without_network_monitoring_tells_of_data_loss() -> None:
    figures: dict[str, Value] = {
        "total_incidents": 462,
        "block_rate": 61.3,
        "most_common_data_type": "credit_card",
        "active_agents": None,
    }
    facts = SummaryFacts(
        a_period(), figures, incident_severities={"high": 4}, data_types=(Counted("credit_card", 1200),)
    )
    assert render_summary(facts).partition("\n\n")[2] == (
        "## Data Loss Prevention\n"
        "- Total Incidents: 462\n"
        "- Block Rate: 61.30 %\n"
        "- Active Agents: n/a (no data)\n"
        "- Most Common Data Type: credit_card\n"
        "- Incidents by Severity:\n"
        "  - HIGH: 4\n"
        "\n"
        "## Top Data Types\n"
        "1. credit_card: 1,200\n"
    )


def test_data_loss_follows_the_documented_blocks_where_both_are_watched() -> None:
    figures: dict[str, Value] = {"total_incidents": 462, "block_rate": 61.3}
    both = replace(
        FACTS,
        figures={**FIGURES, **figures},
        incident_severities={"high": 4},
        data_types=(Counted("credit_card", 1200),),
    )
    assert render_summary(both) == TEXT + (
        "\n## Data Loss Prevention\n- Total Incidents: 462\n- Block Rate: 61.30 %\n"
        "- Incidents by Severity:\n  - HIGH: 4\n"
        "\n## Top Data Types\n1. credit_card: 1,200\n"
    )


def test_one_day_and_one_connection_are_said_in_the_singular() -> None:
    text = render_summary(replace(FACTS, period=a_period("daily"), protocols=(Counted("tcp", 1),)))
    assert "\nReport Period: Last 24 hours\n" in text
    assert "\n  - TCP: 1 connection\n" in text


def test_a_hostile_name_stays_on_its_line() -> None:
    lines = len(render_summary(FACTS).splitlines())
    for name in HOSTILE:
        facts = replace(FACTS, talkers=(Talker(name, name, 1.0), *TALKERS[1:]))
        assert len(render_summary(facts).splitlines()) == lines


def test_every_system_that_is_configured_has_its_figures() -> None:
    figures = {
        "total_incidents": 3,
        "energy_kwh": 12.5,
        "energy_cost": 3.1,
        "total_widget_logs": 1200,
        "machines_silent": 1,
    }
    text = render_summary(replace(FACTS, figures=FIGURES | figures, units={"energy_cost": "EUR"}))
    assert text.startswith("# IoTSentinel Security Report\n")
    for block in (
        "\n## Data Loss Prevention\n- Total Incidents: 3\n",
        "\n## Energy\n- Energy: 12.50 kWh\n- Cost of Energy: 3.10 EUR\n",
        "\n## Fleet\n- Fleet Logs: 1,200\n- Silent Machines: 1\n",
    ):
        assert block in text
    assert text.index("## Data Loss") < text.index("## Energy") < text.index("## Fleet")


def test_plugs_alone_make_no_report_on_a_network() -> None:
    text = render_summary(SummaryFacts(a_period("daily"), {"total_devices": 3, "energy_kwh": 8.4}))
    assert text.startswith("# Sentinel Pipeline Security Report\n")
    assert "## Network" not in text
    assert "- Energy: 8.40 kWh" in text
