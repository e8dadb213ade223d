"""A mail as HTML that old and new readers show alike: tables, inline styles, no request, below Gmail's 102 kB."""

from __future__ import annotations

from sentinel_pipeline.rendering import html
from sentinel_pipeline.rendering.html_style import LIGHT
from sentinel_pipeline.rendering.letter import Enclosure
from sentinel_pipeline.rendering.mail_blocks import (
    Action,
    Block,
    Box,
    Files,
    Lead,
    Mail,
    Paragraphs,
    Picture,
    Reading,
    Readings,
    Restatement,
    Restatements,
)
from sentinel_pipeline.rendering.mail_style import FONT, PADDING, PAGE, STYLE, WIDEST, box_colours, ink
from sentinel_pipeline.rendering.mail_words import (
    FIGURE_HEADS,
    FIGURES_HEADING,
    FILE_HEADS,
    FILES_HEADING,
    LINKED,
    RESTATED_HEADING,
    RESTATED_HEADS,
    is_web_address,
    more_words,
    where,
)
from sentinel_pipeline.rendering.palette import LOOKS
from sentinel_pipeline.rendering.quantities import written_bytes

LAYOUT = 'role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%"'
VERDICTS = {"better": "good", "worse": "bad", "neutral": "muted"}
# Fills what an inbox shows beside the subject, so that nothing of the body follows the preheader there.
RIGHT = "text-align:right;padding-right:16px"
LONGEST_UNBROKEN = 16
SPACER = "&#847;&zwnj;&nbsp;" * 60


def mail_html(mail: Mail) -> str:
    """The page; everything from outside is escaped, and what cannot be seen in it is spelled out."""
    blocks = "".join(_block(block) for block in mail.blocks)
    lines = "<br>".join(text(line) for line in mail.lines)
    footer = "<br>".join(text(line) for line in mail.footer)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<title>{text(mail.subject)}</title>
