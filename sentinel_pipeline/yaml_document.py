"""A YAML file as a person wrote it: its content, and on which line each key stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from sentinel_pipeline.domain.errors import SettingsError

Lines = Mapping[str, int]
"""Lines by path, such as `sources[0].name`."""


@dataclass(frozen=True)
class Document:
    """What a file says, and where."""

    content: object
    lines: Lines


def where(lines: Lines, path: str) -> str:
    """` (line 7)` of a path or of what holds it; nothing for what stands nowhere."""
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return f" (line {lines[path]})" if path else ""


class _DaysAsText(yaml.SafeLoader):
    """Leaves dates as they are written, so that a mistake in one is told like any other."""


_DaysAsText.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if not tag.endswith(":timestamp")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def document_of(file: Path, text: str) -> Document:
    """Raises SettingsError with a line for each mistake: what is no YAML, and keys that stand twice."""
    try:
        node = yaml.compose(text, Loader=_DaysAsText)
        if node is None:
            return Document({}, {})
        places = list(_places(node, ""))
        twice = [(path, line) for path, line, is_repeated in places if is_repeated]
        if twice:
            raise SettingsError(
                [f"{file}: {printable(path)}: found twice; a key may stand once (line {line})" for path, line in twice]
            )
        lines = {path: line for path, line, _ in places}
        return Document(yaml.SafeLoader("").construct_document(node), lines)
    except RecursionError:
        raise SettingsError([f"{file}: is nested too deeply"]) from None
    except yaml.MarkedYAMLError as error:
        where = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SettingsError([f"{file}:{where}: is not YAML: {error.problem or error.context}"]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError([f"{file}: is not YAML: {' '.join(str(error).split())}"]) from None


def _places(node: yaml.Node, path: str) -> Iterator[tuple[str, int, bool]]:
    """Every key and item below a node, with the line it begins on, and whether its mapping has it already."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = f"{path}.{key.value}".lstrip(".")
            yield name, key.start_mark.line + 1, name in seen
            seen.add(name)
            yield from _places(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            name = f"{path}[{number}]"
            yield name, item.start_mark.line + 1, False
            yield from _places(item, name)


def printable(text: str) -> str:
    """On one line, whatever is in it."""
    return "".join(character if character.isprintable() else "�" for character in text)
