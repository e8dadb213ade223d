"""Which published files the web server may hand out, and how. Knows nothing of Dagster.

Only regular files below `<data>/editions` and `<data>/exports` are served; everything else, existing or not, is the
same "not found", so that an answer says nothing about the rest of the disk.
"""

from __future__ import annotations

import stat
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import FileResponse, PlainTextResponse, Response

from sentinel_pipeline.lake.working_copy import fresh
from sentinel_pipeline.publishing.claims import is_edition

ROOTS = ("editions", "exports")
LONGEST_RANGE = 100
LONGEST, MOST_PARTS = 900, 16
REVISION_PARTS = 4  # editions/daily/2026-01-05/r1

# What a browser may show; everything else, SVG and HTML above all, is saved instead, for it could run scripts.
SHOWN = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".txt": "text/plain",
    ".json": "application/json",
}
SAVED = {
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".ndjson": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
    ".sqlite": "application/vnd.sqlite3",
    ".svg": "image/svg+xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
    ".zst": "application/zstd",
}


def published_file(data: Path, path: str) -> Path | None:
    """The real file that `editions/…` or `exports/…` names, or None for everything that is not to be served."""
    parts = path.split("/")
    if (
        not 2 <= len(parts) <= MOST_PARTS
        or len(path) > LONGEST
        or parts[0] not in ROOTS
        or not all(map(_is_plain, parts))
    ):
        return None
    root = data / parts[0]
    is_of_edition = parts[0] == "editions" and len(parts) > REVISION_PARTS
    if is_of_edition and not is_edition(root.joinpath(*parts[1:REVISION_PARTS])):
        return None
    try:
        fresh(root.joinpath(*parts[1:]))
        real_root = root.resolve(strict=True)
        real = root.joinpath(*parts[1:]).resolve(strict=True)
        is_regular = stat.S_ISREG(real.stat().st_mode)
    except (OSError, RuntimeError, ValueError):  # missing, not ours to read, a loop of links, a name too long
        return None
    if not is_regular or not real.is_relative_to(real_root):
        return None
    return real if all(map(_is_plain, real.relative_to(real_root).parts)) else None


def file_response(file: Path, name: str, asked: Headers, *, is_saved: bool = False) -> Response:
    """The file as a browser may have it: its type, its tag, never run as a page of ours; honours Range.

    `is_saved`: it is saved, whatever browsers may show.
    """
    try:
        status = file.stat()
    except OSError:
        return not_found()
    suffix = PurePosixPath(name).suffix.lower()
    response = FileResponse(
        file,
        media_type=SHOWN.get(suffix) or SAVED.get(suffix) or "application/octet-stream",
        stat_result=status,
        headers={
            "Content-Disposition": disposition(name, is_saved=is_saved or suffix not in SHOWN),
            **_protection(suffix),
        },
    )
    if response.headers["etag"] in asked.get("if-none-match", ""):
        return Response(status_code=304, headers={"etag": response.headers["etag"], **_protection(suffix)})
    return response


def disposition(name: str, *, is_saved: bool) -> str:
    """`Content-Disposition` that any name survives (RFC 6266): in ASCII for old readers, in UTF-8 for all others."""
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\%/' else "_" for sign in name)
    kind = "attachment" if is_saved else "inline"
    starred = "" if plain == name else f"; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"
    return f'{kind}; filename="{plain}"{starred}'


def range_of(asked: Headers) -> str:
    """Which part of a file was asked for, as far as a record of it need say; empty for all of it."""
    return asked.get("range", "")[:LONGEST_RANGE]


def not_found() -> Response:
    return PlainTextResponse("There is no such file.\n", status_code=404, headers=_protection(""))


def _is_plain(part: str) -> bool:
    """A name that stands for itself: no dot-folder, no hidden or staging file, nothing a system reads differently."""
    return bool(part) and not part.startswith(".") and "\\" not in part and part.isprintable()


def _protection(suffix: str) -> dict[str, str]:
    # Browsers show no PDF in a sandbox; their readers are one themselves.
    sandbox = "" if suffix == ".pdf" else "sandbox; "
    return {
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": f"{sandbox}default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
