"""A published file, as tests of what serves files find it."""

from __future__ import annotations

from pathlib import Path

REPORT = "/files/editions/daily/2025-01-01/r1/report.pdf"
CONTENT = b"%PDF-1.7 0123456789"


def put(data: Path, link: str = REPORT, content: bytes = CONTENT) -> Path:
    """Lays a file where its link leads to."""
    path = data / link.removeprefix("/files/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
