"""What the report says: statistics in, tables out. `SECTIONS` lists them all in reading order."""

from sentinel_pipeline.sections import (
    automation,
    billing,
    by_source,
    connection_patterns,
    data_loss,
    energy,
    fleet,
    method,
    network,
    rate_comparison,
    security,
)

SECTIONS = (
    *security.SECTIONS,
    by_source.ALERTS,
    *data_loss.SECTIONS,
    by_source.INCIDENTS,
    *network.SECTIONS,
    *connection_patterns.SECTIONS,
    by_source.CONNECTIONS,
    *energy.SECTIONS,
    *billing.SECTIONS,
    rate_comparison.SECTION,
    *automation.SECTIONS,
    *fleet.SECTIONS,
    *method.SECTIONS,
)
