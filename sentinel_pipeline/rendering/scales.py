"""Value axes: round steps from zero, bytes in steps of their own units."""

from __future__ import annotations

import math

from sentinel_pipeline.domain.amounts import BYTE_UNITS
from sentinel_pipeline.domain.columns import Kind
from sentinel_pipeline.rendering.quantities import MINUS, quantity, separated

STEPS = (1, 2, 2.5, 5, 10)
WANTED = 4


def value_ticks(highest: float, kind: Kind) -> list[tuple[float, str]]:
    """Positions and labels from zero to at least `highest`."""
    power = min(int(math.log(max(highest, 1), 1024)), len(BYTE_UNITS) - 1) if kind == "bytes" else 0
    unit = 1024**power
    step = round_step(highest / unit, is_whole=kind == "count")
    count = max(1, math.ceil(highest / unit / step - 1e-9))
    return [(n * step * unit, _label(n * step, kind, power)) for n in range(count + 1)]


def round_step(highest: float, *, is_whole: bool) -> float:
    """The smallest round step that needs at most about four ticks."""
    raw = max(highest, 1e-9) / WANTED
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in STEPS if size * factor >= raw * 0.999)
    return max(1.0, math.ceil(step)) if is_whole else step


def compact(value: float, kind: Kind) -> str:
    """A value in the space of a heat map's cell."""
    if kind == "count" and abs(value) >= 10_000:
        return f"{value / 1000:.0f}k" if abs(value) < 999_500 else f"{value / 1e6:.1f}M"
    if kind == "price":
        return (f"{round(value, 3) + 0:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3g}").replace(
            "-", MINUS
        )
    return quantity(value, kind)


def _label(scaled: float, kind: Kind, power: int) -> str:
    if kind == "bytes":
        return f"{scaled:g} {BYTE_UNITS[power]}"
    if kind == "percent":
        return f"{scaled:g} %"
    return separated(scaled) if scaled == int(scaled) else f"{scaled:g}"
