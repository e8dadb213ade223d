"""A small house whose numbers are known by heart, read by the real command in a process of its own."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

DAY = "2025-03-12"
CONFIGURATION = """
organisation: Test & <b>House</b>
timezone: Europe/Berlin
first_day: 2025-03-10
sources:
  - {name: home, kind: iotsentinel, location: sqlite:///home.db}
  - {name: office, kind: cybersentinel, location: sqlite:///office.db}
  - {name: gateway, kind: zeek, location: logs}
"""
HOME = """
CREATE TABLE devices (device_ip TEXT PRIMARY KEY, device_name TEXT, custom_name TEXT, device_type TEXT,
  mac_address TEXT, manufacturer TEXT, first_seen TEXT, last_seen TEXT, is_trusted INTEGER, is_blocked INTEGER);
CREATE TABLE connections (id INTEGER PRIMARY KEY, timestamp TEXT, device_ip TEXT NOT NULL, dest_ip TEXT,
  dest_port INTEGER, protocol TEXT, service TEXT, duration REAL, bytes_sent INTEGER, bytes_received INTEGER,
  packets_sent INTEGER, packets_received INTEGER, conn_state TEXT);
CREATE TABLE alerts (id INTEGER PRIMARY KEY, timestamp TEXT, device_ip TEXT NOT NULL, severity TEXT,
  anomaly_score REAL, explanation TEXT, acknowledged INTEGER, acknowledged_at TEXT);
CREATE TABLE alert_rules (id INTEGER PRIMARY KEY, name TEXT, description TEXT, rule_type TEXT, condition_operator TEXT,
  threshold_value REAL, time_window_hours INTEGER, severity TEXT, is_enabled INTEGER, created_at TEXT,
  last_triggered TEXT, trigger_count INTEGER);
CREATE TABLE audit_log (id INTEGER PRIMARY KEY, timestamp TEXT, event_type TEXT, severity TEXT, details TEXT);
"""
OFFICE = """
CREATE TABLE events (id TEXT PRIMARY KEY, event_id TEXT UNIQUE, event_type TEXT, agent_id TEXT, username TEXT,
  severity TEXT, action TEXT, classification TEXT, confidence_score REAL, policy_id TEXT, policy_name TEXT,
  source_ip TEXT, timestamp TEXT);
CREATE TABLE agents (id TEXT PRIMARY KEY, agent_id TEXT UNIQUE, name TEXT, hostname TEXT, status TEXT, last_seen TEXT);
CREATE TABLE policies (id TEXT PRIMARY KEY, name TEXT UNIQUE, description TEXT, priority INTEGER, enabled INTEGER);
"""
ZEEK_HEADER = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes"
    "\tconn_state\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\n"
)
HOSTILE = '=HYPERLINK("http://x.example";"<script>alert(1)</script>")'
SEVERITIES = ("critical", "high", "medium", "low", None)
START = datetime(2025, 3, 9, 21, 30, tzinfo=UTC)
HOURS = 24 * 4


@dataclass(frozen=True)
class Said:
    """What a command said: exit code, last line of its output, lines of errors."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.out.strip().rpartition("\n")[2]

    @property
    def complaints(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("sentinel:")]


def sentinel(data: Path, *arguments: str, **environment: str) -> Said:
    """Runs `sentinel` in a process of its own."""
    command = [sys.executable, "-W", "error::DeprecationWarning:sentinel_pipeline", "-m", "sentinel_pipeline"]
    done = subprocess.run(
        [*command, *arguments],
        env={**os.environ, "SENTINEL_DATA": str(data), **environment},
        capture_output=True,
        text=True,
        check=False,
        cwd=data if data.is_dir() else None,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def make_house(data: Path) -> Path:
    """One connection, one alert and one incident an hour for four days, in Berlin's afternoon of the clock."""
    (data / "config").mkdir(parents=True)
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION)
    times = [START + timedelta(hours=hour) for hour in range(HOURS)]
    _make_home(data / "home.db", times)
    _make_office(data / "office.db", times)
    _make_logs(data / "logs", times)
    return data


def _make_home(path: Path, times: list[datetime]) -> None:
    with sqlite3.connect(path) as database:
        database.executescript(HOME)
        database.executemany(
            "INSERT INTO devices VALUES (?, ?, NULL, 'camera', NULL, NULL, '2025-01-01 00:00:00', ?, 1, ?)",
            [
                (f"192.168.1.{n}", HOSTILE if n == 1 else f"Device {n}", "2025-03-13 12:00:00", int(n == 3))
                for n in range(1, 6)
            ],
        )
        for number, time in enumerate(times):
            _add_connection(database, number, time)
            add_alert(database, number, time)
        database.execute(
            "INSERT INTO connections (id, timestamp, device_ip) VALUES (9001, 'not a time', '192.168.1.1')"
        )
        database.execute("INSERT INTO audit_log VALUES (1, '2025-03-12 10:00:00', 'data_export', 'info', '{}')")
    database.close()


def _add_connection(database: sqlite3.Connection, number: int, time: datetime) -> None:
    spelling = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%SZ")[number % 3]
    sent = None if number % 7 == 0 else 1000 + number
    database.execute(
        "INSERT INTO connections VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            time.strftime(spelling),
            f"192.168.1.{1 + number % 5}",
            f"198.51.100.{number % 11}",
            (443, 53, 23)[number % 3],
            ("TCP", "udp")[number % 2],
            ("ssl", "dns", "")[number % 3],
            1.5,
            sent,
            5000,
            1,
            2,
            "SF",
        ),
    )


def add_alert(database: sqlite3.Connection, number: int, time: datetime) -> None:
    """An alert whose severity runs through all levels, NULL included."""
    database.execute(
        "INSERT INTO alerts VALUES (?, ?, ?, ?, 0.5, ?, 0, NULL)",
        (number, f"{time:%Y-%m-%d %H:%M:%S}", f"192.168.1.{1 + number % 5}", SEVERITIES[number % 5], HOSTILE),
    )


def _make_office(path: Path, times: list[datetime]) -> None:
    with sqlite3.connect(path) as database:
        database.executescript(OFFICE)
        database.execute("INSERT INTO agents VALUES ('1', 'agt-1', 'Front desk', 'fd.example', 'online', NULL)")
        database.execute("INSERT INTO policies VALUES ('p1', 'Cards', 'Card numbers', 1, 1)")
        for number, time in enumerate(times):
            database.execute(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    str(number),
                    f"e{number}",
                    ("file", "usb")[number % 2],
                    ("agt-1", "agt-ghost")[number % 2],
                    ("ann", "bob", HOSTILE, None)[number % 4],
                    ("Critical", "low", "odd")[number % 3],
                    ("blocked", "Block", "block_failed", "allowed")[number % 4],
                    ('{"labels": ["PAN", "SSN"]}', '["EMAIL"]', None)[number % 3],
                    0.8,
                    ("p1", None)[number % 2],
                    None,
                    f"10.0.0.{number % 3}",
                    f"{time:%Y-%m-%d %H:%M:%S}",
                ),
            )
    database.close()


def _make_logs(folder: Path, times: list[datetime]) -> None:
    folder.mkdir()
    rows = [
        f"{time.timestamp():.6f}\tC{number}\t10.9.0.{1 + number % 3}\t5000\t203.0.113.{number % 5}\t443\ttcp\tssl\t1.0"
        f"\t{number}\t{2 * number if number % 4 else '-'}\tSF\n"
        for number, time in enumerate(times)
    ]
    half = len(rows) // 2
    (folder / "conn.log").write_text(ZEEK_HEADER + "".join(rows[half:]))
    (folder / "conn.00:00:00-01:00:00.log").write_text(ZEEK_HEADER + "".join(rows[:half]))