<style>{STYLE}</style>
</head>
<body class="page" style="margin:0;padding:0;background:{PAGE}">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{text(mail.preheader)}{SPACER}</div>
<table {LAYOUT} class="page" style="background:{PAGE}"><tr><td align="center" style="padding:16px 8px">
<!--[if mso]><table role="presentation" width="{WIDEST}" cellpadding="0" cellspacing="0"><tr><td><![endif]-->
<table {LAYOUT} class="paper" style="max-width:{WIDEST}px;background:{LIGHT["paper"]};{FONT}">
<tr><td class="pad" style="padding:20px {PADDING}px 18px;background:{LIGHT["accent"]};color:#FFFFFF">
<div style="font-size:13px;line-height:18px;color:#FFFFFF">{text(mail.owner)}</div>
<h1 style="margin:2px 0 4px;font-size:22px;line-height:28px;font-weight:600;color:#FFFFFF">{text(mail.title)}</h1>
<div style="font-size:13px;line-height:19px;color:#FFFFFF">{lines}</div></td></tr>
{blocks}<tr><td style="height:20px;line-height:20px;font-size:0">&nbsp;</td></tr>
<tr><td class="pad line" style="padding:14px {PADDING}px 20px;border-top:1px solid {LIGHT["rule"]}">
<div {ink("muted", "font-size:12px;line-height:18px")}>{footer}</div></td></tr>
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr></table>
</body>
</html>
"""


def text(said: str) -> str:
    """Data as HTML, a number and its percent sign on one line."""
    return html.text(said.replace(" %", "\u00a0%"))


def _block(block: Block) -> str:
    """A row of the mail."""
    return f'<tr><td class="pad" style="padding:16px {PADDING}px 0">{_inside(block)}</td></tr>\n'


def _inside(block: Block) -> str:
    match block:
        case Lead():
            inside = f"<div {ink('ink', 'font-size:18px;line-height:26px;font-weight:600')}>{text(block.text)}</div>"
        case Paragraphs():
            inside = _paragraphs(block)
        case Box():
            inside = _box(block)
        case Readings():
            inside = _readings(block)
        case Restatements():
            inside = _restatements(block)
        case Picture():
            inside = _picture(block)
        case Files():
            inside = _files(block)
        case Action():
            inside = _action(block)
    return inside


def _heading(words: str) -> str:
    return f"<h2 {ink('ink', 'margin:0 0 6px;font-size:15px;line-height:20px;font-weight:600')}>{text(words)}</h2>"


def _paragraphs(block: Paragraphs) -> str:
    heading = _heading(block.heading) if block.heading else ""
    if len(block.lines) == 1:
        return f"{heading}<div {ink('ink', 'font-size:14px;line-height:21px')}>{text(block.lines[0])}</div>"
    points = "".join(f'<li style="margin:0 0 4px">{text(line)}</li>' for line in block.lines)
    return f"{heading}<ul {ink('ink', 'margin:0;padding:0 0 0 20px;font-size:14px;line-height:21px')}>{points}</ul>"


def _box(block: Box) -> str:
    fill, colour = box_colours(block.look)
    lines = "".join(f'<div style="margin-top:4px">{text(line)}</div>' for line in block.lines)
    points = "".join(f"<li>{text(point)}</li>" for point in block.points)
    listed = f'<ul style="margin:4px 0 0;padding:0 0 0 20px">{points}</ul>' if points else ""
    return (
        f'<table {LAYOUT} class="{block.look}" style="background:{fill}"><tr>'
        f'<td style="padding:12px 14px;border-left:4px solid {colour};color:{colour};font-size:14px;line-height:20px">'
        f"<strong>{LOOKS[block.look].glyph} {text(block.head)}</strong>{lines}{listed}</td></tr></table>"
    )


def _cell(content: str, colour: str = "ink", style: str = "", tag: str = "td") -> str:
    scope = ' scope="col"' if tag == "th" else ""
    return (
        f'<{tag}{scope} class="{colour} line" style="color:{LIGHT[colour]};padding:7px 8px 7px 0;text-align:left;'
        f"vertical-align:top;font-weight:400;font-size:14px;line-height:19px;"
        f'border-bottom:1px solid {LIGHT["rule"]};{style}">{content}</{tag}>'
    )


def _table(heads: tuple[str, ...], rows: str, right: tuple[int, ...] = ()) -> str:
    """A table of data; `right` are the columns that stand to the right."""
    cells = "".join(
        _cell(text(head), "muted", "font-size:12px;" + (RIGHT if n in right else ""), "th")
        for n, head in enumerate(heads)
    )
    return (
        '<table cellpadding="0" cellspacing="0" border="0" width="100%">'
        f"<thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _readings(block: Readings) -> str:
    rows = "".join(_reading(row) for row in block.rows)
    return _heading(FIGURES_HEADING) + _table((*FIGURE_HEADS, block.compared), rows, right=(1,))


def _reading(row: Reading) -> str:
    value = _cell(text(row.value), style=f"{RIGHT};font-weight:600;{_unbroken(row.value)}")
    change = _cell(text(row.change), VERDICTS[row.verdict], "width:45%;padding-right:0")
    return f"<tr>{_cell(text(row.label))}{value}{change}</tr>"


def _unbroken(value: str) -> str:
    """A number stays with its unit; a long text may break."""
    return "white-space:nowrap" if len(value) <= LONGEST_UNBROKEN else ""


def _restatements(block: Restatements) -> str:
    rows = "".join(_restatement(row) for row in block.rows)
    return _heading(RESTATED_HEADING) + _table(RESTATED_HEADS, rows, right=(1, 2)) + _more(block)


def _more(block: Restatements | Files) -> str:
    return (
        f"<div {ink('muted', 'font-size:13px;line-height:20px')}>{text(more_words(block))}</div>" if block.more else ""
    )


def _restatement(row: Restatement) -> str:
    why = f"<div {ink('muted', 'font-size:12px;line-height:17px')}>{text(row.why)}</div>" if row.why else ""
    before = _cell(text(row.before), "muted", f"{RIGHT};text-decoration:line-through;{_unbroken(row.before)}")
    after = _cell(text(row.after), style=f"{RIGHT};font-weight:600;{_unbroken(row.after)}")
    return f"<tr>{_cell(text(row.label) + why)}{before}{after}</tr>"


def _picture(block: Picture) -> str:
    width = WIDEST - 2 * PADDING - 16
    height = round(block.height * width / max(block.width, 1))
    picture = (
        f'<img src="cid:{text(block.cid)}" alt="{text(block.alt)}" width="{width}" height="{height}"'
        f' style="display:block;width:100%;max-width:{width}px;height:auto;background:#FFFFFF;'
        f'color:{LIGHT["ink"]};font-size:13px;line-height:18px">'
    )
    framed = f'<table {LAYOUT}><tr><td style="padding:8px;background:#FFFFFF">{picture}</td></tr></table>'
    return (_heading(block.title) if block.title else "") + framed


def _files(block: Files) -> str:
    rows = "".join(_file(file) for file in block.files)
    return _heading(FILES_HEADING) + _table((FILE_HEADS[0], FILE_HEADS[2]), rows) + _more(block)


def _file(file: Enclosure) -> str:
    size = f"<div {ink('muted', 'font-size:12px;line-height:17px')}>{text(written_bytes(file.bytes))}</div>"
    return f"<tr>{_cell(_breakable(file.name) + size)}{_cell(_place(file), 'muted', 'padding-right:0')}</tr>"


def _breakable(name: str) -> str:
    """A file's name that breaks between its words."""
    return text(name).replace("/", "/<wbr>").replace("_", "_<wbr>")


def _place(file: Enclosure) -> str:
    if file.fate == "linked" and is_web_address(file.link):
        return f'<a class="accent" style="color:{LIGHT["accent"]}" href="{text(file.link)}">{LINKED}</a>'
    return text(where(file))


def _action(block: Action) -> str:
    if not is_web_address(block.address):
        return f"<div {ink('ink', 'font-size:14px;line-height:21px')}>{text(block.label)}: {text(block.address)}</div>"
    return (
        f'<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr><td style="padding:10px 18px;'
        f'background:{LIGHT["accent"]}"><a href="{text(block.address)}" style="color:#FFFFFF;font-size:14px;'
        f'line-height:20px;font-weight:600;text-decoration:none">{text(block.label)}</a></td></tr></table>'
    )
