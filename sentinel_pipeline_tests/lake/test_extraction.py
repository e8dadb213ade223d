from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.tables import QUARANTINE
from sentinel_pipeline.lake.extraction import Extraction, extract
from sentinel_pipeline.lake.readings import asset_of, begin_to_keep, remembered
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.sources.kinds import KINDS
from sentinel_pipeline_tests.clocks import day
from sentinel_pipeline_tests.lake.sources import GIVEN, Bad, Paused, System
from sentinel_pipeline_tests.sources.worlds import NO_TIMES, iotsentinel_database, settings
from sentinel_pipeline_tests.statistics.frames import utc

FIRST, SECOND = day("2025-01-01"), day("2025-01-02")
NOON = utc("2025-01-01T11:00:00")
NEXT = NOON + timedelta(days=1)
ALERTS: dict[str, list[dict[str, Any]]] = {
    "alerts": [{"alert_id": "1", "raised_at": NOON}, {"alert_id": "2", "raised_at": NEXT}]
}


def read(system: System, lake: Lake, *days: Period) -> Extraction:
    return extract(system.kind, system.settings, days or (FIRST, SECOND), lake)


def kept(lake: Lake, table: str, one: Period = FIRST, source: str = "home") -> pl.DataFrame:
    return lake.read(asset_of(source, table), one.key)


def receipt(lake: Lake, table: str, one: Period = FIRST) -> dict[str, Any]:
    return kept(lake, "receipts", one).row(by_predicate=pl.col("table") == table, named=True)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_every_table_of_every_day_lies_in_the_lake_with_a_receipt(lake: Lake) -> None:
    extraction = read(System(rows=ALERTS, lacks=("connections",)), lake)
    assert (extraction.days, extraction.kept, extraction.failure) == (("2025-01-01", "2025-01-02"), (), None)
    assert kept(lake, "alerts")["alert_id"].to_list() == ["1"]
    assert kept(lake, "alerts", SECOND)["alert_id"].to_list() == ["2"]
    found = receipt(lake, "alerts")
    assert (found["rows"], found["status"], found["first_at"], found["last_at"]) == (1, "received", NOON, NOON)
    assert receipt(lake, "devices")["status"] == "no events"
    assert receipt(lake, "connections")["status"] == "not in source"
    assert receipt(lake, "connections")["rows"] is None
    assert extraction.receipts.select("table", "day").height == 6
    for table in (*GIVEN, QUARANTINE):
        assert kept(lake, table.name).schema == table.schema
    assert not list(lake.root.rglob(".reading-*"))


def test_a_source_away_the_first_time_leaves_empty_tables_that_say_so(lake: Lake) -> None:
    extraction = read(System(is_away=True), lake)
    assert extraction.failure == "memory: nobody answers; is it switched on?"
    assert extraction.kept == ()
    assert kept(lake, "alerts").is_empty()
    found = receipt(lake, "alerts")
    assert (found["status"], found["rows"], found["reason"]) == ("unreachable", None, extraction.failure)


def test_a_source_that_is_away_now_keeps_what_was_read_before(lake: Lake) -> None:
    system = System(rows=ALERTS)
    read(system, lake, FIRST)
    system.is_away = True
    extraction = read(system, lake)
    assert extraction.kept == (FIRST.key,)
    assert kept(lake, "alerts")["alert_id"].to_list() == ["1"]
    assert receipt(lake, "alerts")["status"] == "received"
    assert receipt(lake, "alerts", SECOND)["status"] == "unreachable"


def test_a_source_that_breaks_off_half_way_changes_nothing(lake: Lake) -> None:
    system = System(rows=ALERTS)
    read(system, lake)
    changed = replace(system, rows={"alerts": [{"alert_id": "9", "raised_at": NOON}]}, state="2", breaks_at="alerts")
    extraction = read(changed, lake)
    assert extraction.failure == "memory: the line went dead"
    assert kept(lake, "alerts")["alert_id"].to_list() == ["1"]
    assert not list(lake.root.rglob(".reading-*"))


