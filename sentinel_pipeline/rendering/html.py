"""The report as one HTML page that needs nothing else: no request, no script, light, dark and on paper.

Everything that comes from data is escaped, and what cannot be seen in it is spelled out.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from itertools import groupby

from sentinel_pipeline.domain.columns import Kind
from sentinel_pipeline.rendering.characters import printable
from sentinel_pipeline.rendering.chart_words import alt_text
from sentinel_pipeline.rendering.html_style import STYLE
from sentinel_pipeline.rendering.palette import LOOKS, SEVERITIES
from sentinel_pipeline.rendering.parts import (
    ANNEX,
    COMPLETENESS,
    FIGURES,
    METHOD,
    annex_table,
    by_topic,
    completeness,
    figures_table,
    has_completeness_section,
    nothing,
)
from sentinel_pipeline.rendering.quantities import MISSING
from sentinel_pipeline.rendering.report import KeyFigure, Report, SectionResult
from sentinel_pipeline.rendering.sparklines import sparkline
from sentinel_pipeline.rendering.values import (
    ShownTable,
    change_word,
    shown_rows,
    shown_table,
    written_change,
    written_figure,
)

NUMERIC: frozenset[Kind] = frozenset({"count", "bytes", "megabytes", "percent", "decimal", "price"})
PNG = b"\x89PNG"
# More rows than this of one section are for the file.
MOST_ROWS = 200


def render_html(report: Report, charts: Mapping[str, bytes]) -> bytes:
    """The page; `charts` are SVG or PNG by section name, drawn without their finding because the page says it."""
    body = (
        _opening(report),
        _contents(report),
        *_topics(report, charts),
        _figures(report),
        _methods(report),
        _annex(report),
    )
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{text(f"{report.title}, {report.period.words} – {report.organisation}")}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{"".join(body)}</main>
<footer>{text(_edition(report))}</footer>
</body>
</html>
"""
    return page.encode()


def text(value: str) -> str:
    """Data as HTML text or attribute: escaped, with invisible characters spelled out."""
    return escape(printable(value), quote=True)


