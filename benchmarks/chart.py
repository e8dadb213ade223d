"""What each stage costs by the number of rows, drawn as SVG in the colours and the type of the reports."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from sentinel_pipeline.rendering.charts import SETTINGS
from sentinel_pipeline.rendering.fonts import FAMILY
from sentinel_pipeline.rendering.palette import INK, MUTED, RULE, SERIES

TITLE = "Cost of each stage against the size of the day"
SIZE = (6.85, 3.9)
WORDS = "Processor seconds by millions of rows of one day, both scales logarithmic; grey: in proportion to the rows."


def draw(costs: Mapping[str, Mapping[int, float]], path: Path) -> None:
    """Writes the chart of processor seconds by stage and rows; the same costs give the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    settings: Any = {**SETTINGS, "font.family": FAMILY, "font.size": 8, "text.color": INK}
    with mpl.rc_context(settings):
        figure = Figure(SIZE)
        figure.subplots_adjust(left=0.09, right=0.77, top=0.84, bottom=0.13)
        axes = figure.subplots()
        axes.set(xscale="log", yscale="log", xlabel="rows of one day", ylabel="processor seconds")
        sizes = sorted({rows for cost in costs.values() for rows in cost})
        for cost in costs.values():
            first = min(cost)
            axes.plot(sizes, [cost[first] * rows / first for rows in sizes], color=RULE, linewidth=0.8, zorder=1)
        for (name, cost), colour in zip(costs.items(), SERIES, strict=False):
            axes.plot(list(cost), list(cost.values()), color=colour, marker="o", markersize=4, label=name, zorder=2)
        axes.set_xticks(sizes, [f"{rows // 1_000_000} M" for rows in sizes])
        axes.minorticks_off()
        axes.yaxis.set_major_formatter("{x:g}")
        axes.tick_params(colors=MUTED)
        axes.grid(color=RULE, linewidth=0.4)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), frameon=False)
        figure.text(0.09, 0.94, TITLE, size=10, weight="bold", color=INK)
        figure.text(0.09, 0.885, WORDS, size=7, color=MUTED)
        drawn = StringIO()
        figure.savefig(drawn, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    named = f"<title>{TITLE}</title><desc>{WORDS}</desc>"
    head, _, body = drawn.getvalue().partition("<svg ")
    opened, _, rest = body.partition(">")
    path.write_text(f'{head}<svg {opened} role="img">{named}{rest}')
