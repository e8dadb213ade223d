"""A code location of three assets, for tests that start real servers."""

import atexit
import json
import os
import threading
import time
from pathlib import Path

import dagster as dg

from sentinel_pipeline.settings import data_folder, load_settings

ORGANISATION = load_settings().organisation


@dg.asset
def quick() -> None:
    """Is made at once."""


@dg.asset
def stubborn() -> None:
    """Hangs the first time, and says under which process; is made at once the second time."""
    marker: Path = data_folder() / "stubborn.pid"
    if marker.exists():
        return
    marker.with_suffix(".new").write_text(str(os.getpid()))
    marker.with_suffix(".new").rename(marker)
    time.sleep(600)


@dg.asset
def telling(context: dg.AssetExecutionContext) -> None:
    """Writes down what it was told by whom, and what its process is like."""
    print("Good morning", flush=True)  # noqa: T201 # as a library might
    told = {"organisation": ORGANISATION, "pid": os.getpid(), "parent": os.getppid()}
    told |= {"threads": sorted(thread.name for thread in threading.enumerate()), "environment": dict(os.environ)}
    atexit.register((data_folder() / "ended").touch)
    (data_folder() / f"{context.run_id}.json").write_text(json.dumps(told))


defs = dg.Definitions(
    assets=[quick, stubborn, telling],
    jobs=[dg.define_asset_job(f"{asset.key.path[0]}_job", [asset]) for asset in (quick, stubborn, telling)],
    executor=dg.in_process_executor,
)
