"""The kinds of source systems, in reading order."""

from sentinel_pipeline.sources import atlas, cybersentinel, iotsentinel, zeek
from sentinel_pipeline.sources.source import SourceKind

SOURCES: tuple[SourceKind, ...] = (iotsentinel.KIND, cybersentinel.KIND, zeek.KIND, atlas.KIND)
KINDS = {kind.kind: kind for kind in SOURCES}
