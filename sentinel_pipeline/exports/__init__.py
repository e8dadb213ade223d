"""Files made on request: rows of one canonical table, straight from the source systems."""
