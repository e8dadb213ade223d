"""The look of the HTML report, on screen (light and dark) and on paper."""

from __future__ import annotations

from sentinel_pipeline.rendering.palette import (
    ACCENT,
    BAD,
    GOOD,
    HEADER,
    INK,
    MUTED,
    PAPER,
    RULE,
    SEVERITIES,
    ZEBRA,
)

LIGHT = {
    "ink": INK,
    "muted": MUTED,
    "rule": RULE,
    "zebra": ZEBRA,
    "head": HEADER,
    "paper": PAPER,
    "accent": ACCENT,
    "good": GOOD,
    "bad": BAD,
}
DARK = {
    "ink": "#E8EDF2",
    "muted": "#A9B6C2",
    "rule": "#3B4854",
    "zebra": "#1E2831",
    "head": "#2A3641",
    "paper": "#141C24",
    "accent": "#7CC4E0",
    "good": "#6FD3A8",
    "bad": "#FF9BA8",
}
VARIABLES, DARK_VARIABLES = (
    " ".join(f"--{name}: {colour};" for name, colour in colours.items()) for colours in (LIGHT, DARK)
)
LEVELS = "\n".join(
    f".severity.{level} {{ background: {look.fill}; color: {look.ink}; }}" for level, look in SEVERITIES.items()
)

STYLE = f"""
:root {{ {VARIABLES} color-scheme: light dark; }}
@media (prefers-color-scheme: dark) {{ :root {{ {DARK_VARIABLES} }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 "Noto Sans", "DejaVu Sans", sans-serif; }}
main, footer {{ max-width: 66rem; margin: 0 auto; padding: 1.5rem; }}
h1 {{ font-size: 1.9rem; line-height: 1.2; margin: 0; }}
h2 {{ font-size: 1.35rem; border-bottom: 2px solid var(--accent); margin: 2.5rem 0 1rem; padding-bottom: .2rem; }}
h3 {{ font-size: 1.1rem; margin: 2rem 0 .3rem; }}
p {{ margin: .3rem 0; max-width: 75ch; }}
p, td, th, dt, dd, li {{ overflow-wrap: break-word; unicode-bidi: isolate; }}
a {{ color: var(--accent); }}
.owner, .period, .note, .label, footer {{ color: var(--muted); font-size: .875rem; }}
.lead {{ font-size: 1.2rem; font-weight: 600; margin: 1.2rem 0 .6rem; }}
.finding {{ font-weight: 600; }}
.failure {{ border-left: .4rem solid var(--bad); padding: .6rem .8rem; background: var(--zebra); }}
.incomplete > p {{ border-left: .4rem solid var(--bad); padding-left: .8rem; }}
.nothing {{ color: var(--muted); font-style: italic; }}
.cards {{ list-style: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(13.5rem, 1fr)); gap: .8rem;
  padding: 0; }}
.card {{ border: 1px solid var(--rule); border-radius: .4rem; padding: .7rem .9rem; break-inside: avoid; }}
.card .value {{ font-size: 1.35rem; font-weight: 600; margin: 0; }}
.card .change {{ font-size: .875rem; color: var(--muted); }}
.card .change.better {{ color: var(--good); }}
.card .change.worse {{ color: var(--bad); }}
.card svg {{ display: block; margin-top: .4rem; background: #FFFFFF; }}
nav ol {{ columns: 2 16rem; padding-left: 1.4rem; }}
figure {{ margin: .8rem 0; break-inside: avoid; }}
img {{ max-width: 100%; height: auto; background: #FFFFFF; }}
.scroll {{ overflow-x: auto; margin: .6rem 0; }}
table {{ border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; min-width: 50%; }}
th {{ background: var(--head); text-align: left; overflow-wrap: normal; }}
th, td {{ padding: .3rem .6rem; border-bottom: 1px solid var(--rule); vertical-align: top; min-width: 6.5rem; }}
tbody tr:nth-child(even) {{ background: var(--zebra); }}
td.number, th.number {{ text-align: right; white-space: nowrap; min-width: 4rem; }}
.time {{ white-space: nowrap; }}
.closing td {{ font-weight: 600; border-top: 1px solid var(--ink); }}
.severity {{ padding: .05rem .5rem; border-radius: .2rem; white-space: nowrap; print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }}
{LEVELS}
.severity.unknown {{ outline: 1px dashed #5A6672; }}
dt {{ font-weight: 600; }}
dd {{ margin: 0 0 .6rem; max-width: 75ch; }}
footer {{ border-top: 1px solid var(--rule); }}
@page {{ size: A4; margin: 16mm; }}
@media print {{
  :root {{ {VARIABLES} color-scheme: light; }}
  body {{ font-size: 10pt; }}
  main, footer {{ max-width: none; padding: 0; }}
  h2, h3, .finding {{ break-after: avoid; }}
  thead {{ display: table-header-group; }}
  tr {{ break-inside: avoid; }}
  .scroll {{ overflow: visible; }}
}}
"""