def _policy() -> str:
    style = b64encode(sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"


def _edition(report: Report) -> str:
    return (
        f"{report.organisation} · {report.period.words} · {report.period.zone.key} · "
        f"edition r{report.revision} · figures {report.figures_hash}"
    )


def _opening(report: Report) -> str:
    """Who, what, when, the bottom line, the key figures, and how much of the data there was."""
    period = report.period
    told = (line for line in report.narrative if line != report.completeness_words)
    narrative = "".join(f"<p>{text(line)}</p>\n" for line in told)
    known = completeness(report)
    state = "complete" if report.is_complete else "incomplete"
    lines = "".join(f"<p>{text(line)}</p>\n" for line in known.lines)
    problems = "".join(f"<li>{text(line)}</li>\n" for line in known.problems)
    return f"""<header>
<p class="owner">{text(report.organisation)}</p>
<h1>{text(report.title)}</h1>
<p class="period">{text(period.words)} · {text(period.zone.key)} · {period.window.hours:g} hours
<br>{text(period.interval)}
<br>Edition r{report.revision} · figures {text(report.figures_hash)}</p>
</header>
<section aria-label="Bottom line">
<p class="lead">{text(report.headline)}</p>
{narrative}</section>
<section aria-label="Key figures"><ul class="cards">
{"".join(_card(figure) for figure in report.strip)}</ul></section>
<section id="completeness" class="{state}" aria-label="{COMPLETENESS}">
<p><strong>{LOOKS[known.look].glyph} {known.head}</strong></p>
{lines}{f"<ul>{problems}</ul>" if problems else ""}</section>
"""


def _card(figure: KeyFigure) -> str:
    word, change = change_word(figure), written_change(figure)
    verdict = word.rpartition(" ")[2] if "," in word else "neutral"
    line = sparkline(figure.sparkline) if figure.sparkline else ""
    told = _arrow(word) + text("" if change == MISSING else change)
    return f"""<li class="card"><p class="label">{text(figure.label)}</p>
<p class="value">{text(written_figure(figure))}</p>
<p class="change {verdict}">{told} <span>{text(word)}</span></p>{line}</li>
"""


def _arrow(word: str) -> str:
    return {"up": "▲ ", "down": "▼ "}.get(word.partition(",")[0], "")


def _contents(report: Report) -> str:
    entries = "".join(
        f'<li><a href="#section-{n}">{text(result.section.title)}</a></li>\n'
        for n, result in enumerate(by_topic(report.sections))
    )
    rest = (("figures", FIGURES), ("method", METHOD), ("annex", ANNEX))
    entries += "".join(f'<li><a href="#{anchor}">{title}</a></li>\n' for anchor, title in rest)
    return f'<nav aria-label="Contents"><h2>Contents</h2><ol>\n{entries}</ol></nav>\n'


def _topics(report: Report, charts: Mapping[str, bytes]) -> Iterable[str]:
    """Sections in order, a heading where the topic changes."""
    numbered = enumerate(by_topic(report.sections))
    for topic, members in groupby(numbered, key=lambda item: item[1].section.topic):
        yield f"<h2>{text(topic.capitalize())}</h2>\n"
        for number, result in members:
            yield _section(report, result, number, charts.get(result.section.name))


def _section(report: Report, result: SectionResult, number: int, chart: bytes | None) -> str:
    section = result.section
    opening = f'<section id="section-{number}"><h3>{text(section.title)}</h3>\n'
    if result.failure is not None:
        reason = f"<strong>This section could not be made:</strong> {text(result.failure)}"
        return f'{opening}<p class="failure">{reason}</p></section>\n'
    picture = _picture(result, chart) if chart else ""
    said = nothing(result)
    rows = (
        _table(shown_rows(result, report.period.zone, MOST_ROWS), section.title)
        if not result.table.is_empty()
        else f'<p class="nothing">{said}</p>\n'
        if said
        else ""
    )
    return f"""{opening}<p class="finding">{text(result.finding)}</p>
<p class="note">{text(section.description)}</p>
{picture}{rows}</section>
"""


def _picture(result: SectionResult, chart: bytes) -> str:
    kind = "png" if chart.startswith(PNG) else "svg+xml"
    source = f"data:image/{kind};base64,{b64encode(chart).decode()}"
    return f'<figure><img src="{source}" alt="{text(alt_text(result))}"></figure>\n'


def _table(shown: ShownTable, caption: str) -> str:
    """A table with its note; numbers to the right, other and total rows set apart."""
    note = f'<p class="note">{text(shown.note)}</p>\n' if shown.note else ""
    if not shown.rows:
        return note
    heads = "".join(
        f'<th scope="col"{_side(kind)}>{text(label)}</th>'
        for label, kind in zip(shown.labels, shown.kinds, strict=True)
    )
    first_closing = len(shown.rows) - shown.closing
    rows = "".join(_row(row, shown.kinds, n >= first_closing) for n, row in enumerate(shown.rows))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(caption)}"><table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n{note}"
    )


def _row(row: tuple[str, ...], kinds: tuple[Kind, ...], is_closing: bool) -> str:
    cells = "".join(f"<td{_side(kind)}>{_cell(value, kind)}</td>" for value, kind in zip(row, kinds, strict=True))
    return f'<tr class="closing">{cells}</tr>\n' if is_closing else f"<tr>{cells}</tr>\n"


def _side(kind: Kind) -> str:
    if kind in NUMERIC:
        return ' class="number"'
    return ' class="time"' if kind == "time" else ""


def _cell(value: str, kind: Kind) -> str:
    if kind != "severity" or value not in SEVERITIES:
        return text(value)
    look = SEVERITIES[value]
    return f'<span class="severity {value}"><span aria-hidden="true">{look.glyph}</span> {text(value)}</span>'


def _figures(report: Report) -> str:
    table = _table(figures_table(report.key_figures), FIGURES)
    return f'<section id="figures"><h2>{FIGURES}</h2>\n{table}</section>\n'


def _methods(report: Report) -> str:
    arrived = "" if has_completeness_section(report) else _arrived(report)
    terms = "".join(f"<dt>{text(term)}</dt><dd>{text(meaning)}</dd>\n" for term, meaning in report.methods)
    return f'<section id="method"><h2>{METHOD}</h2>\n{arrived}<dl>\n{terms}</dl></section>\n'


def _arrived(report: Report) -> str:
    return f"<h3>{COMPLETENESS}</h3>\n{_table(shown_table(report.completeness, report.period.zone), COMPLETENESS)}"


def _annex(report: Report) -> str:
    return f'<section id="annex"><h2>{ANNEX}</h2>\n{_table(annex_table(report), ANNEX)}</section>\n'
