"""The look of a mail: inline styles for readers that know nothing else, classes for those that know the dark.

Gmail and Outlook turn colours round by themselves where they ignore the classes: so every text colour stands with its
background, no meaning hangs on a colour, and nothing is a picture of text but the chart, which keeps its own paper.
"""

from __future__ import annotations

from sentinel_pipeline.rendering.html_style import DARK, LIGHT
from sentinel_pipeline.rendering.palette import LOOKS

WIDEST = 640
PADDING = 24
FONT = "font-family:'Segoe UI','Helvetica Neue',Helvetica,Arial,sans-serif"
PAGE, DARK_PAGE = LIGHT["head"], "#0B1117"
# Fill and ink of a box in the dark; by day those of LOOKS.
DARK_LOOKS = {
    "ok": ("#12352A", "#8FE0BF"),
    "attention": ("#3A2F10", "#FFD98A"),
    "failure": ("#3D1820", "#FFB3BD"),
    "neutral": ("#2A3641", "#D5DDE4"),
}


def ink(name: str, style: str) -> str:
    """Class and style of text in one of the colours of the house."""
    return f'class="{name}" style="color:{LIGHT[name]};{style}"'


def box_colours(look: str) -> tuple[str, str]:
    """Fill and ink of a box by day."""
    return LOOKS[look].fill, LOOKS[look].ink


def _dark(opening: str = "") -> str:
    rules = [
        f"{opening}.page{{background:{DARK_PAGE}!important}}",
        f"{opening}.paper{{background:{DARK['paper']}!important}}",
        f"{opening}.line{{border-color:{DARK['rule']}!important}}",
        *(f"{opening}.{name}{{color:{DARK[name]}!important}}" for name in ("ink", "muted", "accent", "good", "bad")),
        *(
            f"{opening}.{look},{opening}.{look} td{{background:{fill}!important;color:{text}!important}}"
            for look, (fill, text) in DARK_LOOKS.items()
        ),
    ]
    return "\n".join(rules)


STYLE = f"""
:root{{color-scheme:light dark;supported-color-schemes:light dark}}
body{{margin:0;padding:0;-webkit-text-size-adjust:100%}}
table{{border-collapse:separate;border-spacing:0;mso-table-lspace:0;mso-table-rspace:0}}
img{{border:0;display:block;height:auto}}
td,th{{word-break:break-word;overflow-wrap:anywhere;unicode-bidi:isolate}}
@media (max-width:520px){{
.pad{{padding-left:16px!important;padding-right:16px!important}}
.change{{width:auto!important}}
}}
@media (prefers-color-scheme:dark){{
{_dark()}
}}
{_dark("[data-ogsc] ")}
"""
