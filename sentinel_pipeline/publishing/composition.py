"""Puts a report together from what the lake holds of a period: section tables and key figures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path

import polars as pl

from sentinel_pipeline import __version__
from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.period import BEFORE as BEFORE_WORDS
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.publishing.editions import upcoming_revision
from sentinel_pipeline.publishing.figures import from_table
from sentinel_pipeline.publishing.narrowing import hidden
from sentinel_pipeline.publishing.request_words import cut_words, request_words
from sentinel_pipeline.publishing.scope import ALWAYS, Scope, needed_by, redaction_of, spoken_of, with_before
from sentinel_pipeline.publishing.what_changed import changes_told, noted_asset
from sentinel_pipeline.publishing.words import completeness_words, headline, narrative, shortfall
from sentinel_pipeline.rendering.report import KeyFigure, Report, SectionResult
from sentinel_pipeline.sections.findings import listed
from sentinel_pipeline.sections.section import BEFORE, Section, applied
from sentinel_pipeline.sections.trends import missing_reads, never_read, unseen_days

GENERATOR = ("polars", "matplotlib", "reportlab", "xlsxwriter", "pikepdf")


def section_asset(cadence: str, name: str) -> str:
    """Lake asset of a section's table."""
    return f"{cadence}/{name}"


def section_table(section: Section, statistics: Mapping[str, pl.DataFrame], period: Period) -> pl.DataFrame:
    """The section's whole table; without rows when nobody could see what it speaks of, or what it compares with."""
    table = applied(section.table, statistics, period)
    is_empty = unseen_reason(section, statistics, period) or incomparable(section, statistics, period)
    return table.clear() if is_empty else table


def made_table(scope: Scope, section: Section, period: Period, lake: Lake) -> pl.DataFrame:
    """The section's table of what the lake holds, without what is to be hidden."""
    table = section_table(section, with_before(scope, period, lake, needed_by(section)), period)
    return hidden(scope.narrowing.shown(section.name, table), redaction_of(scope, period, lake))


def unseen_reason(section: Section, statistics: Mapping[str, pl.DataFrame], period: Period) -> str | None:
    """Why nothing can be said in a section: no source of its table could be read on any day, or not all before."""
    if section.looks_back and not incomparable(section, statistics, period):
        before = statistics[f"completeness{BEFORE}"]
        if missing_reads(before, section.about, period.previous):
            return f"Cannot be told: {section.about} of {BEFORE_WORDS[period.cadence]} were not read in full"
    completeness = statistics["completeness"]
    if section.about in ALWAYS or len(unseen_days(completeness, section.about, period)) < len(period.days):
        return None
    rows = (
        completeness.filter(pl.col("table") == section.about).sort("day").unique("source", keep="last").sort("source")
    )
    said = [f"{row['source']}: {row['status']}{_because(row['reason'])}" for row in rows.iter_rows(named=True)]
    return f"No data: {section.about} could not be seen in this period. {'; '.join(said)}"


def incomparable(section: Section, statistics: Mapping[str, pl.DataFrame], period: Period) -> str | None:
    """Why a section that looks back has nothing to compare with yet: the days before lie before the first one read."""
    if not section.looks_back:
        return None
    before = statistics[f"completeness{BEFORE}"].filter(pl.col("table") == section.about)
    never = never_read(before)
    if never.is_empty():
        return None
    days, sources = len(period.previous.day_keys), never["source"].unique().sort().to_list()
    read = days - never["day"].n_unique()
    how = f"read on {read} of {counted(days, 'day')} only" if read else "never read"
    whose = f" of {listed(sources)}" if len(sources) < before["source"].n_unique() else ""
    what = f"{section.about}{whose} were {how}"
    return f"There is nothing to compare with yet: for {BEFORE_WORDS[period.cadence]}, {what}"


def excluded_words(section: Section, statistics: Mapping[str, pl.DataFrame], period: Period) -> str:
    """How many rows a table leaves out because their key is unknown; empty when none."""
    if section.excluded is None:
        return ""
    number = applied(section.excluded, statistics, period)
    of_what = counted(number, section.about.removesuffix("s"))
    return f"; {of_what} {section.excluded.__name__.replace('_', ' ')} not listed" if number else ""


def compose(scope: Scope, organisation: str, period: Period, editions: Path, lake: Lake) -> Report:
    """The report of a period. Raises SentinelError when a section or the key figures were not made yet."""
    made_from = figures_hash(scope, organisation, period, lake)[:12]
    revision = upcoming_revision(editions, period, made_from)
    return _composed(scope, organisation, period, revision, editions, lake, made_from)


