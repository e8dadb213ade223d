"""SendGrid's client against Prism, a server that others made to behave as a description says, here SendGrid's own.

`make test-sendgrid` installs it with npm and runs these tests; without it they are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from sentinel_pipeline.delivery.edition import PublishedEdition
from sentinel_pipeline.delivery.outbox import Order, deliver
from sentinel_pipeline.delivery.parcel import Answer, Failed, Refused, Sent, Uncertain
from sentinel_pipeline_tests.delivery.api_server import DESCRIPTION, KEY, Api, Fault, description, serving
from sentinel_pipeline_tests.delivery.test_crashes import API, ApiAssassin, crash_often
from sentinel_pipeline_tests.delivery.test_outbox import EVERYBODY
from sentinel_pipeline_tests.delivery.test_sendgrid import channel
from sentinel_pipeline_tests.delivery.worlds import DAILY, FILES, configured, in_force, office, parcel

PROJECT = Path(__file__).resolve().parent.parent.parent
PRISM = PROJECT / ".tools" / "node_modules" / ".bin" / "prism"
START_SECONDS = 60

pytestmark = pytest.mark.slow


@dataclass
class ThroughPrism(Api):
    """Asks Prism what SendGrid would say, and keeps what it accepted."""

    upstream: str = ""

    def answer(self, method: str, path: str, key: str, body: bytes) -> tuple[int, dict[str, str], list[str]]:
        headers = {"Authorization": key, "Content-Type": "application/json"}
        try:
            with urlopen(Request(self.upstream + path, body, headers, method=method), timeout=20) as response:
                status = response.status
        except HTTPError as error:
            return error.code, {}, [error.read().decode("utf-8", "replace")]
        if status == 202:
            self.accepted.append(json.loads(body))
        return status, {}, []


@dataclass
class PrismAssassin(ApiAssassin, ThroughPrism):
    """Kills its client when a request has come and when Prism has answered it."""


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that Prism made from SendGrid's description."""
    description()
    if not PRISM.exists():
        found = "npm is there" if shutil.which("npm") else "npm is missing too"
        pytest.skip(f"no Prism at {PRISM} ({found}); `make test-sendgrid` installs it and runs these tests")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = tmp_path_factory.mktemp("prism") / "prism.log"
    command = [str(PRISM), "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), str(DESCRIPTION)]
    with said.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "NO_COLOR": "1"})
    try:
        wait_for(port, process, said)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int, process: subprocess.Popen[bytes], said: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, said.read_text()
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < until, said.read_text()
        time.sleep(0.1)


@pytest.fixture
def api(prism: str) -> PrismAssassin:
    return PrismAssassin(upstream=prism)


@pytest.fixture
def address(api: PrismAssassin) -> Iterator[str]:
    with serving(api) as where:
        yield where


def test_it_accepts_the_request_of_the_official_client(
    address: str, api: PrismAssassin, edition: PublishedEdition
) -> None:
    assert isinstance(channel(address).send(parcel(edition)), Sent)
    (mail,) = api.accepted
    assert mail["personalizations"][0]["custom_args"] == dict(parcel(edition).labels)
    assert b64decode(mail["attachments"][1]["content"]) == FILES["report.pdf"]
    assert isinstance(channel(address).send(replace(parcel(edition), attachments=())), Sent)


def test_it_refuses_what_the_description_does_not_allow(prism: str, edition: PublishedEdition) -> None:
    api = ThroughPrism(upstream=prism)
    for body in (b"{}", b'{"personalizations": [{}]}', b'{"personalizations": "all"}'):
        assert 400 <= api.answer("POST", "/v3/mail/send", f"Bearer {KEY}", body)[0] < 500
    assert api.answer("POST", "/v3/mail/none", f"Bearer {KEY}", b"{}")[0] == 404
    assert api.accepted == []


def test_an_address_that_is_none_is_refused_and_not_tried_again(
    address: str, api: PrismAssassin, edition: PublishedEdition
) -> None:
    assert isinstance(channel(address).send(parcel(edition, "nobody")), Refused)
    assert (api.seen, api.accepted) == (1, [])


@pytest.mark.parametrize(
    ("fault", "answer", "accepted"),
    [
        (Fault(429, (("Retry-After", "7"),)), Failed("429 the proxy says so", 7.0), 0),
        (Fault(500), Failed("500 the proxy says so"), 0),
        (Fault(503, (("Retry-After", "120"),)), Failed("503 the proxy says so", 120.0), 0),
        (Fault(reaches=True), Uncertain, 1),
        (Fault(), Uncertain, 0),
    ],
)
def test_through_a_proxy_that_fails_nothing_is_taken_for_what_it_is_not(
    fault: Fault,
    answer: Answer | type[Answer],
    accepted: int,
    address: str,
    api: PrismAssassin,
    edition: PublishedEdition,
) -> None:
    api.faults = [fault]
    given = channel(address).send(parcel(edition))
    assert type(given) is answer if isinstance(answer, type) else given == answer
    assert len(api.accepted) == accepted


def test_a_slow_answer_leaves_it_open(address: str, api: PrismAssassin, edition: PublishedEdition) -> None:
    api.faults = [Fault(reaches=True, stalls=True)]
    assert isinstance(channel(address, timeout_seconds=2).send(parcel(edition)), Uncertain)
    assert len(api.accepted) == 1


def test_an_edition_reaches_everybody_once_though_the_line_is_bad(
    tmp_path: Path, address: str, api: PrismAssassin, edition: PublishedEdition
) -> None:
    (tmp_path / "key").write_text(KEY)
    settings = configured(tmp_path, API.format(address=address) + DAILY)
    api.faults = [Fault(429, (("Retry-After", "2"),)), Fault(503), Fault(500)]
    receipts = deliver(office(settings), edition, in_force(settings), Order())
    assert [row.state for row in receipts.deliveries] == ["sent"] * 3
    assert sorted(api.recipients()) == EVERYBODY


@pytest.mark.parametrize(("at_server", "wanted"), [(False, 30), (True, 15)])
def test_killed_again_and_again_prism_is_given_nothing_twice(
    at_server: bool, wanted: int, tmp_path: Path, address: str, api: PrismAssassin
) -> None:
    crash_often(tmp_path, address, api, wanted, at_server=at_server)
