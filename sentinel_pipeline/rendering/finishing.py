"""The last pass over a PDF: charts in their places, the tag tree, language, title and dates; same input, same bytes.

The document is structured for assistive software; no conformance to a standard is claimed, none was validated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from sentinel_pipeline.rendering.chart_pdf import put_charts
from sentinel_pipeline.rendering.tags import Element

LANGUAGE = "en"
CREATOR = "Sentinel Pipeline"


@dataclass(frozen=True)
class Particulars:
    """What the document says of itself."""

    title: str
    author: str
    subject: str
    dated: datetime


def finished(pages: bytes, charts: Sequence[str], book: bytes, tags: Element, particulars: Particulars) -> bytes:
    """The document with its charts (named in the order of the book's pages), tags and particulars."""
    import pikepdf

    with pikepdf.open(BytesIO(pages)) as document:
        put_charts(document, charts, book)
        _say(document, particulars)
        _tag(document, tags)
        file = BytesIO()
        document.save(
            file,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            compress_streams=True,
            fix_metadata_version=False,
        )
    return file.getvalue()


def _say(document: Any, particulars: Particulars) -> None:
    from pikepdf import Dictionary, Name, String

    stamp = particulars.dated.strftime("D:%Y%m%d%H%M%S+00'00'")
    texts = {"Title": particulars.title, "Author": particulars.author, "Subject": particulars.subject}
    texts |= {"Creator": CREATOR, "Producer": CREATOR, "CreationDate": stamp, "ModDate": stamp}
    document.trailer.Info = document.make_indirect(Dictionary({f"/{k}": String(v) for k, v in texts.items()}))
    document.Root.Lang = String(LANGUAGE)
    document.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    document.Root.PageMode = Name.UseOutlines
    _describe(document, particulars)


def _describe(document: Any, particulars: Particulars) -> None:
    """The same particulars as XMP."""
    moment = particulars.dated.strftime("%Y-%m-%dT%H:%M:%SZ")
    with document.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as words:
        words["dc:title"] = particulars.title
        words["dc:creator"] = [particulars.author]
        words["dc:description"] = particulars.subject
        words["dc:language"] = {LANGUAGE}
        words["xmp:CreatorTool"] = CREATOR
        words["xmp:CreateDate"] = moment
        words["xmp:ModifyDate"] = moment
        words["pdf:Producer"] = CREATOR


def _tag(document: Any, root: Element) -> None:
    """Writes the tag tree and, for every page, which of its marks belongs to which element."""
    from pikepdf import Array, Dictionary, Name

    owners: list[dict[int, Any]] = [{} for _ in document.pages]
    tree = document.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    tree.K = _element(document, root, tree, owners)
    numbers = Array()
    for n, (page, owned) in enumerate(zip(document.pages, owners, strict=True)):
        page.obj.StructParents = n
        page.obj.Tabs = Name.S
        numbers.append(n)
        numbers.append(document.make_indirect(Array([owned[number] for number in sorted(owned)])))
    tree.ParentTree = document.make_indirect(Dictionary(Nums=numbers))
    tree.ParentTreeNextKey = len(owners)
    document.Root.StructTreeRoot = tree
    document.Root.MarkInfo = Dictionary(Marked=True)


def _element(document: Any, element: Element, parent: Any, owners: list[dict[int, Any]]) -> Any:
    from pikepdf import Array, Dictionary, Name, String

    made = document.make_indirect(Dictionary(Type=Name.StructElem, S=Name(f"/{element.role}"), P=parent))
    if element.alt:
        made.Alt = String(element.alt)
    if element.role == "TH":
        made.A = Dictionary(O=Name.Table, Scope=Name.Column)
    kids = Array()
    for page, number in element.marks:
        owners[page][number] = made
        kids.append(Dictionary(Type=Name.MCR, Pg=document.pages[page].obj, MCID=number))
    for child in element.children.values():
        kids.append(_element(document, child, made, owners))
    made.K = kids
    return made
