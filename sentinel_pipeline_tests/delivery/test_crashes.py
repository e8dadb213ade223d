"""The outbox is killed at every step, with a server that fails, and what the server accepted is counted.

A step is every beginning, statement and commit of the ledger, and every stage of a mail at the server.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import event

from sentinel_pipeline.delivery.edition import newest_edition
from sentinel_pipeline.delivery.outbox import Order, deliver
from sentinel_pipeline.domain.delivery import STATES, Doubt
from sentinel_pipeline.ledger.audit import first_break, history
from sentinel_pipeline.ledger.deliveries import in_state
from sentinel_pipeline.settings import Settings, load_settings
from sentinel_pipeline_tests.delivery.mail_server import DIE, Postbox, serving
from sentinel_pipeline_tests.delivery.test_outbox import EVERYBODY
from sentinel_pipeline_tests.delivery.test_outbox import SMTP as BY_MAIL
from sentinel_pipeline_tests.delivery.worlds import DAILY, DAY, configured, in_force, office, published

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
KILLED = -signal.SIGKILL
NEVER = 0
FAULTS = {
    "MAIL": ["451 later", DIE],
    "RCPT": ["450 greylisted", "550 unknown", DIE],
    "DATA": ["452 full", "554 spam", DIE],
    "ANSWER": [DIE],
}


@dataclass
class Assassin(Postbox):
    """A server that kills its client at the stage `kill_at`, counted over all mails; `ledger` is its client's."""

    victim: int = 0
    kill_at: int = NEVER
    ledger: str = ""

    def _said(self, server: SMTP, stage: str) -> str | None:
        self.kill_at -= 1
        if self.kill_at == 0:
            os.kill(self.victim, signal.SIGKILL)
        return super()._said(server, stage)