def test_a_source_that_is_changed_while_it_is_read_is_read_again(lake: Lake) -> None:
    assert read(System(rows=ALERTS, changes=1), lake).failure is None
    assert kept(lake, "alerts")["alert_id"].to_list() == ["1"]
    restless = read(System("restless", ALERTS, changes=99), lake)
    assert restless.failure == "memory: was changed while it was read"
    assert kept(lake, "alerts", FIRST, "restless").is_empty()


def test_a_source_comes_back_and_its_days_are_read(lake: Lake) -> None:
    system = System(rows=ALERTS, is_away=True)
    read(system, lake)
    system.is_away = False
    assert read(system, lake).failure is None
    assert receipt(lake, "alerts")["status"] == "received"


def test_what_did_not_change_is_not_read_again(lake: Lake) -> None:
    system = System(rows=ALERTS)
    read(system, lake)
    system.reads.clear()
    assert read(system, lake).kept == (FIRST.key, SECOND.key)
    assert system.reads == []


@pytest.mark.parametrize("state", ["2", None])
def test_what_changed_or_cannot_tell_is_read_again(lake: Lake, state: str | None) -> None:
    read(System(rows=ALERTS, state="1" if state else None), lake)
    late = [*ALERTS["alerts"], {"alert_id": "3", "raised_at": NOON}]
    assert read(System(rows={"alerts": late}, state=state), lake).kept == ()
    assert kept(lake, "alerts")["alert_id"].to_list() == ["1", "3"]


def test_a_change_of_zone_or_options_reads_again(lake: Lake) -> None:
    system = System(rows=ALERTS)
    read(system, lake, FIRST)
    for changed in (
        replace(system.settings, zone=ZoneInfo("Asia/Kolkata")),
        replace(system.settings, options={"local_timezone": "Asia/Kolkata"}),
        replace(system.settings, location="memory:elsewhere"),
    ):
        assert extract(system.kind, changed, [FIRST], lake).kept == ()
    utc_day = day("2025-01-01", "UTC")
    assert extract(system.kind, changed, [FIRST], lake).kept == (FIRST.key,)
    assert extract(system.kind, changed, [utc_day], lake).kept == ()


def test_an_inventory_first_taken_stays_although_events_are_read_again(lake: Lake) -> None:
    system = System(rows={**ALERTS, "devices": [{"device_ip": "a"}]}, bad=[Bad("devices", "devices id=1", "bad_ip")])
    read(system, lake, FIRST)
    later = System(
        rows={"alerts": [], "devices": [{"device_ip": "b"}, {"device_ip": "c"}]},
        bad=[Bad("devices", "devices id=2", "bad_ip"), Bad("alerts", "alerts id=7", occurred_at=NOON)],
        state="2",
    )
    read(later, lake)
    assert kept(lake, "devices")["device_ip"].to_list() == ["a"]
    assert receipt(lake, "devices")["rows"] == 1
    assert kept(lake, "alerts").is_empty()
    assert kept(lake, "devices", SECOND)["device_ip"].to_list() == ["b", "c"]
    assert kept(lake, "quarantine")["location"].to_list() == ["alerts id=7", "devices id=1"]
    assert kept(lake, "quarantine", SECOND)["location"].to_list() == ["devices id=2"]


def test_an_inventory_of_another_place_takes_its_place(lake: Lake) -> None:
    system = System(rows={"devices": [{"device_ip": "a"}]})
    read(system, lake, FIRST)
    moved = replace(system.settings, location="memory:elsewhere")
    system.rows = {"devices": [{"device_ip": "b"}]}
    extract(system.kind, moved, [FIRST], lake)
    assert kept(lake, "devices")["device_ip"].to_list() == ["b"]


