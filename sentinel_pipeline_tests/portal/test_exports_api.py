"""Exports over the API: filed here, made by what Dagster runs, watched, downloaded and deleted by whose they are."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import timedelta
from io import StringIO
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.exports import begin, expire
from sentinel_pipeline.ledger.schema import EXPORTS
from sentinel_pipeline.ledger.tokens import make
from sentinel_pipeline.orchestration.requested_exports import fulfil
from sentinel_pipeline.settings import load_settings
from sentinel_pipeline_tests.exports.test_requested import DAY
from sentinel_pipeline_tests.portal.worlds import Portal, serving, sign_in
from sentinel_pipeline_tests.sources.plugs import PLUG

V1, DOCUMENTED = "/api/v1/exports", "/api/exports"
BODY: dict[str, Any] = {
    "export_type": "device_data",
    "format": "csv",
    "date_range": DAY,
    "devices": [PLUG],
    "fields": ["timestamp", "power_w", "energy_kwh", "cost"],
}


def create(plugs: Portal, role: str = "analyst", prefix: str = V1, **more: Any) -> dict[str, Any]:
    answer = plugs.people[role].post(f"{prefix}/create", json=BODY | more)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def completed(plugs: Portal, role: str = "analyst", **more: Any) -> str:
    """The id of an export that was made as Dagster makes it."""
    name: str = create(plugs, role, **more)["export_id"]
    fulfil(load_settings(plugs.data), name, "run1")
    return name


def asked(plugs: Portal, path: str, role: str = "analyst", status: int = 200, method: str = "GET") -> dict[str, Any]:
    answer = plugs.people[role].request(method, path)
    assert answer.status_code == status, answer.text
    said: dict[str, Any] = answer.json()
    return said


@pytest.mark.parametrize("prefix", [V1, DOCUMENTED])
def test_an_export_is_queued_made_and_downloaded(plugs: Portal, prefix: str) -> None:
    created = create(plugs, prefix=prefix)
    name = created["export_id"]
    assert created["status"] == "queued"
    assert created["download_url"] == f"{prefix}/download/{name}"
    assert created["estimated_completion"] > created["created_at"]
    waiting = asked(plugs, f"{prefix}/{name}")
    assert (waiting["status"], waiting["progress"], waiting["download_url"]) == ("queued", 0, None)
    assert asked(plugs, f"{prefix}/download/{name}", status=409)["error_code"] == "EXPORT_NOT_READY"
    fulfil(load_settings(plugs.data), name, "run1")
    found = asked(plugs, f"{prefix}/{name}")
    assert (found["status"], found["progress"], found["record_count"]) == ("completed", 100, 92)
    answer = plugs.people["analyst"].get(found["download_url"])
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="device_data_')
    assert len(answer.content) == found["file_size"]
    assert hashlib.sha256(answer.content).hexdigest() == found["sha256"]
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert list(rows[0]) == BODY["fields"]
    assert len(rows) == 92


def test_a_download_goes_on_where_it_was_cut_off_and_is_on_record(plugs: Portal) -> None:
    name, browser = completed(plugs), plugs.people["analyst"]
    path = f"{V1}/download/{name}"
    whole = browser.get(path)
    rest = browser.get(path, headers={"range": "bytes=100-", "if-range": whole.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, whole.content[100:])
    assert browser.get(path, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert browser.head(path).headers["content-length"] == str(len(whole.content))
    entry = plugs.record()[-1]
    assert (entry.act, json.loads(entry.details)["rows"]) == ("downloaded", 92)
    downloads = {one["export_id"]: one["downloads"] for one in asked(plugs, f"{V1}/history?limit=100")["exports"]}
    assert downloads[name] == 2


def test_nobody_has_anothers_export_but_admins(plugs: Portal) -> None:
    name = completed(plugs)
    for method, path in (("GET", name), ("GET", f"download/{name}"), ("DELETE", name)):
        denied = asked(plugs, f"{V1}/{path}", "bob", 403, method)
        assert denied["error_code"] == "ACCESS_DENIED"
        assert "analyst" not in json.dumps(denied)
        assert plugs.record()[-1].act == "permission denied"
    assert plugs.people["admin"].get(f"{V1}/download/{name}").status_code == 200
    assert asked(plugs, f"{V1}/history", "bob")["total"] == 0
    assert asked(plugs, f"{V1}/history", "admin")["exports"][0]["username"] == "analyst"
    assert asked(plugs, f"{V1}/{name}", "viewer", 403)["required_permission"] == "DATA_EXPORT"
    assert plugs.browser().get(f"{V1}/{name}").status_code == 401


@pytest.mark.parametrize("name", ["export_0", "..", "%2e%2e%2fstate.db", "x' OR 1=1", "a%00b", "%0d%0aSet-Cookie:x"])
def test_what_is_no_export_is_not_found(plugs: Portal, name: str) -> None:
    for path in (f"{V1}/{name}", f"{V1}/download/{name}"):
        answer = plugs.people["admin"].get(path)
        assert answer.status_code == 404
        assert "set-cookie" not in answer.headers


def test_what_is_deleted_is_gone_with_its_file(plugs: Portal) -> None:
    name = completed(plugs)
    folder = plugs.data / "exports" / "on-request" / name
    assert len(list(folder.iterdir())) == 1
    said = asked(plugs, f"{V1}/{name}", method="DELETE")
    assert (said["export_id"], said["message"]) == (name, "Export deleted successfully")
    assert not folder.exists()
    for method in ("GET", "DELETE"):
        assert asked(plugs, f"{V1}/{name}", status=404, method=method)["error_code"] == "EXPORT_NOT_FOUND"
    assert plugs.record()[-1].act == "export deleted"


def test_what_is_deleted_before_it_is_made_is_not_made(plugs: Portal) -> None:
    name = create(plugs)["export_id"]
    asked(plugs, f"{V1}/{name}", method="DELETE")
    with pytest.raises(Exception, match="is not to be made: it is deleted"):
        fulfil(load_settings(plugs.data), name, "run1")
    assert not (plugs.data / "exports" / "on-request" / name).exists()


def test_a_file_expires(plugs: Portal) -> None:
    name = completed(plugs)
    with plugs.ledger.writing() as connection:
        is_it = EXPORTS.c.export_id == name
        connection.execute(update(EXPORTS).where(is_it).values(expires_at=plugs.clock() - timedelta(seconds=1)))
    gone = asked(plugs, f"{V1}/download/{name}", status=410)
    assert (gone["error_code"], gone["expired_at"] < gone["timestamp"]) == ("EXPORT_EXPIRED", True)
    assert asked(plugs, f"{V1}/{name}")["status"] == "expired"
    assert expire(plugs.ledger, plugs.clock()) == [name]
    assert asked(plugs, f"{V1}/{name}")["status"] == "expired"


def test_ten_exports_an_hour_whoever_serves_them(plugs: Portal) -> None:
    bob = plugs.people["bob"]
    answers = [bob.post(f"{V1}/create", json=BODY) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == [str(n) for n in (*range(9, -1, -1), 0)]
    last = answers[-1]
    assert (last.headers["x-ratelimit-limit"], last.headers["retry-after"]) == ("10", "3600")
    assert (last.json()["error_code"], last.json()["limit"]) == ("RATE_LIMIT_EXCEEDED", "10 per hour")
    with serving(plugs.data) as again:  # another process, or the same after a restart
        browser = again.browser()
        sign_in(browser, "bob")
        again.clock.now = plugs.clock.now + timedelta(minutes=59)
        assert browser.post(f"{V1}/create", json=BODY).status_code == 429
        again.clock.now = plugs.clock.now + timedelta(minutes=60)
        assert browser.post(f"{V1}/create", json=BODY).status_code == 200
    assert create(plugs)["status"] == "queued"


def test_a_mistake_does_not_count(plugs: Portal) -> None:
    for _ in range(12):
        answer = plugs.people["analyst"].post(f"{V1}/create", json=BODY | {"fields": ["colour"]})
        assert answer.status_code == 400
    assert create(plugs)["status"] == "queued"


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"date_range": {"start": "2025-02-01", "end": "2025-01-01"}}, "INVALID_DATE_RANGE", "is not before"),
        ({"fields": ["colour"]}, "INVALID_PARAMETER", "there is no colour"),
        ({"format": "exe"}, "INVALID_PARAMETER", "one of excel, csv"),
        ({"export_type": "state_db"}, "INVALID_PARAMETER", "one of device_data"),
        ({"surprise": 1}, "INVALID_PARAMETER", "surprise"),
        ({"date_range": "next_year"}, "INVALID_PARAMETER", "date_range"),
        ({"devices": ["x"] * 201}, "INVALID_PARAMETER", "devices"),
        ({"custom_fields": [{"name": "x", "formula": "__import__('os')"}]}, "INVALID_PARAMETER", ""),
    ],
)
def test_a_wrong_body_is_refused_with_what_is_allowed(
    plugs: Portal, more: dict[str, Any], code: str, said: str
) -> None:
    answer = plugs.people["analyst"].post(f"{V1}/create", json=BODY | more)
    assert (answer.status_code, answer.json()["error_code"]) == (400, code)
    assert said in answer.json()["detail"]
    assert "--" not in answer.json()["detail"]


def test_what_is_no_json_or_far_too_much_is_refused(plugs: Portal) -> None:
    browser, head = plugs.people["analyst"], {"content-type": "application/json"}
    assert browser.post(f"{V1}/create", content=b"{", headers=head).status_code == 400
    assert browser.post(f"{V1}/create", content=b"[" * 60_000, headers=head).status_code == 400
    assert browser.post(f"{V1}/create", content=b" " * 70_000, headers=head).status_code == 413


def test_no_other_page_files_an_export(plugs: Portal) -> None:
    foreign = {"origin": "https://elsewhere.example"}
    assert plugs.people["analyst"].post(f"{V1}/create", json=BODY, headers=foreign).status_code == 403


def script(plugs: Portal, *scopes: str, name: str = "analyst") -> httpx.Client:
    secret = make(plugs.ledger, name, "tests", scopes, timedelta(days=1), "tests", plugs.clock())  # type: ignore[arg-type]
    return plugs.browser({"authorization": f"Bearer {secret}"})


def test_who_may_not_see_people_gets_pseudonyms(plugs: Portal) -> None:
    limited = script(plugs, "DATA_EXPORT")
    body = BODY | {"fields": ["device_ip", "device_name", "power_w"]}
    name = limited.post(f"{V1}/create", json=body).json()["export_id"]
    fulfil(load_settings(plugs.data), name, "run1")
    told = limited.get(f"{V1}/download/{name}").text
    assert PLUG not in told
    assert "Fridge" not in told
    assert limited.get(f"{V1}/devices").status_code == 403


def test_the_record_of_acts_is_for_who_may_see_it(plugs: Portal) -> None:
    body = {"export_type": "audit_logs", "format": "json"}
    denied = plugs.people["analyst"].post(f"{V1}/create", json=body)
    assert (denied.status_code, denied.json()["required_permission"]) == (403, "AUDIT_VIEW")
    assert plugs.people["admin"].post(f"{V1}/create", json=body).status_code == 200


def test_history_has_pages_and_statistics_add_up(plugs: Portal) -> None:
    before = asked(plugs, f"{V1}/stats")["total_exports"]
    for _ in range(3):
        completed(plugs, format="json")
    page = asked(plugs, f"{V1}/history?limit=2&offset=2")
    assert (page["page"], page["per_page"], len(page["exports"])) == (2, 2, 2)
    assert page["exports"][0]["retention_days"] == 7
    found = asked(plugs, f"{V1}/stats")
    assert found["total_exports"] == before + 3
    assert found["formats"]["json"] == 3
    assert sum(found["export_types"].values()) == found["total_exports"]
    assert found["total_data_exported"]


def test_what_can_be_had_is_listed(plugs: Portal) -> None:
    known = {one["id"]: one for one in asked(plugs, f"{DOCUMENTED}/formats")["formats"]}
    assert known["csv"] == {
        "id": "csv",
        "name": "CSV",
        "description": "Comma-separated values",
        "mime_type": "text/csv",
        "extension": ".csv",
    }
    assert known["excel"]["extension"] == ".xlsx"
    fields = [one["field"] for one in asked(plugs, f"{V1}/metrics")["metrics"]]
    assert {"timestamp", "power_w", "energy_kwh", "cost"} <= {*fields}
    assert asked(plugs, f"{V1}/devices") == {"devices": []}


def test_a_preview_shows_the_first_rows_and_how_many_there_are(plugs: Portal) -> None:
    found = asked(plugs, f"{V1}/preview?export_type=device_data&devices={PLUG}&limit=5&start=2025-03-30&end=2025-03-30")
    assert len(found["preview"]) == 5
    assert found["total_records"] == 276
    assert found["preview"][0]["timestamp"] == "2025-03-30T00:00:00+01:00"
    assert found["preview_note"] == "Showing first 5 records"
    assert found["estimated_file_size"]
    assert asked(plugs, f"{V1}/preview?export_type=nothing", status=400)["error_code"] == "INVALID_PARAMETER"


def test_progress_is_seen_while_it_is_made(plugs: Portal) -> None:
    name = create(plugs)["export_id"]
    begin(open_ledger(f"sqlite:///{plugs.data / 'state.db'}"), name, "run1", plugs.clock())
    assert asked(plugs, f"{V1}/{name}")["status"] == "running"
