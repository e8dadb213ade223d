"""Subscriptions of the ledger as a portal changes them: checked like the file's, recorded, and listed with those."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel_pipeline.delivery.enrolment import activate, add, change, listed, withdraw
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.ledger.audit import first_break, history
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.subscriptions import Subscription
from sentinel_pipeline.ledger.subscriptions import add as add_row
from sentinel_pipeline.settings import Settings, ledger_url
from sentinel_pipeline_tests.delivery.worlds import configured

AT = datetime(2025, 3, 13, 7, 0, tzinfo=UTC)
LATER = datetime(2025, 3, 14, 7, 0, tzinfo=UTC)
MINE = {"name": "Mine", "cadence": "weekly", "recipients": ["eve@house.example"]}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return configured(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    is_file = request.param == "sqlite"
    return open_ledger(ledger_url(tmp_path) if is_file else request.getfixturevalue("postgresql_url"))


def test_they_are_listed_beside_those_of_the_file(settings: Settings, ledger: Ledger) -> None:
    add(settings, ledger, {**MINE, "formats": ["csv"]}, AT, "eve")
    of_file, of_ledger = listed(settings, ledger)
    assert (of_file.name, of_file.origin, of_file.is_active, of_file.changed_by) == ("Daily", "file", True, None)
    assert (of_ledger.name, of_ledger.origin, of_ledger.is_active) == ("Mine", "ledger", True)
    assert (of_ledger.changed_at, of_ledger.changed_by, of_ledger.problem) == (AT, "eve", "")
    assert of_ledger.entry is not None
    assert (of_ledger.entry.recipients.to, of_ledger.entry.formats) == (["eve@house.example"], ["csv"])


def test_one_is_changed_and_put_out_of_force_and_back(settings: Settings, ledger: Ledger) -> None:
    add(settings, ledger, MINE, AT, "eve")
    change(settings, ledger, "Mine", {**MINE, "cadence": "monthly"}, LATER, "adam")
    activate(settings, ledger, "Mine", LATER, "adam", is_active=False)
    found = listed(settings, ledger)[1]
    assert found.entry is not None
    assert (found.entry.cadence, found.entry.active, found.is_active, found.changed_by) == (
        "monthly",
        False,
        False,
        "adam",
    )
    activate(settings, ledger, "Mine", LATER, "adam", is_active=True)
    assert listed(settings, ledger)[1].is_active
    with ledger.reading() as connection:
        lines = list(history(connection))
    assert first_break(lines) is None
    assert [(line.act, line.subject) for line in lines] == [("subscribed", "Mine")] * 4


@pytest.mark.parametrize(
    ("written", "mistake"),
    [
        ({**MINE, "recipients": ["eve"]}, "recipients.to.0: a mail address such as ann@example.com. "),
        ({**MINE, "recipients": []}, "recipients: at least one address in to or bcc"),
        ({**MINE, "sections": ["colours"]}, "sections: found 'colours'; allowed: "),
        ({**MINE, "channel": "smtp"}, "channel: found 'smtp'; delivery.smtp has to say how to reach it"),
        ({**MINE, "colour": "red"}, "colour: Extra inputs are not permitted"),
        ({**MINE, "name": "Daily"}, "name: found 'Daily'; sentinel.yaml has a subscription of that name"),
        ({"cadence": "hourly"}, "name: Field required\ncadence: Input should be 'daily', "),
    ],
)
def test_what_could_not_be_served_is_refused_and_nothing_changed(
    written: dict[str, object], mistake: str, settings: Settings
) -> None:
    ledger = open_ledger(ledger_url(settings.data))
    with pytest.raises(UsageError) as refusal:
        add(settings, ledger, written, AT, "eve")
    assert str(refusal.value).startswith(mistake)
    add(settings, ledger, MINE, AT, "eve")
    with pytest.raises(UsageError):
        change(settings, ledger, "Mine", written, AT, "eve")
    assert [one.name for one in listed(settings, ledger)] == ["Daily", "Mine"]


def test_names_are_told_apart(settings: Settings) -> None:
    ledger = open_ledger(ledger_url(settings.data))
    add(settings, ledger, MINE, AT, "eve")
    with pytest.raises(UsageError, match="there is a subscription of that name"):
        add(settings, ledger, MINE, AT, "eve")
    with pytest.raises(UsageError, match="a subscription keeps its name, which is 'Other'"):
        change(settings, ledger, "Other", MINE, AT, "eve")
    with pytest.raises(UsageError, match="there is no subscription 'Other'"):
        change(settings, ledger, "Other", {**MINE, "name": "Other"}, AT, "eve")
    with pytest.raises(UsageError, match=r"'Daily' stands in .*sentinel\.yaml and is changed there"):
        activate(settings, ledger, "Daily", AT, "eve", is_active=False)


def test_a_row_that_cannot_be_served_is_listed_with_the_reason(settings: Settings) -> None:
    ledger = open_ledger(ledger_url(settings.data))
    add_row(ledger, Subscription("Broken", "{", True, AT, "eve"))
    add_row(ledger, Subscription("Daily", '{"name": "Daily"}', True, AT, "eve"))
    broken, shadowed = listed(settings, ledger)[1:]
    assert (broken.entry, broken.is_active) == (None, False)
    assert broken.problem.startswith("subscription: Invalid JSON")
    assert "sentinel.yaml has a subscription of that name" in shadowed.problem


def test_one_stays_its_owners_whoever_changes_it_and_is_taken_away(settings: Settings, ledger: Ledger) -> None:
    add(settings, ledger, MINE, AT, "eve", owner="id-of-eve")
    change(settings, ledger, "Mine", {**MINE, "cadence": "monthly"}, LATER, "adam")
    activate(settings, ledger, "Mine", LATER, "adam", is_active=False)
    assert [one.owner for one in listed(settings, ledger)] == [None, "id-of-eve"]
    withdraw(settings, ledger, "Mine", LATER)
    assert [one.name for one in listed(settings, ledger)] == ["Daily"]
    with ledger.reading() as connection:
        lines = list(history(connection))
    assert first_break(lines) is None
    assert (lines[-1].act, lines[-1].subject) == ("unsubscribed", "Mine")
    for name in ("Mine", "Daily"):
        with pytest.raises(UsageError):
            withdraw(settings, ledger, name, LATER)
