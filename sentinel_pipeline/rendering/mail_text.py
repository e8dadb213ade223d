"""A mail as plain text, saying all that its HTML says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from rich.cells import cell_len

from sentinel_pipeline.rendering.characters import printable
from sentinel_pipeline.rendering.mail_blocks import (
    Action,
    Block,
    Box,
    Files,
    Lead,
    Mail,
    Paragraphs,
    Picture,
    Readings,
    Restatements,
)
from sentinel_pipeline.rendering.mail_words import (
    FIGURE_HEADS,
    FIGURES_HEADING,
    FILE_HEADS,
    FILES_HEADING,
    RESTATED_HEADING,
    RESTATED_HEADS,
    more_words,
    where,
)
from sentinel_pipeline.rendering.palette import LOOKS
from sentinel_pipeline.rendering.quantities import written_bytes

WIDEST = 76


def mail_text(mail: Mail) -> str:
    """The text, at most 76 columns wide but for words that are longer; ends with a line end."""
    opening = [*_wrapped(mail.owner), *_wrapped(mail.title), *(line for said in mail.lines for line in _wrapped(said))]
    parts = [opening, *(list(_lines(block)) for block in mail.blocks)]
    footer = ["-" * WIDEST, *(line for said in mail.footer for line in _wrapped(said))]
    return "\n\n".join("\n".join(part) for part in [*parts, footer] if part) + "\n"


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Lead():
            yield from _wrapped(block.text)
        case Paragraphs():
            yield from _heading(block.heading) if block.heading else ()
            yield from _wrapped(block.lines[0]) if len(block.lines) == 1 else _points(block.lines)
        case Box():
            yield from _wrapped(f"[{LOOKS[block.look].glyph}] {block.head}")
            for line in block.lines:
                yield from _wrapped(line, "    ")
            yield from _points(block.points, "    ")
        case Readings():
            yield from _heading(FIGURES_HEADING)
            rows = [(row.label, row.value, row.change) for row in block.rows]
            yield from _table((*FIGURE_HEADS, block.compared), rows, right=(1,))
        case Restatements():
            yield from _restated(block)
        case Picture():
            yield from _heading(block.title) if block.title else ()
            yield from _wrapped(f"[Chart: {block.alt}]")
        case Files():
            yield from _heading(FILES_HEADING)
            files = [(file.name, written_bytes(file.bytes), where(file)) for file in block.files]
            yield from _table(FILE_HEADS, files, right=(1,))
            yield from [more_words(block)] if block.more else []
        case Action():
            yield printable(f"{block.label}: {block.address}")


def _restated(block: Restatements) -> Iterator[str]:
    yield from _heading(RESTATED_HEADING)
    yield from _table(RESTATED_HEADS, [(row.label, row.before, row.after) for row in block.rows], right=(1, 2))
    reasons = dict.fromkeys(row.why for row in block.rows if row.why)
    yield from _points(tuple(reasons))
    yield from [more_words(block)] if block.more else []


def _heading(words: str) -> list[str]:
    return [words, "=" * len(words)]


def _wrapped(said: str, indent: str = "", first: str | None = None) -> list[str]:
    opening = indent if first is None else first
    return wrap(
        printable(said),
        WIDEST,
        initial_indent=opening,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _points(lines: Sequence[str], indent: str = "") -> Iterator[str]:
    for line in lines:
        yield from _wrapped(line, f"{indent}  ", f"{indent}- ")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> Iterator[str]:
    """Columns aligned; the last one is as long as it is."""
    cells = [[printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (
            _space(cell, wide) + cell if n in right else cell + _space(cell, wide)
            for n, (cell, wide) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(padded).rstrip()


def _space(cell: str, wide: int) -> str:
    return " " * (wide - cell_len(cell))
