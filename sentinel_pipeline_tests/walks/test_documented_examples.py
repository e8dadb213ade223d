"""The calls that the documents show, by curl, Python and JavaScript, changed only in host and token: all of it real."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import matplotlib as mpl
import openpyxl
import pytest

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline_tests.orchestration.rooms import control_room
from sentinel_pipeline_tests.publishing.worlds import House
from sentinel_pipeline_tests.sources.plugs import kasa_database, polls, rate
from sentinel_pipeline_tests.statistics.frames import Row
from sentinel_pipeline_tests.walks.household import sentinel
from sentinel_pipeline_tests.walks.test_exporting_over_the_api import DEFINITIONS, portal, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (shutil.which("curl") and shutil.which("node")), reason="curl or node is not installed"),
]
CONFIGURATION = """
timezone: Europe/Berlin
first_day: 2023-12-31
sources:
  - {name: plugs, kind: kasa, location: sqlite:///kasa.db}
delivery: {base_url: 'https://reports.example'}
"""
LAMP, FAN = "192.168.1.100", "192.168.1.101"
PASSWORD = "password or so"
JANUARY = {"start": "2024-01-01T00:00:00Z", "end": "2024-01-31T23:59:59Z"}
DATES = {"start": "2024-01-01", "end": "2024-01-31"}
LEVELS = ("critical", "high", "medium", "low")
CHART = """
const [base, token] = process.argv.slice(1);
const headers = {'Authorization': `Bearer ${token}`};
(async () => {
  const answer = await fetch(`${base}/api/v1/analytics/trends?interval=hour&group_by=severity`, {headers});
  const {series} = await answer.json();
  const rows = series.critical.map((point, at) => [point.timestamp, point.count,
    ...['high', 'medium', 'low'].map(level => series[level][at]?.count || 0)]);
  console.log(JSON.stringify(rows));
})();
"""
BLOB = """
const [base, token, job] = process.argv.slice(1);
const headers = {'Authorization': `Bearer ${token}`, 'Content-Type': 'application/json'};
(async () => {
  const created = await (await fetch(`${base}/api/exports/create`, {method: 'POST', headers, body: job})).json();
  for (let found = {}; found.status !== 'completed'; await new Promise(done => setTimeout(done, 1000))) {
    found = await (await fetch(`${base}/api/exports/${created.export_id}`, {headers})).json();
    if (found.status === 'failed') throw new Error(found.error);
  }
  const file = await (await fetch(`${base}/api/exports/download/${created.export_id}`, {headers})).blob();
  console.log(JSON.stringify([file.type, file.size, JSON.parse(await file.text()).data.length]));
})();
"""


@dataclass(frozen=True)
class Served:
    """Where the portal answers, and the token that signing in has given."""

    address: str
    token: str
    script: httpx.Client

    @property
    def exports(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.address}/api/exports", headers=self.script.headers, trust_env=False, timeout=60
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A portal and a control room over plugs of January 2024, and incidents of the last weeks."""
    data = make_world(tmp_path_factory.mktemp("house") / "data")
    words = {"SENTINEL_ADMINS_PASSWORD": PASSWORD}
    told = sentinel(data, "users", "add", "admin", "--role", "admin", "--password", "env:" + next(iter(words)), **words)
    assert told.code == 0, told.err
    with control_room(data, module=DEFINITIONS), portal(data) as address:
        said = curl(
            f"{address}/api/v1/auth/login",
            *("-X", "POST", "-H", "Content-Type: application/json"),
            *("-d", json.dumps({"username": "admin", "password": PASSWORD})),
        )
        token = json.loads(said.body)["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{address}/api", headers=headers, trust_env=False, timeout=60) as script:
            yield Served(address, token, script)


def make_world(data: Path) -> Path:
    (data / "config").mkdir(parents=True)
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION)
    first, every = datetime(2023, 12, 31, tzinfo=UTC), timedelta(minutes=5)
    counted: dict[str, Any] = {
        "total_energy_kwh": lambda n: n * 0.06 / 12, "current_power_w": lambda _: 60.0, "is_on": lambda _: 1,
        "voltage": lambda _: 230.0, "current": lambda _: 0.26,
    }  # fmt: skip
    readings = [dict(row) | {"device_ip": ip} for ip in (LAMP, FAN) for row in polls(first, 33 * 288, every, **counted)]
    devices = [{"device_ip": LAMP, "alias": "Lamp", "device_type": "plug"}, {"device_ip": FAN, "alias": "Fan"}]
    acts: list[Row] = [
        {"id": n, "event_type": act, "severity": "info", "username": "admin", "timestamp": "2024-01-15 10:00:00"}
        for n, act in enumerate(("auth.login.success", "auth.login.failure", "device_controlled"), 1)
    ]
    rates = [rate("flat", {"flat_rate": 0.3}, created_at="2023-01-01 00:00:00")]
    kasa_database(data / "kasa.db", readings=readings, devices=devices, rates=rates, audit_log=acts)
    house, today = House(data), datetime.now(UTC)
    for back in range(1, 32):
        day = today - timedelta(days=back)
        rows = [
            {
                "incident_id": f"{back}-{level}", "occurred_at": day.replace(hour=9), "severity": level, "user": "ann",
                "is_blocked": level == "critical", "agent_id": "a1", "data_types": ["PAN"], "confidence": 0.9,
                "policy_id": "p1", "policy_name": "Cards",
            }
            for level in LEVELS
        ]  # fmt: skip
        house.count(Period.parse("daily", f"{day:%Y-%m-%d}", ZoneInfo("Europe/Berlin")), "received", incidents=rows)
    return data


