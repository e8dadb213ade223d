"""What the mail about an edition says, in reading order, for each state of a period."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sentinel_pipeline.domain.period import BEFORE, CUSTOM, NOUN
from sentinel_pipeline.rendering.characters import shortened
from sentinel_pipeline.rendering.edition_folder import Told, ToldSection
from sentinel_pipeline.rendering.letter import Enclosure, Inline, Occasion
from sentinel_pipeline.rendering.mail_blocks import (
    Action,
    Block,
    Box,
    Files,
    Lead,
    Paragraphs,
    Picture,
    Reading,
    Readings,
    Verdict,
)
from sentinel_pipeline.rendering.parts import changed, completeness
from sentinel_pipeline.rendering.quantities import MISSING
from sentinel_pipeline.rendering.report import KeyFigure, State
from sentinel_pipeline.rendering.values import bare, change_word, written_figure
from sentinel_pipeline.sections.findings import listed

MOST_FIGURES, MOST_FINDINGS, MOST_SOURCES, MOST_FILES = 8, 7, 12, 30
LONGEST_LINE, LONGEST_CELL = 500, 80
CHART = "chart"


@dataclass(frozen=True)
class Shown:
    """A chart as part of the mail and as its place in it."""

    inline: Inline
    block: Picture


def asked(edition: Told, names: tuple[str, ...]) -> list[ToldSection]:
    """The sections a subscriber asked for that could be made, as asked; without names those that tell the period."""
    made = [section for section in edition.sections if section.is_made]
    if not names:
        return [section for section in made if section.is_told]
    return sorted((section for section in made if section.name in names), key=lambda one: names.index(one.name))


def leading_picture(edition: Told, names: tuple[str, ...]) -> Shown | None:
    """The one chart of the mail: that of the edition, or of the first section asked for that has one."""
    if edition.state in ("empty", "no data"):
        return None
    if edition.leading_chart and (not names or edition.leading_chart[0] in names):
        name, alt = edition.leading_chart
        drawn = edition.picture("preview.png")
        finding = next((section.finding for section in edition.sections if section.name == name), "")
        return _shown(name, drawn, finding, alt) if drawn else None
    for section in asked(edition, names):
        drawn = edition.picture(f"charts/{section.name}.png")
        if drawn is not None:
            return _shown(section.name, drawn, "", f"{section.title}. {section.finding}")
    return None


def _shown(name: str, drawn: bytes, title: str, alt: str) -> Shown:
    width, height = (int.from_bytes(drawn[at : at + 4], "big") for at in (16, 20))  # of a PNG's first chunk
    place = Picture(CHART, shortened(title, LONGEST_LINE), shortened(alt, LONGEST_LINE), width, height)
    return Shown(Inline(CHART, f"{name}.png", "image/png", drawn), place)


def edition_blocks(edition: Told, occasion: Occasion, picture: Shown | None) -> tuple[Block, ...]:
    """The blocks of the mail; what every state ends with stands last."""
    first, *rest = BLOCKS[edition.state](edition, occasion.sections, picture)
    late = (Box("attention", "This report is late", (occasion.late,)),) if occasion.late else ()
    return (first, *late, *rest, *closing_blocks(occasion))


def closing_blocks(occasion: Occasion) -> Iterator[Block]:
    """Where the files are, and the way to the edition."""
    if occasion.enclosures:
        yield Files(_files(occasion.enclosures), max(len(occasion.enclosures) - MOST_FILES, 0))
    if occasion.link:
        yield Action("Open the edition", occasion.link)


def seen_box(edition: Told) -> Box:
    """How far the figures can be trusted."""
    known = completeness(edition)
    return Box(known.look, known.head, _lines(known.lines), _lines(known.problems))


def _eventful(edition: Told, names: tuple[str, ...], picture: Shown | None) -> Iterator[Block]:
    known = seen_box(edition)
    yield from _told(edition, names, picture, () if edition.is_complete else (known,))
    yield from (known,) if edition.is_complete else ()


def _told(edition: Told, names: tuple[str, ...], picture: Shown | None, warning: tuple[Box, ...]) -> Iterator[Block]:
    """Bottom line, what waits for somebody, what to know before reading on, figures, findings, chart."""
    findings = [section.finding for section in asked(edition, names)]
    lead, *rest = findings if names and findings else [edition.headline, edition.biggest_change, *findings]
    yield Lead(shortened(lead, LONGEST_LINE))
    if edition.open_matters and not names:
        yield Box("attention", "Needs a look", points=edition.open_matters)
    if edition.silent:
        yield _silent_box(edition)
    yield from warning
    yield from _readings(edition, names)
    points = _lines(tuple(f"{said.rstrip('.')}." for said in rest if said)[:MOST_FINDINGS])
    yield from [Paragraphs(points, "What stands out")] if points else []
    yield from [picture.block] if picture else []


def _empty(edition: Told, names: tuple[str, ...], _: Shown | None) -> Iterator[Block]:
    noun = NOUN[edition.period.cadence]
    if edition.is_true_zero:
        look, head = "ok", "Nothing happened"
        seen = f"This is a true zero: every source was read for the whole {noun}."
    else:
        look, head = "attention", "Nothing happened, as far as could be seen"
        seen = "What could not be seen stands below."
    yield Box(look, head, (shortened(edition.headline, LONGEST_LINE), seen))
    if edition.silent:
        yield _silent_box(edition)
    yield from _readings(edition, names)
    yield seen_box(edition)


def _no_data(edition: Told, _names: tuple[str, ...], _: Shown | None) -> Iterator[Block]:
    noun = NOUN[edition.period.cadence]
    yield Box(
        "failure",
        "No data received",
        (
            f"The sources could be read, but none holds a record of this {noun}. A 0 in the files of this edition"
            " means that nothing was recorded, not that nothing happened.",
        ),
        _lines(tuple(_of_source(edition, name) for name in edition.silent[:MOST_SOURCES])),
    )
    quiet = shortened(listed(list(edition.silent)), LONGEST_CELL)
    still = "still runs and writes" if len(edition.silent) == 1 else "still run and write"
    yield Paragraphs((f"See whether {quiet} {still}.", _again(edition)), "What to do")


def _unreachable(edition: Told, names: tuple[str, ...], picture: Shown | None) -> Iterator[Block]:
    away = list(edition.unread)[:MOST_SOURCES]
    sources, they = shortened(listed(away), LONGEST_CELL), "it" if len(away) == 1 else "they"
    missing = (
        f"What {they} would have told is missing in this mail: “≥” marks a figure that may be larger,"
        f" “{MISSING}” one that nobody can tell."
    )
    reasons = _lines(tuple(f"{name}: {edition.unread[name]}" for name in away))
    yield Box("failure", f"{sources} could not be read", (missing,), reasons)
    yield from _told(edition, names, picture, ())
    yield seen_box(edition)
    yield Paragraphs((f"See whether {sources} can be reached where the settings say.", _again(edition)), "What to do")


def _silent_box(edition: Told) -> Box:
    head = f"{shortened(listed(list(edition.silent)), LONGEST_CELL)} recorded nothing"
    return Box("attention", head, ("It was read, but holds no record of this period. Is it still running?",))


def _again(edition: Told) -> str:
    period = edition.period
    if period.cadence == CUSTOM:
        return f"Then request it again, under another name; r{edition.revision} stays as it is."
    return (
        f"Then publish again: “sentinel publish {period.cadence} {period.key}” makes r{edition.revision + 1} and leaves"
        f" r{edition.revision} as it is."
    )


def _of_source(edition: Told, name: str) -> str:
    tables = edition.completeness.filter(edition.completeness["source"] == name)["table"].to_list()
    return f"{name}: no rows in {listed(tables)}"


def _readings(edition: Told, names: tuple[str, ...]) -> Iterator[Block]:
    wanted = {id_ for section in asked(edition, names) for id_ in section.figures} if names else None
    figures = [figure for figure in edition.figures if wanted is None or figure.id in wanted][:MOST_FIGURES]
    if figures:
        yield Readings(tuple(_reading(figure) for figure in figures), f"Against {BEFORE[edition.period.cadence]}")


def _reading(figure: KeyFigure) -> Reading:
    verdict = change_word(figure).rpartition(", ")[2]
    shown = bare(figure)
    return Reading(
        shortened(shown.label, LONGEST_CELL),
        shortened(written_figure(shown), LONGEST_CELL),
        shortened(changed(shown), LONGEST_CELL),
        VERDICTS.get(verdict, "neutral"),
    )


def _files(enclosures: tuple[Enclosure, ...]) -> tuple[Enclosure, ...]:
    """Attached ones first, then those behind a link, at most MOST_FILES."""
    order = ("attached", "linked", "held")
    return tuple(sorted(enclosures, key=lambda file: (order.index(file.fate), file.name)))[:MOST_FILES]


def _lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(shortened(line, LONGEST_LINE) for line in lines)


VERDICTS: dict[str, Verdict] = {"better": "better", "worse": "worse"}
BLOCKS: dict[State, Callable[[Told, tuple[str, ...], Shown | None], Iterator[Block]]] = {
    "eventful": _eventful,
    "empty": _empty,
    "no data": _no_data,
    "unreachable": _unreachable,
}
