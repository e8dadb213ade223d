from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.period import Window
from sentinel_pipeline.domain.tables import MACHINES
from sentinel_pipeline.lake.extraction import extract
from sentinel_pipeline.lake.readings import asset_of
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.sources.atlas import KIND
from sentinel_pipeline.sources.atlas_inventory import inventories, known_since
from sentinel_pipeline.sources.atlas_units import Unit
from sentinel_pipeline_tests.clocks import day
from sentinel_pipeline_tests.sources.fleets import fleet, log, payload, put, sealed
from sentinel_pipeline_tests.statistics.frames import utc

START = utc("2026-05-01T00:00:00")
DAYS = [Window(START + timedelta(days=n), START + timedelta(days=n + 1)) for n in range(4)]
Told = tuple[str, datetime, str | None]
HOURS = st.integers(-32 * 24, 5 * 24).map(lambda hours: START + timedelta(hours=hours))
LOGS = st.lists(st.tuples(st.sampled_from("ABC"), HOURS, st.sampled_from((None, "S1", "S2"))), max_size=30)


def units(logs: Sequence[Told]) -> list[Unit]:
    names = ("machine_id", "logged_at", "serial_number")
    return [Unit(rows=[dict(zip(names, one, strict=True))]) for one in logs]


def by_hand(logs: Sequence[Told], window: Window) -> list[tuple[str, str | None, datetime, datetime]]:
    rows = []
    for machine in sorted({one[0] for one in logs}):
        known = [one for one in logs if one[0] == machine and window.start - timedelta(days=30) <= one[1] < window.end]
        if known:
            serials = [serial for _, _, serial in known if serial]
            times = [moment for _, moment, _ in known]
            rows.append((machine, serials[-1] if serials else None, min(times), max(times)))
    return rows


@given(logs=LOGS, days=st.lists(st.sampled_from(DAYS), min_size=1, max_size=4, unique=True))
def test_a_day_has_the_same_machines_whichever_days_are_read_together(logs: list[Told], days: list[Window]) -> None:
    found = inventories(units(logs), days, "fleet")
    names = ("machine_id", "serial_number", "first_seen_at", "last_seen_at")
    assert [frame.select(names).rows() for frame in found] == [by_hand(logs, window) for window in days]


def test_all_logs_tell_when_no_window_is_asked_for() -> None:
    logs: list[Told] = [("A", START, None), ("A", START + timedelta(days=90), "S1")]
    assert known_since([DAYS[0], None]) is None
    (frame,) = inventories(units(logs), [None], "fleet")
    assert frame.select("serial_number", "first_seen_at", "last_seen_at").rows() == [
        ("S1", START, START + timedelta(days=90))
    ]


def test_the_lake_holds_the_same_machines_of_a_day_read_alone_and_within_a_month(tmp_path: Path) -> None:
    days = [day(f"2026-05-0{number}") for number in range(1, 6)]
    for number, one in enumerate(days):
        put(tmp_path / "inbox", f"{number}.json", sealed(payload(log(f"{one.key}T10:00:00")), nonce=number))
    source = fleet(tmp_path / "inbox").settings
    together, alone = Lake(tmp_path / "together"), Lake(tmp_path / "alone")
    extract(KIND, source, days, together)
    for one in reversed(days):
        extract(KIND, source, [one], alone)
    for one in days:
        assert [path.read_bytes() for path in paths(together, one.key)] == [
            path.read_bytes() for path in paths(alone, one.key)
        ]
    machines = together.read(asset_of(source.name, MACHINES.name), days[1].key)
    assert machines["last_seen_at"].to_list() == [utc("2026-05-02T10:00:00")]


def paths(lake: Lake, key: str) -> list[Path]:
    return [lake.path(asset_of("fleet", table.name), key) for table in KIND.tables]
