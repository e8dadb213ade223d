"""Analyses as files: the numbers of the API, under the headers and names that the DLP system's document gives."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from io import BytesIO, StringIO

import httpx
import pytest
from pypdf import PdfReader

from sentinel_pipeline.ledger.tokens import make
from sentinel_pipeline_tests.portal.test_api import MARCH, portal
from sentinel_pipeline_tests.portal.worlds import PASSWORD, Portal, hurry_forgotten

__all__ = ["portal"]
PATH = "/api/v1/export/analytics"
REPORTS = ("trends", "violators", "data-types", "policy-violations", "severity-distribution", "summary")


@pytest.fixture(autouse=True)
def unhurried(portal: Portal) -> None:
    hurry_forgotten(portal)


def handed(portal: Portal, question: str, status: int = 200, role: str = "analyst") -> httpx.Response:
    answer = portal.people[role].get(f"{PATH}/{question}")
    assert answer.status_code == status, answer.text
    return answer


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(answer.text, newline="")))


def test_trends_are_series_after_series_under_the_documented_header(portal: Portal) -> None:
    answer = handed(portal, f"trends/csv?{MARCH}&group_by=severity")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="incident_trends_20250310_20250313.csv"'
    assert answer.text.splitlines()[0] == "timestamp,series,count"
    found = rows(answer)
    assert list(dict.fromkeys(row["series"] for row in found))[:4] == ["critical", "high", "medium", "low"]
    assert [row["count"] for row in found if row["series"] == "low"] == ["2", "0", "0", ""]
    assert found[0]["timestamp"] == "2025-03-10T00:00:00+01:00"
    plain = handed(portal, f"trends/csv?{MARCH}")
    assert plain.text.splitlines()[0] == "timestamp,count"
    assert [row["count"] for row in rows(plain)] == ["3", "0", "2", ""]


@pytest.mark.parametrize(
    ("question", "name", "header", "first"),
    [
        ("violators", "top_violators_user_20250310", "username,incident_count,critical_count", "ann,2,1"),
        (
            "violators?by=agent",
            "top_violators_agent_20250310",
            "agent_id,agent_name,hostname,incident_count,critical_count",
            "a1,Unknown,,2,1",
        ),
        (
            "violators?by=ip_address",
            "top_violators_ip_address_20250310",
            "ip_address,incident_count,critical_count",
            "192.0.2.1,1,0",
        ),
        ("data-types", "data_types_20250310", "data_type,count,percentage,avg_confidence", "PAN,2,100,0.75"),
        (
            "policy-violations",
            "policy_violations_20250310",
            "policy_id,policy_name,violation_count,blocked_count,block_rate",
            "p1,Cards,2,1,50",
        ),
        ("severity-distribution", "severity_distribution_20250310", "severity,count,percentage", "critical,2,40"),
        ("summary", "dlp_summary_20250310_20250313", "metric,value", "total_incidents,5"),
    ],
)
def test_every_report_has_its_header_name_and_numbers(
    portal: Portal, question: str, name: str, header: str, first: str
) -> None:
    report, _, query = question.partition("?")
    answer = handed(portal, f"{report}/csv?{MARCH}&{query}")
    assert answer.text.split("\r\n")[:2] == [header, first]
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_is_there_on_paper(portal: Portal, report: str) -> None:
    answer = handed(portal, f"{report}/pdf?{MARCH}")
    assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert answer.headers["content-disposition"].endswith('.pdf"')


def on_paper(answer: httpx.Response) -> str:
    """What the PDF says, its lines as one."""
    pages = PdfReader(BytesIO(answer.content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_paper_says_whose_and_of_which_days_it_is_in_the_words_of_reports(portal: Portal) -> None:
    said = on_paper(handed(portal, f"violators/pdf?{MARCH}"))
    assert "Böse & Söhne Top Violators Report 10 March 2025 to 13 March 2025 · Europe/Berlin" in said
    assert "User Incidents Critical ann 2 1" in said
    assert "Critical 2 40.00 %" in on_paper(handed(portal, f"severity-distribution/pdf?{MARCH}"))
    summary = on_paper(handed(portal, f"summary/pdf?{MARCH}"))
    assert "Incidents 5 " in summary
    assert "total_incidents" not in summary


def test_a_file_is_on_record_and_not_sent_twice(portal: Portal) -> None:
    answer = handed(portal, f"trends/csv?{MARCH}")
    entry = portal.record()[-1]
    said = json.loads(entry.details)
    assert (entry.act, said["rows"], said["bytes"]) == ("downloaded", 4, len(answer.content))
    again = portal.people["analyst"].get(
        f"{PATH}/trends/csv?{MARCH}", headers={"if-none-match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_files_are_counted_by_report_and_format(portal: Portal) -> None:
    handed(portal, f"data-types/pdf?{MARCH}")
    handed(portal, "evil/pdf", 404)
    secret = make(portal.ledger, "analyst", "tests", ["METRICS_VIEW"], timedelta(days=1), "tests", portal.clock())
    said = portal.browser({"authorization": f"Bearer {secret}"}).get("/metrics").text
    assert 'dlp_exports_total{format="pdf",report_type="data-types",status="200"}' in said
    assert "evil" not in said


def test_twenty_files_a_minute(portal: Portal) -> None:
    answers = [portal.people["admin"].get(f"{PATH}/summary/csv?{MARCH}") for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert answers[0].headers["x-ratelimit-limit"] == "20"
    assert answers[-1].json()["limit"] == "20 per minute"


def test_who_may_not_export_or_see_people_is_refused(portal: Portal) -> None:
    assert handed(portal, "trends/csv", 403, "viewer").json()["required_permission"] == "DATA_EXPORT"
    secret = make(portal.ledger, "analyst", "tests", ["DATA_EXPORT"], timedelta(days=1), "tests", portal.clock())
    limited = portal.browser({"authorization": f"Bearer {secret}"})
    assert limited.get(f"{PATH}/violators/csv").json()["required_permission"] == "PERSONAL_VIEW"
    assert limited.get(f"{PATH}/trends/csv").status_code == 200
    assert portal.browser().get(f"{PATH}/trends/csv").status_code == 401


def test_a_mistake_is_told(portal: Portal) -> None:
    assert handed(portal, "trends/xls", 400).json()["error_code"] == "INVALID_PARAMETER"
    too_long = handed(portal, "summary/pdf?start_date=2024-01-01&end_date=2024-12-31", 400)
    assert too_long.json()["detail"] == "Date range cannot exceed 90 days"


def test_a_token_for_a_name_and_a_password(portal: Portal) -> None:
    script = portal.browser()
    answer = script.post("/api/v1/auth/login", json={"username": "analyst", "password": PASSWORD})
    token = answer.json()["access_token"]
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 43_200)
    asked = script.get(f"/api/v1/analytics/summary?{MARCH}", headers={"authorization": f"Bearer {token}"})
    assert asked.json()["total_incidents"] == 5
    wrong = script.post("/api/v1/auth/login", json={"username": "viewer", "password": "wrong"})
    assert (wrong.status_code, wrong.json()["error_code"]) == (401, "NOT_AUTHENTICATED")
    assert "wrong" not in wrong.text
    assert script.post("/api/v1/auth/login", json={}).status_code == 400