def test_dated_bad_records_belong_to_their_day_and_undated_ones_to_every_day(lake: Lake) -> None:
    bad = [Bad("alerts", "dated", occurred_at=NOON), Bad("alerts", "undated"), Bad("alerts", "undated")]
    read(System(rows=ALERTS, bad=bad), lake)
    assert kept(lake, "quarantine")["location"].to_list() == ["dated", "undated"]
    assert kept(lake, "quarantine", SECOND)["location"].to_list() == ["undated"]
    assert receipt(lake, "alerts")["quarantined"] == 2
    assert receipt(lake, "alerts", SECOND)["quarantined"] == 1


def test_a_day_is_partial_when_more_than_one_in_a_hundred_of_its_records_is_bad(lake: Lake) -> None:
    rows = {"alerts": [{"alert_id": str(n), "raised_at": NOON} for n in range(99)]}
    read(System(rows=rows, bad=[Bad("alerts", "1", occurred_at=NOON)]), lake, FIRST)
    assert receipt(lake, "alerts")["status"] == "received"
    bad = [Bad("alerts", str(n), occurred_at=NOON) for n in range(2)]
    read(System(rows=rows, bad=bad, state="2"), lake, FIRST)
    found = receipt(lake, "alerts")
    assert (found["status"], found["reason"]) == ("partial", "2 of 101 records were set aside")


def test_undated_bad_records_make_only_an_empty_day_partial(lake: Lake) -> None:
    read(System(rows={"alerts": ALERTS["alerts"][:1]}, bad=[Bad("alerts", str(n)) for n in range(5)]), lake)
    assert receipt(lake, "alerts")["status"] == "received"
    found = receipt(lake, "alerts", SECOND)
    assert (found["status"], found["rows"]) == ("partial", 0)
    assert found["reason"] == "5 records without a usable time may belong to this day"


def test_a_file_that_could_not_be_read_makes_the_day_partial(lake: Lake) -> None:
    read(System(rows=ALERTS, bad=[Bad("alerts", "alerts.log.gz", "truncated_gzip: at byte 17")]), lake, FIRST)
    assert receipt(lake, "alerts")["reason"] == "1 file could not be read in full"


def test_copies_of_a_key_are_out_of_the_rows_and_in_quarantine_day_by_day(lake: Lake) -> None:
    rows = {"alerts": [{"alert_id": "7", "raised_at": time} for time in (NOON, NOON, NOON, NEXT, NEXT)]}
    read(System(rows=rows), lake)
    assert kept(lake, "alerts").height == 1
    assert kept(lake, "alerts", SECOND).height == 1
    found = kept(lake, "quarantine")
    assert found["location"].to_list() == ["alerts#7 of 2025-01-01 copy 2", "alerts#7 of 2025-01-01 copy 3"]
    assert found["reason"].to_list() == ["duplicate_alert_id"] * 2
    assert kept(lake, "quarantine", SECOND)["location"].to_list() == ["alerts#7 of 2025-01-02 copy 2"]
    assert receipt(lake, "alerts")["quarantined"] == 2
    assert '"alert_id": "7"' in found["record"][0]


def test_copies_in_an_inventory_are_kept_once_for_all_days(lake: Lake) -> None:
    read(System(rows={"devices": [{"device_ip": "a"}, {"device_ip": "a"}]}), lake)
    for one in (FIRST, SECOND):
        assert kept(lake, "devices", one).height == 1
        assert kept(lake, "quarantine", one)["location"].to_list() == ["devices#a copy 2"]


def test_the_name_of_a_source_is_no_path(lake: Lake) -> None:
    read(System(name="../../büro home", rows=ALERTS), lake, FIRST)
    (folder,) = (path for path in (lake.root / "extracts").iterdir())
    assert folder.name.startswith("b_ro_home_")
    assert kept(lake, "alerts", FIRST, "../../büro home").height == 1


@pytest.mark.parametrize("key", ["2011-01-01", "2026-02-28", "2026-11-20"])
def test_every_day_of_a_database_tells_every_record_without_a_usable_time(lake: Lake, tmp_path: Path, key: str) -> None:
    rows = [{"timestamp": time} for time in ("2026-11-20 12:00:00", *NO_TIMES)]
    path = iotsentinel_database(tmp_path / "home.db", connections=rows)
    one = day(key, "UTC")
    assert extract(KINDS["iotsentinel"], settings("iotsentinel", path), [one], lake).failure is None
    told = kept(lake, "quarantine", one).filter(pl.col("reason").is_in(["bad_time", "implausible_time"]))
    assert told["location"].to_list() == sorted(f"connections#{n}" for n in range(2, len(NO_TIMES) + 2))
    assert receipt(lake, "connections", one)["quarantined"] == len(NO_TIMES)


