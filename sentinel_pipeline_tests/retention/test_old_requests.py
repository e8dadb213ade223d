"""Requests that were settled long ago go as one, file, answers and row; what is dropped into the folder is hostile."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sentinel_pipeline.domain.errors import SettingsError
from sentinel_pipeline.domain.request import STATES, Request
from sentinel_pipeline.ledger.requests import Filed, begin, fail, file_request, finish, in_state
from sentinel_pipeline.publishing.withdrawal import withdraw
from sentinel_pipeline.requests.folder import pick_up
from sentinel_pipeline.retention.old_requests import EDITION_KEPT, UNDONE
from sentinel_pipeline.settings import Settings
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.retention.test_applying import Died, acts, dying
from sentinel_pipeline_tests.retention.worlds import NOW, configured, files, keeper, ledger, retain, write

RULES = "{requests: 93, notice_days: 0}"
ASKED = datetime(2025, 1, 10, 9, 0, tzinfo=UTC)
OVER = date(2025, 4, 14)  # 93 whole days after 10 January
WISH = "window: {since: 2025-01-06, until: 2025-01-07}\nname: Week\n"


def aged(data: Path) -> None:
    """Everything in the folder was written when it was asked for."""
    for path in (data / "requests").rglob("*"):
        os.utime(path, (ASKED.timestamp(), ASKED.timestamp()), follow_symlinks=False)


def dropped(settings: Settings, content: str = WISH, name: str = "wish.yaml") -> None:
    """A request file that was picked up and answered."""
    write(settings.data, f"requests/{name}", content)
    aged(settings.data)
    assert pick_up(settings, ledger(settings.data), NOW) == []
    aged(settings.data)


def ended(settings: Settings, state: str = "failed") -> str:
    """Settles the one request there is, and has that answered."""
    (row,) = filed(settings)
    kept, name = ledger(settings.data), row.request_id
    begin(kept, name, "run", ASKED)
    if state == "done":
        finish(kept, name, f"custom/{name}/r1", ASKED)
    else:
        fail(kept, name, "no disk", ASKED)
    pick_up(settings, kept, NOW)
    aged(settings.data)
    return name


def filed(settings: Settings) -> list[Filed]:
    with ledger(settings.data).reading() as connection:
        return in_state(connection, STATES)


def papers(data: Path) -> set[str]:
    return {path.removeprefix("requests/") for path in files(data) if path.startswith("requests/")}


def test_a_request_its_answers_and_its_row_go_together_when_its_days_are_over(tmp_path: Path) -> None:
    settings = configured(tmp_path, RULES)
    dropped(settings)
    name = ended(settings)
    assert papers(tmp_path) == {"wish.yaml", "wish.accepted.json", "wish.failed.json"}
    (kept,) = retain(settings, date(2025, 4, 13))[0].decisions
    assert (kept.fate, kept.on, kept.item.number) == ("keep", OVER, 4)
    assert (kept.item.name, kept.item.first, kept.item.last) == (name, date(2025, 1, 6), date(2025, 1, 7))
    (gone,) = retain(settings, OVER)[1].deleted
    assert gone.number == 4
    assert papers(tmp_path) == set()
    assert filed(settings) == []
    assert acts(tmp_path)[-2:] == [("deleting", f"requests {name}"), ("deleted", f"requests {name}")]
    assert retain(settings, OVER)[0].decisions == ()


def test_a_request_that_no_file_asked_for_goes_too(tmp_path: Path) -> None:
    settings = configured(tmp_path, RULES)
    file_request(ledger(tmp_path), Request("Week", date(2025, 1, 6), 7, "ann"), ASKED)
    ended(settings)
    assert [one.number for one in retain(settings, OVER)[1].deleted] == [1]
    assert filed(settings) == []


def test_what_is_not_made_yet_or_whose_edition_is_kept_stays(tmp_path: Path) -> None:
    settings = configured(tmp_path, RULES)
    dropped(settings)
    waiting, _ = retain(settings, date(2026, 6, 1))
    assert [(one.fate, one.why) for one in waiting.decisions] == [("hold", UNDONE)]
    name = ended(settings, "done")
    write(tmp_path, f"editions/custom/{name}/r1/manifest.json")
    assert [(one.fate, one.why) for one in retain(settings, OVER)[0].decisions] == [("hold", EDITION_KEPT)]
    withdraw(tmp_path / "editions" / "custom" / name, NOW)
    assert len(retain(settings, OVER)[1].deleted) == 1
    assert (filed(settings), papers(tmp_path)) == ([], set())


def test_a_hold_on_the_days_of_a_request_holds_it(tmp_path: Path) -> None:
    settings = configured(
        tmp_path, RULES.replace("}", ", holds: [{kinds: [requests], until: 2025-01-06, reason: Audit}]}")
    )
    dropped(settings)
    ended(settings)
    assert [(one.fate, one.why) for one in retain(settings, OVER)[0].decisions] == [("hold", "Audit")]


def test_a_file_that_was_refused_goes_with_its_answer(tmp_path: Path) -> None:
    settings = configured(tmp_path, RULES)
    dropped(settings, "last: never\n", "bad.yaml")
    assert papers(tmp_path) == {"bad.yaml", "bad.rejected.json"}
    (gone,) = retain(settings, OVER)[1].deleted
    assert (gone.item.name, gone.number) == ("2025-01-10", 2)
    assert papers(tmp_path) == set()


def test_whatever_else_lies_in_the_folder_stays_and_no_link_is_followed(tmp_path: Path) -> None:
    settings = configured(tmp_path, RULES)
    outside = write(tmp_path, "elsewhere/secret.json", json.dumps({"file": "a.yaml", "request": "2025-01-06"}))
    for name in ("notes.txt", "unanswered.yaml", "deeper/wish.accepted.json", ".hidden.yaml"):
        write(tmp_path, f"requests/{name}", "{}")
    write(tmp_path, "requests/odd.accepted.json", json.dumps({"file": "../elsewhere/secret.json", "request": "../.."}))
    write(tmp_path, "requests/deep.done.json", "[" * 100_000)
    (tmp_path / "requests" / "link.accepted.json").symlink_to(outside)
    (tmp_path / "requests" / "link.yaml").symlink_to(outside)
    aged(tmp_path)
    before = files(tmp_path)
    assert retain(settings, OVER)[0].decisions == ()
    assert before <= files(tmp_path)


def test_a_folder_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    settings = configured(tmp_path, RULES)
    write(tmp_path, "elsewhere/a.rejected.json", json.dumps({"file": "a.yaml"}), day="2025-01-10")
    (tmp_path / "requests").symlink_to(tmp_path / "elsewhere")
    assert retain(settings, OVER)[0].decisions == ()
    assert (tmp_path / "elsewhere/a.rejected.json").exists()


@pytest.mark.slow
def test_dead_at_any_step_it_is_not_asked_for_again_and_the_next_time_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, is_dead = 0, True
    while is_dead:
        step += 1
        settings = configured(tmp_path / str(step), RULES)
        dropped(settings)
        ended(settings)
        with monkeypatch.context() as patched:
            kept = keeper(settings)
            dying(kept, step, patched)
            try:
                retain(settings, OVER, kept)
                is_dead = False
            except Died:
                is_dead = True
        pick_up(settings, ledger(settings.data), NOW)
        assert [row.state for row in filed(settings)] in ([], ["failed"])
        aged(settings.data)
        retain(settings)
        assert (filed(settings), papers(settings.data)) == ([], set())
    assert step > 8


def test_requests_are_kept_as_long_as_days_may_be_corrected(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"retention\.requests: found 30; allowed: Input should be greater than or"):
        configured(tmp_path, "{requests: 30}")


def test_days_are_told_on_the_clock_of_the_zone(tmp_path: Path) -> None:
    settings = configured(tmp_path, RULES)
    file_request(ledger(tmp_path), Request("Week", date(2025, 1, 6), 7, "ann"), ASKED)
    (row,) = filed(settings)
    fail(ledger(tmp_path), row.request_id, "no disk", datetime(2025, 1, 10, 23, 30, tzinfo=UTC))
    assert retain(settings, OVER)[1].deleted == ()
    assert settings.zone == BERLIN
    assert len(retain(settings, date(2025, 4, 15))[1].deleted) == 1
