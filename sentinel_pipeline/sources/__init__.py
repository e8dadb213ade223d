"""Systems we read, never write. `kinds.SOURCES` lists the kinds."""
