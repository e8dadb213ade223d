from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.redaction import token
from sentinel_pipeline.domain.tables import ALERTS, AUDIT_EVENTS, CONNECTIONS, DEVICES, INCIDENTS, QUARANTINE, Table
from sentinel_pipeline.exports.origins import Heard, spooled
from sentinel_pipeline.exports.preview import preview
from sentinel_pipeline.exports.privacy import Privacy
from sentinel_pipeline.exports.resuming import resumed
from sentinel_pipeline.exports.rows import export
from sentinel_pipeline.exports.wanted import Wanted
from sentinel_pipeline.lake.storage import SPOOLS
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import FORMATS
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.exports.test_rows import HOUR, NOON
from sentinel_pipeline_tests.rendering.papers import run, squeezed
from sentinel_pipeline_tests.statistics.frames import Row

KEY = b"a key of the test"
SECRETS = (
    *("192.168.1.77", "192-168-1-77", "::ffff:c0a8:014d", "203.0.113.99", "2001:db8::77", "2001:0DB8:0:0:0:0:0:0077"),
    *("aa:bb:cc:dd:ee:77", "AABBCCDDEE77", "Olgas Tablet", "olga.meier@example.com", "olga", "OLGA-PC"),
)
DEVICE = {
    "device_ip": "192.168.1.77",
    "device_name": "Olgas Tablet",
    "mac_address": "aa:bb:cc:dd:ee:77",
    "first_seen_at": NOON,
}
ALERT: Row = {
    "alert_id": "1-192.168.1.77",
    "raised_at": NOON,
    "device_ip": "192.168.1.77",
    "device_name": "Olgas Tablet",
    "severity": "high",
    "anomaly_score": 0.25,
    "explanation": "olgas tablet (192.168.1.77, AABBCCDDEE77) asked 203.0.113.99 and [2001:0DB8:0:0:0:0:0:0077]:443",
}
INCIDENT: Row = {
    "incident_id": "9",
    "occurred_at": NOON,
    "severity": "low",
    "hostname": "OLGA-PC",
    "user": "olga.meier@example.com",
    "source_ip": "2001:db8::77",
    "policy_name": "Files of olga.meier on Olga-PC",
    "data_types": ["ssn", "OLGA-PC"],
    "confidence": 0.5,
}
AUDIT: Row = {
    "event_id": "4",
    "occurred_at": NOON,
    "user": "olga",
    "event_type": "login",
    "details": '{"by":"ol\\u0067a","from":["::ffff:c0a8:014d","192-168-1-77.lan"],'
    '"mail":"olga.meier@example.com","tries":2.50}',
    "resource": "/home/olga/192.168.1.77",
}
TABLES = ((ALERTS, ALERT), (INCIDENTS, INCIDENT), (AUDIT_EVENTS, AUDIT), (DEVICES, DEVICE))


@dataclass
class Rows:
    """An origin in memory."""

    held: Mapping[str, Sequence[Row]]
    quarantined: int = field(default=0, init=False)

    def rows(self, table: Table, _: Window | None, folder: Path, heard: Heard) -> pl.LazyFrame:
        batch = pl.DataFrame([{"source": "home", **row} for row in self.held.get(table.name, [])], table.schema)
        heard(batch)
        return SPOOLS.scan(spooled([batch], table.schema, folder / "rows.parquet"))

    def inventories(self) -> Iterator[tuple[Table, pl.DataFrame]]:
        yield DEVICES, pl.DataFrame(list(self.held.get("devices", [])), DEVICES.schema)


def made(
    path: Path, table: Table, rows: Sequence[Row], privacy: Privacy, inventory: Sequence[Row] = (), **how: str
) -> Path:
    wanted = Wanted(table, columns=privacy.columns(table, None), privacy=privacy, **how)  # type: ignore[arg-type]
    done = export(wanted, Rows({"devices": inventory, table.name: rows}), Spelling(BERLIN, table.name), path)
    assert done.rows == len(rows)
    return path


def table_of(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path)


def said(path: Path) -> str:
    """All that a file says, packed or not, and what its tools say of its properties."""
    data = path.read_bytes()
    texts = [data.decode("utf-8", "replace")]
    if path.suffix == ".gz":
        texts.append(gzip.decompress(data).decode())
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            texts += [name + packed.read(name).decode("utf-8", "replace") for name in packed.namelist()]
    if path.suffix == ".parquet":
        texts += [str(pl.read_parquet(path).to_dicts()), str(pl.read_parquet_metadata(path))]
    if path.suffix == ".pdf":
        texts += [squeezed(run("pdftotext", path, "-")), run("pdfinfo", path), run("pdfinfo", "-meta", path)]
    return "\n".join(texts).lower()


