"""Links of a mail that open a file for its recipient alone, signed, for a number of days."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sentinel_pipeline.delivery.edition import PublishedEdition
from sentinel_pipeline.delivery.enclosing import edition_link
from sentinel_pipeline.publishing.links import link_id, link_key, link_path
from sentinel_pipeline.rendering.letter import Letter
from sentinel_pipeline.settings import Settings

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.database import Ledger
    from sentinel_pipeline.ledger.deliveries import Delivery


@dataclass(frozen=True)
class Linking:
    """Puts links of a recipient's own in the place of those to the files of an edition; the same in every attempt."""

    settings: Settings
    ledger: Ledger
    edition: PublishedEdition

    def personal(self, letter: Letter, row: Delivery) -> Letter:
        base_url = self.settings.delivery.base_url
        if base_url is None:
            return letter
        known = {file.name for file in self.edition.files}
        plain = re.compile(re.escape(f"{edition_link(self.edition, base_url)}/") + r"([A-Za-z0-9._~%/-]*[A-Za-z0-9])")

        def own(found: re.Match[str]) -> str:
            name = unquote(found[1])
            return f"{base_url}{self._path(name, row)}" if name in known else found[0]

        return replace(letter, html=plain.sub(own, letter.html), text=plain.sub(own, letter.text))

    def _path(self, name: str, row: Delivery) -> str:
        ends = row.planned_at + timedelta(days=self.settings.delivery.link_days)
        file = f"editions/{self.edition.name}/{name}"
        target = Target(file, row.recipient, row.subscription, row.delivery_id, row.planned_at, ends)
        return own_link(self.settings.data, self.ledger, target)


@dataclass(frozen=True)
class Target:
    """A file for a recipient of a delivery, from when until when."""

    file: str
    recipient: str
    subscription: str
    delivery_id: str
    made_at: datetime
    ends_at: datetime


def own_link(data: Path, ledger: Ledger, target: Target) -> str:
    """The path of the recipient's own link, kept in the ledger; the same whenever it is asked for again."""
    from sentinel_pipeline.ledger.links import Link, keep

    key = link_key(data / "keys")
    wanted = Link(
        link_id=link_id(key, target.delivery_id, target.file),
        file=target.file,
        user_id=None,
        recipient=target.recipient,
        subscription=target.subscription,
        made_by="delivery",
        made_at=target.made_at,
        expires_at=target.ends_at.replace(microsecond=0),
    )
    link = keep(ledger, wanted)
    return link_path(key, link.link_id, link.bound_to, link.file, link.expires_at)
