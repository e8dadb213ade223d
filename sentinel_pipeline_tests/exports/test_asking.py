from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import ALERTS, CONNECTIONS, ENERGY_READINGS, INCIDENTS, QUARANTINE
from sentinel_pipeline.exports.asking import (
    asked_columns,
    asked_kind,
    asked_sources,
    asked_span,
    asked_spelling,
    asked_table,
    asked_window,
    asked_zone,
    default_output,
)
from sentinel_pipeline.exports.filters import Condition
from sentinel_pipeline.exports.privacy import Privacy
from sentinel_pipeline.exports.wanted import EARLIEST, LATEST, Wanted, format_of, require_possible
from sentinel_pipeline.settings import Settings, SourceEntry
from sentinel_pipeline_tests.clocks import BERLIN

HOME = SourceEntry(name="home", kind="iotsentinel", location="sqlite:///home.db")
GATEWAY = SourceEntry(name="gateway", kind="zeek", location="logs")


def settings(data: Path = Path("/data")) -> Settings:
    return Settings(data=data, organisation="Test", zone=BERLIN, first_day=None, sources=(HOME, GATEWAY))


def edges(since: str | None, until: str | None, zone: ZoneInfo = BERLIN) -> list[str]:
    window = asked_window(since, until, zone)
    assert window is not None
    return [edge.isoformat() for edge in (window.start, window.end)]


@pytest.mark.parametrize(
    ("since", "until", "start", "end"),
    [
        ("2025-01-01", "2025-01-01", "2024-12-31T23:00:00", "2025-01-01T23:00:00"),
        ("20250101", "20250101", "2024-12-31T23:00:00", "2025-01-01T23:00:00"),
        ("2025-W01-3", "2025-W01-3", "2024-12-31T23:00:00", "2025-01-01T23:00:00"),
        ("2025-03-30", "2025-03-30", "2025-03-29T23:00:00", "2025-03-30T22:00:00"),
        ("2025-10-26", "2025-10-26", "2025-10-25T22:00:00", "2025-10-26T23:00:00"),
        ("2025-01-01T12:00", "2025-01-01T12:00:00.000001", "2025-01-01T11:00:00", "2025-01-01T11:00:00.000001"),
        ("2025-01-01T12:00Z", "2025-01-01T12:00:00-05:00", "2025-01-01T12:00:00", "2025-01-01T17:00:00"),
        ("2025-01-01 00:00", "2025-01-02 00:00", "2024-12-31T23:00:00", "2025-01-01T23:00:00"),
    ],
)
def test_a_window_is_half_open_and_a_date_includes_its_day(since: str, until: str, start: str, end: str) -> None:
    assert edges(since, until) == [f"{start}+00:00", f"{end}+00:00"]


def test_an_open_edge_reaches_to_the_end_of_time() -> None:
    assert asked_window(None, None, BERLIN) is None
    since, until = asked_window("2025-01-01", None, BERLIN), asked_window(None, "2025-01-01", BERLIN)
    assert since is not None
    assert until is not None
    assert (since.end, until.start) == (LATEST, EARLIEST)


@pytest.mark.parametrize(
    "text", ["yesterday", "", "2025-13-01", "2025-02-30", "2025-01-01T25:00", "1735689600", "2025"]
)
def test_what_is_no_time_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        asked_window(text, None, BERLIN)
    expected = f"--since '{text}' is no time; write 2025-01-31, 2025-01-31T13:00 or 2025-01-31T13:00:00+01:00"
    assert str(refusal.value) == expected


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_the_edge_of_the_calendar_is_refused_like_any_other_mistake(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        asked_window(None, text, BERLIN)


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("2025-01-02", "2025-01-01", "INVALID_DATE_RANGE: --since 2025-01-02 is not before --until 2025-01-01"),
        (
            "2025-01-01T12:00",
            "2025-01-01T12:00",
            "INVALID_DATE_RANGE: --since 2025-01-01T12:00 is not before --until 2025-01-01T12:00",
        ),
        ("9999-12-31", None, "INVALID_DATE_RANGE: --since 9999-12-31 is not before --until the end"),
    ],
)
def test_a_window_without_an_instant_is_refused(since: str, until: str | None, words: str) -> None:
    with pytest.raises(UsageError) as refusal:
        asked_window(since, until, BERLIN)
    assert str(refusal.value) == words


