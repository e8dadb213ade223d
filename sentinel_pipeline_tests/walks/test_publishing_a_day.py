"""A day of a small house, published by the command: the same numbers everywhere, and those of SQL and awk."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from sentinel_pipeline_tests.walks.household import DAY, Said, make_house, sentinel

WINDOW = "'2025-03-11 23:00:00' AND '2025-03-12 22:59:59.999999'"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_house(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def published(house: Path) -> Said:
    return sentinel(house, "publish", "daily", DAY, "--json")


@pytest.fixture(scope="module")
def edition(published: Said) -> Path:
    assert published.code == 0, published.err
    return Path(json.loads(published.last)["folder"])


@pytest.fixture(scope="module")
def facts(edition: Path) -> dict[str, Any]:
    return {fact["id"]: fact["value"] for fact in json.loads((edition / "facts.json").read_text())["facts"]}


def rows(edition: Path, section: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((edition / f"tables/{section}.csv").read_text(encoding="utf-8"))))


def ask(database: Path, question: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def test_the_json_answer_names_edition_folder_revision_and_files(published: Said, edition: Path) -> None:
    answer = json.loads(published.last)
    assert answer["edition"] == f"daily/{DAY}/r1"
    assert answer["revision"] == 1
    assert set(answer["files"]) == {p.relative_to(edition).as_posix() for p in edition.rglob("*") if p.is_file()}
    assert {"report.pdf", "report.html", "workbook.xlsx", "summary.txt", "facts.json", "manifest.json"} <= set(
        answer["files"]
    )


def test_a_day_of_one_event_an_hour_has_twenty_four(facts: dict[str, Any]) -> None:
    assert (facts["total_alerts"], facts["total_incidents"], facts["total_connections"]) == (24, 24, 48)


def test_alerts_are_those_that_sql_counts(house: Path, edition: Path, facts: dict[str, Any]) -> None:
    counted = dict(
        ask(
            house / "home.db",
            f"SELECT coalesce(severity, 'unknown'), count(*) FROM alerts WHERE timestamp BETWEEN {WINDOW} GROUP BY 1",
        )
    )
    printed = {row["severity"]: int(row["count"]) for row in rows(edition, "alert_severity")}
    assert {level: count for level, count in printed.items() if count} == counted
    assert facts["alerts_critical"] == counted["critical"]


def test_incidents_are_those_that_sql_counts(house: Path, edition: Path, facts: dict[str, Any]) -> None:
    window = f"timestamp BETWEEN {WINDOW}"
    (blocked,) = ask(
        house / "office.db", f"SELECT count(*) FROM events WHERE {window} AND lower(action) IN ('blocked', 'block')"
    )[0]
    users = ask(
        house / "office.db",
        "SELECT username, count(*), sum(lower(severity) = 'critical') FROM events"
        f" WHERE {window} AND username IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1",
    )
    assert facts["blocked_incidents"] == blocked
    assert facts["block_rate"] == round(100 * blocked / 24, 2)
    printed = [
        (row["user"].removeprefix("'"), int(row["incident_count"]), int(row["critical_count"]))
        for row in rows(edition, "top_violators_by_user")
    ]
    assert printed == users


def test_the_unregistered_agent_is_listed_as_unknown(edition: Path) -> None:
    names = {row["agent_id"]: row["agent_name"] for row in rows(edition, "top_violators_by_agent")}
    assert names == {"agt-1": "Front desk", "agt-ghost": "Unknown"}


def test_policy_violations_are_those_that_sql_counts(house: Path, edition: Path) -> None:
    expected = ask(
        house / "office.db",
        "SELECT e.policy_id, p.name, count(*), sum(lower(action) IN ('blocked', 'block')) FROM events e"
        f" LEFT JOIN policies p ON p.id = e.policy_id WHERE timestamp BETWEEN {WINDOW} AND e.policy_id IS NOT NULL"
        " GROUP BY 1, 2",
    )
    printed = [
        (row["policy_id"], row["policy_name"], int(row["violation_count"]), int(row["blocked_count"]))
        for row in rows(edition, "policy_violations")
    ]
    assert printed == expected


def test_zeek_destinations_are_those_that_awk_counts(house: Path, edition: Path) -> None:
    logs = sorted((house / "logs").iterdir())
    program = (
        '!/^#/ && $1 >= 1741734000 && $1 < 1741820400 {n[$5]++; b[$5] += $10 + ($11 == "-" ? 0 : $11)}'
        " END {for (ip in n) print ip, n[ip], b[ip]}"
    )
    counted = subprocess.run(["awk", "-F\t", program, *logs], capture_output=True, text=True, check=True).stdout
    expected = {line.split()[0]: tuple(map(int, line.split()[1:])) for line in counted.splitlines()}
    printed = {
        row["destination_ip"]: (int(row["connections"]), int(row["bytes"]))
        for row in rows(edition, "top_destinations")
        if row["destination_ip"].startswith("203.")
    }
    assert printed == expected


def test_every_table_says_the_same_in_csv_json_and_workbook(edition: Path) -> None:
    workbook = CalamineWorkbook.from_path(str(edition / "workbook.xlsx"))
    sheets = [workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names]
    for table in sorted((edition / "tables").glob("*.csv")):
        columns = table.read_text(encoding="utf-8").splitlines()[0].split(",")
        objects = json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))
        assert [list(thing) for thing in objects] == [columns] * len(objects)
        printed = rows(edition, table.stem)
        numbers = [[_number(value) for value in thing.values()] for thing in objects]
        assert [[_number(value) for value in row.values()] for row in printed] == numbers
        kept = [row for row in numbers if any(value is not None for value in row)]
        in_workbook = [[_number(cell) for cell in row] for sheet in sheets for row in sheet]
        for row in kept[:20]:
            known = [value for value in row if value is not None]
            assert any(_holds(cells, known) for cells in in_workbook), (table.stem, row)


def _number(value: object) -> float | None:
    """The number in a cell, None for anything else; booleans and times are no numbers."""
    if isinstance(value, bool) or value is None:
        return None
    return float(str(value)) if re.fullmatch(r"-?\d+(\.\d+)?", str(value)) else None


def _holds(cells: list[float | None], numbers: list[float]) -> bool:
    """Whether a row of the workbook holds the numbers; a percentage stands there as a fraction."""
    return all(
        any(cell is not None and min(abs(cell - n), abs(cell * 100 - n)) < 1e-6 for cell in cells) for n in numbers
    )


def test_every_key_figure_is_printed_in_the_pdf_the_page_and_the_workbook(edition: Path, facts: dict[str, Any]) -> None:
    pdf = subprocess.run(
        ["pdftotext", "-layout", str(edition / "report.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    page = (edition / "report.html").read_text(encoding="utf-8")
    summary = CalamineWorkbook.from_path(str(edition / "workbook.xlsx")).get_sheet_by_index(0).to_python()
    cells = {float(cell) for row in summary for cell in row if isinstance(cell, int | float)}
    for name, value in facts.items():
        if isinstance(value, int) and not name.startswith("bytes"):
            assert f"{value:,}" in pdf, name
            assert f"{value:,}" in page, name
            assert value in cells, name


def test_markup_and_formulas_from_outside_print_as_they_are(edition: Path) -> None:
    pdf = subprocess.run(
        ["pdftotext", str(edition / "report.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "Test & <b>House</b>" in pdf
    assert "<script>" not in (edition / "report.html").read_text(encoding="utf-8")
    for table in (edition / "tables").glob("*.csv"):
        for row in csv.reader(io.StringIO(table.read_text(encoding="utf-8"))):
            assert not any(cell.startswith(("=", "@", "+")) for cell in row), table.name


def test_publishing_again_publishes_nothing(house: Path, edition: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in edition.rglob("*")}
    again = sentinel(house, "publish", "daily", DAY)
    assert (again.code, again.last) == (0, str(edition))
    assert {path: path.stat().st_mtime_ns for path in edition.rglob("*")} == before
    assert not (edition.parent / "r2").exists()


def test_the_edition_verifies_and_every_figure_is_confirmed(house: Path, edition: Path, facts: dict[str, Any]) -> None:
    assert sentinel(house, "verify", str(edition)).code == 0
    for name in ("total_alerts", "block_rate", "active_devices", "unique_destinations", "most_common_data_type"):
        traced = sentinel(house, "trace", str(edition), name)
        assert traced.code == 0, traced.err
        assert f"recomputed {json.dumps(facts[name])}" in traced.out
    unknown = sentinel(house, "trace", str(edition), "no_such_fact")
    assert (unknown.code, len(unknown.complaints)) == (2, 1)


def test_a_changed_byte_is_found(house: Path, edition: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(edition, tmp_path / "daily" / DAY / "r1")
    (copy / "summary.txt").write_text((copy / "summary.txt").read_text().replace("24", "25"))
    said = sentinel(house, "verify", str(copy))
    assert said.code == 1
    assert "summary.txt" in said.complaints[0]


def test_the_sources_are_not_touched(house: Path, edition: Path) -> None:
    assert edition.is_dir()
    fresh = make_house(house.parent / "fresh")
    for name in ("home.db", "office.db", "logs/conn.log"):
        assert (house / name).read_bytes() == (fresh / name).read_bytes()
    assert sorted(path.name for path in house.iterdir()) == sorted(
        {path.name for path in fresh.iterdir()} | {"lake", "editions", "dagster", "keys", "state.db"}
    )
