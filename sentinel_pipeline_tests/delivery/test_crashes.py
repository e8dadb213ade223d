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
from typing import ClassVar

import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import event

from sentinel_pipeline.delivery.edition import newest_edition
from sentinel_pipeline.delivery.outbox import Order, deliver
from sentinel_pipeline.domain.delivery import STATES, Doubt
from sentinel_pipeline.ledger.audit import first_break, history
from sentinel_pipeline.ledger.deliveries import in_state
from sentinel_pipeline.settings import Settings, load_settings
from sentinel_pipeline_tests.delivery.api_server import KEY, Api, Fault
from sentinel_pipeline_tests.delivery.api_server import serving as serving_api
from sentinel_pipeline_tests.delivery.mail_server import DIE, Postbox, serving
from sentinel_pipeline_tests.delivery.test_outbox import EVERYBODY
from sentinel_pipeline_tests.delivery.test_outbox import SMTP as BY_MAIL
from sentinel_pipeline_tests.delivery.worlds import DAILY, DAY, configured, in_force, office, published

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
KILLED = -signal.SIGKILL
NEVER = 0
API = """
delivery:
  channel: sendgrid
  sender: reports@house.example
  attempts: 3
  sendgrid: {{api_key: 'file:key', address: '{address}', timeout_seconds: 20}}
"""
API_FAULTS = [Fault(429, (("Retry-After", "2"),)), Fault(500), Fault(503), Fault(400), Fault(), Fault(reaches=True)]
WELL = Fault(202, (("X-Message-Id", "sg"),), reaches=True)
FAULTS = {
    "MAIL": ["451 later", DIE],
    "RCPT": ["450 greylisted", "550 unknown", DIE],
    "DATA": ["452 full", "554 spam", DIE],
    "ANSWER": [DIE],
}


@dataclass
class Killing:
    """Kills a client at the stage `kill_at`, counted over all mails; `ledger` is its client's."""

    victim: int = 0
    kill_at: int = NEVER
    ledger: str = ""

    def strike(self) -> None:
        self.kill_at -= 1
        if self.kill_at == 0:
            os.kill(self.victim, signal.SIGKILL)


@dataclass
class Assassin(Killing, Postbox):
    """A mail server that does so; it passes 14 stages with three mails."""

    stages: ClassVar[int] = 14

    def _said(self, server: SMTP, stage: str) -> str | None:
        self.strike()
        return super()._said(server, stage)

    def fall_ill(self, chance: random.Random) -> None:
        """For each stage what becomes of the next mails; most are well."""
        self.faults = {
            stage: [chance.choice([*said, None, None, None, None]) for _ in range(4)] for stage, said in FAULTS.items()
        }

    def get_well(self) -> None:
        self.faults = {}


@dataclass
class ApiAssassin(Killing, Api):
    """SendGrid doing so: when a request has come, and when its mail was taken."""

    stages: ClassVar[int] = 6

    def answer(self, method: str, path: str, key: str, body: bytes) -> tuple[int, dict[str, str], list[str]]:
        self.strike()
        said = super().answer(method, path, key, body)
        self.strike()
        return said

    def fall_ill(self, chance: random.Random) -> None:
        """What becomes of the next requests; most are well."""
        self.faults = [chance.choice([*API_FAULTS, WELL, WELL, WELL, WELL]) for _ in range(6)]

    def get_well(self) -> None:
        self.faults = []


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


def run(
    settings: Settings,
    box: Assassin | ApiAssassin,
    *,
    ledger_step: int = NEVER,
    server_stage: int = NEVER,
    order: Order,
) -> int:
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


@pytest.fixture
def api() -> ApiAssassin:
    return ApiAssassin()


@pytest.fixture
def address(api: ApiAssassin) -> Iterator[str]:
    with serving_api(api) as where:
        yield where


def world(data: Path, where: int | str | None) -> Settings:
    """Settings of a new data folder with an edition to deliver: to a port, to an API, or into the folder."""
    published(data)
    (data / "key").write_text(KEY)
    how = BY_MAIL.format(port=where) if isinstance(where, int) else API.format(address=where) if where else ""
    return configured(data, how + DAILY)


def states(settings: Settings, box: Assassin | ApiAssassin) -> dict[str, str]:
    with office(settings, url=box.ledger).ledger.reading() as connection:
        assert first_break(history(connection)) is None
        return {row.recipient: row.state for row in in_state(connection, STATES)}


def finish(settings: Settings, box: Assassin | ApiAssassin, doubt: Doubt) -> None:
    """Whoever comes next, with a server that is well again, does the rest."""
    box.get_well()
    for only_failed in (False, True):
        assert run(settings, box, order=Order(only_failed=only_failed, doubt=doubt)) == 0


def require_honest_accounts(settings: Settings, box: Assassin | ApiAssassin) -> None:
    """Held in doubt: nothing twice, what is `sent` was accepted, what is not was not unless it is `uncertain`."""
    accepted = Counter(box.recipients())
    found = states(settings, box)
    assert set(found) == set(EVERYBODY)
    assert set(found.values()) <= {"sent", "uncertain"}
    for recipient, state in found.items():
        assert accepted[recipient] <= 1, (recipient, state)
        assert state != "sent" or accepted[recipient] == 1, recipient


def crash(data: Path, where: int | str, box: Assassin | ApiAssassin, seed: int, *, at_server: bool) -> int:
    """Up to three kills at steps that the seed chooses, then the end; returns how many kills there were."""
    chance = random.Random(seed)
    settings = world(data, where)
    box.accepted.clear()
    kills = 0
    for number in range(3):
        box.fall_ill(chance)
        step = seed % 90 + 1 if number == 0 else chance.randrange(1, 90)
        stage = (seed % box.stages + 1 if number == 0 else chance.randrange(1, box.stages)) if at_server else NEVER
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


@pytest.mark.parametrize(("seed", "at_server"), [(25, False), (3, True)])
def test_killed_while_it_talks_to_sendgrid_it_accounts_for_what_sendgrid_took(
    seed: int, at_server: bool, tmp_path: Path, address: str, api: ApiAssassin
) -> None:
    assert crash(tmp_path, address, api, seed, at_server=at_server) > 0


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
    crash_often(tmp_path, port, box, wanted, at_server=at_server)


@pytest.mark.slow
@pytest.mark.parametrize(("at_server", "wanted"), [(False, 200), (True, 60)])
def test_killed_again_and_again_sendgrid_loses_nothing_and_nothing_comes_twice(
    at_server: bool, wanted: int, tmp_path: Path, address: str, api: ApiAssassin
) -> None:
    crash_often(tmp_path, address, api, wanted, at_server=at_server)


def crash_often(folder: Path, where: int | str, box: Assassin | ApiAssassin, wanted: int, *, at_server: bool) -> None:
    kills, seed = 0, 0
    while kills < wanted:
        kills += crash(folder / str(seed), where, box, seed, at_server=at_server)
        seed += 1
    print(f"{kills} kills in {seed} deliveries of three mails")  # noqa: T201 - `pytest -s` shows it


@pytest.mark.slow
def test_killed_at_every_step_while_it_writes_files_nothing_is_in_doubt(tmp_path: Path, box: Assassin) -> None:
    step = 1
    while into_the_folder(tmp_path / str(step), box, step):
        step += 1
    assert step > 60
