"""A schedule files one export when its time has come, whoever looks at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel_pipeline.domain.export_order import ExportOrder
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.export_schedules import (
    Schedule,
    due,
    fire,
    keep,
    number_of,
    of_user,
    remove,
    schedule_of,
    stop,
)
from sentinel_pipeline.ledger.exports import Made, begin, complete, export_of, scheduled
from sentinel_pipeline_tests.ledger.people import AT, acts, somebody

WISH = ExportOrder("alerts", "csv", "alerts", {"last": "last_month"})
DAY = timedelta(days=1)


@pytest.fixture
def schedule(ledger: Ledger) -> Schedule:
    user = somebody(ledger).user_id
    made = Schedule("s1", user, "Monthly", "0 9 1 * *", "{}", ("eve@house.example",), "Subject", True, AT, AT)
    keep(ledger, made, user, AT)
    return made


def row(ledger: Ledger) -> Schedule:
    with ledger.reading() as connection:
        found = schedule_of(connection, "s1")
    assert found is not None
    return found


def test_a_schedule_is_kept_changed_and_removed(ledger: Ledger, schedule: Schedule) -> None:
    assert row(ledger) == schedule
    keep(ledger, replace(schedule, name="Other"), schedule.user_id, AT)
    assert row(ledger).name == "Other"
    with ledger.reading() as connection:
        assert [one.name for one in of_user(connection, schedule.user_id)] == ["Other"]
        assert (of_user(connection, "nobody"), len(of_user(connection, None))) == ([], 1)
        assert number_of(connection, schedule.user_id) == 1
    assert remove(ledger, "s1", "x", AT)
    assert not remove(ledger, "s1", "x", AT)
    said = [act for act, subject in acts(ledger) if subject == "s1"]
    assert said == ["export schedule made", "export schedule changed", "export schedule deleted"]


def test_of_many_who_see_the_same_time_one_files_it(ledger: Ledger, schedule: Schedule) -> None:
    with ThreadPoolExecutor(8) as pool:
        filed = list(pool.map(lambda _: fire(ledger, schedule, WISH, AT + DAY, AT), range(8)))
    (name,) = [one for one in filed if one]
    assert (row(ledger).next_at, row(ledger).last_export_id) == (AT + DAY, name)
    with ledger.reading() as connection:
        export = export_of(connection, name)
        assert due(connection, AT) == []
        assert [one.schedule_id for one in due(connection, AT + DAY)] == ["s1"]
    assert export is not None
    assert (export.schedule_id, export.user_id, export.order) == ("s1", schedule.user_id, WISH)


def test_what_is_out_of_force_is_not_due(ledger: Ledger, schedule: Schedule) -> None:
    stop(ledger, schedule, "its owner is gone", AT)
    with ledger.reading() as connection:
        assert due(connection, AT + DAY) == []
    assert not row(ledger).is_active


def test_what_a_schedule_made_of_late_is_found(ledger: Ledger, schedule: Schedule) -> None:
    name = fire(ledger, schedule, WISH, None, AT)
    assert name is not None
    with ledger.reading() as connection:
        assert scheduled(connection, AT) == []
    begin(ledger, name, "run", AT)
    complete(ledger, name, Made("exports/x", "00", 1, 1, AT + DAY), AT)
    with ledger.reading() as connection:
        assert [one.export_id for one in scheduled(connection, AT)] == [name]
        assert scheduled(connection, AT + DAY) == []
