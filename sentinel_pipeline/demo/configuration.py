"""The `sentinel.yaml` that reads the made-up systems, with a word to the person who opens it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel_pipeline.demo.systems import DemoSystems, made_systems

OFFICE_FILE = "sqlite:///systems/office/cybersentinel.db"
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
  - name: home                 # any name; it stands in the `source` column of every table
    kind: iotsentinel
    location: sqlite:///systems/home/iotsentinel.db
    timezone: UTC              # zone of times that do not say theirs
    local_timezone: {zone}   # IoTSentinel writes some columns in the clock of its host; this is that clock

  - name: gateway
    kind: zeek
    location: systems/gateway  # the folder Zeek rotates its logs into; subfolders and .gz files are read
    notice_severity:           # Zeek's notices have no severity of their own
      SSH::Password_Guessing: high
      Scan::Port_Scan: medium
      SSL::Invalid_Server_Cert: low

  - name: office
    kind: cybersentinel
    location: {office}
"""


def demo_configuration(systems: DemoSystems, first_day: date | None, zone: ZoneInfo) -> str:
    """The text of a configuration that reads the demo's three systems."""
    return _configuration(OFFICE_POSTGRESQL if systems.office is None else OFFICE_FILE, first_day, zone.key)


def demo_configuration_text(folder: Path) -> str:
    """The same for the systems that were made in a data folder, or for those that would be."""
    made = made_systems(folder)
    if made is None:
        return _configuration(OFFICE_FILE, None, "Europe/Berlin")
    return demo_configuration(made, made.first_day, made.zone)


def _configuration(office: str, first_day: date | None, zone: str) -> str:
    first = "" if first_day is None else f"first_day: {first_day}      # the earliest day that reports are made for\n"
    return TEXT.format(zone=zone, first_day=first, office=office)
