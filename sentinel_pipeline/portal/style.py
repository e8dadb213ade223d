"""The look of the portal's pages: the report's colours, one column on a phone, more where there is room."""

from __future__ import annotations

from hashlib import sha256

from sentinel_pipeline.rendering.html_style import DARK_VARIABLES, LEVELS, VARIABLES
from sentinel_pipeline.rendering.palette import ACCENT, LOOKS, PAPER

BADGES = "\n".join(f".badge.{name} {{ background: {look.fill}; color: {look.ink}; }}" for name, look in LOOKS.items())

STYLE = f"""
:root {{ {VARIABLES} --on-accent: #FFFFFF; color-scheme: light dark; }}
@media (prefers-color-scheme: dark) {{ :root {{ {DARK_VARIABLES} --on-accent: #0E151B; }} }}
* {{ box-sizing: border-box; }}
html {{ scroll-padding-top: 1rem; }}
body {{ margin: 0; background: var(--paper); color: var(--ink); min-height: 100vh; display: flex;
  flex-direction: column; font: 16px/1.5 "Noto Sans", "DejaVu Sans", system-ui, sans-serif; }}
.inside, main, body > footer {{ width: 100%; max-width: 74rem; margin: 0 auto; padding: 0 1.25rem; }}
main {{ flex: 1; padding-top: 1.5rem; padding-bottom: 3rem; }}
h1 {{ font-size: 1.75rem; line-height: 1.2; margin: 0 0 .4rem; }}
h2 {{ font-size: 1.3rem; margin: 2.5rem 0 .8rem; padding-bottom: .2rem; border-bottom: 2px solid var(--accent); }}
h3 {{ font-size: 1.05rem; margin: 0 0 .3rem; }}
p {{ margin: .3rem 0; max-width: 75ch; }}
p + h3, ul + h3 {{ margin-top: 1.5rem; }}
p, td, th, dt, dd, li, h1, h2, h3, code {{ overflow-wrap: break-word; unicode-bidi: isolate; }}
a {{ color: var(--accent); }}
:focus-visible {{ outline: 3px solid var(--accent); outline-offset: 2px; border-radius: .15rem; }}
.skip {{ position: absolute; left: -999rem; }}
.skip:focus {{ left: 1rem; top: .5rem; background: var(--paper); padding: .5rem 1rem; z-index: 1; }}
.hidden {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }}
.note {{ color: var(--muted); font-size: .875rem; }}
.lead {{ font-size: 1.15rem; font-weight: 600; margin: 1rem 0 .5rem; }}

.bar {{ border-bottom: 1px solid var(--rule); background: var(--zebra); }}
.bar .inside {{ display: flex; flex-wrap: wrap; align-items: center; gap: .4rem 1.5rem; padding-top: .6rem;
  padding-bottom: .6rem; }}
.brand {{ font-weight: 700; text-decoration: none; color: var(--ink); }}
.brand span {{ font-weight: 400; color: var(--muted); }}
.bar nav {{ display: flex; flex-wrap: wrap; gap: 0 1.2rem; flex: 1; }}
.bar nav a {{ text-decoration: none; padding: .3rem 0; }}
.bar nav a[aria-current] {{ border-bottom: 2px solid var(--accent); color: var(--ink); }}
.bar form {{ display: flex; align-items: center; gap: .8rem; margin: 0; }}
.who {{ font-size: .875rem; color: var(--muted); padding: .3rem 0; }}
.crumbs {{ font-size: .875rem; margin-bottom: .6rem; }}

label {{ display: block; font-size: .875rem; font-weight: 600; margin-bottom: .2rem; }}
input, select, button, .button {{ font: inherit; color: var(--ink); background: var(--paper);
  border: 1px solid var(--muted); border-radius: .3rem; padding: .45rem .7rem; min-height: 2.75rem; max-width: 100%; }}
button, .button {{ background: var(--accent); color: var(--on-accent); border-color: var(--accent); font-weight: 600;
  cursor: pointer; text-decoration: none; display: inline-flex; align-items: center; }}
.quiet {{ background: transparent; color: var(--accent); }}
.bar button {{ min-height: 2.25rem; padding: .2rem .7rem; }}
button:hover, .button:hover {{ text-decoration: underline; }}
.filters {{ display: flex; flex-wrap: wrap; align-items: end; gap: .8rem; margin: 1rem 0 1.5rem; }}
.filters .wide {{ flex: 1 1 14rem; }}
.filters .wide input {{ width: 100%; }}

.sign-in {{ max-width: 24rem; margin: 8vh auto 0; }}
.sign-in .field, .sign-in form + .note {{ margin: 1rem 0; }}
.sign-in input, .sign-in button {{ width: 100%; justify-content: center; }}
.message {{ border-left: .4rem solid var(--bad); background: var(--zebra); padding: .7rem .9rem; margin: 1rem 0; }}
.message.plain {{ border-color: var(--accent); }}
.nothing {{ text-align: center; padding: 3rem 1rem; border: 1px dashed var(--muted); border-radius: .4rem; }}
.nothing p {{ margin-left: auto; margin-right: auto; }}

textarea {{ font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--muted);
  border-radius: .3rem; padding: .45rem .7rem; width: 100%; min-height: 5rem; }}
.stack {{ max-width: 34rem; }}
.stack .field, .stack fieldset {{ margin: 0 0 1rem; }}
.stack .field input:not([type=checkbox]), .stack .field select {{ width: 100%; }}
.row {{ display: flex; flex-wrap: wrap; align-items: end; gap: .8rem; }}
fieldset {{ border: 1px solid var(--rule); border-radius: .3rem; padding: .4rem .8rem .6rem; min-width: 0; }}
legend {{ font-size: .875rem; font-weight: 600; padding: 0 .3rem; }}
.choice {{ display: inline-flex; align-items: center; gap: .4rem; font-weight: 400; margin: 0 1rem 0 0;
  min-height: 2rem; }}
.choice input {{ min-height: 0; width: 1.1rem; height: 1.1rem; accent-color: var(--accent); }}
label .note {{ font-weight: 400; }}
.small {{ font-size: .8125rem; }}
button.small {{ min-height: 2rem; padding: .1rem .6rem; }}
.danger {{ background: transparent; color: var(--bad); border-color: var(--bad); }}
.rooms {{ display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; border-bottom: 1px solid var(--rule); }}
.rooms a {{ padding: .5rem 0; text-decoration: none; }}
.rooms a[aria-current] {{ border-bottom: 3px solid var(--accent); color: var(--ink); font-weight: 600; }}
.secret {{ overflow-wrap: anywhere; font-size: 1rem; }}
.actions {{ display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin: .8rem 0; }}
.actions form {{ margin: 0; }}
dl.plain dt {{ font-weight: 600; }}
dl.plain dd {{ margin: 0 0 .6rem; }}
progress {{ width: 100%; max-width: 34rem; height: 1rem; accent-color: var(--accent); }}

.badge {{ display: inline-block; font-size: .8125rem; font-weight: 600; padding: .1rem .55rem; border-radius: .8rem; }}
{BADGES}
.entries {{ list-style: none; margin: 1rem 0 0; padding: 0; display: grid; gap: .8rem;
  grid-template-columns: minmax(0, 1fr); }}
.entry {{ border: 1px solid var(--rule); border-radius: .4rem; padding: .9rem 1.1rem; display: grid; gap: .5rem 2rem; }}
.entry h2, .entry h3 {{ border: 0; margin: 0; padding: 0; font-size: 1.1rem; }}
.entry .facts {{ display: flex; flex-wrap: wrap; gap: .3rem .6rem; align-items: center; }}
.entry dl {{ display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .5rem 1rem; margin: 0; }}
.entry dt {{ font-size: .8125rem; color: var(--muted); }}
.entry dd {{ margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }}
.entry .change {{ font-weight: 400; }}
@media (max-width: 40rem) {{
  .bar .inside {{ gap: .2rem 1rem; }}
  .brand {{ flex: 1 0 100%; }}
  .who {{ flex: 1; }}
  .who .wide {{ display: none; }}
  .bar nav {{ flex-wrap: wrap; gap: 0 1rem; flex: 1 0 100%; }}
  .bar form {{ flex: 1; }}
}}
@media (min-width: 52rem) {{
  .entry {{ grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); align-items: center; }}
  .entry dl {{ grid-template-columns: repeat(4, minmax(0, 1fr)); }}
}}
.pages {{ display: flex; justify-content: space-between; align-items: center; margin-top: 1.2rem; gap: 1rem; }}

.cards {{ list-style: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(13.5rem, 100%), 1fr));
  gap: .8rem; padding: 0; margin: 1.2rem 0; }}
.card {{ border: 1px solid var(--rule); border-radius: .4rem; padding: .7rem .9rem; }}
.card a {{ color: inherit; text-decoration: none; }}
.card a:hover {{ text-decoration: underline; }}
.cards.wide {{ grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); }}
.card h3 {{ margin: 0 0 .4rem; font-size: 1.1rem; }}
.card .field input {{ width: 100%; }}
.card .label {{ font-size: .875rem; color: var(--muted); margin: 0; }}
.card .value {{ font-size: 1.35rem; font-weight: 600; margin: 0; font-variant-numeric: tabular-nums; }}
.change {{ font-size: .875rem; color: var(--muted); }}
.change.better {{ color: var(--good); }}
.change.worse {{ color: var(--bad); }}
.section {{ border-top: 1px solid var(--rule); padding: 1.2rem 0; }}
.section:first-of-type {{ border-top: 0; }}
.finding {{ font-weight: 600; }}
.withheld {{ color: var(--muted); font-style: italic; }}
figure {{ margin: .8rem 0; }}
figure img {{ width: 46rem; max-width: 100%; height: auto; display: block; background: {PAPER}; border-radius: .3rem;
  padding: .5rem; box-sizing: border-box; }}
.scroll {{ overflow-x: auto; margin: .6rem 0; position: relative; }}
table {{ border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; min-width: 50%; }}
th {{ background: var(--head); text-align: left; }}
th a {{ color: var(--ink); white-space: nowrap; }}
th, td {{ padding: .35rem .6rem; border-bottom: 1px solid var(--rule); vertical-align: top; }}
td {{ min-width: 6rem; }}
td.small {{ min-width: 14rem; }}
td.number, th.number {{ text-align: right; white-space: nowrap; min-width: 3.5rem; }}
td.time, td.size {{ white-space: nowrap; }}
tbody tr:nth-child(even) {{ background: var(--zebra); }}
.closing td {{ font-weight: 600; }}
code {{ font: .8125rem/1.4 "Noto Sans Mono", "DejaVu Sans Mono", monospace; }}
.severity {{ padding: .05rem .5rem; border-radius: .2rem; white-space: nowrap; }}
{LEVELS}
details {{ margin: .8rem 0; }}
summary {{ cursor: pointer; padding: .4rem 0; font-weight: 600; color: var(--accent); }}
.preview {{ width: 100%; height: min(80vh, 60rem); border: 1px solid var(--rule); background: {PAPER}; }}
.columns {{ columns: 2 16rem; padding-left: 1.2rem; }}
body > footer {{ border-top: 1px solid var(--rule); padding-top: .8rem; padding-bottom: 1.2rem; color: var(--muted);
  font-size: .8125rem; }}
@media print {{ .bar, .filters, .skip {{ display: none; }} }}
@media (prefers-reduced-motion: no-preference) {{ html {{ scroll-behavior: smooth; }} }}
"""
STYLE_TAG = sha256(STYLE.encode()).hexdigest()[:12]

ICON = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="{ACCENT}"/>'
    f'<path d="M8 22V16M16 22V9M24 22V13" stroke="{PAPER}" stroke-width="4" stroke-linecap="round"/></svg>'
)