def test_a_table_column_or_format_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="'users' is no table; choose one of connections, devices, alerts, "):
        asked_table("users")
    with pytest.raises(
        UsageError, match="'docx' is no format; choose one of csv, json, ndjson, xlsx, parquet, sqlite, pdf"
    ):
        format_of("docx")
    with pytest.raises(UsageError, match="alerts has no column colour; it has source, alert_id, "):
        require_possible(Wanted(ALERTS, columns=("source", "colour")))
    assert asked_table("alerts") is ALERTS


def test_columns_are_named_once_each() -> None:
    assert asked_columns(None) is None
    assert asked_columns("severity, alert_id") == ("severity", "alert_id")
    for text in ("", "a,,b", "a,a"):
        with pytest.raises(UsageError, match="every name once, separated by commas"):
            asked_columns(text)


def test_a_layout_fixes_columns_and_format() -> None:
    require_possible(Wanted(ALERTS, layout="iotsentinel"))
    require_possible(Wanted(ALERTS, layout="iotsentinel", format="json", columns=("severity",)))
    for wanted in (
        Wanted(ALERTS, layout="iotsentinel", columns=("source",)),
        Wanted(ALERTS, layout="iotsentinel", format="parquet"),
    ):
        fixed = r"the layout 'iotsentinel' fixes columns and format \(csv, json, xlsx, pdf\)"
        with pytest.raises(UsageError, match=fixed):
            require_possible(wanted)
    for format_name in ("xlsx", "pdf"):
        require_possible(Wanted(ALERTS, layout="iotsentinel", format=format_name))
    with pytest.raises(UsageError, match="the layout 'cybersentinel' has no table 'alerts'; it has incidents"):
        require_possible(Wanted(ALERTS, layout="cybersentinel"))
    with pytest.raises(UsageError, match="'splunk' is no layout; choose one of atlas, canonical, cyber"):
        require_possible(Wanted(ALERTS, layout="splunk"))


def test_sources_are_those_that_give_the_table() -> None:
    def named(*names: str) -> list[str]:
        return [opening.name for _, opening in asked_sources(ALERTS, names, settings())]

    assert named() == ["home", "gateway"]
    assert named("gateway") == ["gateway"]
    assert named("gateway", "gateway") == ["gateway"]
    assert len(asked_sources(QUARANTINE, (), settings())) == 2
    with pytest.raises(UsageError, match="there is no source 'office'; configured: home, gateway"):
        named("office")
    with pytest.raises(UsageError, match="no incidents to be had from any configured source"):
        asked_sources(INCIDENTS, (), settings())
    with pytest.raises(UsageError, match="no incidents to be had from source home"):
        asked_sources(INCIDENTS, ("home",), settings())


def test_a_file_nobody_named_is_dated(tmp_path: Path) -> None:
    now = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    wanted = Wanted(ALERTS)
    first = default_output(wanted, settings(tmp_path), now)
    assert first == tmp_path / "exports" / "alerts_20250102_030405.csv"
    layout = default_output(Wanted(ALERTS, layout="iotsentinel"), settings(tmp_path), now)
    assert layout.name == "iotsentinel_alerts_20250102_030405.csv"
    device = Condition("device", ("192.168.1.12",), pl.lit(value=True))
    one = Wanted(CONNECTIONS, layout="iotsentinel", conditions=(device,))
    named = default_output(one, settings(tmp_path), now)
    assert named.name == "iotsentinel_device_192_168_1_12_connections_20250102_030405.csv"
    hidden = replace(one, privacy=Privacy(frozenset({"addresses"})))
    assert default_output(hidden, settings(tmp_path), now).name == "iotsentinel_connections_20250102_030405.csv"
    packed = default_output(Wanted(ALERTS, format="json", compression="gz"), settings(tmp_path), now, "nightly")
    assert packed.name == "alerts_nightly_20250102_030405_000000.json.gz"


NOW = datetime(2025, 1, 10, 12, tzinfo=UTC)


def test_a_span_back_from_now_says_both_ends() -> None:
    window = asked_span(None, None, "7d", NOW, BERLIN)
    assert window == Window(NOW - timedelta(days=7), NOW)
    assert asked_span("2025-01-01", None, None, NOW, BERLIN) == asked_window("2025-01-01", None, BERLIN)
    for since, until in (("2025-01-01", None), (None, "2025-01-01")):
        with pytest.raises(UsageError, match="--last 7d says both ends; leave --since and --until out"):
            asked_span(since, until, "7d", NOW, BERLIN)


