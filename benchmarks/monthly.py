"""Renders and publishes one monthly edition from statistics that are there: `python -m benchmarks.monthly DATA`."""

from __future__ import annotations

import sys
from pathlib import Path

import dagster as dg

from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.orchestration.runs import QUIET
from sentinel_pipeline.settings import load_settings

if __name__ == "__main__":
    definitions = build_definitions(load_settings(Path(sys.argv[1])))
    with dg.DagsterInstance.ephemeral() as instance:
        definitions.resolve_job_def("render_monthly").execute_in_process(
            run_config=QUIET, instance=instance, partition_key="2025-01-01"
        )
