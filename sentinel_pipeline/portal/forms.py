"""What somebody filled in and sent: fields by name, each once or several times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request


@dataclass(frozen=True)
class FilledIn:
    """Fields of a form; a field that was left empty is as one that was not there."""

    fields: Mapping[str, tuple[str, ...]]

    def one(self, name: str) -> str:
        """The field's text without the space around it; empty when there is none."""
        return next(iter(self.fields.get(name, ())), "").strip()

    def several(self, name: str) -> list[str]:
        """What was chosen of a field."""
        return [value for value in self.fields.get(name, ()) if value]

    def lines(self, name: str) -> list[str]:
        """Lines of a field, or what commas part in it."""
        return [part.strip() for part in self.one(name).replace(",", "\n").splitlines() if part.strip()]


async def filled_in(request: Request) -> FilledIn:
    """A dependency: the form of a request; files in it are no fields."""
    form = await request.form()
    return FilledIn({name: tuple(one for one in form.getlist(name) if isinstance(one, str)) for name in form})


Filled = Annotated[FilledIn, Depends(filled_in)]
