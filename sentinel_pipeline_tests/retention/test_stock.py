"""What lies in a data folder is known by kind and by what it belongs to; everything else is left out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sentinel_pipeline.domain.retention import KINDS, Kind
from sentinel_pipeline.lake.closures import close
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.publishing.withdrawal import withdraw
from sentinel_pipeline.retention.stock import Item, stock
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.retention.worlds import NOW, make_day, write

LEFT = (
    "state.db",
    "config/sentinel.yaml",
    "keys/signing.key",
    "requests/a.yaml",
    "editions/signing-0.pub",
    "editions/daily/.scheduled_since",
    "editions/daily/2025-01-10/.lock",
    "editions/daily/2025-01-10/r1/manifest.json",
    "editions/daily/2025-01-10/.staging-x/report.pdf",
    "editions/daily/soon/r1/report.pdf",
    "editions/weekly/2025-01-10/r1/report.pdf",
    "exports/.states/mine/state.json",
    "exports/.a.csv.1.abc",
    "outbox/notes.txt",
    "lake/first_day.json",
    "lake/extracts/home/zeek-0.json",
    "lake/extracts/.reading-x/alerts/2025-01-10.parquet",
    "lake/extracts/home/alerts/.2025-01-10.parquet.1.abc",
    "lake/closed/facts/2025-01-10.json",
    "systems/home.db",
)


def found(data: Path, *kinds: Kind) -> dict[tuple[Kind, str], Item]:
    return {one.identity: one for one in stock(data, BERLIN, kinds or KINDS)}


def test_a_day_of_the_lake_is_facts_quarantine_and_statistics(tmp_path: Path) -> None:
    make_day(tmp_path, "2025-01-10")
    write(tmp_path, "lake/statistics/alert_hours/superseded/2025-01-10.0123456789abcdef.parquet")
    items = found(tmp_path)
    assert set(items) == {(kind, "2025-01-10") for kind in ("facts", "quarantine", "statistics")}
    facts = items["facts", "2025-01-10"]
    assert (facts.number, facts.bytes) == (3, 2 * len("content")), "two names of one file are one on disk"
    assert facts.last == facts.kept_since == date(2025, 1, 10), "not the day on which it was written"


def test_an_edition_is_all_its_revisions_but_their_manifests(tmp_path: Path) -> None:
    for path in ("r1/report.pdf", "r1/tables/a.csv", "r1/manifest.json", "r2/report.pdf"):
        write(tmp_path, f"editions/weekly/2025-01-06/{path}", day="2025-01-20")
    (one,) = found(tmp_path).values()
    assert one.identity == ("weekly_editions", "weekly/2025-01-06")
    assert [file.path.removeprefix("editions/weekly/2025-01-06/") for file in one.files] == [
        "r1/report.pdf",
        "r1/tables/a.csv",
        "r2/report.pdf",
    ]
    assert (one.first, one.last) == (date(2025, 1, 6), date(2025, 1, 12))
    assert one.kept_since == date(2025, 1, 20), "a correction that came late is kept from then on"


def test_tables_and_drafts_of_an_edition_go_together(tmp_path: Path) -> None:
    write(tmp_path, "lake/monthly/alert_trends/2025-01-01.parquet", day="2025-02-01")
    write(tmp_path, "editions/.drafts/monthly/tables/2025-01-01/tables/a.csv", day="2025-02-02")
    write(tmp_path, "editions/.drafts/monthly/tables/2025-01-01/.made_from", day="2025-02-02")
    (one,) = found(tmp_path).values()
    assert (one.identity, one.number, one.kept_since) == (("drafts", "monthly/2025-01-01"), 3, date(2025, 2, 2))


def test_what_was_requested_is_known_by_its_key_and_its_days(tmp_path: Path) -> None:
    key = "2025-01-06_14d_0123456789ab"
    for path in (f"editions/custom/{key}/r1/report.pdf", f"editions/custom/{key}/r1/manifest.json"):
        write(tmp_path, path, day="2025-01-21")
    write(tmp_path, f"lake/custom/alert_trends/{key}.parquet", day="2025-01-20")
    write(tmp_path, f"editions/.drafts/custom/page/{key}/report.html", day="2025-01-20")
    edition, drafts = found(tmp_path, "custom_editions", "drafts").values()
    assert (edition.identity, edition.number) == (("custom_editions", f"custom/{key}"), 1)
    assert (edition.first, edition.last, edition.kept_since) == (
        date(2025, 1, 6),
        date(2025, 1, 19),
        date(2025, 1, 21),
    )
    assert (drafts.identity, drafts.number) == (("drafts", f"custom/{key}"), 2)


def test_exports_and_mails_are_known_by_the_day_they_were_written_in_the_zone(tmp_path: Path) -> None:
    write(tmp_path, "exports/alerts.csv", day="2025-01-10")
    write(tmp_path, "exports/planned/2024-12-31.csv.gz", day="2025-01-11")
    write(tmp_path, "outbox/daily-1.eml", day="2025-01-10")
    assert set(found(tmp_path)) == {("exports", "2025-01-10"), ("exports", "2025-01-11"), ("outbox", "2025-01-10")}


def test_what_is_not_of_a_kind_is_left_out(tmp_path: Path) -> None:
    for path in LEFT:
        write(tmp_path, path)
    assert found(tmp_path) == {}


def test_only_kinds_that_are_asked_for_are_looked_at(tmp_path: Path) -> None:
    make_day(tmp_path, "2025-01-10")
    assert {kind for kind, _ in found(tmp_path, "quarantine")} == {"quarantine"}
    assert {kind for kind, _ in found(tmp_path, "facts")} == {"facts"}
    assert found(tmp_path / "none") == {}


def test_a_deletion_that_was_begun_is_known(tmp_path: Path) -> None:
    make_day(tmp_path, "2025-01-10")
    write(tmp_path, "editions/daily/2025-01-10/r1/report.pdf")
    assert not any(one.is_begun for one in found(tmp_path).values())
    close(Lake(tmp_path / "lake"), "facts", "2025-01-10", NOW)
    withdraw(tmp_path / "editions/daily/2025-01-10", NOW)
    begun = {kind for (kind, _), one in found(tmp_path).items() if one.is_begun}
    assert begun == {"facts", "daily_editions"}
