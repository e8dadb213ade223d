import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentinel_pipeline.domain.errors import UsageError, VerificationError
from sentinel_pipeline.publishing.verification import trace
from sentinel_pipeline_tests.clocks import day, week
from sentinel_pipeline_tests.publishing.worlds import House, examined
from sentinel_pipeline_tests.statistics.frames import utc

TODAY = day("2025-01-02")
MORE = {"report.pdf": b"pdf", "tables/a.csv": b"a\r\n1\r\n"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.count(TODAY, alerts=alerts(3))
    return house


def alerts(number: int) -> list[dict[str, Any]]:
    return [{"alert_id": str(n), "raised_at": utc("2025-01-02T11:00:00"), "severity": "high"} for n in range(number)]


def changed(folder: Path, name: str, change: Callable[[Any], object]) -> None:
    value = json.loads((folder / name).read_bytes())
    (folder / name).write_text(json.dumps(change(value) or value), encoding="utf-8")


def test_an_edition_as_published_has_no_fault(house: House) -> None:
    verdict = examined(house.publish(TODAY, MORE).folder)
    assert (verdict.edition, verdict.files, verdict.faults) == ("daily/2025-01-02/r1", 3, ())
    assert verdict.chain == "first of its chain"


def flip(folder: Path) -> None:
    (folder / "report.pdf").write_bytes(b"pdF")


def cut(folder: Path) -> None:
    (folder / "report.pdf").write_bytes(b"pd")


def lose(folder: Path) -> None:
    (folder / "tables/a.csv").unlink()


def add(folder: Path) -> None:
    (folder / "tables/b.csv").write_bytes(b"")


def link(folder: Path) -> None:
    (folder / "report.pdf").rename(folder.parent / "elsewhere")
    (folder / "report.pdf").symlink_to(folder.parent / "elsewhere")


def add_linked_folder(folder: Path) -> None:
    (folder / "more").symlink_to(folder.parent)


def rename_in_manifest(folder: Path) -> None:
    changed(folder, "manifest.json", lambda manifest: manifest | {"edition": "daily/2025-01-03/r1"})


def reach_out(folder: Path) -> None:
    (folder.parent / "outside").write_bytes(b"")
    changed(folder, "manifest.json", lambda m: m["files"].append({"name": "../outside", "sha256": "", "bytes": 0}))


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (flip, "report.pdf: its content is not what was published"),
        (cut, "report.pdf: has 2 bytes, published were 3"),
        (lose, "tables/a.csv: missing"),
        (add, "tables/b.csv: is not in the manifest"),
        (link, "report.pdf: is a link, not a file"),
        (add_linked_folder, "more: is not in the manifest"),
    ],
)
def test_every_damage_is_found(damage: Callable[[Path], None], fault: str, house: House) -> None:
    folder = house.publish(TODAY, MORE).folder
    damage(folder)
    assert examined(folder).faults == (fault,)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (rename_in_manifest, "manifest.json: belongs to daily/2025-01-03/r1, not to this folder"),
        (reach_out, "../outside: missing"),
    ],
)
def test_what_a_changed_manifest_pretends_is_found_too(
    change: Callable[[Path], None], fault: str, house: House
) -> None:
    folder = house.publish(TODAY, MORE).folder
    change(folder)
    assert examined(folder).faults == (fault, "manifest.json: was changed after it was signed")


def test_an_edition_in_another_folder_is_found(house: House) -> None:
    folder = house.publish(TODAY, MORE).folder
    other = folder.parent.parent / "2025-01-03" / "r1"
    shutil.copytree(folder, other)
    assert examined(other).faults == ("manifest.json: belongs to daily/2025-01-02/r1, not to this folder",)


def test_a_damaged_manifest_is_said_to_be_damaged(house: House) -> None:
    folder = house.publish(TODAY, MORE).folder
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-20])
    with pytest.raises(VerificationError, match=r"manifest\.json: is damaged: it is not JSON"):
        examined(folder)
    manifest.write_bytes(b"[]")
    with pytest.raises(VerificationError, match="is damaged: it is not an object"):
        examined(folder)
    for text in ("{}", '{"files": 1, "edition": ""}', '{"files": [1], "edition": ""}'):
        manifest.write_text(text, encoding="utf-8")
        assert examined(folder).faults == ("manifest.json: is not a manifest: it lists no files",)


