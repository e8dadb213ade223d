"""A drawn figure as a file: SVG with words for those who cannot see it, PNG with few colours, PDF for a page."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, Literal

from sentinel_pipeline.rendering.fonts import FALLBACKS, FAMILY, families

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

Form = Literal["svg", "png", "pdf"]
DOTS_PER_INCH = 160
COLOURS = 128


def _svg(figure: Figure, title: str, words: str) -> bytes:
    """Text stays text; the root is one image with a name and a description."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # a browser has the fonts we lack
        text = _saved(figure, "svg", Date=None, Creator=None, Format=None, Type=None).decode()
    fallbacks = ", ".join(f"'{name}'" if " " in name else name for name in FALLBACKS)
    # A supplement is no font a browser has: it has its own.
    drawn = ", ".join(f"'{name}'" for name in families())
    text = text.replace(drawn, f"'{FAMILY}', {fallbacks}")
    named = f"<title>{escape(title)}</title><desc>{escape(words)}</desc>"
    text = re.sub(r"<svg\b[^>]*>", lambda root: f'{root[0][:-1]} role="img">{named}', text, count=1)
    return text.encode()


def png(figure: Figure, title: str, words: str, dots: int = DOTS_PER_INCH) -> bytes:
    """A palette picture, a third of the size; its title and description travel inside."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image, PngImagePlugin

    figure.set_dpi(dots)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    size = canvas.get_width_height()
    drawn = Image.frombuffer("RGBA", size, canvas.buffer_rgba())
    small = _few_colours(drawn.convert("RGB"))
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("Title", title)
    notes.add_itxt("Description", words)
    file = BytesIO()
    small.save(file, "PNG", pnginfo=notes, dpi=(dots, dots))
    return file.getvalue()


def _few_colours(picture: Image) -> Image:
    """The same picture with a palette, its paper still white."""
    from PIL import Image

    # Six times as fast as the stock method; on plain planes of colour nobody sees a difference.
    small = picture.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = small.getpalette() or []
    lightest = max(range(0, len(palette), 3), key=lambda place: sum(palette[place : place + 3]))
    palette[lightest : lightest + 3] = (255, 255, 255)
    small.putpalette(palette)
    return small


def _pdf(figure: Figure, title: str, words: str) -> bytes:  # noqa: ARG001 - the page carries the words
    return _saved(figure, "pdf", Creator=None, Producer=None, CreationDate=None)


def saved_pages(figures: Iterable[Figure]) -> bytes:
    """One PDF with a page for each figure."""
    from matplotlib.backends.backend_pdf import PdfPages

    file = BytesIO()
    with PdfPages(file, metadata={"Creator": None, "Producer": None, "CreationDate": None}) as pages:
        for figure in figures:
            pages.savefig(figure)
    return file.getvalue()


def _saved(figure: Figure, form: Form, **metadata: None) -> bytes:
    file = BytesIO()
    figure.savefig(file, format=form, dpi=DOTS_PER_INCH, metadata=metadata)
    return file.getvalue()


SAVERS: Final[dict[Form, Callable[[Figure, str, str], bytes]]] = {"svg": _svg, "png": png, "pdf": _pdf}
