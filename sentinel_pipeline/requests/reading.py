"""Request files as people and programs write them: YAML or JSON, small, and nothing that unfolds into much."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from contextlib import suppress
from pathlib import Path

import yaml

from sentinel_pipeline.domain.errors import MistakesError, RequestError
from sentinel_pipeline.yaml_document import Document, document_of, printable

SUFFIXES = (".yaml", ".yml", ".json")
MOST_BYTES = 64 * 1024
MOST_NESTED = 8


def content_of(path: Path) -> bytes:
    """The bytes of a file that is one, and not too large. Raises RequestError, FileNotFoundError."""
    name = printable(path.name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        why = "is a link; put the file itself here" if path.is_symlink() else f"cannot be read: {error.strerror}"
        raise RequestError([f"{name}: {why}"]) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise RequestError([f"{name}: is no file"])
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise RequestError([f"{name}: is larger than {MOST_BYTES // 1024} kB; a request is a few lines"])
    return content


def document(name: str, content: bytes) -> Document:
    """What the bytes of a file of that name say. Raises RequestError with a line for each mistake."""
    name = printable(name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestError([f"{name}: is not UTF-8 text; save it as UTF-8"]) from None
    if name.endswith(".json"):
        return _json(name, text)
    try:
        _require_plain(name, text)
        return document_of(Path(name), text)
    except MistakesError as error:
        raise RequestError(error.mistakes) from None


def _require_plain(name: str, text: str) -> None:
    """Raises RequestError for what a few lines could keep a machine busy with, before it is read in full.

    An alias repeats what it names, and nested ones are more than any memory holds; nesting alone takes hours.
    """
    depth = 0
    with suppress(yaml.YAMLError):  # whoever reads it says why
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise RequestError([f"{name}: holds an alias (*name); write out what it stands for"])
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MOST_NESTED:
                raise RequestError([f"{name}: is nested too deeply"])


def _json(name: str, text: str) -> Document:
    def mapping(pairs: list[tuple[str, object]]) -> dict[str, object]:
        for key, number in Counter(key for key, _ in pairs).items():
            if number > 1:
                raise RequestError([f"{name}: {printable(key)}: found twice; a key may stand once"])
        return dict(pairs)

    try:
        return Document(json.loads(text, object_pairs_hook=mapping), {})
    except RecursionError:
        raise RequestError([f"{name}: is nested too deeply"]) from None
    except json.JSONDecodeError as error:
        raise RequestError([f"{name}: line {error.lineno}: is not JSON: {error.msg}"]) from None
    except ValueError as error:
        raise RequestError([f"{name}: is not JSON: {error}"]) from None