def test_of_two_who_read_a_day_at_once_the_newer_rows_stand_as_what_they_are(lake: Lake) -> None:
    system = System(rows=ALERTS)
    slow, fast = Paused(system, at="read"), Paused(system, at="marks")
    older = Thread(target=extract, args=(slow.kind, system.settings, (FIRST,), lake))
    newer = Thread(target=extract, args=(fast.kind, system.settings, (FIRST,), lake))
    older.start()
    assert slow.is_there.wait(10)
    system.rows, system.state = {"alerts": [{"alert_id": "3", "raised_at": NOON}]}, "2"
    newer.start()
    assert fast.is_there.wait(10)
    for paused, reader in ((slow, older), (fast, newer)):
        paused.goes_on.set()
        reader.join(10)
    assert remembered(system.settings, FIRST, lake)["fingerprint"] == "2"
    assert kept(lake, "alerts")["alert_id"].to_list() == ["3"]


def test_who_cannot_reach_a_source_leaves_what_another_read_of_it_meanwhile(lake: Lake) -> None:
    system = System(rows=ALERTS, breaks_at="alerts")
    paused = Paused(system, at="read")
    broken = Thread(target=extract, args=(paused.kind, system.settings, (FIRST,), lake))
    broken.start()
    assert paused.is_there.wait(10)
    read(replace(system, breaks_at=None), lake, FIRST)
    paused.goes_on.set()
    broken.join(10)
    assert kept(lake, "alerts")["alert_id"].to_list() == ["1"]
    assert receipt(lake, "alerts")["status"] == "received"


def test_what_another_kept_while_the_source_was_opened_is_not_replaced_by_older_rows(lake: Lake) -> None:
    system = System(rows=ALERTS)
    older = replace(system)
    paused = Paused(older, at="fingerprint")
    slow = Thread(target=extract, args=(paused.kind, system.settings, (FIRST,), lake))
    slow.start()
    assert paused.is_there.wait(10)
    older.rows, older.state = {"alerts": [{"alert_id": "3", "raised_at": NOON}]}, "2"
    read(older, lake, FIRST)
    paused.goes_on.set()
    slow.join(10)
    assert remembered(system.settings, FIRST, lake)["fingerprint"] == "2"
    assert kept(lake, "alerts")["alert_id"].to_list() == ["3"]


def test_days_that_were_read_before_one_was_lost_to_another_are_not_called_kept(lake: Lake) -> None:
    system = System(rows=ALERTS)
    read(system, lake)
    system.state = "2"
    paused = Paused(system, at="marks")
    found: list[Extraction] = []
    slow = Thread(target=lambda: found.append(extract(paused.kind, system.settings, (FIRST, SECOND), lake)))
    slow.start()
    assert paused.is_there.wait(10)
    read(system, lake, SECOND)
    paused.goes_on.set()
    slow.join(10)
    assert found[0].kept == (SECOND.key,)


def test_a_day_that_was_half_replaced_does_not_stand_when_its_source_is_away(lake: Lake) -> None:
    system = System(rows={**ALERTS, "devices": [{"device_ip": "192.168.1.2"}]})
    read(system, lake, FIRST)
    begin_to_keep(system.settings, FIRST, lake)
    system.is_away = True
    assert read(system, lake, FIRST).kept == ()
    assert [receipt(lake, table)["status"] for table in ("alerts", "devices")] == ["unreachable"] * 2
    system.is_away = False
    assert read(system, lake, FIRST).failure is None
    assert [receipt(lake, table)["status"] for table in ("alerts", "devices")] == ["received"] * 2