@pytest.mark.parametrize(
    "measures",
    [{"pseudonyms"}, {"drop"}, {"addresses", "devices", "pseudonyms"}],
    ids=lambda some: "+".join(sorted(some)),
)
@pytest.mark.parametrize("form", [*(known.name for known in FORMATS), "csv.gz"])
def test_no_byte_of_any_format_tells_who_or_where(form: str, measures: set[str], tmp_path: Path) -> None:
    privacy = Privacy(frozenset(measures), KEY)
    name, _, packed = form.partition(".")
    for table, row in TABLES:
        how = {"format": name} | ({"compression": packed} if packed else {})
        path = made(tmp_path / f"{table.name}.{form}", table, [row], privacy, [DEVICE], **how)
        words = said(path)
        assert [one for one in SECRETS if squeezed(one.lower()) in words or one.lower() in words] == []


@pytest.mark.parametrize("form", [known.name for known in FORMATS])
def test_shortened_addresses_leave_no_whole_one(form: str, tmp_path: Path) -> None:
    privacy = Privacy(frozenset({"addresses"}))
    for table, row in TABLES:
        words = said(made(tmp_path / f"{table.name}.{form}", table, [row], privacy, [DEVICE], format=form))
        whole = [one for one in SECRETS if one[0] in "1a2:" and one[-1] in "79d" and one.lower() in words]
        assert whole + [one for one in ("aabbccddee77",) if one in words] == []
        assert table is AUDIT_EVENTS or "olga" in words


def test_shortened_addresses_name_their_network(tmp_path: Path) -> None:
    path = made(tmp_path / "a.parquet", ALERTS, [ALERT], Privacy(frozenset({"addresses"})), [DEVICE], format="parquet")
    (row,) = table_of(path).to_dicts()
    assert (row["alert_id"], row["device_ip"], row["device_name"]) == ("1-192.168.1.0", "192.168.1.0", "Olgas Tablet")
    assert row["explanation"] == ("olgas tablet (192.168.1.0, aabbcc000000) asked 203.0.113.0 and [2001:db8::]:443")


def test_pseudonyms_join_rows_texts_and_tables_and_change_no_number(tmp_path: Path) -> None:
    privacy = Privacy(frozenset({"pseudonyms"}), KEY)
    alerts = [{**ALERT, "alert_id": str(n), "raised_at": NOON + n * HOUR} for n in range(3)]
    found = table_of(made(tmp_path / "a.parquet", ALERTS, alerts, privacy, format="parquet"))
    tablet, place = token(KEY, "olgas tablet"), token(KEY, "192.168.1.77")
    assert set(found["device_name"]) == {tablet}
    assert set(found["device_ip"]) == {place}
    assert found["explanation"][0].startswith(f"{tablet} ({place}, ")
    assert (found["anomaly_score"].sum(), found["severity"].unique().to_list()) == (0.75, ["high"])
    assert found["raised_at"].to_list() == [NOON + n * HOUR for n in (2, 1, 0)]


def test_json_beside_a_name_stays_json_with_its_numbers(tmp_path: Path) -> None:
    privacy = Privacy(frozenset({"pseudonyms"}), KEY)
    (row,) = table_of(made(tmp_path / "a.parquet", AUDIT_EVENTS, [AUDIT], privacy, format="parquet")).to_dicts()
    details = json.loads(row["details"])
    assert details["by"] == row["user"] == token(KEY, "olga")
    assert details["from"][0] == token(KEY, "192.168.1.77")
    assert '"tries":2.50' in row["details"]


def test_devices_get_pseudonyms_and_those_they_talk_to_keep_their_addresses(tmp_path: Path) -> None:
    row = {
        "connection_id": "192.168.1.77-8.8.8.8",
        "started_at": NOON,
        "device_ip": "192.168.1.77",
        "destination_ip": "8.8.8.8",
    }
    privacy = Privacy(frozenset({"devices"}), KEY)
    (kept,) = table_of(made(tmp_path / "a.parquet", CONNECTIONS, [row], privacy, format="parquet")).to_dicts()
    place = token(KEY, "192.168.1.77")
    assert (kept["device_ip"], kept["destination_ip"], kept["connection_id"]) == (place, "8.8.8.8", f"{place}-8.8.8.8")


