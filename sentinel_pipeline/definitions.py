"""The Dagster code location."""

from sentinel_pipeline.orchestration.assembly import build_definitions
from sentinel_pipeline.settings import load_settings

defs = build_definitions(load_settings())
