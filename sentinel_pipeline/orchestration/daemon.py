"""The process that launches queued runs and works schedules and sensors: Dagster's daemon after a look at lost runs.

Started as `python -m sentinel_pipeline.orchestration.daemon`, with the arguments of `dagster-daemon`.
"""

from __future__ import annotations

import logging

from dagster import DagsterInstance
from dagster._daemon.cli import main as run_daemon

from sentinel_pipeline.orchestration.launcher import end_lost_runs


def main() -> None:
    """Ends what a crash left under way, then runs the daemon until it is told to stop."""
    with DagsterInstance.get() as instance:
        for run_id in end_lost_runs(instance):
            logging.getLogger("dagster.daemon").warning("Run %s had lost its worker and was ended.", run_id)
    run_daemon()


if __name__ == "__main__":
    main()
