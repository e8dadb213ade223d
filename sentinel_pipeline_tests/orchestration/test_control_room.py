import os
import signal
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel_pipeline.domain.errors import SettingsError
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.users import add
from sentinel_pipeline.orchestration import processes
from sentinel_pipeline.orchestration.code_location import code_location
from sentinel_pipeline.orchestration.control_room import run_control_room
from sentinel_pipeline.orchestration.stopping import StopRequest
from sentinel_pipeline.settings import PROJECT, ledger_url
from sentinel_pipeline_tests.orchestration.files import CONTENT, REPORT, put
from sentinel_pipeline_tests.orchestration.rooms import control_room, processes_of, start_process, wait_until


@pytest.mark.slow
def test_it_serves_downloads_runs_things_and_stops_without_a_trace(tmp_path: Path) -> None:
    data = tmp_path / "data"
    put(data)
    with control_room(data) as room:
        assert room.ask("/server_info")[0] == 200
        assert room.ask(REPORT)[2] == CONTENT
        assert room.ask(REPORT, method="HEAD")[0] == 200
        for path in (
            "/files/editions/../../etc/passwd",
            "/files/editions/%2e%2e/workspace.yaml",
            "/files/dagster.yaml",
        ):
            assert room.ask(path)[0] == 404
        assert room.ask("/graphql", "{}", Origin="http://evil.example")[0] == 403
        assert room.ask("/", Host="evil.example")[0] == 403
        assert upgrade(room.address, "http://evil.example") == b"HTTP/1.1 403 Forbidden"
        assert upgrade(room.address, room.address) == b"HTTP/1.1 101 Switching Protocols"

        run_id = room.launch("quick_job")
        wait_until(lambda: {"SUCCESS"} == {run["status"] for run in room.runs()}, "the run succeeds")
        assert room.runs()[0]["runId"] == run_id

        second = start_process(data)
        said, _ = second.communicate(timeout=60)
        assert second.returncode == 1
        assert said.splitlines() == [
            f"The control room is not running: another control room (process {room.process.pid}) is at work on "
            f"{data / 'dagster'}; stop it first"
        ]
        room.launch("stubborn_job")
        wait_until((data / "stubborn.pid").exists, "a worker is busy")
        room.process.send_signal(signal.SIGTERM)
        assert room.process.wait(timeout=30) == 0
        assert processes_of(data) == []
        assert sorted(path.name for path in data.iterdir()) == [
            "dagster",
            "editions",
            "state.db",
            "stubborn.pid",
            "workspace.yaml",
        ]


@pytest.mark.slow
def test_the_first_admin_makes_it_ask_for_a_sign_in(tmp_path: Path) -> None:
    data = tmp_path / "data"
    put(data)
    with control_room(data) as room:
        assert room.process.stdout is not None
        assert "until there is an admin" in room.process.stdout.readline()
        for path in ("/", "/dagster/", "/assets", "/server_info", "/health", REPORT):
            assert (room.ask(path)[0], path) == (200, path)
        add(open_ledger(ledger_url(data)), "ann", "admin", "correct horse battery", "tests", datetime.now(UTC))
        for path in ("/", "/dagster/", "/server_info", REPORT):
            status, headers, _ = room.ask(path)
            assert (status, headers["location"]) == (303, f"/sign-in?then={path}")
        assert room.ask("/graphql", "{}", **{"Content-Type": "application/json"})[0] == 401
        assert upgrade(room.address, room.address) == b"HTTP/1.1 403 Forbidden"
        room.process.send_signal(signal.SIGTERM)
        assert room.process.wait(timeout=30) == 0


@pytest.mark.slow
def test_what_stopping_interrupted_goes_on_at_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with control_room(data, shell='trap "" HUP; "$@" & wait $!') as room:
        room.launch("stubborn_job")
        wait_until((data / "stubborn.pid").exists, "a worker is busy")
        os.kill(int((data / "dagster/control_room.lock").read_text()), signal.SIGINT)
        room.process.wait(timeout=30)  # though it was started with &, which has a shell ignore SIGINT
        assert processes_of(data) == []
    with control_room(data) as room:
        wait_until(lambda: "SUCCESS" in {run["status"] for run in room.runs()}, "the retry succeeds")
        assert sorted(run["status"] for run in room.runs()) == ["FAILURE", "SUCCESS"]


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["the daemon", "the control room"])
def test_when_a_process_dies_the_others_go_too(tmp_path: Path, killed: str) -> None:
    data = tmp_path / "data"
    with control_room(data) as room:
        victim = room.process.pid if killed == "the control room" else daemon_of(data)
        os.kill(victim, signal.SIGKILL)
        assert room.process.wait(timeout=30) == (1 if killed == "the daemon" else -9)
        wait_until(lambda: not processes_of(data), "all are gone", seconds=45)
        if killed == "the daemon":
            assert room.process.stdout is not None
            assert "the daemon was killed by signal 9" in room.process.stdout.read()


