"""Starts the portal with Dagster's pages, and its daemon, over one code server, watches them, stops them together.

The lock on `<data>/dagster/control_room.lock` is held by this process and by the daemon: two daemons on one instance
would do everything twice, also when the first one's control room was killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.lake.whole_files import write_whole
from sentinel_pipeline.orchestration import processes
from sentinel_pipeline.orchestration.code_location import CodeLocation, code_location, workspace_over_socket
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.orchestration.listening import is_answering
from sentinel_pipeline.orchestration.processes import Child
from sentinel_pipeline.orchestration.stopping import StopRequest
from sentinel_pipeline.portal.listening import Place, bound, shown_address
from sentinel_pipeline.settings import PROJECT

# What may run on machines of their own, past one: the portal with Dagster's pages, and the daemon.
ALL, PAGES, DAEMON = PARTS = ("all", "pages", "daemon")
START_SECONDS = 180.0
STEP_SECONDS = 0.2
OPEN = (
    "Nobody has to sign in on this machine, and the portal waits, until there is an admin:"
    " `sentinel users add NAME --role admin`"
)


@dataclass
class ControlRoom:
    """What is running and where."""

    data: Path
    home: Path
    stop: StopRequest
    part: str = ALL
    children: list[Child] = field(default_factory=list)

    def start(self, name: str, arguments: list[str], inherited: tuple[int, ...] = ()) -> None:
        # `env` sets what the children must agree on, whatever this process was started with, and becomes them.
        place = [f"SENTINEL_DATA={self.data}", f"DAGSTER_HOME={self.home}", "DAGSTER_DISABLE_TELEMETRY=yes"]
        # NumPy has nothing to multiply here, and a process that has one thread can be forked.
        place.append("OPENBLAS_NUM_THREADS=1")
        command = ["/usr/bin/env", *place, sys.executable, "-m", *arguments]
        log = self.home / "logs" / f"{name.replace(' ', '_')}.log"
        self.children.append(processes.start(name, command, log, inherited))

    def wait_until(self, is_ready: Callable[[], bool], what: str) -> bool:
        """Whether it came to pass before somebody asked to stop. Raises SentinelError when a child dies first."""
        deadline = time.monotonic() + START_SECONDS
        while not self.stop.is_requested:
            self.check_children()
            if is_ready():
                return True
            if time.monotonic() > deadline:
                raise SentinelError(f"{what} did not answer within {START_SECONDS:.0f} s; see {self.home / 'logs'}")
            time.sleep(STEP_SECONDS)
        return False

    def check_children(self) -> None:
        """Raises SentinelError naming the first child that ended by itself."""
        for child in self.children:
            if child.has_ended:
                code = child.process.returncode
                how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
                raise SentinelError(f"the {child.name} {how}: {processes.last_words(child)} (see {child.log})")
            processes.keep_log_short(child)


def run_control_room(
    data: Path,
    host: str = "127.0.0.1",
    port: int = 3000,
    workspace: Path = PROJECT / "workspace.yaml",
    public_url: str = "",
    part: str = ALL,
) -> int:
    """Runs until SIGINT or SIGTERM: 0 then, 1 when it could not start or a process of it died; says why in a line."""
    try:
        home = prepare_home(data)
        with (
            sole_room(home) as lock,
            socket.socket() if part == DAEMON else bound(host, port) as listening,
            StopRequest() as stop,
        ):
            room = ControlRoom(data.resolve(), home, stop, part)
            _run(room, code_location(workspace), Place(host, port, public_url), listening, lock)
    except (SentinelError, OSError) as error:
        click.echo(f"The control room is not running: {error}", err=True)
        return 1
    return 0


def _run(room: ControlRoom, location: CodeLocation, place: Place, listening: socket.socket, lock: int) -> None:
    with tempfile.TemporaryDirectory(prefix="sentinel-") as folder:
        try:
            if _start_all(room, location, place, listening, lock, Path(folder)):
                _watch(room)
        finally:
            click.echo("Stopping …", err=True)
            processes.stop(room.children)


def _start_all(
    room: ControlRoom, location: CodeLocation, place: Place, listening: socket.socket, lock: int, folder: Path
) -> bool:
    workspace, code_socket, told = room.home / "workspace.yaml", folder / "code.sock", folder / "mistake"
    write_whole(workspace, workspace_over_socket(location, code_socket).encode())
    room.start("code server", location.server_command(code_socket))
    if not room.wait_until(lambda: is_answering(code_socket), "the code server"):
        return False
    if room.part != PAGES:
        daemon = ["sentinel_pipeline.orchestration.daemon", "run", "--workspace", str(workspace)]
        room.start("daemon", daemon, (lock,))
    if room.part == DAEMON:
        click.echo("Daemon: at work (Ctrl-C stops it)")
        return True
    pages = ["--host", place.host, "--public-url", place.public_url, "--fd", str(listening.fileno())]
    pages += ["--workspace", str(workspace), "--told", str(told)]
    room.start("web server", ["sentinel_pipeline.orchestration.webserver", *pages], (listening.fileno(),))
    address = shown_address(place.host, listening)
    listening.close()
    if not room.wait_until(lambda: is_answering(address), "the web server"):
        return False
    _tell(room, place.public_url or address, json.loads(told.read_text(encoding="utf-8")))
    return True


def _tell(room: ControlRoom, address: str, news: Mapping[str, Any]) -> None:
    click.echo(f"Control room: {address} (Ctrl-C stops it)")
    if mistake := news["mistake"]:
        click.echo(f"The definitions do not load: {mistake} (see {room.home / 'logs' / 'code_server.log'})", err=True)
    if news["is_open"]:
        click.echo(OPEN)


def _watch(room: ControlRoom) -> None:
    while not room.stop.is_requested:
        room.check_children()
        time.sleep(STEP_SECONDS)


@contextmanager
def sole_room(home: Path) -> Iterator[int]:
    """While it lasts no control room works on this home but the caller's. Raises SentinelError when one does."""
    place = home / "control_room.lock"
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = place.read_text(encoding="ascii").strip() or "unknown"
            raise SentinelError(f"another control room (process {pid}) is at work on {home}; stop it first") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield descriptor
    finally:
        os.close(descriptor)
