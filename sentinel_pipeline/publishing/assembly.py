"""Files of an edition: which there are, what renders them, and how they are gathered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sentinel_pipeline.domain.errors import PublishingError
from sentinel_pipeline.domain.period import CADENCES, Period
from sentinel_pipeline.lake.store import alone
from sentinel_pipeline.lake.whole_files import replacing_folder
from sentinel_pipeline.lake.working_copy import fresh_below
from sentinel_pipeline.publishing.composition import facts
from sentinel_pipeline.publishing.narrowing import WHOLE, Narrowing
from sentinel_pipeline.publishing.sentences import leading_chart, sentences
from sentinel_pipeline.rendering.report import Report

ABOUT_FILES = "facts"
MADE_FROM = ".made_from"


@dataclass(frozen=True)
class FileAsset:
    """A group of files of the edition: `render` writes them below a folder, under their names in the edition.

    `formats` are the suffixes that the files have.
    """

    name: str
    description: str
    kinds: tuple[str, ...]
    render: Callable[[Report, Path], None]
    formats: tuple[str, ...]

    def is_in(self, narrowing: Narrowing) -> bool:
        """Whether a report that is cut down to some formats has files of the group."""
        return any(narrowing.has_file(f".{suffix}") for suffix in self.formats)


def render_tables(report: Report, folder: Path) -> None:
    """Every section's whole table as `tables/<section>.csv` and `.json`."""
    from sentinel_pipeline.rendering.spelling import Spelling
    from sentinel_pipeline.rendering.tables import write_csv, write_json

    (folder / "tables").mkdir()
    for result in report.sections:
        path = folder / "tables" / result.section.name
        write_csv(result.table, path.with_suffix(".csv"), Spelling(report.period.zone))
        write_json(result.table, path.with_suffix(".json"), Spelling(report.period.zone))


def render_charts(report: Report, folder: Path) -> None:
    """Every drawn section as `charts/<section>.svg` and `.png`, and the one that a mail shows as `preview.png`."""
    from sentinel_pipeline.rendering.charts import draw_files, preview
    from sentinel_pipeline.rendering.supplement import characters_in, typeset

    (folder / "charts").mkdir()
    leading = leading_chart(report.sections)
    with typeset(characters_in(report)):
        for result in report.sections:
            for form, drawn in draw_files(result, report.period).items():
                (folder / "charts" / f"{result.section.name}.{form}").write_bytes(drawn)
        shown = preview(leading, report.period) if leading else None
    if shown is not None:
        (folder / "preview.png").write_bytes(shown)


def render_workbook_file(report: Report, folder: Path) -> None:
    """`workbook.xlsx`."""
    from sentinel_pipeline.rendering.workbook import render_workbook

    (folder / "workbook.xlsx").write_bytes(render_workbook(report))


def render_document(report: Report, folder: Path) -> None:
    """`report.pdf`."""
    from sentinel_pipeline.rendering.document import render_pdf

    (folder / "report.pdf").write_bytes(render_pdf(report))


def render_page(report: Report, folder: Path) -> None:
    """`report.html`, with the charts inside."""
    from sentinel_pipeline.rendering.charts import draw
    from sentinel_pipeline.rendering.html import render_html
    from sentinel_pipeline.rendering.supplement import characters_in, typeset

    with typeset(characters_in(report)):
        charts = {result.section.name: draw(result, report.period, "svg", alone=False) for result in report.sections}
    drawn = {name: chart for name, chart in charts.items() if chart is not None}
    (folder / "report.html").write_bytes(render_html(report, drawn))


def render_summary_file(report: Report, folder: Path) -> None:
    """`summary.txt`, with the longer lists where a detailed report was asked for."""
    from sentinel_pipeline.publishing.summary import summary_facts
    from sentinel_pipeline.rendering.summary import render_detailed, render_summary

    render = render_detailed if report.is_detailed else render_summary
    (folder / "summary.txt").write_text(render(summary_facts(report)), encoding="utf-8")


def draft_folder(editions: Path, period: Period, group: str) -> Path:
    """Where files wait until they are published: beside the editions, for they are in clear like these."""
    return editions / ".drafts" / period.cadence / group / period.key


