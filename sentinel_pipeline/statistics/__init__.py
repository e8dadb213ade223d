"""Facts to daily statistics: pure, mergeable, exact. `STATISTICS` lists them all in reading order."""

from sentinel_pipeline.statistics import (
    alerts,
    automation,
    billing,
    connection_patterns,
    connections,
    energy,
    fleet,
    incidents,
    records,
)

STATISTICS = (
    connections.STATISTICS
    + connection_patterns.STATISTICS
    + alerts.STATISTICS
    + incidents.STATISTICS
    + energy.STATISTICS
    + billing.STATISTICS
    + automation.STATISTICS
    + fleet.STATISTICS
    + records.STATISTICS
)
