"""Dagster's code server, whose runs begin in a process that has imported the program already.

Started as `python -m sentinel_pipeline.orchestration.code_server`, with the arguments of `dagster`. Dagster starts a
new interpreter for every run, which imports for seconds. Here a process that has imported, and done nothing else, forks
for every run. Definitions are no part of it: each run makes them of the settings it finds, as always.
"""

from __future__ import annotations

import atexit
import gc
import signal
import sys
from collections.abc import Sequence
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

from dagster._cli import main as run_dagster
from dagster._grpc import server

from sentinel_pipeline.orchestration.code_location import CODE_SERVER
from sentinel_pipeline.orchestration.processes import ending_with_parent

# What runs import themselves and starts no thread, as Polars and pyarrow do: what a thread does is undone in a fork.
IMPORTED = (
    "dagster._grpc.impl",
    "dagster._core.storage.sqlite_storage",
    "email_validator",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "reportlab.platypus",
    "sentinel_pipeline.settings",
    "xlsxwriter",
)
STOP = {signal.SIGTERM}


class RunProcess(ForkServerProcess):
    """What executes a run, like the stock process but for how it begins."""

    _start_method = "spawn"  # of what the run itself starts

    def start(self) -> None:
        start_forking()
        super().start()

    def run(self) -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP)
        # The server hears of this process from the one that forked it; without that, it counts as lost and is retried.
        if end_with_parent := ending_with_parent(signal.SIGKILL):
            end_with_parent()
        gc.freeze()  # looking through all that was imported, again and again, is a tenth of what is left to do
        try:
            super().run()
        finally:
            atexit._run_exitfuncs()  # a forked process would end without


class RunContext(ForkServerContext):
    """How the code server makes processes for runs, and what they talk over."""

    Process = RunProcess


class CodeServer(server.DagsterApiServer):
    """Dagster's server of one code location, as it was loaded last."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        start_forking()  # imports while this process loads the definitions
        super().__init__(*arguments, **options)
        self._mp_ctx = RunContext()  # type: ignore[assignment] # all it uses are processes, queues and events


def start_forking() -> None:
    """Starts the process that runs are forked from, unless it is there. It ends with the last of server and runs."""
    forkserver.set_forkserver_preload(list(IMPORTED))
    resource_tracker.ensure_running()  # lets signals through when it has started
    # Who stops everything asks each process to end. This one tells the server how runs end, so it must outlive them.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _command(executable: str) -> Sequence[str]:
    return [executable, "-m", CODE_SERVER]


def main() -> None:
    """Runs `dagster` with the code server above, also in the processes it starts for one."""
    # Dagster has no setting for either; its version is pinned, and tests see runs begin in forks.
    if sys.platform == "linux":  # elsewhere libraries of the system do not bear it
        server.get_python_environment_entry_point = _command  # type: ignore[assignment, attr-defined] # a name it imports
        server.DagsterApiServer = CodeServer  # type: ignore[misc] # a class replaced by its own subclass
    run_dagster()  # type: ignore[no-untyped-call]  # Dagster gives it no types


if __name__ == "__main__":
    main()