@lru_cache(maxsize=1)
def _composed(
    scope: Scope, organisation: str, period: Period, revision: int, editions: Path, lake: Lake, made_from: str
) -> Report:
    """Put together once for all the files of an edition: `made_from` names everything that goes into it."""
    sections = scope.sections_of(period.cadence)
    statistics = with_before(scope, period, lake, {name for section in sections for name in spoken_of(section)})
    figures = from_table(lake.read(section_asset(period.cadence, "key_figures"), period.key))
    hide = redaction_of(scope, period, lake) or str
    levels = scope.narrowing.severities
    results = tuple(_result(section, period, lake, statistics, hide, levels) for section in sections)
    completeness = next(result.table for result in results if result.section.name == "data_completeness")
    changed = changes_told(editions, period, revision, figures, completeness, lake)
    if changed is not None:  # first what a correction is made for, small changes to other editions last
        results = (changed, *results) if revision > 1 else (*results, changed)
    words, missing, findings = completeness_words(completeness), shortfall(completeness), told(results)
    return Report(
        organisation=organisation,
        period=period,
        revision=revision,
        headline=" ".join((headline(figures, period, missing, findings), *cut_words(scope.narrowing, hide))),
        narrative=(*request_words(scope, hide), *narrative(figures, findings, words, period)),
        key_figures=figures,
        completeness=completeness,
        completeness_words=words,
        is_complete=not missing,
        sections=results,
        figures_hash=made_from,
        methods=METHODS,
        is_detailed=scope.narrowing.is_detailed,
    )


def _result(
    section: Section,
    period: Period,
    lake: Lake,
    statistics: Mapping[str, pl.DataFrame],
    hide: Callable[[str], str],
    levels: tuple[str, ...],
) -> SectionResult:
    table = lake.read(section_asset(period.cadence, section.name), period.key)
    unseen, first = unseen_reason(section, statistics, period), incomparable(section, statistics, period)
    if unseen or first:
        words = hide(unseen or first or "")
        return SectionResult(section, table, words, failure=unseen and words, awaits_before=unseen is None)
    finding = section.found(table, period, levels) + excluded_words(section, statistics, period)
    return SectionResult(section, table, finding)


def told(results: tuple[SectionResult, ...]) -> list[str]:
    """The findings that the first page tells, of the sections that have one."""
    return [result.finding for result in results if result.section.is_told and result.is_made]


def figures_hash(scope: Scope, organisation: str, period: Period, lake: Lake) -> str:
    """SHA-256 over everything a report is made from: figures, tables, and the versions of what renders them."""
    digest = hashlib.sha256()
    generator = [f"sentinel-pipeline {__version__} {code_hash()}", *(f"{name} {version(name)}" for name in GENERATOR)]
    asked = request_words(scope, str)
    digest.update(json.dumps([organisation, period.interval, period.zone.key, generator, *asked]).encode())
    for name in ("key_figures", *(section.name for section in scope.sections_of(period.cadence))):
        digest.update(f"{name} {lake.version(section_asset(period.cadence, name), period.key)}\n".encode())
    if lake.has(noted_asset(period.cadence), period.key):
        digest.update(f"noted {lake.version(noted_asset(period.cadence), period.key)}\n".encode())
    return digest.hexdigest()


@cache
def code_hash() -> str:
    """SHA-256 over the modules that decide what a report looks like: other code may give other bytes."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for room in ("publishing", "rendering", "sections"):
        for module in sorted((package / room).glob("*.py")):
            if not module.name.startswith("mail"):  # a mail speaks of an edition and is no part of it
                digest.update(module.read_bytes())
    return digest.hexdigest()


def facts(figures: tuple[KeyFigure, ...]) -> dict[str, object]:
    """`facts.json`: every figure with its definition and the partitions it comes from."""
    return {
        "facts": [
            {
                "id": figure.id,
                "value": figure.value,
                "unit": figure.unit,
                "label": figure.label,
                "definition": figure.definition,
                "is_lower_bound": figure.is_lower_bound,
                "previous": figure.previous,
                "change": figure.change,
                "change_percent": figure.change_percent,
                "is_good_when": figure.is_good_when,
                "inputs": [list(entry) for entry in figure.inputs],
            }
            for figure in figures
        ]
    }


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


METHODS = (
    ("Period", "Half-open: an event at the first instant of the next period belongs to that one."),
    ("Change", "Against the period before, when it was read in full. No percent is given for a base below 10."),
    ("Unknown", "– means that a figure cannot be told. 0 means that the source was read and nothing happened."),
    ("At least (≥)", "Part of the period could not be read, so the true figure may be larger."),
    ("Rounding", "Half-even, once, at output. Ties in a ranking are broken by name."),
    ("MB", "2^20 bytes; KB, GB and TB follow it in steps of 1,024."),
    ("Bytes", "As each system counts them: Zeek what was said, Suricata what was on the wire, headers included."),
    (
        "Severity",
        "As each system says it; rule events have none. Suricata's priorities 1 to 4 are critical, high, medium and"
        " low, above that info, unless its source is told otherwise.",
    ),
    ("Trace", "`sentinel trace FOLDER FACT` recomputes a figure from the daily partitions named in facts.json."),
)
