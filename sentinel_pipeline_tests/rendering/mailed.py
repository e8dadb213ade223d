"""Editions to be mailed: reports published for real, but for the files that a mail does not look at."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl

from sentinel_pipeline.publishing.assembly import about
from sentinel_pipeline.publishing.composition import facts
from sentinel_pipeline.publishing.editions import publish
from sentinel_pipeline.publishing.sentences import leading_chart, sentences
from sentinel_pipeline.rendering.charts import draw, preview
from sentinel_pipeline.rendering.letter import Letter
from sentinel_pipeline.rendering.report import Report

VOID = {"meta", "br", "img", "wbr"}
UNSEEN = {"style", "title"}


def published(report: Report, data: Path, charts: tuple[str, ...] = ()) -> Path:
    """The folder of the report's next revision below `data`; of the charts only the named ones and the preview."""
    if "reason" not in report.completeness.columns:
        report = replace(report, completeness=report.completeness.with_columns(reason=pl.lit(None, pl.String)))
    content = {
        "facts.json": json.dumps(facts(report.key_figures)).encode(),
        "words.json": json.dumps(sentences(report)).encode(),
    }
    leading = leading_chart(report.sections)
    drawn = preview(leading, report.period) if leading else None
    content |= {"preview.png": drawn} if drawn else {}
    for result in report.sections:
        picture = draw(result, report.period, "png") if result.section.name in charts else None
        content |= {f"charts/{result.section.name}.png": picture} if picture else {}
    files = {}
    for number, (name, written) in enumerate(content.items()):
        files[name] = data / f"rendered-{number}"
        files[name].write_bytes(written)
    sources = {str(name): "iotsentinel" for name in report.completeness["source"].unique()}
    return publish(data / "editions", report.period, files, {}, about(report, sources)).folder


class Seen(HTMLParser):
    """The elements of a mail and what a reader sees of it; fails when they are not nested as they should be."""

    def __init__(self, letter: Letter) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(letter.html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not UNSEEN & set(self.open) and not self._is_preheader():
            self.texts.append(data)

    def _is_preheader(self) -> bool:
        return self.open == ["html", "body", "div"]

    def having(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self) -> str:
        return flat(" ".join(self.texts))


def flat(text: str) -> str:
    """On one line, with plain spaces."""
    return re.sub(r"\s+", " ", text).strip()
