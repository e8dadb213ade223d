"""A card for each device and machine, with the exports that have rows of it; hostile names are only shown."""

from __future__ import annotations

import html
from pathlib import Path

import polars as pl

from sentinel_pipeline.domain.tables import DEVICES, MACHINES, Table
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.portal.device_cards import MOST_SHOWN, Card, cards
from sentinel_pipeline.portal.quick_exports import QUICK
from sentinel_pipeline_tests.portal.test_quick_exports import PAGE, rows_of
from sentinel_pipeline_tests.portal.worlds import Portal, sent
from sentinel_pipeline_tests.statistics.frames import Row, facts
from sentinel_pipeline_tests.walks.household import HOSTILE

ALERTS, LOGS = (next(one for one in QUICK if one.name == name) for name in ("alerts", "logs"))
DAY = "2025-03-12"


def lake(folder: Path, *devices: Row, machines: tuple[Row, ...] = ()) -> Lake:
    made = Lake(folder / "lake")
    for table, rows in ((DEVICES, devices), (MACHINES, machines)):
        made.write(f"facts/{table.name}", DAY, known(table, *rows))
    return made


def known(table: Table, *rows: Row) -> pl.DataFrame:
    return facts(table, list(rows))


def test_one_device_of_two_systems_is_one_card_with_the_exports_of_both(tmp_path: Path) -> None:
    house = lake(
        tmp_path,
        {"source": "home", "device_ip": "192.0.2.1", "device_name": "Lamp", "device_type": "plug"},
        {"source": "plugs", "device_ip": "192.0.2.1", "device_name": None},
        {"source": "home", "device_ip": "192.0.2.2", "device_name": None},
        machines=({"source": "fleet", "machine_id": "m1", "machine_name": "Desk", "serial_number": "SN1"},),
    )
    found = cards(house, "", {"home": (), "plugs": (ALERTS,), "fleet": (ALERTS, LOGS)})
    assert found.shown == (
        Card("device", "192.0.2.1", "Lamp", ("192.0.2.1", "plug"), (ALERTS,)),
        Card("device", "192.0.2.2", "192.0.2.2", ("192.0.2.2",), ()),
        Card("machine", "m1", "Desk", ("m1", "SN1"), (LOGS,)),
    )


def test_any_part_of_what_it_is_called_finds_it_and_signs_mean_themselves(tmp_path: Path) -> None:
    house = lake(
        tmp_path,
        {"device_ip": "192.0.2.1", "device_name": "Küche [1] Ä"},
        {"device_ip": "192.0.2.20", "device_name": "Flur", "device_type": "Camera"},
        machines=({"machine_id": "m1", "serial_number": "C02.X"},),
    )
    for search, values in {
        "KÜCHE": ["192.0.2.1"],
        "[1]": ["192.0.2.1"],
        "camera": ["192.0.2.20"],
        "2.2": ["192.0.2.20"],
        "c02.x": ["m1"],
        ".*": [],
    }.items():
        assert [one.value for one in cards(house, search, {}).shown] == values, search


def test_of_many_the_first_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    house = lake(tmp_path, *({"device_ip": f"10.0.0.{n:03}"} for n in range(MOST_SHOWN + 5)))
    found = cards(house, "", {})
    assert (len(found.shown), found.total) == (MOST_SHOWN, MOST_SHOWN + 5)
    assert cards(Lake(tmp_path / "none"), "", {}).total == 0


def test_a_click_on_a_card_gives_the_rows_of_that_device(house: Portal) -> None:
    rows = known(
        DEVICES,
        {"source": "home", "device_ip": "192.168.1.2", "device_name": HOSTILE},
        {"source": "home", "device_ip": "192.168.1.3", "device_name": "Hall"},
    )
    house.site.lake.write("facts/devices", DAY, rows)
    analyst = house.people["analyst"]
    page = analyst.get(PAGE).text
    assert "<script>" not in page
    assert HOSTILE in html.unescape(page)
    assert 'name="device" value="192.168.1.2"' in page
    answer = sent(analyst, f"{PAGE}/alerts", {"device": "192.168.1.2"}, PAGE)
    assert {row["device_ip"] for row in rows_of(answer.text)} == {"192.168.1.2"}
    found = analyst.get(PAGE, params={"search": "hall"}).text
    assert ('value="192.168.1.3"' in found, 'name="device" value="192.168.1.2"' in found) == (True, False)
    assert "No device or machine fits" in analyst.get(PAGE, params={"search": "<b>none"}).text
    assert analyst.get(PAGE, params={"search": "x" * 201}).status_code == 422
