"""Charts put into a document as vectors: each matplotlib page becomes the form that the layout left room for."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

# ReportLab calls a form like this in the resources of a page.
PREFIX = "/FormXob."


def put_charts(document: Any, charts: Sequence[str], book: bytes) -> None:
    """Fills the empty form named after each chart with its page of the book."""
    import pikepdf

    if not charts:
        return
    forms = _forms(document)
    with pikepdf.open(BytesIO(book)) as pages:
        for name, page in zip(charts, pages.pages, strict=True):
            _replace(forms[name], document.copy_foreign(page.as_form_xobject()))


def _forms(document: Any) -> dict[str, Any]:
    """Every form of the document by its name."""
    found: dict[str, Any] = {}
    for page in document.pages:
        for key, form in page.obj.get("/Resources", {}).get("/XObject", {}).items():
            if key.startswith(PREFIX):
                found[key.removeprefix(PREFIX)] = form
    return found


def _replace(form: Any, source: Any) -> None:
    form.write(source.read_raw_bytes(), filter=source.get("/Filter"), decode_parms=source.get("/DecodeParms"))
    for key in ("/BBox", "/Resources", "/Group", "/Matrix"):
        if key in source:
            form[key] = source[key]
        elif key in form:
            del form[key]
