"""What a person can get wrong: one clear line, the right exit code, nothing half-written."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from sentinel_pipeline_tests.walks.household import CONFIGURATION, DAY, make_house, sentinel


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_house(tmp_path_factory.mktemp("house"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("publish", "daily", "12.03.2025"), "write it as YYYY-MM-DD"),
        (("publish", "daily", "2025-02-30"), "write it as YYYY-MM-DD"),
        (("publish", "weekly", DAY), "a weekly key is a Monday"),
        (("publish", "monthly", DAY), "a monthly key is the first of a month"),
        (("publish", "daily", (date.today() + timedelta(days=3)).isoformat()), "is not over"),  # noqa: DTZ011 - a day ahead
        (("publish", "daily", "2025-03-01"), "before the first day"),
        (("export", "no_such_table"), "'no_such_table' is no table"),
        (("export", "alerts", "--source", "nobody"), "there is no source 'nobody'"),
        (("export", "incidents", "--source", "home"), "no incidents to be had"),
        (("export", "alerts", "--columns", "severity,nonsense"), "no column nonsense"),
        (("export", "alerts", "--since", "yesterday"), "is no time"),
        (("export", "alerts", "--since", "2025-03-12", "--until", "2025-03-01"), "is not before"),
        (("export", "alerts", "--format", "docx"), "is no format"),
        (("export", "alerts", "--layout", "cybersentinel"), "has no table 'alerts'"),
        (("export", "alerts", "--last", "fortnight"), "--last 'fortnight' is no span; write 24h, 7d, 4w, or one of"),
        (("export", "alerts", "--last", "7d", "--since", "2025-03-12"), "--last 7d says both ends"),
        (("export", "alerts", "--timezone", "Mars/Phobos"), "--timezone 'Mars/Phobos' is no time zone"),
        (("export", "alerts", "--severity", "severe"), "--severity 'severe' is no severity; choose from critical"),
        (("export", "alerts", "--device", ""), "--device '' names nothing"),
        (("export", "incidents", "--device", "x"), "--device does not narrow incidents; it does narrow connections"),
        (("export", "alerts", "--machine", "x"), "--machine does not narrow alerts; it does narrow"),
        (("export", "devices", "--severity", "high"), "--severity does not narrow devices; it does narrow alerts"),
        (("export", "connections", "--type", "tcp"), "--type does not narrow connections; it does narrow devices"),
        (("export", "alerts", "--delimiter", "x"), "--delimiter 'x' is none; choose comma, semicolon, tab or pipe"),
        (("export", "alerts", "--format", "json", "--no-header"), "--no-header is for csv; json has no such thing"),
        (("export", "alerts", "--format", "xlsx", "--bom"), "--bom is for csv; xlsx has no such thing"),
        (("export", "alerts", "--compress", "rar"), "'rar' is no compression; choose one of gz, zst"),
        (("export", "alerts", "--compress", "gz", "--output", "a.zst"), "contradict each other; leave one out"),
        (("export", "alerts", "--state", "../x"), "--state '../x' is no name"),
        (("export", "alerts", "--state", "x", "--last", "7d"), "leave --last and --preview out"),
        (("export", "alerts", "--state", "x", "--preview"), "leave --last and --preview out"),
        (("verify", "/no/such/folder"), "is no published edition"),
        (("trace", "/no/such/folder", "total_alerts"), "is no published edition"),
    ],
)
def test_wrong_usage_gets_one_line_and_exit_code_2(house: Path, arguments: tuple[str, ...], said: str) -> None:
    answer = sentinel(house, *arguments)
    assert answer.code == 2, answer.err
    assert len(answer.complaints) == 1
    assert said in answer.complaints[0]
    assert answer.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("publish", "yearly", DAY),
        ("publish", "daily"),
        ("frobnicate",),
        ("up", "--port", "0"),
        ("export", "alerts", "--decimals", "99"),
        ("export", "alerts", "--decimals", "two"),
        ("export", "alerts", "--preview", "-1"),
    ],
)
def test_words_that_are_no_command_are_refused(house: Path, arguments: tuple[str, ...]) -> None:
    assert sentinel(house, *arguments).code == 2


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("organisation:", "organization:", "unknown key"),
        ("kind: zeek", "kind: zeke", "reads iotsentinel, cybersentinel, kasa, iothub, atlas, zeek, suricata"),
        ("Europe/Berlin", "Europe/Atlantis", "an IANA time zone"),
        ("name: office", "name: home", "stands 2 times"),
        ("first_day: 2025-03-10", "first_day: soon", "first_day"),
        ("sources:", "sources: [", "is not YAML"),
    ],
)
def test_a_mistake_in_the_configuration_is_one_line_that_names_it(
    tmp_path: Path, wrong: str, right: str, said: str
) -> None:
    house = tmp_path / "house"
    (house / "config").mkdir(parents=True)
    (house / "config" / "sentinel.yaml").write_text(CONFIGURATION.replace(wrong, right))
    answer = sentinel(house, "check")
    assert answer.code == 2
    assert len(answer.complaints) == 1
    assert "sentinel.yaml" in answer.complaints[0]
    assert said in answer.complaints[0]


@pytest.mark.slow
def test_a_source_that_is_away_leaves_the_others_their_edition(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    (house / "office.db").unlink()
    answer = sentinel(house, "publish", "daily", DAY)
    assert answer.code == 1
    assert [line for line in answer.complaints if "office" in line] == answer.complaints
    assert len(answer.complaints) == 1
    edition = Path(answer.last)
    facts = (edition / "facts.json").read_text()
    assert '"id": "total_alerts",\n   "value": 24' in facts
    assert '"id": "total_incidents",\n   "value": null' in facts
    assert "unreachable" in (edition / "tables" / "data_completeness.csv").read_text()
    text = subprocess.run(
        ["pdftotext", str(edition / "report.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "unreachable" in text
    assert (edition / "tables" / "severity_distribution.csv").read_bytes() == b"severity,count,percentage\r\n"
    assert not (house / "office.db").exists()


@pytest.mark.slow
def test_a_source_that_was_never_seen_is_said_even_without_a_first_day(tmp_path: Path) -> None:
    house = tmp_path / "house"
    (house / "config").mkdir(parents=True)
    (house / "config" / "sentinel.yaml").write_text(
        "timezone: UTC\nsources:\n  - {name: office, kind: cybersentinel, location: 'sqlite:///nowhere.db'}\n"
    )
    answer = sentinel(house, "publish", "daily", DAY)
    assert (answer.code, len(answer.complaints)) == (1, 1), answer.err
    assert "office" in answer.complaints[0]
    assert '"id": "total_incidents",\n   "value": null' in (Path(answer.last) / "facts.json").read_text()


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("sqlite:///nowhere.db", "nowhere.db"),
        ("sqlite:///config/sentinel.yaml", "sentinel.yaml"),
        ("sqlite:///config", "config"),
        ("postgresql://reader:geheim@127.0.0.1:1/dlp", "127.0.0.1"),
        ("env:NO_SUCH_VARIABLE", "NO_SUCH_VARIABLE"),
    ],
)
def test_a_place_that_cannot_be_read_is_named_without_its_password(tmp_path: Path, location: str, said: str) -> None:
    house = make_house(tmp_path / "house")
    config = house / "config" / "sentinel.yaml"
    config.write_text(config.read_text().replace("sqlite:///office.db", location))
    answer = sentinel(house, "check")
    assert answer.code == 1
    assert len(answer.complaints) == 1
    assert said in answer.complaints[0]
    assert "geheim" not in answer.err + answer.out
    assert "connections: 96 rows" in answer.out


def test_an_export_that_cannot_be_written_leaves_the_earlier_file(house: Path, tmp_path: Path) -> None:
    target = tmp_path / "sub"
    target.write_text("mine")
    answer = sentinel(house, "export", "alerts", "--output", str(target / "alerts.csv"))
    assert (answer.code, len(answer.complaints)) == (1, 1)
    assert target.read_text() == "mine"


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize("options", [pytest.param("size=400k", marks=pytest.mark.slow), "ro"])
def test_a_full_or_read_only_disk_is_one_line_and_nothing_half_written(tmp_path: Path, options: str) -> None:
    house = make_house(tmp_path / "house")
    (house / "editions").mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(house / "editions")], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        answer = sentinel(house, "publish", "daily", DAY)
        assert answer.code == 1, answer.out
        assert len(answer.complaints) == 1, answer.err
        assert ("No space left" if options != "ro" else "Read-only") in answer.complaints[0]
        left = [path for path in (house / "editions").rglob("*") if path.is_file() and path.name != ".lock"]
        assert [path for path in left if ".drafts" not in path.parts] == []
    finally:
        subprocess.run(["umount", str(house / "editions")], check=True)


@pytest.mark.slow
def test_counts_too_large_to_add_up_are_one_line_and_no_edition(tmp_path: Path) -> None:
    data = make_house(tmp_path / "data")
    with closing(sqlite3.connect(data / "home.db")) as database, database:
        row = "INSERT INTO connections (timestamp, device_ip, bytes_sent) VALUES ('2025-03-12 10:00:00', 'a', ?)"
        database.executemany(row, [(2**53,)] * 600)
    said = sentinel(data, "publish", "daily", DAY)
    assert said.code == 1
    (line,) = said.complaints
    assert line.startswith(
        "sentinel: statistics_of_connections: connections of 2025-03-12, bytes_sent: adds up to more"
    )
    assert not list((data / "editions").rglob("manifest.json"))
