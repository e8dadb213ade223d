"""Request files as people and programs write them: YAML or JSON, small, and nothing that unfolds into much."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import yaml

from sentinel_pipeline.domain.errors import MistakesError, RequestError
from sentinel_pipeline.yaml_document import Document, document_of, printable

SUFFIXES = (".yaml", ".yml", ".json")
MOST_BYTES = 64 * 1024


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
        if _has_alias(text):
            raise RequestError([f"{name}: holds an alias (*name); write out what it stands for"])
        return document_of(Path(name), text)
    except MistakesError as error:
        raise RequestError(error.mistakes) from None


def _has_alias(text: str) -> bool:
    """An alias repeats what it names: a few of them, nested, are more than any memory holds."""
    try:
        return any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError:
        return False  # whoever reads it says why


def _json(name: str, text: str) -> Document:
    def mapping(pairs: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key for key, _ in pairs]
        for key in keys:
            if keys.count(key) > 1:
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
