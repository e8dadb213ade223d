"""JSON that source systems keep in text columns."""

from __future__ import annotations

import json
import re

import orjson

# orjson reads whole numbers past 64 bits as floats.
LONG_NUMBER = re.compile(r"[0-9]{16}")


def sorted_json(text: str | None) -> str | None:
    """JSON text made compact, its keys sorted, non-ASCII kept; None for nothing and for `null`.

    Raises ValueError when it is no JSON.
    """
    if text is None or not text.strip():
        return None
    value = orjson.loads(text)
    if value is None:
        return None
    if LONG_NUMBER.search(text):
        return json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def details_json(details: str | None, result: str | None = None) -> str | None:
    """Details of an audit record as JSON text, whatever was stored, with its result; None when there is neither."""
    if result is None:
        return None if details is None else _encoded(_decoded(details))
    value = {} if details is None else _decoded(details)
    held = value if isinstance(value, dict) else {"details": value}
    return _encoded({**held, "result": result})


def labels(classification: str | None) -> list[str]:
    """Labels of a classification, sorted by name; of spellings that differ in case only, the first in that order.

    Shapes: an object with `labels`, a list of objects with `label` or `type`, a list of texts; anything else has none.
    Raises ValueError when it is no JSON.
    """
    if classification is None or not classification.strip():
        return []
    value = orjson.loads(classification)
    members = value.get("labels", [value]) if isinstance(value, dict) else value
    names = {name for member in members if (name := _label(member))} if isinstance(members, list) else set()
    firsts: dict[str, str] = {}
    for name in sorted(names):
        firsts.setdefault(name.casefold(), name)
    return list(firsts.values())


def _label(member: object) -> str:
    if isinstance(member, dict):
        member = member.get("label") or member.get("type")
    return member.strip() if isinstance(member, str) else ""


def _decoded(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _encoded(value: object) -> str:
    return orjson.dumps(value).decode()
