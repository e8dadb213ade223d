"""Exports by the clock: made over the API, filed when their time has come, and a link of their own mailed to each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import urlsplit

import pytest

from sentinel_pipeline.delivery.export_mails import mail_exports
from sentinel_pipeline.ledger.users import change_role
from sentinel_pipeline.orchestration.export_schedules import fire_due
from sentinel_pipeline.orchestration.requested_exports import fulfil
from sentinel_pipeline.settings import load_settings
from sentinel_pipeline_tests.exports.test_requested import make_plug
from sentinel_pipeline_tests.portal.test_exports_api import V1, asked
from sentinel_pipeline_tests.portal.worlds import Portal, hurry_forgotten, serving, with_people, with_person

MONTHLY: dict[str, Any] = {
    "name": "Monthly Device Report",
    "schedule": "0 9 1 * *",
    "export_config": {
        "export_type": "device_data",
        "format": "excel",
        "date_range": "last_month",
        "devices": "all",
        "fields": ["timestamp", "device_name", "energy_kwh", "cost"],
    },
    "delivery": {
        "method": "email",
        "recipients": ["eve@house.example"],
        "subject": "Monthly Energy Report - {{date}}",
    },
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    data = make_plug(tmp_path_factory.mktemp("house") / "plug")
    with (data / "config" / "sentinel.yaml").open("a") as file:
        file.write("delivery: {base_url: 'https://reports.example'}\n")
    with serving(data) as served:
        served.clock.now = datetime(2025, 3, 20, 9, 0, tzinfo=UTC)
        yield with_people(served)


@pytest.fixture(autouse=True)
def unhurried(portal: Portal) -> None:
    hurry_forgotten(portal)


def make(portal: Portal, role: str = "analyst", status: int = 200, **more: Any) -> dict[str, Any]:
    answer = portal.people[role].post(f"{V1}/schedule", json=MONTHLY | more)
    assert answer.status_code == status, answer.text
    said: dict[str, Any] = answer.json()
    return said


def test_a_schedule_is_made_listed_changed_and_deleted(portal: Portal) -> None:
    made = make(portal)
    assert made["next_run"] == "2025-04-01T07:00:00+00:00"  # nine in Berlin, in summer
    assert (made["timezone"], made["enabled"], made["delivery"]) == ("Europe/Berlin", True, MONTHLY["delivery"])
    path = f"{V1}/schedules/{made['schedule_id']}"
    assert made["schedule_id"] in [one["schedule_id"] for one in asked(portal, f"{V1}/schedules")["schedules"]]
    changed = portal.people["analyst"].put(path, json=MONTHLY | {"enabled": False, "name": "Other"}).json()
    assert (changed["name"], changed["next_run"]) == ("Other", None)
    assert portal.people["viewer"].delete(path).status_code == 403
    assert portal.people["admin"].delete(path).status_code == 200
    assert asked(portal, path, status=404, method="DELETE")["error_code"] == "SCHEDULE_NOT_FOUND"


@pytest.mark.parametrize(
    "more",
    [
        {"schedule": "61 * * * *"},
        {"schedule": "tomorrow"},
        {"export_config": {"export_type": "device_data", "fields": ["colour"]}},
        {"delivery": {"method": "pigeon", "recipients": ["eve@house.example"]}},
        {"delivery": {"method": "email", "recipients": []}},
        {"delivery": {"method": "email", "recipients": ["eve@house.example\nBcc: x@y.example"]}},
        {"delivery": {"method": "email", "recipients": ["eve@house.example"], "subject": "a\r\nBcc: x@y.example"}},
        {"name": ""},
    ],
)
def test_a_wrong_schedule_is_refused(portal: Portal, more: dict[str, Any]) -> None:
    assert make(portal, status=400, **more)["error_code"] == "INVALID_PARAMETER"


def test_another_persons_schedule_is_nobodys_business(portal: Portal) -> None:
    made = make(portal, "admin")
    path = f"{V1}/schedules/{made['schedule_id']}"
    assert portal.people["analyst"].put(path, json=MONTHLY).status_code == 404
    assert portal.people["analyst"].delete(path).status_code == 404
    assert made["schedule_id"] not in [one["schedule_id"] for one in asked(portal, f"{V1}/schedules")["schedules"]]
    assert portal.people["admin"].delete(path).status_code == 200


def test_a_time_that_comes_files_one_export_and_mails_its_link(portal: Portal) -> None:
    made = make(portal)
    settings, now = load_settings(portal.data), datetime(2025, 4, 3, 8, 0, tzinfo=UTC)
    assert fire_due(settings, portal.ledger, now - timedelta(days=3)) == []
    (name,) = fire_due(settings, portal.ledger, now)
    assert fire_due(settings, portal.ledger, now) == []
    fulfil(settings, name, "run1")
    for _ in range(2):
        assert mail_exports(settings, real_time, lambda _: None) == ()
    (path,) = (portal.data / "outbox").glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert (mail["to"], mail["subject"]) == ("eve@house.example", "Monthly Energy Report - 2025-04-03")
    text = mail.get_body(("plain",))
    assert text is not None
    found = re.search(r"https://reports\.example(/links/\S+\.xlsx)", text.get_content())
    assert found, text.get_content()
    link = urlsplit(found[1]).path
    portal.clock.now = real_time()
    assert portal.browser().get(link).content.startswith(b"PK")
    schedule = f"{V1}/schedules/{made['schedule_id']}"
    with_fresh_sessions(portal)
    assert asked(portal, f"{V1}/history?limit=1")["exports"][0]["export_id"] == name
    assert portal.people["analyst"].delete(schedule).status_code == 200
    assert portal.browser().get(link).status_code == 410


def real_time() -> datetime:
    """By which files are made, and expire."""
    return datetime.now(UTC)


def with_fresh_sessions(portal: Portal) -> None:
    """The clock has jumped, and sessions do not last for years."""
    from sentinel_pipeline_tests.portal.worlds import sign_in

    for role in ("admin", "analyst", "viewer"):
        portal.people[role] = portal.browser()
        sign_in(portal.people[role], role)


def test_a_schedule_stops_with_the_right_of_its_owner(portal: Portal) -> None:
    made = make(portal, "analyst", delivery=None)
    now = portal.clock()
    change_role(portal.ledger, "analyst", "viewer", "x", now)
    later = datetime.fromisoformat(made["next_run"])
    assert fire_due(load_settings(portal.data), portal.ledger, later) == []
    assert portal.record()[-1].act == "export schedule stopped"
    change_role(portal.ledger, "analyst", "analyst", "x", now)


def test_schedules_make_no_more_exports_in_an_hour_than_one_may_ask_for(portal: Portal) -> None:
    with_person(portal, "hasty", "analyst", portal.clock())
    every_minute: dict[str, Any] = {"schedule": "* * * * *", "delivery": None}
    made = [make(portal, "hasty", name=f"Every minute {number}", **every_minute)["schedule_id"] for number in range(4)]
    settings, now = load_settings(portal.data), portal.clock()
    fired = [len(fire_due(settings, portal.ledger, now + timedelta(minutes=minute))) for minute in range(1, 60)]
    assert sum(fired) == 10
    assert fire_due(settings, portal.ledger, now + timedelta(minutes=62)) != [], "the others come when it is over"
    for name in made:
        portal.people["hasty"].delete(f"{V1}/schedules/{name}")
