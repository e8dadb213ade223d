"""The kinds of source systems, in reading order."""

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
