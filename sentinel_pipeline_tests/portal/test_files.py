"""Files go to who may have them, whole or in pieces, and each download is on record."""

from __future__ import annotations

import http.client
import json
from datetime import timedelta

import pytest

from sentinel_pipeline.ledger.tokens import make
from sentinel_pipeline_tests.portal.worlds import PDF, Portal

FOLDER = "/files/editions/daily/2026-10-28/r1"
REPORT = f"{FOLDER}/report.pdf"


def token(portal: Portal, *scopes: str, name: str = "analyst") -> dict[str, str]:
    secret = make(portal.ledger, name, "tests", scopes, timedelta(days=1), "tests", portal.clock())  # type: ignore[arg-type]
    return {"authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("role", ["admin", "analyst"])
def test_a_report_downloads_and_goes_on_record(portal: Portal, role: str) -> None:
    answer = portal.people[role].get(REPORT)
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["content-type"] == "application/pdf"
    entry = portal.record()[-1]
    assert entry.act == "downloaded"
    assert json.loads(entry.details)["file"] == REPORT.removeprefix("/files/")


def test_a_download_goes_on_where_it_was_cut_off(portal: Portal) -> None:
    browser = portal.people["analyst"]
    tag = browser.head(REPORT).headers["etag"]
    rest = browser.get(REPORT, headers={"range": "bytes=100-", "if-range": tag})
    assert (rest.status_code, rest.content) == (206, PDF[100:])
    other = browser.get(REPORT, headers={"range": "bytes=100-", "if-range": '"another"'})
    assert (other.status_code, other.content) == (200, PDF)
    assert browser.get(REPORT, headers={"range": f"bytes={len(PDF)}-"}).status_code == 416
    assert browser.get(REPORT, headers={"if-none-match": tag}).status_code == 304


def test_no_header_fills_the_record(portal: Portal) -> None:
    ranges = "bytes=" + ",".join("0-0" for _ in range(3000))
    portal.people["analyst"].get(REPORT, headers={"range": ranges, "user-agent": "x" * 5000})
    assert len(portal.record()[-1].details) < 600


def test_what_could_run_is_saved_instead(portal: Portal) -> None:
    browser = portal.people["analyst"]
    for name in ("report.html", "charts/top_talkers.svg"):
        answer = browser.get(f"{FOLDER}/{name}")
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["content-security-policy"].startswith("sandbox")
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_viewer_gets_no_file(portal: Portal) -> None:
    assert portal.people["viewer"].get(REPORT).status_code == 403
    entry = portal.record()[-1]
    assert entry.act == "permission denied"
    assert json.loads(entry.details)["permission"] == "DATA_EXPORT"


def test_a_token_that_may_not_see_people_gets_no_file_that_names_them(portal: Portal) -> None:
    limited = portal.browser(token(portal, "DATA_EXPORT"))
    for name in ("report.pdf", "workbook.xlsx", "words.json", "tables/top_talkers.csv", "charts/top_talkers.svg"):
        assert limited.get(f"{FOLDER}/{name}").status_code == 403, name
        assert json.loads(portal.record()[-1].details)["permission"] == "PERSONAL_VIEW"
        made = limited.post("/api/v1/links", json={"file": f"{FOLDER}/{name}".removeprefix("/files/")})
        assert made.status_code == 404, name
    for name in ("manifest.json", "facts.json", "tables/severity_distribution.csv"):
        assert limited.get(f"{FOLDER}/{name}").status_code == 200, name


CUSTOM = "editions/custom/2026-10-01_14d_0123456789ab/r1"


def test_what_was_made_on_request_is_for_admins(portal: Portal) -> None:
    edition = portal.data / CUSTOM
    edition.mkdir(parents=True)
    for name in ("report.pdf", "manifest.json"):
        (edition / name).write_text("{}")
    for path in ("exports/mine.csv", f"{CUSTOM}/report.pdf"):
        assert portal.people["admin"].get(f"/files/{path}").status_code == 200
    for path in ("exports/mine.csv", "exports/not-there.csv", f"{CUSTOM}/report.pdf", f"{CUSTOM}/not-there.pdf"):
        assert portal.people["analyst"].get(f"/files/{path}").status_code == 403
    for role in ("analyst", "viewer"):
        for path in (CUSTOM, f"{CUSTOM}/figures/total_incidents", f"{CUSTOM}/charts/top_talkers.png"):
            assert portal.people[role].get(f"/{path}").status_code == 404


def test_a_script_downloads_with_a_token_of_that_scope_only(portal: Portal) -> None:
    script = portal.browser()
    assert script.get(REPORT, headers=token(portal, "DATA_EXPORT", "PERSONAL_VIEW")).content == PDF
    assert script.get(REPORT, headers=token(portal, "REPORTS_VIEW")).status_code == 403
    for said in (b"Bearer sentinel_wrong", b"Basic YTpi", b"Bearer \xff"):
        assert script.get(REPORT, headers=[(b"authorization", said)]).status_code == 401


def test_a_bad_token_is_not_made_good_by_a_cookie(portal: Portal) -> None:
    assert portal.people["admin"].get(REPORT, headers={"authorization": "Bearer nothing"}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/files/state.db",
        "/files/keys/signing.key",
        "/files/editions/../state.db",
        "/files/editions/%2e%2e/state.db",
        "/files/editions/..%2fstate.db",
        "/files/editions/%252e%252e/state.db",
        "/files/editions/..%5cstate.db",
        "/files//etc/passwd",
        "/files/%2fetc%2fpasswd",
        "/files/editions/daily/2026-10-28/.lock",
        "/files/editions/daily%00",
        f"{FOLDER}/",
        FOLDER,
    ],
)
def test_nothing_else_is_there(portal: Portal, path: str) -> None:
    # httpx would tidy the path before it is sent.
    host = portal.address.removeprefix("http://")
    connection = http.client.HTTPConnection(host)
    cookie = f"sentinel_session={portal.people['admin'].cookies['sentinel_session']}"
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    assert (answer.status, said) == (404, b"There is no such file.\n")


def test_files_are_only_read(portal: Portal) -> None:
    for method in ("PUT", "POST", "DELETE"):
        assert portal.people["admin"].request(method, REPORT).status_code == 405
