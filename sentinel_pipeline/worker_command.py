"""`sentinel worker`: executes runs that a daemon on another machine hands out."""

from __future__ import annotations

import os
import sys

import click

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.settings import BROKER_URL, celery_broker_url, data_folder
from sentinel_pipeline.terminal import configured

MODULE = "sentinel_pipeline.orchestration.worker"


@click.command()
@click.option("--queues", default="", help="Of delivery, report, export and backfill, with commas; all unless said.")
@click.option("--concurrency", type=click.IntRange(1, 64), default=1, show_default=True, help="Runs at once.")
@click.option("--grace", type=click.FloatRange(0), default=45, show_default=True, help="Seconds for runs to end in.")
@click.option("--healthy", "asks", is_flag=True, help="Only say whether a worker of this machine is at work.")
def worker(queues: str, concurrency: int, grace: float, asks: bool) -> None:
    """Executes runs for a daemon on another machine until it is stopped.

    What has not ended in time then is handed back, and made by another worker.
    """
    from sentinel_pipeline.orchestration.home import prepare_home
    from sentinel_pipeline.orchestration.work_queues import QUEUES
    from sentinel_pipeline.orchestration.worker_leases import is_at_work_here

    if celery_broker_url() is None:
        raise UsageError(f"{BROKER_URL} is not set: this machine executes its runs by itself, under `sentinel up`")
    if asks:
        raise click.exceptions.Exit(0 if is_at_work_here() else 1)
    wanted = [name.strip() for name in queues.split(",") if name.strip()] or list(QUEUES)
    for name in wanted:
        if name not in QUEUES:
            raise UsageError(f"--queues: there is no queue '{name}'; choose from {', '.join(QUEUES)}")
    configured()
    # `env` sets what forking needs, whatever this process was started with, and becomes the worker.
    place = [f"SENTINEL_DATA={data_folder()}", f"DAGSTER_HOME={prepare_home(data_folder())}"]
    place += ["DAGSTER_DISABLE_TELEMETRY=yes", "OPENBLAS_NUM_THREADS=1"]
    how = ["--queues", ",".join(wanted), "--concurrency", str(concurrency), "--grace", str(grace)]
    os.execv("/usr/bin/env", ["env", *place, sys.executable, "-m", MODULE, *how])  # noqa: S606 - the command is ours
