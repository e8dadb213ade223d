"""What Prometheus is told, what it warns of and what Grafana shows: the same names, and all of them tried."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from sentinel_pipeline.domain.delivery import STATES
from sentinel_pipeline.domain.period import CADENCES
from sentinel_pipeline.ledger.schema import DELIVERIES, EXPORTS
from sentinel_pipeline.ledger.tallies import (
    ATTACHMENTS,
    LAST_SECONDS,
    MAILS,
    REPORT_BYTES,
    REPORT_SECONDS,
    REPORTS,
    Added,
    add,
)
from sentinel_pipeline.ledger.users import named
from sentinel_pipeline.publishing.punctuality import SINCE
from sentinel_pipeline_tests.portal.test_api import script
from sentinel_pipeline_tests.portal.worlds import AT, Portal, published, serving, with_people
from sentinel_pipeline_tests.rendering.worlds import a_report, an_empty_report

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "sentinel-rules.yml"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "sentinel.json"
# What Prometheus itself says of a scrape.
OF_PROMETHEUS = {"up"}
WORDS = {"absent", "and", "by", "group_left", "histogram_quantile", "ignoring", "increase", "or", "rate", "sum", "time"}
LABELS = {"cadence", "endpoint", "figure", "format", "job", "le", "report_type", "state", "status"}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A daily report and a weekly one, a mail in doubt, an export that waits for two hours and one that took 90 s."""
    data = tmp_path_factory.mktemp("data")
    published(a_report("daily"), data)
    published(an_empty_report("weekly"), data)
    with serving(data) as served:
        with_people(served)
        with served.ledger.writing() as connection:
            connection.execute(insert(DELIVERIES), [_delivery("uncertain"), _delivery("sent")])
            whose = named(connection, "analyst").user_id
            for state, seconds in (("queued", 7_200), ("completed", 90)):
                connection.execute(insert(EXPORTS).values(_export(whose, state, seconds)))
        yield served


def _delivery(state: str) -> dict[str, Any]:
    words = ("cadence", "period_key", "manifest_sha256", "subscription", "recipient", "channel", "message_id")
    numbers = {"revision": 1, "attempts": 1, "planned_at": AT - timedelta(days=2), "delivery_id": state}
    return {**dict.fromkeys(words, '"}\nevil{'), **numbers, "state": state, "recipient": state}


def _export(user_id: str, state: str, seconds: int) -> dict[str, Any]:
    words = {"user_id": user_id, **dict.fromkeys(("export_type", "format", "ordered"), "x")}
    numbers = {"attempts": 1, "progress": 0, "downloads": 0, "created_at": AT - timedelta(seconds=seconds)}
    done = {"settled_at": AT, "bytes": 1_000} if state == "completed" else {"settled_at": None, "bytes": None}
    return {**words, **numbers, **done, "state": state, "export_id": state}


def told(portal: Portal) -> str:
    """What a scrape is answered, after one of everything that is counted."""
    for asked in ("/api/v1/analytics/summary", "/files/editions/x.csv"):
        portal.people["analyst"].get(asked)
    return script(portal, "METRICS_VIEW").get("/metrics").text


