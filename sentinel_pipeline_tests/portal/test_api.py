"""The API says what can be counted by hand, as the document promises, and refuses clearly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.ledger.tokens import make
from sentinel_pipeline.portal.metrics import ENDPOINTS
from sentinel_pipeline_tests.portal.worlds import Portal, hurry_forgotten, serving, with_people
from sentinel_pipeline_tests.publishing.worlds import House
from sentinel_pipeline_tests.statistics.frames import Row

BERLIN = ZoneInfo("Europe/Berlin")
MARCH = "start_date=2025-03-10&end_date=2025-03-13"
PATH = "/api/v1/analytics"


def incident(day: int, hour: int, severity: str, **more: object) -> Row:
    """An incident at an hour of March 2025 in Berlin."""
    at = datetime(2025, 3, day, hour, 30, tzinfo=BERLIN).astimezone(UTC)
    return {"occurred_at": at, "severity": severity, "is_blocked": False, **more}


def blocked(row: Row) -> Row:
    return {**row, "is_blocked": True}


CARDS = {"policy_id": "p1", "policy_name": "Cards"}
INCIDENTS: dict[int, list[Row]] = {
    10: [
        blocked(
            incident(10, 0, "critical", user="ann", agent_id="a1", data_types=["PAN", "SSN"], confidence=0.5, **CARDS)
        ),
        incident(10, 9, "low", user="bob", agent_id="a1", data_types=["pan"], confidence=1.0, **CARDS),
        incident(10, 23, "low", user="ann", agent_id="ghost", source_ip="192.0.2.1"),
    ],
    11: [],
    12: [
        blocked(incident(12, 9, "critical", user="bob", policy_id="p2", incident_type="usb")),
        incident(12, 9, "unknown", user=None, incident_type="usb"),
    ],
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """10 to 12 March were read, the 13th never was."""
    data = tmp_path_factory.mktemp("data")
    house = House(data)
    for day, rows in INCIDENTS.items():
        numbered = [{**row, "incident_id": f"{day}-{number}"} for number, row in enumerate(rows)]
        house.count(Period.parse("daily", f"2025-03-{day}", BERLIN), "received", incidents=numbered)
    with serving(data) as served:
        served.clock.now = datetime(2025, 3, 13, 11, 0, tzinfo=UTC)
        yield with_people(served)


@pytest.fixture(autouse=True)
def unhurried(portal: Portal) -> None:
    """Nobody asks too often unless a test wants to."""
    hurry_forgotten(portal)


def ask(portal: Portal, question: str, status: int = 200, role: str = "analyst") -> Any:
    answer = portal.people[role].get(f"{PATH}/{question}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def test_trends_have_every_bucket_and_add_up(portal: Portal) -> None:
    found = ask(portal, f"trends?{MARCH}")
    assert [(point["timestamp"], point["count"]) for point in found["data"]] == [
        ("2025-03-10T00:00:00+01:00", 3),
        ("2025-03-11T00:00:00+01:00", 0),
        ("2025-03-12T00:00:00+01:00", 2),
        ("2025-03-13T00:00:00+01:00", None),  # nobody could see it
    ]
    assert (found["interval"], found["group_by"], found["total_incidents"]) == ("day", "none", 5)
    assert (found["start_date"], found["end_date"]) == ("2025-03-10T00:00:00+01:00", "2025-03-14T00:00:00+01:00")
    assert found["days_not_seen"] == ["2025-03-13"]


@pytest.mark.parametrize(
    ("group", "sums"),
    [
        ("severity", {"critical": 2, "high": 0, "medium": 0, "low": 2, "info": 0, "unknown": 1}),
        ("type", {"(none)": 3, "usb": 2}),
        ("policy_id", {"(none)": 2, "p1": 2, "p2": 1}),
    ],
)
@pytest.mark.parametrize(("interval", "buckets"), [("hour", 96), ("day", 4), ("week", 1), ("month", 1)])
def test_series_add_up_to_the_total(
    portal: Portal, group: str, sums: dict[str, int], interval: str, buckets: int
) -> None:
    found = ask(portal, f"trends?{MARCH}&interval={interval}&group_by={group}")
    counts = {name: [point["count"] for point in points] for name, points in found["series"].items()}
    assert {name: sum(count or 0 for count in series) for name, series in counts.items()} == sums
    assert sum(sums.values()) == found["total_incidents"]
    assert {len(series) for series in counts.values()} == {buckets}


def test_the_last_hours_are_told_hour_by_hour(portal: Portal) -> None:
    found = ask(portal, "trends?start_date=2025-03-10T09:10:00&end_date=2025-03-10T23:10:00&interval=hour")
    assert found["data"][0]["timestamp"] == "2025-03-10T09:00:00+01:00"
    assert len(found["data"]) == 15
    assert found["total_incidents"] == 2
    assert found["requested"]["start_date"] == "2025-03-10T09:10:00+01:00"


def test_violators_are_ranked_with_ties_by_name(portal: Portal) -> None:
    found = ask(portal, f"top-violators?{MARCH}")
    assert found["violators"] == [
        {"username": "ann", "incident_count": 2, "critical_count": 1},
        {"username": "bob", "incident_count": 2, "critical_count": 1},
    ]
    assert found["unattributed_incidents"] == 1
    first = ask(portal, f"top-violators?{MARCH}&limit=1")
    assert ([one["username"] for one in first["violators"]], first["total_violators"]) == (["ann"], 2)
    agents = ask(portal, f"top-violators?{MARCH}&by=agent")["violators"]
    assert agents[0] == {
        "agent_id": "a1",
        "agent_name": "Unknown",
        "hostname": None,
        "incident_count": 2,
        "critical_count": 1,
    }
    assert ask(portal, f"top-violators?{MARCH}&by=ip_address")["violators"] == [
        {"ip_address": "192.0.2.1", "incident_count": 1, "critical_count": 0}
    ]


def test_data_types_are_shares_of_classified_incidents(portal: Portal) -> None:
    found = ask(portal, f"data-types?{MARCH}")
    assert found["data_types"] == [
        {"data_type": "PAN", "count": 2, "percentage": 100.0, "avg_confidence": 0.75},
        {"data_type": "SSN", "count": 1, "percentage": 50.0, "avg_confidence": 0.5},
    ]
    assert found["classified_incidents"] == 2


def test_policies_have_their_block_rate(portal: Portal) -> None:
    found = ask(portal, f"policy-violations?{MARCH}")
    assert [
        (one["policy_id"], one["violation_count"], one["blocked_count"], one["block_rate"]) for one in found["policies"]
    ] == [
        ("p1", 2, 1, 50.0),
        ("p2", 1, 1, 100.0),
    ]
    assert (found["total_violations"], found["total_blocked"], found["block_rate"]) == (3, 2, 66.67)
    assert found["incidents_without_policy"] == 2


def test_every_severity_is_there(portal: Portal) -> None:
    found = ask(portal, f"severity-distribution?{MARCH}")
    counts = {one["severity"]: (one["count"], one["percentage"]) for one in found["distribution"]}
    assert counts["critical"] == (2, 40.0)
    assert counts["medium"] == (0, 0.0)
    assert counts["unknown"] == (1, 20.0)
    assert found["total"] == 5


def test_the_summary_is_the_reports_figures(portal: Portal) -> None:
    found = ask(portal, f"summary?{MARCH}")
    assert found.pop("period")["days_not_seen"] == ["2025-03-13"]
    assert found.pop("requested")["end_date"] == "2025-03-14T00:00:00+01:00"
    assert found == {
        "total_incidents": 5,
        "critical_incidents": 2,
        "blocked_incidents": 2,
        "active_agents": 2,
        "policy_violations": 3,
        "block_rate": 40.0,
        "policy_block_rate": 66.67,
        "most_common_data_type": "PAN",
    }


def test_what_nobody_saw_is_unknown_not_zero(portal: Portal) -> None:
    unseen = "start_date=2025-02-01&end_date=2025-02-02"
    assert ask(portal, f"summary?{unseen}")["total_incidents"] is None
    trends = ask(portal, f"trends?{unseen}")
    assert ([point["count"] for point in trends["data"]], trends["total_incidents"]) == ([None, None], None)


def test_a_day_made_again_is_told_at_once(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> None:
    day = Period.parse("daily", "2025-03-01", BERLIN)
    question = "summary?start_date=2025-03-01&end_date=2025-03-01"
    assert ask(portal, question)["total_incidents"] is None
    for number in (1, 2):
        rows = [{**incident(1, n, "low"), "incident_id": str(n)} for n in range(number)]
        House(portal.data).count(day, "received", incidents=rows)
        assert ask(portal, question)["total_incidents"] == number


@pytest.mark.parametrize(
    ("question", "code", "detail"),
    [
        ("trends?start_date=2025-01-01&end_date=2025-04-01", "INVALID_DATE_RANGE", "Date range cannot exceed 90 days"),
        (
            "summary?start_date=2025-03-02&end_date=2025-03-01",
            "INVALID_DATE_RANGE",
            "start_date must be before end_date",
        ),
        ("summary?start_date=yesterday", "INVALID_PARAMETER", "start_date 'yesterday' is no time"),
        ("trends?interval=minute", "INVALID_PARAMETER", "interval: Input should be 'hour', 'day', 'week' or 'month'"),
        ("trends?group_by=user", "INVALID_PARAMETER", "group_by: Input should be"),
        ("top-violators?by=host", "INVALID_PARAMETER", "by: Input should be"),
        ("top-violators?limit=0", "INVALID_PARAMETER", "limit: Input should be greater than or equal to 1"),
        ("top-violators?limit=101", "INVALID_PARAMETER", "limit: Input should be less than or equal to 100"),
        ("top-violators?limit=x", "INVALID_PARAMETER", "limit: Input should be a valid integer"),
    ],
)
def test_a_mistake_is_told_with_what_is_allowed(portal: Portal, question: str, code: str, detail: str) -> None:
    found = ask(portal, question, 400)
    assert found["error_code"] == code
    assert found["detail"].startswith(detail)
    assert found["status_code"] == 400
    assert found["timestamp"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_analysis_is_limited_to_ninety_days(portal: Portal, endpoint: str) -> None:
    ask(portal, f"{endpoint}?start_date=2025-01-01")
    ask(portal, f"{endpoint}?start_date=2024-11-01", 400)


def test_strangers_viewers_and_tokens_of_other_scopes_are_refused(portal: Portal) -> None:
    stranger = portal.browser().get(f"{PATH}/summary")
    assert (stranger.status_code, stranger.headers["www-authenticate"]) == (401, "Bearer")
    assert stranger.json()["error_code"] == "NOT_AUTHENTICATED"
    denied = ask(portal, "summary", 403, "viewer")
    assert (denied["error_code"], denied["required_permission"]) == ("PERMISSION_DENIED", "ANALYTICS_VIEW")
    assert ask(portal, "nothing", 404)["error_code"] == "NOT_FOUND"


def script(portal: Portal, scope: str) -> httpx.Client:
    secret = make(portal.ledger, "analyst", "tests", [scope], timedelta(days=1), "tests", portal.clock())  # type: ignore[list-item]
    return portal.browser({"authorization": f"Bearer {secret}"})


def test_a_script_asks_with_a_token(portal: Portal) -> None:
    assert script(portal, "ANALYTICS_VIEW").get(f"{PATH}/summary?{MARCH}").json()["total_incidents"] == 5
    assert script(portal, "DATA_EXPORT").get(f"{PATH}/summary").status_code == 403


def test_a_hundred_requests_a_minute_are_allowed(portal: Portal) -> None:
    browser = portal.people["admin"]
    answers = [browser.get(f"{PATH}/summary?start_date=2025-03-10&end_date=2025-03-10") for _ in range(101)]
    assert [answer.status_code for answer in answers] == [200] * 100 + [429]
    left = [int(answer.headers["x-ratelimit-remaining"]) for answer in answers]
    assert left == [*range(99, -1, -1), 0]
    last = answers[-1]
    assert last.json()["error_code"] == "RATE_LIMIT_EXCEEDED"
    assert (last.headers["x-ratelimit-limit"], last.headers["retry-after"]) == ("100", "60")
    assert int(last.headers["x-ratelimit-reset"]) == portal.clock.now.timestamp() + 60
    assert portal.people["analyst"].get(f"{PATH}/summary").status_code == 200
    portal.clock.now += timedelta(minutes=1)
    assert browser.get(f"{PATH}/summary").status_code == 200


def test_prometheus_reads_what_was_asked_and_what_is_there(portal: Portal) -> None:
    ask(portal, "data-types")
    ask(portal, "data-types?start_date=x", 400)
    assert portal.browser().get("/metrics").status_code in (303, 401)
    said = script(portal, "METRICS_VIEW").get("/metrics").text
    assert 'dlp_analytics_queries_total{endpoint="data-types",status="400"}' in said
    assert 'dlp_analytics_query_duration_seconds_bucket{endpoint="data-types",le="0.1"}' in said
    assert 'sentinel_editions{cadence="daily"} 0.0' in said
    portal.browser().get("/files/" + "x" * 100 + ".evil")
    again = script(portal, "METRICS_VIEW").get("/metrics").text
    assert 'dlp_exports_total{format="other",report_type="other",status="303"}' in again
    assert "evil" not in again


def test_the_description_names_every_analysis(portal: Portal) -> None:
    described = portal.browser().get("/api/v1/openapi.json").json()
    paths = described["paths"]
    for call in (call for methods in paths.values() for call in methods.values()):
        assert {"200", "400", "401", "4XX"} <= set(call["responses"])
    assert described["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert sorted(path for path in paths if path.startswith(PATH)) == sorted(f"{PATH}/{name}" for name in ENDPOINTS)


def test_the_page_about_the_api_shows_every_analysis_and_its_parameters(portal: Portal) -> None:
    page = portal.people["viewer"].get("/api").text
    for said in ("/api/v1/analytics/trends", "group_by", "hour, day, week, month", "Authorization: Bearer"):
        assert said in page
