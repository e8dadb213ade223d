"""Sparklines: a figure's last values in the space of a word, gaps left open; points for any canvas, and as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from sentinel_pipeline.rendering.palette import ACCENT, RULE
from sentinel_pipeline.rendering.report import Number

Point = tuple[float, float]


def strokes(values: Sequence[Number | None], width: float, height: float) -> list[list[Point]]:
    """Unbroken runs of points, x from left to right, y upwards from the smallest known value."""
    known = [float(value) for value in values if value is not None and math.isfinite(value)]
    if not known:
        return []
    low, high = min(known), max(known)
    step = width / max(len(values) - 1, 1)
    runs = groupby(enumerate(values), key=lambda item: _is_known(item[1]))
    return [
        [(n * step, _height(value, low, high, height)) for n, value in run if value is not None]
        for is_known, run in runs
        if is_known
    ]


def sparkline(values: Sequence[Number | None], width: int = 96, height: int = 20) -> str:
    """The sparkline as an SVG element to put into a page: line over its min–max band, a dot on the last value."""
    drawn = strokes(values, width - 4, height - 4)
    parts = [f'<rect x="0" y="2" width="{width}" height="{height - 4}" fill="{RULE}" fill-opacity="0.35"/>']
    for stroke in drawn:
        points = " ".join(f"{x + 2:.1f},{height - 2 - y:.1f}" for x, y in stroke)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{ACCENT}" stroke-width="1.4"/>')
    if drawn and _is_known(values[-1]):
        x, y = drawn[-1][-1]
        parts.append(f'<circle cx="{x + 2:.1f}" cy="{height - 2 - y:.1f}" r="2" fill="{ACCENT}"/>')
    box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} aria-hidden="true">{"".join(parts)}</svg>'


def _is_known(value: Number | None) -> bool:
    return value is not None and math.isfinite(value)


def _height(value: Number, low: float, high: float, height: float) -> float:
    return height / 2 if high == low else (value - low) / (high - low) * height
