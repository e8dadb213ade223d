"""The `sentinel.yaml` that reads the made-up systems, with a word to the person who opens it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel_pipeline.demo.rooms import OFFICE_FILE, ROOMS
from sentinel_pipeline.demo.systems import DemoSystems, made_systems

OFFICE_POSTGRESQL = "env:SENTINEL_DEMO_POSTGRESQL_URL"

# The first line tells the demo's file from a person's own: it stays the same for every demo.
TEXT = """\
# What Sentinel Pipeline reads. These are the made-up systems of `sentinel demo`; to read your own, change `sources`.
# A location that is no absolute path starts at the data folder, the one above config/.
# Passwords do not belong in this file: write `env:NAME` or `file:PATH` and the value is fetched when it is used.

organisation: Example Household & Office
timezone: {zone}   # days, weeks and months begin at midnight here, and every printed time is of this zone
{first_day}
sources:
"""

EXPORTS = """
# Files made of every day by the job `export_days`, below exports/<name>/.
exports:
  - name: serious_alerts
    table: alerts
    severity: [critical, high]
  - name: all_connections
    table: connections
    format: parquet
"""

DELIVERY = """
# Who gets which report. The channel `directory` writes each mail to outbox/ as an .eml file and needs no account;
# `smtp` and `sendgrid` are explained in the README.
delivery:
  channel: directory
  sender: reports@household.example
subscriptions:
  - name: Daily Executive Summary
    cadence: daily
    recipients: [management@household.example]
    formats: [pdf]
  - name: Weekly Security Report
    cadence: weekly
    recipients: [security@household.example, management@household.example]
    formats: [pdf, xlsx]
  - name: Monthly Compliance Report
    cadence: monthly
    recipients: {to: [compliance@household.example], bcc: [auditor@audit.example]}
    formats: [pdf, xlsx, csv]
"""

SCHEDULES = """
# When the period that just ended is published and sent, while `make up` runs: minute, hour, day of the month, month,
# weekday; `off` for never.
schedules:
  daily: 0 8 * * *
  weekly: 0 9 * * 1
  monthly: 0 10 1 * *
"""

CORRECTIONS = """
# Rows that come late for published days make the next revision when a figure changes by more than this.
corrections:
  window_days: 7
  threshold: 1 %

# Who is told when something fails, and when it works again.
alerts:
  recipients: [operations@household.example]
"""


def demo_configuration(systems: DemoSystems, first_day: date | None, zone: ZoneInfo) -> str:
    """The text of a configuration that reads the systems of every room."""
    return _configuration(first_day, zone.key, is_office_in_postgresql=systems.is_office_in_postgresql)


def demo_configuration_text(folder: Path) -> str:
    """The same for the systems that were made in a data folder, or for those that would be."""
    made = made_systems(folder)
    if made is None:
        return _configuration(None, "Europe/Berlin", is_office_in_postgresql=False)
    return demo_configuration(made, made.first_day, made.zone)


def _configuration(first_day: date | None, zone: str, *, is_office_in_postgresql: bool) -> str:
    first = "" if first_day is None else f"first_day: {first_day}      # the earliest day that reports are made for\n"
    entries = "\n".join(room.entry.format(zone=zone) for room in ROOMS)
    text = TEXT.format(zone=zone, first_day=first) + entries + EXPORTS + SCHEDULES + DELIVERY + CORRECTIONS
    return text.replace(OFFICE_FILE, OFFICE_POSTGRESQL) if is_office_in_postgresql else text
