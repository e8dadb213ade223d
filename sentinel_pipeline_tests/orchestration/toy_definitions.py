"""A code location of two assets, for tests that start real servers."""

import os
import time
from pathlib import Path

import dagster as dg

from sentinel_pipeline.settings import data_folder


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


defs = dg.Definitions(
    assets=[quick, stubborn],
    jobs=[dg.define_asset_job("stubborn_job", [stubborn]), dg.define_asset_job("quick_job", [quick])],
    executor=dg.in_process_executor,
)
