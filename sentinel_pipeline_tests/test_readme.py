"""What users can type, configure and receive is in the README, what changed in the CHANGELOG; links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sentinel_pipeline import __version__
from sentinel_pipeline.cli import cli
from sentinel_pipeline.rendering.tables import FORMATS
from sentinel_pipeline.sources.kinds import SOURCES

PROJECT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "CHANGELOG.md", "DEVELOPERS.md", "docs/features.md", "docs/tariffs.md")
EDITION = (
    "report.pdf",
    "report.html",
    "workbook.xlsx",
    "summary.txt",
    "tables/<section>.csv",
    "tables/<section>.json",
    "charts/<section>.svg",
    "charts/<section>.png",
    "facts.json",
    "words.json",
    "preview.png",
    "manifest.json",
)


def read(page: str) -> str:
    return (PROJECT / page).read_text(encoding="utf-8")


def targets() -> list[str]:
    """Targets that `make help` lists."""
    return re.findall(r"^([a-z-]+):.*##", read("Makefile"), re.MULTILINE)


def missing(patterns: dict[str, str]) -> list[str]:
    """Names whose pattern is nowhere in the README."""
    return [name for name, pattern in patterns.items() if not re.search(pattern, read("README.md"))]


def commands(group: click.Group = cli, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with the words that call it."""
    for name, command in group.commands.items():
        yield f"{before}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")


def test_every_command_is_explained() -> None:
    assert missing({name: rf"`sentinel {name}\b" for name, _ in commands()}) == []


def test_every_option_of_a_command_is_named() -> None:
    spelled = {option for _, command in commands() for parameter in command.params for option in parameter.opts}
    assert missing({name: rf"{name}\b" for name in spelled if name.startswith("--")}) == []


def test_every_make_target_is_explained() -> None:
    assert targets()
    assert missing({name: rf"`make {name}`" for name in targets()}) == []


def test_every_source_kind_is_explained() -> None:
    assert missing({kind.kind: rf"`{kind.kind}`" for kind in SOURCES}) == []


def test_every_export_format_is_named() -> None:
    assert missing({format_.name: rf"`{format_.name}`" for format_ in FORMATS}) == []


def test_every_file_of_an_edition_is_explained() -> None:
    assert missing({name: rf"`{re.escape(name)}`" for name in EDITION}) == []


def test_the_changelog_tells_the_current_version() -> None:
    assert re.search(rf"^## \[{re.escape(__version__)}\]", read("CHANGELOG.md"), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_links_inside_the_project_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", read(page))
    inside = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in inside if not (PROJECT / page).parent.joinpath(link).exists()] == []