def test_personal_columns_are_left_out_and_rows_are_not(tmp_path: Path) -> None:
    path = made(tmp_path / "a.parquet", DEVICES, [DEVICE, DEVICE], Privacy(frozenset({"drop"})), format="parquet")
    assert table_of(path).columns == [
        "source",
        "device_type",
        "manufacturer",
        "first_seen_at",
        "last_seen_at",
        "is_trusted",
        "is_blocked",
    ]


def test_nobody_and_nothing_stay_what_they_are(tmp_path: Path) -> None:
    privacy = Privacy(frozenset({"pseudonyms"}), KEY)
    alert = {"alert_id": "1", "raised_at": NOON, "device_ip": "SYSTEM", "device_name": None, "explanation": "system up"}
    (row,) = table_of(made(tmp_path / "a.parquet", ALERTS, [alert], privacy, format="parquet")).to_dicts()
    assert (row["device_ip"], row["device_name"], row["explanation"]) == ("SYSTEM", None, "system up")


def test_a_record_that_could_not_be_read_is_not_shown_in_pieces(tmp_path: Path) -> None:
    row = {"table": "alerts", "location": "row 1", "reason": "bad_time", "record": "olga at 10.0.0.5 in 1999"}
    privacy = Privacy(frozenset({"pseudonyms"}), KEY)
    (kept,) = table_of(made(tmp_path / "a.parquet", QUARANTINE, [row], privacy, format="parquet")).to_dicts()
    assert kept["record"] == token(KEY, row["record"])
    assert (kept["table"], kept["reason"]) == ("alerts", "bad_time")


def test_rows_whose_device_is_hidden_come_in_an_order_that_tells_nothing(tmp_path: Path) -> None:
    rows = [{"device_ip": f"10.0.0.{n}", "manufacturer": f"m{n}"} for n in (3, 1, 2)]
    path = made(tmp_path / "a.parquet", DEVICES, rows, Privacy(frozenset({"addresses"})), format="parquet")
    assert table_of(path)["manufacturer"].to_list() == ["m3", "m1", "m2"]


def test_the_preview_shows_what_the_file_holds() -> None:
    privacy = Privacy(frozenset({"pseudonyms"}), KEY)
    seen = preview(
        Wanted(ALERTS, privacy=privacy), Rows({"alerts": [ALERT], "devices": [DEVICE]}), Spelling(BERLIN, "alerts"), 5
    )
    assert not [one for one in SECRETS if one.lower() in str(seen.head.to_dicts()).lower()]
    assert seen.rows == 1


@pytest.mark.parametrize("name", ["of 192.168.1.77.csv", "Olgas Tablet.csv"])
def test_a_file_name_that_tells_is_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name of the file tells") as refused:
        made(tmp_path / name, ALERTS, [ALERT], Privacy(frozenset({"pseudonyms"}), KEY))
    assert name not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_layout_holds_pseudonyms_too(tmp_path: Path) -> None:
    path = made(tmp_path / "a.csv", DEVICES, [DEVICE], Privacy(frozenset({"pseudonyms"}), KEY), layout="iotsentinel")
    assert token(KEY, "olgas tablet") in path.read_text()
    assert "olga" not in path.read_text().lower()


def test_a_database_holds_no_page_of_what_was_there(tmp_path: Path) -> None:
    rows = [{**ALERT, "alert_id": str(n), "raised_at": NOON + timedelta(seconds=n)} for n in range(500)]
    path = made(tmp_path / "a.sqlite", ALERTS, rows, Privacy(frozenset({"pseudonyms"}), KEY), format="sqlite")
    assert b"192.168.1.77" not in path.read_bytes()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*), sum(anomaly_score) FROM alerts").fetchone() == (500, 125.0)


def test_a_state_knows_rows_whose_key_is_hidden(tmp_path: Path) -> None:
    wanted = Wanted(DEVICES, privacy=Privacy(frozenset({"addresses"})), format="parquet")
    counts = []
    for known in (["10.0.0.1", "10.0.0.2"], ["10.0.0.1", "10.0.0.2", "10.0.0.3"]):
        origin = Rows({"devices": [{"device_ip": ip} for ip in known]})
        path = tmp_path / "a.parquet"
        with resumed(tmp_path / "states", "mine", wanted, [], path) as (memory, narrowed):
            export(narrowed, origin, Spelling(BERLIN, "devices"), path, memory=memory)
        counts.append(table_of(path)["device_ip"].to_list())
    assert counts == [["10.0.0.0", "10.0.0.0"], ["10.0.0.0"]]
