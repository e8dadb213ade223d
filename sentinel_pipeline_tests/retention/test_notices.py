"""What retention will delete is told by mail before, once; nothing goes before its mail has gone."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import event

from sentinel_pipeline.delivery.notices import send_notices
from sentinel_pipeline.ledger.deliveries import Delivery, of_edition
from sentinel_pipeline.ledger.retention import announced
from sentinel_pipeline.settings import Settings, load_settings
from sentinel_pipeline_tests.retention.test_applying import OLD, Died, acts
from sentinel_pipeline_tests.retention.worlds import (
    TODAY,
    configured,
    files,
    keeper,
    ledger,
    make_day,
    retain,
    write,
)

OPS = "\nalerts: {recipients: [ops@house.example, eve@house.example]}"
FIRST, LAST = date(2025, 6, 1), date(2025, 6, 8)


def told(settings: Settings, on: date = TODAY) -> tuple[str, ...]:
    """Sends what is to be told at three in the morning of a day."""
    return send_notices(settings, lambda: datetime.combine(on, time(1), UTC), lambda _: None)


def mails(data: Path) -> list[EmailMessage]:
    return [message_from_bytes(path.read_bytes(), policy=default) for path in sorted(data.glob("outbox/*.eml"))]


def words(mail: EmailMessage) -> str:
    text = mail.get_body(("plain",))
    assert text is not None
    return " ".join(text.get_content().split())


def rows(data: Path, key: date = FIRST) -> list[Delivery]:
    with ledger(data).reading() as connection:
        return of_edition(connection, "deletion", key.isoformat())


def test_everybody_is_told_once_what_how_much_when_and_how_to_hold_it(tmp_path: Path) -> None:
    settings = configured(tmp_path, "{facts: 30, exports: 10}" + OPS)
    make_day(tmp_path, OLD)
    write(tmp_path, "exports/a.csv", "x" * 3000, day=OLD)
    retain(settings)
    for _ in range(3):
        assert told(settings) == ()
    assert sorted(str(mail["To"]) for mail in mails(tmp_path)) == ["eve@house.example", "ops@house.example"]
    (mail, _) = mails(tmp_path)
    assert mail["Subject"].startswith("To be deleted from 8 June on: facts and exports – ")
    assert mail["Auto-Submitted"] == "auto-generated"
    said = words(mail)
    assert "From Sunday 8 June 2025 on, what was kept long enough is deleted: 2.94 KB in all." in said
    assert f"Facts of {OLD}: 3 files, 14 B, from 8 June on" in said
    assert f"Exports of {OLD}: 1 file, 2.93 KB, from 8 June on" in said
    assert f"holds: [{{kinds: [facts], since: {OLD}, until: {OLD}, reason: …}}]" in said
    assert "“sentinel retention --dry-run” says what goes" in said
    assert [row.attempts for row in rows(tmp_path)] == [1, 1]
    assert {one.item.kind for one in retain(settings, LAST)[1].deleted} == {"facts", "exports"}
    assert told(settings, LAST) == ()
    assert len(mails(tmp_path)) == 2
    assert ("told", "retention") in acts(tmp_path)


def test_nothing_goes_before_its_mail_has_gone_and_then_the_days_of_notice_begin(tmp_path: Path) -> None:
    settings = configured(tmp_path, "{facts: 30}" + OPS)
    make_day(tmp_path, OLD)
    retain(settings)
    outbox = tmp_path / "outbox"
    outbox.write_text("a file in the place of the folder")
    told(settings)
    surveyed, outcome = retain(settings, date(2025, 6, 20))
    assert ([one.fate for one in surveyed.decisions], outcome.deleted) == (["wait"], ())
    outbox.unlink()
    assert told(settings, date(2025, 6, 20)) == ()
    assert len(mails(tmp_path)) == 2
    assert retain(settings, date(2025, 6, 26))[1].deleted == ()
    assert len(retain(settings, date(2025, 6, 27))[1].deleted) == 1


def test_with_nobody_to_tell_the_announcement_in_the_ledger_is_enough(tmp_path: Path) -> None:
    settings = configured(tmp_path, "{facts: 30}")
    make_day(tmp_path, OLD)
    retain(settings)
    assert told(settings) == ()
    assert mails(tmp_path) == []
    assert len(retain(settings, LAST)[1].deleted) == 1


def test_what_was_announced_when_there_was_nobody_to_tell_is_announced_anew(tmp_path: Path) -> None:
    make_day(tmp_path, OLD)
    retain(configured(tmp_path, "{facts: 30}"))
    settings = configured(tmp_path, "{facts: 30}" + OPS)
    assert [one.fate for one in retain(settings, LAST)[0].decisions] == ["announce"]
    told(settings, LAST)
    assert len(mails(tmp_path)) == 2
    assert len(retain(settings, LAST + timedelta(days=7))[1].deleted) == 1


def test_what_is_held_after_its_notice_is_told_anew_before_it_goes_after_all(tmp_path: Path) -> None:
    make_day(tmp_path, OLD)
    settings = configured(tmp_path, "{facts: 30}" + OPS)
    retain(settings)
    told(settings)
    retain(configured(tmp_path, "{facts: 30, holds: [{reason: Audit}]}" + OPS), LAST)
    settings = configured(tmp_path, "{facts: 30}" + OPS)
    assert retain(settings, date(2025, 7, 1))[1].deleted == ()
    told(settings, date(2025, 7, 1))
    assert len(mails(tmp_path)) == 4
    assert len(retain(settings, date(2025, 7, 8))[1].deleted) == 1


def test_what_is_held_or_gone_before_its_mail_went_is_not_told(tmp_path: Path) -> None:
    make_day(tmp_path, OLD)
    retain(configured(tmp_path, "{facts: 30}" + OPS))
    retain(configured(tmp_path, "{facts: 30, holds: [{reason: Audit}]}" + OPS))
    assert told(load_settings(tmp_path)) == ()
    assert mails(tmp_path) == []


@pytest.mark.slow
def test_a_week_of_days_is_one_notice_and_each_day_goes_on_its_own(tmp_path: Path) -> None:
    settings = configured(tmp_path, "{facts: 30}" + OPS)
    days = [date(2025, 5, 9) + timedelta(days=n) for n in range(14)]
    for day in days:
        make_day(tmp_path, day.isoformat())
    gone: dict[date, list[str]] = {}
    for n in range(28):
        today = FIRST + timedelta(days=n)
        gone[today] = [one.item.name for one in retain(settings, today)[1].deleted]
        told(settings, today)
    assert {mail["Subject"].partition(":")[0] for mail in mails(tmp_path)} == {
        "To be deleted from 9 June on",
        "To be deleted from 16 June on",
    }
    assert len(mails(tmp_path)) == 4
    assert gone == {today: [day.isoformat() for day in days if day + timedelta(days=31) == today] for today in gone}


def test_without_days_of_notice_nobody_is_told(tmp_path: Path) -> None:
    settings = configured(tmp_path, "{facts: 30, notice_days: 0}" + OPS)
    make_day(tmp_path, OLD)
    assert len(retain(settings)[1].deleted) == 1
    told(settings)
    assert mails(tmp_path) == []


def test_dead_at_any_step_of_announcing_it_is_announced_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, is_dead = 0, True
    while is_dead:
        step += 1
        data = tmp_path / str(step)
        settings = configured(data, "{facts: 30}" + OPS)
        make_day(data, OLD)
        kept = keeper(settings)
        left = step

        def tick(*_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Died

        event.listen(kept.ledger.engine, "before_cursor_execute", tick)
        event.listen(kept.ledger.engine, "commit", tick)
        try:
            retain(settings, kept=kept)
            is_dead = False
        except Died:
            is_dead = True
        retain(settings)
        told(settings)
        assert [(row.revision, row.attempts) for row in rows(data)] == [(1, 1), (1, 1)]
        assert len(mails(data)) == 2
    assert step > 5


def test_dead_while_deleting_nobody_is_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = configured(tmp_path, "{exports: 30}" + OPS)
    for name in ("a", "b", "c"):
        write(tmp_path, f"exports/{name}.csv", day=OLD)
    retain(settings)
    told(settings)
    unlink = os.unlink

    def once(path: str, *, dir_fd: int | None = None) -> None:
        unlink(path, dir_fd=dir_fd)
        if dir_fd is not None:
            raise Died

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", once)
        with pytest.raises(Died):
            retain(settings, LAST)
    assert {path for path in files(tmp_path) if path.startswith("exports/")} == {"exports/b.csv", "exports/c.csv"}
    assert len(retain(settings, LAST)[1].deleted) == 1
    told(settings, LAST)
    assert len(mails(tmp_path)) == 2
    with ledger(tmp_path).reading() as connection:
        assert announced(connection) == {}