@dataclass(frozen=True)
class Got:
    """What curl was answered."""

    media_type: str
    disposition: str
    body: bytes


def curl(url: str, *arguments: str) -> Got:
    told = "%{stderr}%{content_type}\n%header{content-disposition}"
    command = ["curl", "--silent", "--fail", "--noproxy", "*", "--write-out", told, url, *arguments]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, (url, done)
    media_type, disposition = done.stderr.decode().split("\n")
    return Got(media_type, disposition, done.stdout)


def node(program: str, *arguments: str) -> Any:
    done = subprocess.run(["node", "-e", program, *arguments], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_curl_calls_of_the_analytics(served: Served) -> None:
    bearer = ("-H", f"Authorization: Bearer {served.token}")
    base = f"{served.address}/api/v1"
    trends = json.loads(curl(f"{base}/analytics/trends?interval=day&group_by=severity", *bearer).body)
    assert {*LEVELS} <= {*trends["series"]}
    assert (trends["interval"], trends["group_by"]) == ("day", "severity")
    assert {"start_date", "end_date", "total_incidents"} <= trends.keys()
    summary = json.loads(curl(f"{base}/analytics/summary", *bearer).body)
    assert (summary["total_incidents"], summary["critical_incidents"], summary["block_rate"]) == (120, 30, 25.0)
    table = curl(f"{base}/export/analytics/trends/csv?interval=day", *bearer)
    assert table.media_type.startswith("text/csv")
    assert table.disposition.startswith('attachment; filename="incident_trends_')
    assert table.body.splitlines()[0] == b"timestamp,count"
    paper = curl(f"{base}/export/analytics/summary/pdf", *bearer)
    assert (paper.media_type, paper.body[:5]) == ("application/pdf", b"%PDF-")
    assert ".pdf" in paper.disposition


def test_the_dashboard_in_python(served: Served, tmp_path: Path) -> None:
    end = datetime.now(UTC).replace(tzinfo=None)  # as the document has it: without an offset
    window = {"start_date": (end - timedelta(days=30)).isoformat(), "end_date": end.isoformat()}
    summary = served.script.get("/v1/analytics/summary", params=window).raise_for_status().json()
    assert f"{summary['total_incidents']:,} {summary['critical_incidents']:,}" == "120 30"
    assert f"{summary['block_rate']:.2f}" == "25.00"
    asked = {**window, "interval": "day", "group_by": "severity"}
    trends = served.script.get("/v1/analytics/trends", params=asked).raise_for_status().json()
    mpl.use("agg")
    from matplotlib import pyplot

    for severity, points in trends["series"].items():
        pyplot.plot([one["timestamp"] for one in points], [one["count"] for one in points], label=severity.title())
    pyplot.savefig(tmp_path / "trends.png")
    pyplot.close("all")
    assert (tmp_path / "trends.png").stat().st_size > 10_000


def test_trends_as_csv_can_be_pivoted(served: Served) -> None:
    asked = {"interval": "day", "group_by": "severity"}
    text = served.script.get("/v1/export/analytics/trends/csv", params=asked).raise_for_status().text
    rows = list(csv.DictReader(StringIO(text)))
    cells = {(row["timestamp"], row["series"]): row["count"] for row in rows}
    assert list(rows[0]) == ["timestamp", "series", "count"]
    assert len(cells) == len(rows)
    times = {time for time, _ in cells}
    assert all((time, level) in cells for time in times for level in LEVELS)


def test_the_chart_in_javascript(served: Served) -> None:
    rows = node(CHART, served.address, served.token)
    assert len(rows) in range(7 * 24, 7 * 24 + 3)
    assert all(len(row) == 5 for row in rows)
    assert sum(row[2] for row in rows) in (6, 7, 8)


def made(served: Served, body: dict[str, Any]) -> tuple[dict[str, Any], httpx.Response]:
    """An export from creating it to its file, as the document's own client does it."""
    with served.exports as exports:
        created = exports.post("/create", json=body)
        assert created.status_code == 200, created.text
        said = created.json()
        assert said["status"] == "queued"
        assert {"created_at", "estimated_completion"} <= said.keys()
        assert said["download_url"] == f"/api/exports/download/{said['export_id']}"
        wait_for(exports, said["export_id"], "completed")
        found = exports.get(f"/{said['export_id']}").json()
        assert (found["progress"], found["download_url"]) == (100, said["download_url"])
        assert {"created_at", "completed_at", "expires_at"} <= found.keys()
        file = exports.get(f"/download/{said['export_id']}").raise_for_status()
        assert len(file.content) == found["file_size"]
        return found, file


def test_readings_of_a_month_by_the_hour_are_744(served: Served) -> None:
    body = {
        "export_type": "device_data", "format": "csv", "date_range": JANUARY, "devices": [LAMP],
        "fields": ["timestamp", "power_w", "energy_kwh", "voltage", "current", "cost"], "aggregation": "hourly",
        "filters": {"min_power": 0, "max_power": 2000},
        "options": {"include_headers": True, "timezone": "America/New_York", "decimal_places": 2},
    }  # fmt: skip
    found, file = made(served, body)
    assert found["record_count"] == 744
    rows = list(csv.DictReader(StringIO(file.text)))
    assert list(rows[0].values()) == ["2023-12-31T19:00:00-05:00", "60.00", "0.06", "230.00", "0.26", "0.02"]


def test_readings_of_two_devices_in_python(served: Served) -> None:
    """First as the quick start has it, with dates alone, then with every field, raw."""
    quick = {
        "export_type": "device_data", "format": "csv", "date_range": DATES, "devices": [LAMP, FAN],
        "fields": ["timestamp", "power_w", "energy_kwh", "cost"],
    }  # fmt: skip
    found, file = made(served, quick)
    rows = list(csv.DictReader(StringIO(file.text)))
    assert (list(rows[0]), len(rows)) == (quick["fields"], found["record_count"])
    assert len(rows) == 2 * 31 * 96
    fields = ["timestamp", "device_ip", "device_name", "power_w", "energy_kwh", "voltage", "current", "cost", "is_on"]
    raw = {**quick, "date_range": JANUARY, "fields": fields, "aggregation": "raw"}
    rows = list(csv.DictReader(StringIO(made(served, raw)[1].text)))
    assert list(rows[0]) == fields
    assert {(row["device_ip"], row["device_name"]) for row in rows} == {(LAMP, "Lamp"), (FAN, "Fan")}


def test_costs_of_a_year_by_month(served: Served) -> None:
    body = {
        "export_type": "cost_analysis", "format": "excel", "date_range": {"start": "2024-01-01", "end": "2024-12-31"},
        "grouping": "monthly", "include_charts": True, "breakdown_by": ["device", "time_of_use", "rate_tier"],
    }  # fmt: skip
    found, file = made(served, body)
    sheet = openpyxl.load_workbook(BytesIO(file.content)).worksheets[0]
    assert "device_ip" in [cell.value for cell in sheet[1]]
    assert found["record_count"] >= 2


def test_a_report_of_the_system_on_paper(served: Served) -> None:
    body = {
        "export_type": "system_report", "format": "pdf", "date_range": DATES,
        "report_sections": [
            "device_summary", "energy_consumption", "cost_breakdown", "system_health", "usage_patterns",
        ],
    }  # fmt: skip
    found, file = made(served, body)
    assert (file.headers["content-type"], file.content[:5]) == ("application/pdf", b"%PDF-")
    assert found["record_count"] == 2 * 9 + 24


def test_the_audit_log(served: Served) -> None:
    body = {
        "export_type": "audit_logs", "format": "json", "date_range": JANUARY, "users": ["admin", "operator"],
        "event_types": ["login_success", "login_failure", "device_controlled"],
        "severity_levels": ["info", "warning", "error"],
    }  # fmt: skip
    found, file = made(served, body)
    assert (found["record_count"], len(file.json())) == (3, 3)


def test_an_export_in_javascript(served: Served) -> None:
    body = {
        "export_type": "device_data", "format": "json", "date_range": JANUARY, "devices": [LAMP],
        "fields": ["timestamp", "power_w", "energy_kwh", "cost"],
    }  # fmt: skip
    media_type, size, rows = node(BLOB, served.address, served.token, json.dumps(body))
    assert (media_type, rows) == ("application/json", 31 * 96)
    assert size > rows


def test_lists_previews_history_and_deletion(served: Served) -> None:
    with served.exports as exports:
        formats = exports.get("/formats").raise_for_status().json()["formats"]
        assert {"csv", "json", "excel", "pdf"} <= {one["id"] for one in formats}
        assert all({"name", "description", "mime_type", "extension"} <= one.keys() for one in formats)
        assert exports.get("/devices").raise_for_status().json()["devices"] == []  # none was read by a day's run yet
        metrics = exports.get("/metrics").raise_for_status().json()["metrics"]
        assert all({"field", "name", "description", "data_type", "unit"} == one.keys() for one in metrics)
        seen = exports.get(f"/preview?export_type=device_data&devices={LAMP}&limit=5").raise_for_status().json()
        assert seen.keys() >= {"preview", "total_records", "estimated_file_size", "preview_note"}
        history = exports.get("/history?limit=10&offset=0").raise_for_status().json()
        assert (history["page"], history["per_page"]) == (1, 10)
        assert history["exports"][0].keys() >= {"user_id", "username", "retention_days", "expires_at", "record_count"}
        stats = exports.get("/stats").raise_for_status().json()
        assert stats.keys() >= {"total_exports", "exports_this_month", "total_data_exported", "most_popular_format"}
        name = history["exports"][0]["export_id"]
        deleted = exports.delete(f"/{name}").raise_for_status().json()
        assert (deleted["export_id"], deleted.keys()) == (name, {"message", "export_id", "deleted_at"})
        gone = exports.get(f"/{name}")
        assert (gone.status_code, gone.json()["error_code"]) == (404, "EXPORT_NOT_FOUND")


def test_a_schedule_is_made_changed_and_deleted(served: Served) -> None:
    body: dict[str, Any] = {
        "name": "Monthly", "schedule": "0 9 1 * *",
        "export_config": {
            "export_type": "device_data", "format": "excel", "date_range": "last_month", "devices": "all",
            "fields": ["timestamp", "device_name", "energy_kwh", "cost"],
        },
        "delivery": {"method": "email", "recipients": ["ann@house.example"], "subject": "Energy - {{date}}"},
    }  # fmt: skip
    with served.exports as exports:
        name = exports.post("/schedule", json=body).raise_for_status().json()["schedule_id"]
        (told,) = exports.get("/schedules").raise_for_status().json()["schedules"]
        assert (told["schedule_id"], told["schedule"], told["delivery"]) == (name, body["schedule"], body["delivery"])
        assert told["export_config"] == {**body["export_config"], "devices": []}  # no one in particular: all
        changed = exports.put(f"/schedules/{name}", json={**body, "enabled": False}).raise_for_status().json()
        assert changed["next_run"] is None
        exports.delete(f"/schedules/{name}").raise_for_status()
        assert exports.get("/schedules").json()["schedules"] == []