@pytest.mark.slow
def test_definitions_that_do_not_load_are_named(tmp_path: Path) -> None:
    with control_room(tmp_path / "data", module="nowhere_to_be_found") as room:
        assert room.process.stdout is not None
        said = room.process.stdout.readline()
    assert said.startswith("The definitions do not load: ")
    assert "nowhere_to_be_found" in said


def test_a_busy_port_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run_control_room(tmp_path, port=port) == 1
    said = capsys.readouterr().err
    assert said.splitlines() == [
        f"The control room is not running: cannot listen on 127.0.0.1, port {port}: Address already in use; "
        "choose another --port"
    ]


@pytest.mark.parametrize("text", ["", "load_from: []", "load_from: [{python_file: x.py}]", "a: [", "[1]"])
def test_a_workspace_written_otherwise_is_named(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = tmp_path / "workspace.yaml"
    workspace.write_text(text)
    with pytest.raises(SettingsError, match=r"wanted: load_from with one python_module"):
        code_location(workspace)
    assert run_control_room(tmp_path, port=0, workspace=workspace) == 1
    assert str(workspace) in capsys.readouterr().err


def test_the_projects_workspace_names_the_definitions() -> None:
    location = code_location(PROJECT / "workspace.yaml")
    assert (location.name, location.module, location.folder) == (
        "sentinel_pipeline",
        "sentinel_pipeline.definitions",
        PROJECT,
    )
    with pytest.raises(SettingsError, match="does not exist"):
        code_location(PROJECT / "nowhere.yaml")


def test_offspring_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    code = "trap '' TERM; (trap '' TERM; echo $$; sleep 600) & echo up; while :; do sleep 600; done"
    child = processes.start("stubborn", ["/bin/sh", "-c", code], tmp_path / "log")
    wait_until(lambda: "up" in child.log.read_text(), "it is up")
    processes.stop([child], grace=0.2)
    assert child.has_ended
    with pytest.raises(ProcessLookupError):
        wait_until(lambda: os.killpg(child.group, 0), "the group is gone", seconds=5)


def test_logs_keep_the_last_time_and_stay_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "a.log"
    for word in ("one", "two"):
        processes.start("echo", ["/bin/sh", "-c", f"printf '\\033[31m{word}\\033[0m\\n\\n'"], log).process.wait()
    assert "one" in (tmp_path / "a.log.1").read_text()
    child = processes.start("echo", ["/bin/sh", "-c", "printf '\\033[31mthree\\033[0m\\n\\n'"], log)
    child.process.wait()
    assert processes.last_words(child) == "three"
    monkeypatch.setattr(processes, "LOG_LIMIT", 3)
    processes.keep_log_short(child)
    assert processes.last_words(child) == "it said nothing"
    assert "three" in (tmp_path / "a.log.1").read_text()


def test_signals_ask_and_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopRequest() as stop:
        asked = [stop.is_requested]
        os.kill(os.getpid(), signal.SIGTERM)
        asked.append(stop.is_requested)
    assert asked == [False, True]
    assert signal.getsignal(signal.SIGTERM) is before


def daemon_of(data: Path) -> int:
    """The leader is the one whose command line names the module and that was started by the control room."""
    for pid in processes_of(data):
        if b"sentinel_pipeline.orchestration.daemon" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise AssertionError("no daemon")


def upgrade(address: str, origin: str) -> bytes:
    """The first line of the answer to a websocket's opening."""
    host = address.removeprefix("http://")
    name, port = host.split(":")
    lines = ["GET /graphql HTTP/1.1", f"Host: {host}", f"Origin: {origin}", "Connection: Upgrade", "Upgrade: websocket"]
    lines += [
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: graphql-ws",
    ]
    with socket.create_connection((name, int(port)), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection.recv(4096).split(b"\r\n")[0]
