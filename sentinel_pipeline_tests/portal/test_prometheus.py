"""A real Prometheus that scrapes a real portal: it takes rules and queries, and no panel of the dashboard is empty."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from sentinel_pipeline.ledger.tallies import (
    ATTACHED_BYTES,
    ATTACHMENTS,
    LAST_SECONDS,
    MAIL_DURATION,
    MAILS,
    REPORT_BYTES,
    REPORT_SECONDS,
    REPORTS,
    Added,
    add,
)
from sentinel_pipeline_tests.portal.test_api import script
from sentinel_pipeline_tests.portal.test_monitoring import DASHBOARD, RULES, portal
from sentinel_pipeline_tests.portal.worlds import Portal

__all__ = ["portal"]
pytestmark = pytest.mark.slow

CONFIGURATION = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: sentinel
    metrics_path: /metrics
    authorization: {{credentials: "{token}"}}
    static_configs: [{{targets: ["{target}"]}}]
"""
MADE = (
    Added(REPORTS, ("daily", "daily", "published")),
    Added(REPORT_SECONDS, ("daily",), 42.5),
    Added(LAST_SECONDS, ("daily",), 42.5),
    Added(REPORT_BYTES, ("pdf",), 250_000),
    Added(MAILS, ("daily", "sent")),
    Added(MAIL_DURATION, (), 0.2),
    Added(ATTACHMENTS, ("pdf",)),
    Added(ATTACHED_BYTES, ("pdf",), 250_000),
)
# The made-up report tells of no machines whose payloads are encrypted.
EMPTY = {"Unreadable share of encrypted fields, newest daily report"}


@pytest.fixture
def asked(portal: Portal, tmp_path: Path) -> Iterator[httpx.Client]:
    """Prometheus, which scrapes the portal every second."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed; it is in Debian's package prometheus")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    token = script(portal, "METRICS_VIEW").headers["authorization"].removeprefix("Bearer ")
    target = portal.address.removeprefix("http://")
    (tmp_path / "prometheus.yml").write_text(CONFIGURATION.format(rules=RULES, token=token, target=target))
    options = [f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
    command = [program, *options, f"--web.listen-address={address}", "--log.level=error"]
    with subprocess.Popen(command) as running, httpx.Client(base_url=f"http://{address}", trust_env=False) as client:
        yield client
        running.terminate()


def found(asked: httpx.Client, query: str) -> list[dict[str, Any]]:
    answer = asked.get("/api/v1/query", params={"query": query}).json()
    assert answer["status"] == "success", answer
    return list(answer["data"]["result"])


def is_up(asked: httpx.Client) -> bool:
    try:
        return [one["value"][1] for one in found(asked, 'up{job="sentinel"}')] == ["1"]
    except (httpx.HTTPError, ValueError):
        return False


def test_every_panel_shows_something_and_every_rule_can_be_evaluated(portal: Portal, asked: httpx.Client) -> None:
    deadline = monotonic() + 60
    while not is_up(asked):
        assert monotonic() < deadline, "Prometheus scraped nothing"
        sleep(0.2)
    for _ in range(12):
        with portal.ledger.writing() as connection:
            add(connection, MADE)
        portal.people["analyst"].get("/api/v1/analytics/summary")
        portal.people["analyst"].get("/api/v1/analytics/summary?start_date=nonsense")
        portal.people["analyst"].get("/files/editions/x.csv")
        sleep(1)
    panels = json.loads(DASHBOARD.read_text())["panels"]
    shown = {
        f"{panel['title']} {target['refId']}": found(asked, target["expr"].replace("$__rate_interval", "1m"))
        for panel in panels
        for target in panel.get("targets", ())
    }
    empty = {name for name, values in shown.items() if all(one["value"][1] == "NaN" for one in values)}
    assert {name.removesuffix(" A") for name in empty} == EMPTY
    (group,) = asked.get("/api/v1/rules").json()["data"]["groups"]
    assert [rule["name"] for rule in group["rules"] if rule["health"] != "ok"] == []