def test_a_folder_that_is_no_edition_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no published edition: it has no manifest\.json"):
        examined(tmp_path)
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(UsageError, match=r"manifest\.json: cannot be read: Is a directory"):
        examined(tmp_path)


def test_every_figure_of_an_edition_is_confirmed_by_its_partitions(house: House) -> None:
    period = week("2024-12-30")
    house.count_all(period, alerts=alerts(3))
    house.count(day("2025-01-04"), "unreachable")
    folder = house.publish(period).folder
    for id_, figure in house.figures(period).items():
        traced = trace(folder, id_, house.lake)
        assert traced.is_confirmed, id_
        assert traced.published == figure.value
        assert traced.inputs == figure.inputs


@pytest.mark.parametrize("status", ["unreachable", "not in source", "no events"])
def test_a_figure_that_could_not_be_told_is_confirmed_too(status: str, house: House) -> None:
    house.count(TODAY, status)
    folder = house.publish(TODAY).folder
    for id_ in house.figures(TODAY):
        assert trace(folder, id_, house.lake).is_confirmed, id_


def test_a_figure_is_confirmed_by_the_version_it_was_made_from_although_that_was_superseded(house: House) -> None:
    first = house.publish(TODAY).folder
    house.count(TODAY, alerts=alerts(5))
    second = house.publish(TODAY).folder
    for folder, number in ((first, 3), (second, 5)):
        traced = trace(folder, "total_alerts", house.lake)
        assert traced.is_confirmed
        assert traced.recomputed == number


def test_a_partition_that_is_gone_is_named(house: House) -> None:
    folder = house.publish(TODAY).folder
    house.lake.path("statistics/alert_hours", TODAY.key).unlink()
    traced = trace(folder, "total_alerts", house.lake)
    assert not traced.is_confirmed
    assert traced.recomputed is None
    assert [(asset, key) for asset, key, _ in traced.lost] == [("statistics/alert_hours", TODAY.key)]
    assert trace(folder, "total_incidents", house.lake).is_confirmed


def test_a_figure_changed_by_hand_is_not_confirmed(house: House) -> None:
    folder = house.publish(TODAY).folder

    def falsify(facts: Any) -> None:
        next(fact for fact in facts["facts"] if fact["id"] == "total_alerts")["value"] = 2

    changed(folder, "facts.json", falsify)
    traced = trace(folder, "total_alerts", house.lake)
    assert (traced.published, traced.recomputed, traced.is_confirmed) == (2, 3, False)


def test_a_figure_that_is_not_there_is_refused_with_those_that_are(house: House) -> None:
    folder = house.publish(TODAY).folder
    with pytest.raises(UsageError, match="has no figure 'total_widget_logs'; it has active_agents, active_dev"):
        trace(folder, "total_widget_logs", house.lake)
    with pytest.raises(UsageError, match="is no published edition"):
        trace(folder.parent, "total_alerts", house.lake)


@pytest.mark.parametrize(
    "damage",
    [
        lambda facts: facts.pop("facts"),
        lambda facts: facts["facts"].append({}),
        lambda facts: [fact.pop("inputs") for fact in facts["facts"]],
        lambda facts: [fact.update(inputs=[["a"]]) for fact in facts["facts"]],
        lambda facts: [fact.update(inputs=None) for fact in facts["facts"]],
        lambda facts: [fact.pop("value") for fact in facts["facts"]],
    ],
)
def test_damaged_facts_are_said_to_be_damaged(damage: Callable[[Any], object], house: House) -> None:
    folder = house.publish(TODAY).folder

    def harm(facts: Any) -> None:
        damage(facts)

    changed(folder, "facts.json", harm)
    with pytest.raises(VerificationError, match="damaged"):
        trace(folder, "total_alerts", house.lake)


@pytest.mark.parametrize("change", [{"timezone": "Mars"}, {"timezone": None}, {"cadence": None}, {"key": "2025"}])
def test_a_manifest_that_names_no_period_is_damaged(change: dict[str, Any], house: House) -> None:
    folder = house.publish(TODAY).folder
    changed(folder, "manifest.json", lambda manifest: manifest | change)
    with pytest.raises((VerificationError, UsageError)):
        trace(folder, "total_alerts", house.lake)
