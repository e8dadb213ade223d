"""Whether somebody may have a file: a user by role and ownership, a recipient of mails by what they get them for."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from sentinel_pipeline.delivery.enrolment import listed
from sentinel_pipeline.domain.access import GRANTED, Permission
from sentinel_pipeline.domain.period import CUSTOM
from sentinel_pipeline.domain.tables import AUDIT_EVENTS
from sentinel_pipeline.exports.on_request import FOLDER
from sentinel_pipeline.exports.planning import plans
from sentinel_pipeline.ledger.export_schedules import schedule_of
from sentinel_pipeline.ledger.exports import export_of
from sentinel_pipeline.ledger.links import Link
from sentinel_pipeline.ledger.requests import state_of
from sentinel_pipeline.ledger.users import User, with_id
from sentinel_pipeline.portal.edition_tables import is_personal
from sentinel_pipeline.portal.ownership import own_request
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.portal.visitors import Visitor
from sentinel_pipeline.settings import load_settings

EXPORTS: Final = "exports/"
REQUESTED: Final = f"editions/{CUSTOM}/"
ON_REQUEST: Final = f"{EXPORTS}{FOLDER}/"
# Of `editions/daily/2026-11-20/r1/report.pdf` what names the edition, and the files of it that name nobody.
OF_EDITION: Final = 4
NAMELESS: Final = (("manifest.json",), ("facts.json",))


def is_entitled(site: Site, link: Link) -> bool:
    """Whether whom a link is bound to may have its file now."""
    if link.user_id is None:
        return _is_sent(site, link)
    with site.ledger.reading() as connection:
        user = with_id(connection, link.user_id)
    return user is not None and user.is_active and may_have(site, in_person(user), link.file)


def in_person(user: User) -> Visitor:
    """A user who is not here, with all that their role may do."""
    return Visitor(user, GRANTED[user.role], "")


def may_have(site: Site, found: Visitor, file: str) -> bool:
    """Whether a visitor may download a file: periodic editions who may export, what was made on request whose it is,
    what the configuration has exported every day who may see its rows; admins everything.

    Files of editions that name people or devices are for who may see these, also where a token may do less than its
    user.
    """
    if not found.may("DATA_EXPORT") or (names_people(site, file) and not found.may("PERSONAL_VIEW")):
        return False
    if found.may("USERS_MANAGE") or not file.startswith((EXPORTS, REQUESTED)):
        return True
    if file.startswith(REQUESTED):
        return own_request(site, found, request_in(file)) is not None
    return _is_own_export(site, found, file) if file.startswith(ON_REQUEST) else _is_planned(site, found, file)


def names_people(site: Site, file: str) -> bool:
    """Whether a file of an edition names people or devices; documents, which show every section, do."""
    parts = PurePosixPath(file).parts
    if parts[:1] != ("editions",) or len(parts) <= OF_EDITION:
        return False
    folder, within = site.data.joinpath(*parts[:OF_EDITION]), parts[OF_EDITION:]
    if within[0] in ("tables", "charts") and len(within) > 1:
        return is_personal(folder, PurePosixPath(within[1]).stem)
    return within not in NAMELESS


def request_in(file: str) -> str:
    """The id of what was asked for, as the path of a file below `REQUESTED` or `ON_REQUEST` has it."""
    return file.split("/")[2]


def needed_for(table: str) -> tuple[Permission, ...]:
    """What else who exports a table has to be allowed: who did what is for those who may see the record of acts."""
    return ("AUDIT_VIEW",) if table == AUDIT_EVENTS.name else ()


def _is_own_export(site: Site, found: Visitor, file: str) -> bool:
    with site.ledger.reading() as connection:
        export = export_of(connection, request_in(file))
    return export is not None and export.user_id == found.user.user_id and not export.is_expired(site.clock())


def _is_planned(site: Site, found: Visitor, file: str) -> bool:
    plan = next((one for one in plans(site.settings) if file.startswith(f"{EXPORTS}{one.name}/")), None)
    return plan is not None and all(map(found.may, ("PERSONAL_VIEW", *needed_for(plan.wanted.table.name))))


def _is_sent(site: Site, link: Link) -> bool:
    """Whether a recipient still gets mails by the subscription, or is named by the request, that the file is of."""
    recipient = (link.recipient or "").casefold()
    if link.file.startswith(ON_REQUEST):
        return recipient in _scheduled_for(site, request_in(link.file))
    if link.file.startswith(REQUESTED):
        with site.ledger.reading() as connection:
            filed = state_of(connection, request_in(link.file))
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
