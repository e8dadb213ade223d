"""The rooms of the made-up place: what writes each system, and the entry of `sources` that reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sentinel_pipeline.demo import cybersentinel, fleet, gateway, ids, iothub, iotsentinel, kasa
from sentinel_pipeline.demo.plan import Plan
from sentinel_pipeline.demo.systems import OFFICE, Progress


@dataclass(frozen=True)
class Room:
    """A room: `write` makes its system in a folder of that name; `entry` is YAML in which {zone} is the demo's zone."""

    name: str
    write: Callable[[Path, Plan, Progress], None]
    entry: str


HOME = Room(
    "home",
    iotsentinel.write_home,
    """\
  - name: home                 # any name; it stands in the `source` column of every table
    kind: iotsentinel
    location: sqlite:///systems/home/iotsentinel.db
    timezone: UTC              # zone of times that do not say theirs
    local_timezone: {zone}   # IoTSentinel writes some columns in the clock of its host; this is that clock
""",
)

GATEWAY = Room(
    "gateway",
    gateway.write_gateway,
    """\
  - name: gateway
    kind: zeek
    location: systems/gateway  # the folder Zeek rotates its logs into; subfolders and .gz files are read
    notice_severity:           # Zeek's notices have no severity of their own
      SSH::Password_Guessing: high
      Scan::Port_Scan: medium
      SSL::Invalid_Server_Cert: low
""",
)

OFFICE_FILE = "sqlite:///systems/office/cybersentinel.db"
OFFICE_ROOM = Room(
    OFFICE,
    cybersentinel.write_office,
    f"""\
  - name: office
    kind: cybersentinel
    location: {OFFICE_FILE}
""",
)

PLUGS = Room(
    "plugs",
    kasa.write_plugs,
    """\
  - name: plugs
    kind: kasa
    location: sqlite:///systems/plugs/kasa_monitor.db
    local_timezone: {zone}   # the plugs' clock: their daily counters begin at its midnight, and prices change by it
""",
)


HUB = Room(
    "hub",
    iothub.write_hub,
    """\
  - name: hub                  # the rules of the greenhouse and the workshop
    kind: iothub
    location: sqlite:///systems/hub/iothub.db
""",
)

IDS = Room(
    "ids",
    ids.write_ids,
    """\
  - name: ids                  # watches the workshop's own network, which no other source sees
    kind: suricata
    location: systems/ids/eve.json*
""",
)


FLEET = Room(
    "fleet",
    fleet.write_fleet,
    f"""\
  - name: fleet
    kind: atlas
    location: systems/fleet/inbox
    timezone: {{zone}}   # agents write the wall time of their machine
    machine_timezones:
      {fleet.ROAMING}: {fleet.ROAMING_ZONE.key}
    keys:                      # newest first; an old key keeps old envelopes readable
      - file:systems/fleet/current.key
      - file:systems/fleet/old.key
""",
)

ROOMS = (HOME, GATEWAY, OFFICE_ROOM, PLUGS, HUB, IDS, FLEET)
