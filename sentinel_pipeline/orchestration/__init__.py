"""The only room that imports Dagster: assets, partitions, checks, storage, launcher, web server."""
