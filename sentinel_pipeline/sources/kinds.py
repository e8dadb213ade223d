"""The kinds of source systems, in reading order."""

from collections.abc import Iterable

from sentinel_pipeline.sources import atlas, cybersentinel, iothub, iotsentinel, kasa, suricata, zeek
from sentinel_pipeline.sources.source import SourceKind

SOURCES: tuple[SourceKind, ...] = (
    iotsentinel.KIND,
    cybersentinel.KIND,
    kasa.KIND,
    iothub.KIND,
    atlas.KIND,
    zeek.KIND,
    suricata.KIND,
)
KINDS = {kind.kind: kind for kind in SOURCES}


def tables_given(kinds: Iterable[tuple[str, str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """For the sources, each with its kind, the names of the tables they give."""
    return tuple((name, tuple(table.name for table in KINDS[kind].tables)) for name, kind in kinds)
