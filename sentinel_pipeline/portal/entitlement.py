"""Whether somebody may have a file: a user by role and ownership, a recipient of mails by what they get them for."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from sentinel_pipeline.delivery.enrolment import listed
from sentinel_pipeline.domain.access import GRANTED
from sentinel_pipeline.domain.period import CUSTOM
from sentinel_pipeline.exports.on_request import FOLDER
from sentinel_pipeline.ledger.export_schedules import schedule_of
from sentinel_pipeline.ledger.exports import export_of
from sentinel_pipeline.ledger.links import Link
from sentinel_pipeline.ledger.requests import state_of
from sentinel_pipeline.ledger.users import User, with_id
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.settings import load_settings

REQUESTED: Final = f"editions/{CUSTOM}/"
ON_REQUEST: Final = f"exports/{FOLDER}/"


def is_entitled(site: Site, link: Link) -> bool:
    """Whether whom a link is bound to may have its file now."""
    if link.user_id is None:
        return _is_sent(site, link)
    with site.ledger.reading() as connection:
        user = with_id(connection, link.user_id)
    return user is not None and user.is_active and may_have(site, user, link.file)


def may_have(site: Site, user: User, file: str) -> bool:
    """Whether a user may download a file: periodic editions who may export, what was made on request whose it is."""
    granted = GRANTED[user.role]
    if "DATA_EXPORT" not in granted:
        return False
    if not file.startswith(("exports/", REQUESTED)) or "USERS_MANAGE" in granted:
        return True
    if not file.startswith(ON_REQUEST):
        return False
    with site.ledger.reading() as connection:
        export = export_of(connection, PurePosixPath(file).parts[2])
    return export is not None and export.user_id == user.user_id and not export.is_expired(site.clock())


def _is_sent(site: Site, link: Link) -> bool:
    """Whether a recipient still gets mails by the subscription, or is named by the request, that the file is of."""
    recipient = (link.recipient or "").casefold()
    if link.file.startswith(ON_REQUEST):
        return recipient in _scheduled_for(site, PurePosixPath(link.file).parts[2])
    if link.file.startswith(REQUESTED):
        with site.ledger.reading() as connection:
            filed = state_of(connection, PurePosixPath(link.file).parts[2])
        return filed is not None and recipient in {one.casefold() for one in filed.request.recipients}
    entries = [
        one.entry
        for one in listed(load_settings(site.data), site.ledger)
        if one.name == link.subscription and one.is_active and one.entry is not None
    ]
    return any(recipient in {one.casefold() for one in entry.recipients.everybody} for entry in entries)


def _scheduled_for(site: Site, export_id: str) -> set[str]:
    """Who is mailed a link to an export by the schedule that asked for it, as the schedule stands now."""
    with site.ledger.reading() as connection:
        export = export_of(connection, export_id)
        schedule = schedule_of(connection, export.schedule_id or "") if export else None
    is_there = export is not None and not export.is_expired(site.clock())
    return {one.casefold() for one in schedule.recipients} if schedule and is_there else set()
