"""What a cluster is made of, each a process of its own: Redis, workers with data folders of their own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sentinel_pipeline.settings import PROJECT
from sentinel_pipeline_tests.orchestration.rooms import wait_until

WITHOUT = "{0} is not there; Debian's package {0} has it: apt-get install {0}"
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
    return port


@dataclass
class Redis:
    """A Redis server that keeps what it was told over a restart, as the one of `deploy/compose.yaml` does."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip(WITHOUT.format("redis-server"))
        self.folder.mkdir(exist_ok=True)
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        kept = ["--appendonly", "yes", "--save", ""]
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen([program, *where, *kept], stdout=log, stderr=log)
        wait_until(self.is_answering, "Redis answers")

    def is_answering(self) -> bool:
        try:
            with closing(socket.create_connection(("127.0.0.1", self.port), 1)) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class RabbitMQ:
    """A RabbitMQ node, and the port mapper that it starts; it keeps queues and messages over a restart."""

    folder: Path
    port: int
    mapper_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        if not RABBITMQ.exists():
            pytest.skip(WITHOUT.format("rabbitmq-server"))
        self.folder.mkdir(exist_ok=True)
        places = {"MNESIA_BASE": "db", "LOG_BASE": "log", "PID_FILE": "pid", "ENABLED_PLUGINS_FILE": "plugins"}
        named = {f"RABBITMQ_{name}": str(self.folder / place) for name, place in places.items()}
        named |= {"HOME": str(self.folder), "ERL_EPMD_PORT": str(self.mapper_port), "ERL_EPMD_ADDRESS": "127.0.0.1"}
        named |= {"RABBITMQ_NODENAME": f"test{self.port}@localhost", "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1"}
        named |= {"RABBITMQ_NODE_PORT": str(self.port), "RABBITMQ_CONF_ENV_FILE": os.devnull}
        named |= {"RABBITMQ_DIST_PORT": str(free_port())}
        with (self.folder / "rabbitmq.log").open("ab") as log:
            # Its database writes a dump where it was started when it has to end.
            how: dict[str, Any] = {"env": os.environ | named, "cwd": str(self.folder), "start_new_session": True}
            self.process = subprocess.Popen([str(RABBITMQ)], stdout=log, stderr=log, **how)
        wait_until(self.is_answering, "RabbitMQ answers", 60)

    def is_answering(self) -> bool:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), 1)) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
        return False

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)  # the node is a child of the script that starts it
            self.process.wait()
            self.process = None
            mapper = ["epmd", "-port", str(self.mapper_port), "-kill"]
            wait_until(lambda: b"Killed" in subprocess.run(mapper, capture_output=True, check=False).stdout, "it ends")


@contextmanager
def redis(folder: Path) -> Iterator[Redis]:
    with running(Redis(folder, free_port())) as server:
        yield server


@contextmanager
def rabbitmq(folder: Path) -> Iterator[RabbitMQ]:
    with running(RabbitMQ(folder, free_port(), free_port())) as server:
        yield server


Server = TypeVar("Server", Redis, RabbitMQ)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


@dataclass
class Worker:
    """A `sentinel worker`."""

    process: subprocess.Popen[bytes]
    data: Path
    log: Path

    def said(self) -> str:
        return self.log.read_text()

    def kill(self) -> None:
        """As the machine it runs on would, with all that it has started."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 60) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def worker(data: Path, *arguments: str, environment: dict[str, str] | None = None) -> Iterator[Worker]:
    """A worker that is ready."""
    data.mkdir(exist_ok=True)
    log = data / "worker.log"
    named = {"SENTINEL_DATA": str(data), **(environment or {})}
    keep = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"} | named
    with log.open("ab") as output:
        started = subprocess.Popen(
            command("worker", *arguments), stdout=output, stderr=output, env=keep, cwd=PROJECT, start_new_session=True
        )
    known = Worker(started, data, log)
    try:
        wait_until(lambda: "at once of" in known.said() or started.poll() is not None, "the worker is ready", 120)
        assert started.poll() is None, known.said()
        yield known
    finally:
        if started.poll() is None:
            known.stop()


def command(*arguments: str) -> Sequence[str]:
    return [sys.executable, "-m", "sentinel_pipeline", *arguments]
