"""What the report says: statistics in, tables out. `SECTIONS` lists them all in reading order."""

from sentinel_pipeline.sections import by_source, data_loss, fleet, method, network, security

SECTIONS = (
    *security.SECTIONS,
    by_source.ALERTS,
    *data_loss.SECTIONS,
    by_source.INCIDENTS,
    *network.SECTIONS,
    by_source.CONNECTIONS,
    *fleet.SECTIONS,
    *method.SECTIONS,
)