def values(portal: Portal) -> dict[tuple[str, ...], float]:
    """Values by name and label values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(told(portal))
        for sample in family.samples
    }


def test_a_scrape_tells_editions_deliveries_exports_and_the_queue(portal: Portal) -> None:
    found = values(portal)
    assert found["sentinel_editions", "daily"] == 1
    assert (found["sentinel_editions", "weekly"], found["sentinel_editions", "monthly"]) == (1, 0)
    assert found["sentinel_newest_size_bytes", "daily", "pdf"] > 0
    assert found["sentinel_newest_files", "daily", "csv"] == found["sentinel_newest_files", "daily", "json"] - 2
    assert found["sentinel_newest_complete", "daily"] in (0, 1)
    assert {state: found["sentinel_deliveries", state] for state in STATES} == {
        **dict.fromkeys(STATES, 0),
        "uncertain": 1,
        "sent": 1,
    }
    assert (found["sentinel_exports", "queued"], found["sentinel_exports", "failed"]) == (1, 0)
    assert found["sentinel_queue_oldest_seconds", "exports"] == 7_200
    assert found["sentinel_queue_oldest_seconds", "requests"] == 0
    assert found["sentinel_settled_last_day", "exports"] == 1
    assert found["sentinel_settled_last_day_longest_seconds", "exports"] == 90
    assert found["sentinel_exports_stored_bytes",] == 1_000
    assert 0 < found["sentinel_disk_free_bytes",] <= found["sentinel_disk_size_bytes",]


def test_a_scrape_tells_what_was_made_and_mailed_elsewhere(portal: Portal) -> None:
    with portal.ledger.writing() as connection:
        add(connection, [Added(REPORTS, ("daily", "daily", "published")), Added(MAILS, ("weekly", "sent"))])
        add(connection, [Added(what, ("daily",), 42.5) for what in (REPORT_SECONDS, LAST_SECONDS)])
        add(connection, [Added(REPORT_BYTES, ("pdf",), 250_000), Added(ATTACHMENTS, ("pdf",))])
    found = values(portal)
    assert found["dlp_reports_generated_total", "daily", "daily", "published"] == 1
    assert found["dlp_reports_generated_total", "once", "custom", "failed"] == 0
    assert found["dlp_emails_sent_total", "weekly", "sent"] == 1
    assert found["dlp_report_generation_duration_seconds_bucket", "30.0", "daily"] == 0
    assert found["dlp_report_generation_duration_seconds_bucket", "60.0", "daily"] == 1
    assert found["dlp_report_generation_duration_seconds_sum", "daily"] == 42.5
    assert found["sentinel_last_report_seconds", "daily"] == 42.5
    assert found["dlp_report_size_bytes_bucket", "pdf", "300000.0"] == 1
    assert found["dlp_report_attachments_total", "pdf"] == 1
    assert found["dlp_email_delivery_duration_seconds_count",] == 0


def test_what_is_late_is_told_by_the_schedules_and_a_mistake_in_them_too(portal: Portal) -> None:
    configuration = portal.data / "config" / "sentinel.yaml"
    configuration.parent.mkdir(exist_ok=True)
    (portal.site.editions / "daily" / SINCE).write_text("2020-01-01\n")
    sources = "sources: [{name: home, kind: zeek, location: logs}]\n"
    try:
        configuration.write_text(f"{sources}schedules: {{daily: 0 8 * * *, catch_up_days: 3, weekly: off}}\n")
        found = values(portal)
        assert found["sentinel_configuration_readable",] == 1
        assert found["sentinel_late_editions", "daily"] == 3
        assert (found["sentinel_late_editions", "weekly"], found["sentinel_late_editions", "monthly"]) == (0, 0)
        configuration.write_text(f"{sources}schedules: {{daily: whenever}}\n")
        found = values(portal)
        assert found["sentinel_configuration_readable",] == 0
        assert ("sentinel_late_editions", "daily") not in found
    finally:
        configuration.unlink()


def test_figures_of_the_newest_report_are_those_of_its_facts(portal: Portal) -> None:
    found = {
        name[2]: value for name, value in values(portal).items() if name[:2] == ("sentinel_newest_figure", "daily")
    }
    facts = json.loads(next((portal.site.editions / "daily").rglob("facts.json")).read_text())["facts"]
    numbers = {fact["id"]: fact["value"] for fact in facts if isinstance(fact["value"], int | float)}
    assert found == numbers
    assert numbers


def test_labels_are_our_own_words(portal: Portal) -> None:
    said = told(portal)
    assert "evil" not in said
    for family in text_string_to_metric_families(said):
        for sample in family.samples:
            assert all(re.fullmatch(r"[a-z0-9_/.+-]*|\+Inf", value) for value in sample.labels.values()), sample
            assert sample.labels.get("cadence", "daily") in CADENCES


def queries() -> dict[str, str]:
    """Every query of the dashboard and the rules, by where it stands."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    shown = {
        f"{panel['title']} {target['refId']}": target["expr"] for panel in panels for target in panel.get("targets", ())
    }
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    return {**shown, **{rule["alert"]: rule["expr"] for rule in rules}}


def test_every_metric_of_the_dashboard_and_the_rules_is_told(portal: Portal) -> None:
    exposed = {name for name, *_ in values(portal)} | OF_PROMETHEUS
    exposed |= {family.name for family in text_string_to_metric_families(told(portal))}
    for where, query in queries().items():
        bare = re.sub(r'"[^"]*"|\[[^]]*\]', "", query)
        asked = set(re.findall(r"[a-z_]{2,}", bare)) - WORDS - LABELS
        assert asked, where
        assert asked <= exposed, where


def test_everything_the_issue_lists_is_shown() -> None:
    shown = " ".join(queries().values())
    for name in ("dlp_reports_generated_total", "dlp_report_generation_duration_seconds", "dlp_report_size_bytes_sum"):
        assert name in shown
    assert "dlp_report_attachments_total" in shown
    for name in ("editions", "size_bytes", "files", "deliveries", "exports", "queue_oldest", "newest_period_end"):
        assert f"sentinel_{name}" in shown or f"sentinel_newest_{name}" in shown
    assert "dlp_analytics_queries_total" in shown
    assert "sentinel_settled_last_day_mean_seconds" in shown


def promtool(*command: str | Path, given: str | None = None) -> str:
    """What promtool says; fails when it finds a fault."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed; it is in Debian's package prometheus")
    done = subprocess.run(["promtool", *map(str, command)], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_promtool_finds_no_fault_in_rules_and_configuration() -> None:
    assert "SUCCESS" in promtool("check", "rules", RULES)
    assert "SUCCESS" in promtool("check", "config", "--syntax-only", RULES.with_name("prometheus.yml"))


def test_every_alert_comes_when_it_should_and_not_before() -> None:
    promtool("test", "rules", RULES.with_name("sentinel-rules-test.yml"))
    tried = RULES.with_name("sentinel-rules-test.yml").read_text()
    for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]:
        assert f'"{rule["alert"]}"' in tried or f"alertname: {rule['alert']}" in tried


def test_promtool_finds_no_fault_in_what_is_told(portal: Portal) -> None:
    promtool("check", "metrics", given=told(portal))


def test_promtool_understands_every_query(tmp_path: Path) -> None:
    asked = [
        {"record": f"asked:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries().values())
    ]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "asked", "rules": asked}]}))
    promtool("check", "rules", tmp_path / "rules.yml")


def test_the_dashboard_is_provisioned_with_the_source_it_asks() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    provisioning = DEPLOY / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "sentinel.yml").read_text())["datasources"]
    asked = {panel["datasource"]["uid"] for panel in panels if panel["type"] != "row"}
    assert asked == {source["uid"]}
    assert len({panel["id"] for panel in panels}) == len(panels)
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "sentinel.yml").read_text())["providers"]
    assert provider["type"] == "file"
