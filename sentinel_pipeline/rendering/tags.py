"""Marked content: which piece of a page is which paragraph, cell or figure, kept in reading order for the tag tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

# Role and a name that is unique among its siblings, from the outermost element inwards.
Path = tuple[tuple[str, str], ...]


@dataclass
class Element:
    """An element of the tag tree; `marks` are its pieces as (page from 0, number on that page)."""

    role: str
    children: dict[tuple[str, str], Element] = field(default_factory=dict)
    marks: list[tuple[int, int]] = field(default_factory=list)
    alt: str | None = None


class Tags:
    """Collects the tag tree while pages are drawn."""

    def __init__(self) -> None:
        self.root = Element("Document")
        self._marks_on: Counter[int] = Counter()

    @contextmanager
    def mark(self, canvas: Any, path: Path, alt: str | None = None) -> Iterator[None]:
        """What is drawn inside belongs to the element at `path`."""
        page = canvas.getPageNumber() - 1
        number = self._marks_on[page]
        self._marks_on[page] += 1
        element = self.root
        for step in path:
            child = element.children.get(step)
            if child is None:  # made for every cell, so not for nothing
                child = element.children[step] = Element(step[0])
            element = child
        element.marks.append((page, number))
        element.alt = alt
        canvas._code.append(f"/{element.role} <</MCID {number}>> BDC")
        yield
        canvas._code.append("EMC")


@contextmanager
def artifact(canvas: Any) -> Iterator[None]:
    """What is drawn inside is decoration that nobody needs to hear read out."""
    canvas._code.append("/Artifact BMC")
    yield
    canvas._code.append("EMC")
