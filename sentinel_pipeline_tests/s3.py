"""A real S3 server for tests: a process of its own, with buckets to be had, and a proxy that does harm on the way."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from sentinel_pipeline.domain.stores import Store, declare, store_at
from sentinel_pipeline.lake.mirror import Mirror
from sentinel_pipeline.lake.working_copy import copy_of

ACCESS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1"}
START_SECONDS = 60.0


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """The address of a server that forgets everything when it ends."""
    said = folder / "moto"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with said.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        yield _address(said, process)
    finally:
        process.terminate()
        process.wait()


def _address(said: Path, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        _, found, rest = said.read_text(errors="replace").partition("Running on http://")
        if found and "\n" in rest:
            return f"http://{rest.split()[0]}"
        time.sleep(0.02)
    raise RuntimeError(said.read_text(errors="replace"))


def request(address: str, method: str, path: str, body: bytes = b"") -> int:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request(method, path, body)
        return connection.getresponse().status
    finally:
        connection.close()


def copy_at(folder: Path, store: Store) -> Mirror:
    """A working copy of a bucket in an empty folder, as another machine has one."""
    folder.mkdir(exist_ok=True)
    declare(folder, store)
    copy = copy_of(folder / "lake")
    assert copy is not None
    return copy


class Harm(BaseHTTPRequestHandler):
    """Passes requests on, unless `harm` answers them (a status), or cuts them off (0)."""

    protocol_version = "HTTP/1.1"
    target = ""
    harm: Callable[[str, str], int | None]

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        done = type(self).harm(self.command, self.path)
        if done == 0:
            self.close_connection = True
            self.connection.close()
            return
        if done is not None:
            self.send_response(done)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        connection = http.client.HTTPConnection(urlsplit(self.target).netloc, timeout=60)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - named by the library
        """Says nothing."""


@contextmanager
def harmful(target: str, harm: Callable[[str, str], int | None]) -> Iterator[str]:
    """The address of a proxy before a server; `harm` is told method and path of each request."""
    verbs = {f"do_{verb}": Harm.pass_on for verb in ("GET", "HEAD", "PUT", "POST", "DELETE")}
    handler = type("Harmful", (Harm,), {"target": target, "harm": staticmethod(harm), **verbs})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def new_store(address: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty bucket's prefix."""
    for variable, value in ACCESS.items():
        monkeypatch.setenv(variable, value)
    assert request(address, "PUT", f"/{name}") == 200
    return store_at(f"s3://{name}/data", address)
