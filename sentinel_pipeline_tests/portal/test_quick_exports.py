"""Rows of one table by one click: streamed, narrowed, limited, on record, and left nowhere."""

from __future__ import annotations

import csv
import io
import json

import pytest

from sentinel_pipeline_tests.portal.worlds import Portal, sent

PAGE = "/quick-exports"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_one_click_gives_the_rows_of_the_last_hours(house: Portal) -> None:
    answer = sent(house.people["analyst"], f"{PAGE}/connections", page=PAGE)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="connections_20250313_120000.csv"'
    rows = rows_of(answer.text)
    assert [len([row for row in rows if row["source"] == name]) for name in ("home", "gateway")] == [24, 24]
    entry = house.record()[-1]
    said = json.loads(entry.details)
    assert (entry.act, said["export"], said["rows"], said["bytes"]) == (
        "downloaded",
        "connections",
        48,
        len(answer.content),
    )
    assert list((house.data / "exports").iterdir()) == []


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_it_comes_in_the_format_of_the_button(house: Portal, form: str) -> None:
    answer = sent(house.people["analyst"], f"{PAGE}/devices", {"format": form}, PAGE)
    assert answer.headers["content-disposition"].endswith(f'.{form}"')
    assert answer.headers["content-length"] == str(len(answer.content))
    if form == "json":
        assert len(json.loads(answer.content)) == 5


def test_of_one_device_only(house: Portal) -> None:
    answer = sent(house.people["analyst"], f"{PAGE}/alerts", {"device": "192.168.1.2"}, PAGE)
    assert {row["device_ip"] for row in rows_of(answer.text)} == {"192.168.1.2"}
    assert "192.168.1.2" not in house.record()[-1].details


def test_only_what_some_source_has_is_offered(house: Portal) -> None:
    page = house.people["analyst"].get(PAGE).text
    assert "Connections of 24 hours" in page
    assert "Fleet logs" not in page
    answer = sent(house.people["analyst"], f"{PAGE}/logs", page=PAGE)
    assert answer.status_code == 400
    assert "no widget_logs to be had" in answer.text
    assert sent(house.people["analyst"], f"{PAGE}/passwords", page=PAGE).status_code == 404


def test_a_source_that_is_away_is_named(house: Portal) -> None:
    (house.data / "home.db").unlink()
    answer = sent(house.people["analyst"], f"{PAGE}/devices", page=PAGE)
    assert answer.status_code == 400
    assert "home" in answer.text


def test_ten_in_an_hour_and_no_more(house: Portal) -> None:
    for _ in range(10):
        assert sent(house.people["analyst"], f"{PAGE}/devices", page=PAGE).status_code == 200
    refused = sent(house.people["analyst"], f"{PAGE}/devices", page=PAGE)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    assert "At most 10 exports an hour" in refused.text
    assert sent(house.people["admin"], f"{PAGE}/devices", page=PAGE).status_code == 200


def test_viewers_and_foreign_forms_get_nothing(house: Portal) -> None:
    assert house.people["viewer"].get(PAGE).status_code == 403
    assert sent(house.people["viewer"], f"{PAGE}/devices", page="/account").status_code == 403
    assert house.people["analyst"].post(f"{PAGE}/devices", data={"word": "x"}).status_code == 403
    assert house.people["analyst"].get(f"{PAGE}/devices").status_code == 405
