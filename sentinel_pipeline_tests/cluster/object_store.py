"""An S3 server (moto) behind a proxy that answers as object stores do on bad days."""

import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sentinel_pipeline_tests.cluster.machines import free_port
from sentinel_pipeline_tests.orchestration.rooms import wait_until

BUCKET = "sentinel"
ASKED = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
HOP = {"connection", "transfer-encoding", "keep-alive"}
SLOW_SECONDS = 1.0


@dataclass
class ObjectStore:
    """Its address is the proxy's. While `is_ill` every fourth answer is 500, and every fourth other one is slow."""

    port: int
    behind: int
    is_ill: bool = False
    asked: int = 0
    failed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> Any:
        import boto3  # type: ignore[import-untyped]

        return boto3.client("s3", endpoint_url=f"http://127.0.0.1:{self.behind}", **ASKED)

    def objects(self, prefix: str) -> dict[str, bytes]:
        """What lies below a prefix, by the key after it."""
        client = self.client()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        read = {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}
        return {key.removeprefix(prefix): content for key, content in read.items()}

    def turn(self) -> int:
        """Which one of four requests this is; 0 always on good days."""
        with self.lock:
            self.asked += 1
            return self.asked % 4 + 1 if self.is_ill else 0


class Proxy(BaseHTTPRequestHandler):
    """Hands requests on, or does not."""

    protocol_version = "HTTP/1.1"
    store: ObjectStore

    def hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        turn = self.store.turn()
        if turn == 1:
            self.store.failed += 1
            self.answer(500, {}, b"<Error><Code>InternalError</Code></Error>")
            return
        if turn == 2:
            time.sleep(SLOW_SECONDS)
        connection = http.client.HTTPConnection("127.0.0.1", self.store.behind, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            connection.request(self.command, self.path, body or None, headers)
            response = connection.getresponse()
            content = response.read()
            self.answer(response.status, dict(response.getheaders()), content)
        finally:
            connection.close()

    def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in HOP | {"content-length"}:
                self.send_header(name, value)
        length = headers.get("Content-Length", str(len(content))) if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its shape
        """Says nothing."""


class QuietServer(ThreadingHTTPServer):
    """Clients that are killed in the midst of a request are what this is for."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing."""


@contextmanager
def object_store(folder: Path) -> Iterator[ObjectStore]:
    """A server with one empty bucket."""
    folder.mkdir(exist_ok=True)
    store = ObjectStore(0, free_port())
    with (folder / "moto.log").open("wb") as log:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(store.behind)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    methods = {f"do_{name}": Proxy.hand_on for name in ("GET", "PUT", "POST", "DELETE", "HEAD")}
    handler = type("Handler", (Proxy,), {"store": store, **methods})
    proxy = QuietServer(("127.0.0.1", 0), handler)
    store.port = proxy.server_address[1]
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        wait_until(lambda: _is_made(store), "the bucket is made")
        yield store
    finally:
        proxy.shutdown()
        proxy.server_close()
        process.kill()
        process.wait()


def _is_made(store: ObjectStore) -> bool:
    with suppress(Exception):
        store.client().create_bucket(Bucket=BUCKET)
        return True
    return False
