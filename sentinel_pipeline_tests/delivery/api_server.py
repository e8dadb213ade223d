"""A server made from SendGrid's own description of its API: it takes what the description allows, and nothing else.

In front of it stands a proxy that fails as it is told, before or after the API has taken the mail.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

PROJECT = Path(__file__).resolve().parent.parent.parent
DESCRIPTION = PROJECT / os.environ.get("SENTINEL_SHARED_SENDGRID", "../shared/sendgrid") / "tsg_mail_v3.json"
KEY = "SG.test-key"
# Named in the description of `headers`, in words.
RESERVED = {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"} | {
    "to",
    "from",
    "subject",
    "reply-to",
    "cc",
    "bcc",
}


@dataclass(frozen=True)
class Fault:
    """What the proxy does with a request: answer it itself with `status`, or cut or stall the line.

    `reaches` says whether the API gets the request all the same.
    """

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    reaches: bool = False
    stalls: bool = False


@dataclass
class Api:
    """The mails it has taken, and faults for the requests to come, one each."""

    accepted: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    seen: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def answer(self, method: str, path: str, key: str, body: bytes) -> tuple[int, dict[str, str], list[str]]:
        """Status, headers and complaints, as the description has them."""
        if method.lower() not in description()["paths"].get(path, {}):
            return 404, {}, ["not found"]
        if key != f"Bearer {KEY}":
            return 401, {}, ["The provided authorization grant is invalid, expired, or revoked"]
        mail = json.loads(body)
        complaints = [error.message for error in validator().iter_errors(mail)]
        names = {name.lower() for one in mail.get("personalizations", []) for name in one.get("headers", {})}
        complaints += [f"header {name} is reserved" for name in sorted(names & RESERVED)]
        if complaints:
            return 400, {}, complaints
        if mail.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
            return 200, {}, []
        self.accepted.append(mail)
        return 202, {"X-Message-Id": f"sg-{len(self.accepted)}"}, []

    def recipients(self) -> list[str]:
        return [to["email"] for mail in self.accepted for one in mail["personalizations"] for to in one["to"]]


@cache
def description() -> dict[str, Any]:
    if not DESCRIPTION.is_file():
        pytest.skip(f"no description of SendGrid's API at {DESCRIPTION}; set SENTINEL_SHARED_SENDGRID to its folder")
    found: dict[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    return found


@cache
def validator() -> Draft202012Validator:
    place = "#/components/requestBodies/PostMailSend/content/application~1json/schema"
    return Draft202012Validator({"components": description()["components"], "$ref": place})


@contextmanager
def serving(api: Api) -> Iterator[str]:
    """The address of the API behind its proxy."""
    description()

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            api.seen += 1
            fault = api.faults.pop(0) if api.faults else None
            if fault is None or fault.reaches:
                status, headers, complaints = api.answer("POST", self.path, self.headers["Authorization"], body)
            if fault is not None:
                status, headers, complaints = fault.status, dict(fault.headers), ["the proxy says so"]
            if fault is not None and fault.stalls:
                api.released.wait(30)
            if status:
                with suppress(ConnectionError):  # whoever asked may be dead by now
                    self._say(status, headers, complaints)
            self.close_connection = True

        def _say(self, status: int, headers: dict[str, str], complaints: list[str]) -> None:
            said = json.dumps({"errors": [{"message": one} for one in complaints]}).encode() if complaints else b""
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(said))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name in the library
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        api.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
