"""What the report says: statistics in, tables out. `SECTIONS` lists them all in reading order."""

from sentinel_pipeline.sections import data_loss, method, network, security

SECTIONS = security.SECTIONS + data_loss.SECTIONS + network.SECTIONS + method.SECTIONS