def test_a_zone_is_the_configured_one_unless_named() -> None:
    assert asked_zone(None, settings()) == BERLIN
    assert asked_zone("Asia/Tokyo", settings()).key == "Asia/Tokyo"
    for name in ("", "Mars/Phobos", "../etc/passwd", "+01:00"):
        with pytest.raises(UsageError, match="is no time zone; write an IANA name such as Europe/Berlin or UTC"):
            asked_zone(name, settings())


@pytest.mark.parametrize(
    ("format_name", "compress", "output", "expected"),
    [
        (None, None, None, ("csv", None)),
        ("json", None, None, ("json", None)),
        (None, "gz", None, ("csv", "gz")),
        (None, None, "a.parquet", ("parquet", None)),
        (None, None, "A.XLSX", ("xlsx", None)),
        (None, None, "a.ndjson.zst", ("ndjson", "zst")),
        (None, None, "a.gz", ("csv", "gz")),
        ("json", None, "a.csv", ("json", None)),
        (None, "zst", "a.csv.zst", ("csv", "zst")),
        (None, "gz", "a.csv", ("csv", "gz")),
        (None, None, "a.txt", ("csv", None)),
    ],
)
def test_the_name_of_the_output_says_what_no_option_says(
    format_name: str | None, compress: str | None, output: str | None, expected: tuple[str, str | None]
) -> None:
    assert asked_kind(format_name, compress, Path(output) if output else None) == expected


def test_a_compression_there_is_not_or_that_the_name_contradicts_is_refused() -> None:
    with pytest.raises(UsageError, match="'rar' is no compression; choose one of gz, zst"):
        asked_kind(None, "rar", None)
    with pytest.raises(UsageError, match=r"--compress gz and the name a.csv.zst contradict each other; leave one out"):
        asked_kind(None, "gz", Path("a.csv.zst"))


PLAIN = {"decimals": None, "no_header": False, "delimiter": None, "bom": False}


def test_habits_of_csv_are_for_csv() -> None:
    spelling = asked_spelling(Wanted(ALERTS), BERLIN, {**PLAIN, "delimiter": ";", "no_header": True, "bom": True})
    assert (spelling.title, spelling.delimiter, spelling.has_header, spelling.has_bom) == ("alerts", ";", False, True)
    assert asked_spelling(Wanted(ALERTS, format="xlsx"), BERLIN, {**PLAIN, "decimals": 2}).decimals == 2
    for habit in ({"delimiter": "tab"}, {"no_header": True}, {"bom": True}):
        with pytest.raises(UsageError, match="is for csv; parquet has no such thing"):
            asked_spelling(Wanted(ALERTS, format="parquet"), BERLIN, {**PLAIN, **habit})


@pytest.mark.parametrize("delimiter", ["", "x", ",,", '"', "\n", "-", "0", "comma "])
def test_a_delimiter_that_would_make_no_csv_is_refused(delimiter: str) -> None:
    with pytest.raises(UsageError, match="is none; choose comma, semicolon, tab or pipe"):
        asked_spelling(Wanted(ALERTS), BERLIN, {**PLAIN, "delimiter": delimiter})


def test_a_layout_fixes_its_decimals() -> None:
    with pytest.raises(UsageError, match="the layout 'iotsentinel' fixes the decimals; leave --decimals out"):
        asked_spelling(Wanted(ALERTS, layout="iotsentinel"), BERLIN, {**PLAIN, "decimals": 2})


def test_a_layout_of_typed_columns_leaves_their_choice_and_the_format() -> None:
    require_possible(Wanted(ENERGY_READINGS, columns=("power_w", "timestamp"), format="xlsx", layout="kasa"))
    assert asked_spelling(Wanted(ENERGY_READINGS, layout="kasa"), BERLIN, {**PLAIN, "decimals": 3}).decimals == 3
    with pytest.raises(UsageError, match="has no column read_at; it has timestamp, device_ip"):
        require_possible(Wanted(ENERGY_READINGS, columns=("read_at",), layout="kasa"))
    with pytest.raises(UsageError, match="fixes columns and format"):
        require_possible(Wanted(ALERTS, format="sqlite", layout="iotsentinel"))
