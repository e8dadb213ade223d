"""Every colour of a mail can be read on its ground, by day and in the dark."""

from __future__ import annotations

import pytest

from sentinel_pipeline.rendering.html_style import DARK, LIGHT
from sentinel_pipeline.rendering.mail_style import DARK_LOOKS, box_colours
from sentinel_pipeline.rendering.palette import LOOKS

READABLE = 4.5
INKS = ("ink", "muted", "accent", "good", "bad")
PAIRS = [
    *((colours[name], colours["paper"]) for colours in (LIGHT, DARK) for name in INKS),
    *(box_colours(look) for look in LOOKS),
    *DARK_LOOKS.values(),
    ("#FFFFFF", LIGHT["accent"]),
]


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("pair", PAIRS)
def test_text_stands_out_from_its_ground(pair: tuple[str, str]) -> None:
    low, high = sorted(map(luminance, pair))
    assert (high + 0.05) / (low + 0.05) >= READABLE


def test_every_box_has_a_look_in_the_dark() -> None:
    assert DARK_LOOKS.keys() == LOOKS.keys()