def work_the_outbox(data: Path, url: str, kill_at: int, order: Order) -> None:
    """What a child process does: delivers, and kills itself at a step of the ledger."""
    post = office(load_settings(data), url=url)
    left = kill_at

    def step(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("begin", "before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(post.ledger.engine, name, step)
    deliver(post, newest_edition(data / "editions", DAY), in_force(post.settings), order)


def run(settings: Settings, box: Assassin, *, ledger_step: int = NEVER, server_stage: int = NEVER, order: Order) -> int:
    """Exit code of a process that works the outbox."""
    process = PROCESSES.Process(target=work_the_outbox, args=(settings.data, box.ledger, ledger_step, order))
    process.start()
    box.victim, box.kill_at = process.pid or 0, server_stage
    process.join(120)
    code = process.exitcode
    process.close()
    assert code is not None
    return code


@pytest.fixture
def box() -> Assassin:
    return Assassin()


@pytest.fixture
def port(box: Assassin) -> Iterator[int]:
    with serving(box) as chosen:
        yield chosen


def world(data: Path, port: int | None) -> Settings:
    """Settings of a new data folder with an edition to deliver: by mail to a port, or into the folder."""
    published(data)
    return configured(data, (BY_MAIL.format(port=port) if port else "") + DAILY)


def faults(chance: random.Random) -> dict[str, list[str | None]]:
    """For each stage what becomes of the next mails; most are well."""
    return {stage: [chance.choice([*said, None, None, None, None]) for _ in range(4)] for stage, said in FAULTS.items()}


def states(settings: Settings, box: Assassin) -> dict[str, str]:
    with office(settings, url=box.ledger).ledger.reading() as connection:
        assert first_break(history(connection)) is None
        return {row.recipient: row.state for row in in_state(connection, STATES)}


def finish(settings: Settings, box: Assassin, doubt: Doubt) -> None:
    """Whoever comes next, with a server that is well again, does the rest."""
    box.faults = {}
    for only_failed in (False, True):
        assert run(settings, box, order=Order(only_failed=only_failed, doubt=doubt)) == 0


def require_honest_accounts(settings: Settings, box: Assassin) -> None:
    """Held in doubt: nothing twice, what is `sent` was accepted, what is not was not unless it is `uncertain`."""
    accepted = Counter(box.recipients())
    found = states(settings, box)
    assert set(found) == set(EVERYBODY)
    assert set(found.values()) <= {"sent", "uncertain"}
    for recipient, state in found.items():
        assert accepted[recipient] <= 1, (recipient, state)
        assert state != "sent" or accepted[recipient] == 1, recipient


def crash(data: Path, port: int, box: Assassin, seed: int, *, at_server: bool) -> int:
    """Up to three kills at steps that the seed chooses, then the end; returns how many kills there were."""
    chance = random.Random(seed)
    settings = world(data, port)
    box.accepted.clear()
    kills = 0
    for number in range(3):
        box.faults = faults(chance)
        step = seed % 90 + 1 if number == 0 else chance.randrange(1, 90)
        stage = (seed % 14 + 1 if number == 0 else chance.randrange(1, 14)) if at_server else NEVER
        code = run(settings, box, ledger_step=NEVER if at_server else step, server_stage=stage, order=Order())
        assert code in (0, KILLED)
        kills += code == KILLED
    finish(settings, box, "hold")
    require_honest_accounts(settings, box)
    before = Counter(box.recipients())
    in_doubt = {recipient for recipient, state in states(settings, box).items() if state == "uncertain"}
    finish(settings, box, "repeat")
    assert set(states(settings, box).values()) == {"sent"}
    assert Counter(box.recipients()) - before == Counter(in_doubt)
    return kills


@pytest.mark.parametrize("seed", [8, 25, 47])
def test_killed_at_a_step_of_the_ledger_it_accounts_for_what_the_server_took(
    seed: int, tmp_path: Path, port: int, box: Assassin
) -> None:
    assert crash(tmp_path, port, box, seed, at_server=False) > 0


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_killed_in_the_middle_of_a_mail_it_accounts_for_what_the_server_took(
    seed: int, tmp_path: Path, port: int, box: Assassin
) -> None:
    assert crash(tmp_path, port, box, seed, at_server=True) > 0


@pytest.mark.parametrize("step", [25, 40])
def test_a_ledger_in_postgresql_accounts_alike(
    step: int, tmp_path: Path, port: int, box: Assassin, postgresql_url: str
) -> None:
    box.ledger = postgresql_url
    assert crash(tmp_path, port, box, step, at_server=False) > 0


def test_many_processes_at_once_send_each_once(tmp_path: Path, port: int, box: Assassin, postgresql_url: str) -> None:
    settings = world(tmp_path, port)
    arguments = (settings.data, postgresql_url, NEVER, Order())
    processes = [PROCESSES.Process(target=work_the_outbox, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 4
    assert sorted(box.recipients()) == EVERYBODY


def into_the_folder(data: Path, box: Assassin, step: int) -> bool:
    """One kill while mails are written as files; whether it came to it. Everybody has one mail in the end."""
    settings = world(data, None)
    killed = run(settings, box, ledger_step=step, order=Order()) == KILLED
    assert run(settings, box, order=Order()) == 0
    assert states(settings, box) == dict.fromkeys(EVERYBODY, "sent")
    assert len([path for path in (data / "outbox").iterdir() if path.suffix == ".eml"]) == 3
    return killed


@pytest.mark.parametrize("step", [5, 42, 55])
def test_killed_while_it_writes_files_everybody_has_one_in_the_end(step: int, tmp_path: Path, box: Assassin) -> None:
    assert into_the_folder(tmp_path, box, step)


@pytest.mark.slow
@pytest.mark.parametrize(("at_server", "wanted"), [(False, 200), (True, 60)])
def test_killed_again_and_again_nothing_is_lost_and_nothing_comes_twice(
    at_server: bool, wanted: int, tmp_path: Path, port: int, box: Assassin
) -> None:
    kills, seed = 0, 0
    while kills < wanted:
        kills += crash(tmp_path / str(seed), port, box, seed, at_server=at_server)
        seed += 1
    print(f"{kills} kills in {seed} deliveries of three mails")  # noqa: T201 - `pytest -s` shows it


@pytest.mark.slow
def test_killed_at_every_step_while_it_writes_files_nothing_is_in_doubt(tmp_path: Path, box: Assassin) -> None:
    step = 1
    while into_the_folder(tmp_path / str(step), box, step):
        step += 1
    assert step > 60
