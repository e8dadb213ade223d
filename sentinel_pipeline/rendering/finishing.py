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

    pages = [page.obj for page in document.pages]
    owners: list[dict[int, Any]] = [{} for _ in pages]
    tree = document.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    tree.K = _Tree(document, pages, owners).element(root, tree)
    numbers = Array()
    for n, (page, owned) in enumerate(zip(pages, owners, strict=True)):
        page.StructParents = n
        page.Tabs = Name.S
        numbers.append(n)
        numbers.append(document.make_indirect(Array([owned[number] for number in sorted(owned)])))
    tree.ParentTree = document.make_indirect(Dictionary(Nums=numbers))
    tree.ParentTreeNextKey = len(owners)
    document.Root.StructTreeRoot = tree
    document.Root.MarkInfo = Dictionary(Marked=True)


class _Tree:
    """Elements as PDF objects; a long table has a hundred thousand, so names that all share are made once."""

    def __init__(self, document: Any, pages: Sequence[Any], owners: Sequence[dict[int, Any]]) -> None:
        from pikepdf import Array, Dictionary, Name, String

        self._document, self._pages, self._owners = document, pages, owners
        self._array, self._dictionary, self._name, self._string = Array, Dictionary, Name, String
        self._kind, self._piece = Name.StructElem, Name.MCR
        self._names: dict[str, Any] = {}

    def element(self, element: Element, parent: Any) -> Any:
        role = self._names.get(element.role)
        if role is None:
            role = self._names[element.role] = self._name(f"/{element.role}")
        made = self._document.make_indirect(self._dictionary({"/Type": self._kind, "/S": role, "/P": parent}))
        if element.alt:
            made.Alt = self._string(element.alt)
        if element.role == "TH":
            made.A = self._dictionary(O=self._name.Table, Scope=self._name.Column)
        kids = []
        for page, number in element.marks:
            self._owners[page][number] = made
            kids.append(self._dictionary({"/Type": self._piece, "/Pg": self._pages[page], "/MCID": number}))
        kids += [self.element(child, made) for child in element.children.values()]
        made.K = self._array(kids)
        return made