def remove_earlier_drafts(lake: Path) -> None:
    """Removes what was rendered into the lake before drafts had a place of their own."""
    for cadence in CADENCES:
        for name in (*(group.name for group in FILE_ASSETS), ABOUT_FILES, "assembling"):
            shutil.rmtree(lake / cadence / name, ignore_errors=True)


def render_files(group: FileAsset, report: Report, editions: Path) -> Path:
    """Renders a group of files as drafts, with a note on what they were made from; returns their folder."""
    place = draft_folder(editions, report.period, group.name)
    with sole_assembler(editions, report.period, group), replacing_folder(place, last=(MADE_FROM,)) as folder:
        group.render(report, folder)
        (folder / MADE_FROM).write_text(_made_from(report), encoding="utf-8")
    return place


@contextmanager
def sole_assembler(editions: Path, period: Period, *groups: FileAsset) -> Iterator[None]:
    """Waits until no other process renders or gathers these files of the same edition."""
    locks = draft_folder(editions, period, "assembling")
    with ExitStack() as held:
        for group in groups:
            held.enter_context(alone(locks.with_name(f"{period.key}.{group.name}.lock")))
        yield


def _made_from(report: Report) -> str:
    return f"{report.figures_hash} r{report.revision}"


FILE_ASSETS = (
    FileAsset(
        "tables", "Every section's whole table as CSV and JSON.", ("csv", "json"), render_tables, ("csv", "json")
    ),
    FileAsset(
        "charts",
        "Every drawn section as SVG and PNG, and the picture that a mail shows.",
        ("svg", "png", "matplotlib"),
        render_charts,
        ("svg", "png"),
    ),
    FileAsset("workbook", "One Excel workbook with a sheet per section.", ("excel",), render_workbook_file, ("xlsx",)),
    FileAsset("document", "The report as PDF.", ("pdf", "reportlab"), render_document, ("pdf",)),
    FileAsset("page", "The report as one HTML page.", ("html",), render_page, ("html",)),
    FileAsset("summary", "The executive summary as plain text.", ("txt",), render_summary_file, ("txt",)),
)


def edition_files(
    report: Report, kinds: Mapping[str, str], editions: Path, folder: Path, narrowing: Narrowing = WHOLE
) -> tuple[dict[str, Path], dict[str, int], dict[str, object]]:
    """The edition's files by name, of the formats wanted, rows of those that are tables, and what its manifest says.

    Writes `facts.json` and `words.json` into the folder.

    Raises PublishingError when some were rendered from other figures: an edition says one thing in every format.
    """
    files = {}
    for name, said in (("facts.json", facts(report.key_figures)), ("words.json", sentences(report))):
        files[name] = folder / name
        files[name].write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for group in (one for one in FILE_ASSETS if one.is_in(narrowing)):
        rendered = fresh_below(draft_folder(editions, report.period, group.name))
        paths = {path.relative_to(rendered).as_posix(): path for path in sorted(rendered.rglob("*")) if path.is_file()}
        note = paths.pop(MADE_FROM, None)
        if note is None or note.read_text(encoding="utf-8") != _made_from(report):
            raise PublishingError(
                f"{report.period.cadence} {report.period.key}: {group.name} were not rendered from the figures as they"
                f" are now; materialize {report.period.cadence}/{group.name} again"
            )
        files |= {name: path for name, path in paths.items() if narrowing.has_file(name)}
    rows = {
        f"tables/{result.section.name}.{suffix}": result.table.height
        for result in report.sections
        for suffix in ("csv", "json")
    }
    return files, rows, about(report, kinds)


def about(report: Report, kinds: Mapping[str, str]) -> dict[str, object]:
    """What the manifest says of the report's making: sources, how complete they are, and the figures' hash."""
    rows = list(report.completeness.iter_rows(named=True))
    return {
        "organisation": report.organisation,
        "is_complete": report.is_complete,
        "figures_hash": report.figures_hash,
        "sources": [
            {
                "name": name,
                "kind": kind,
                "tables": [
                    {
                        "table": row["table"],
                        "rows": row["rows"],
                        "quarantined": row["quarantined"],
                        "status": row["status"],
                        "reason": row["reason"],
                    }
                    for row in rows
                    if row["source"] == name
                ],
            }
            for name, kind in sorted(kinds.items())
        ],
    }
