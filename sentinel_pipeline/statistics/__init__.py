"""Facts to daily statistics: pure, mergeable, exact. `STATISTICS` lists them all in reading order."""

from sentinel_pipeline.statistics import alerts, connections, fleet, incidents, records

STATISTICS = connections.STATISTICS + alerts.STATISTICS + incidents.STATISTICS + fleet.STATISTICS + records.STATISTICS
