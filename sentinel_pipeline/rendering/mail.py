"""The mail about an edition, from its folder alone: same folder and same occasion, same letter, byte for byte."""

from __future__ import annotations

from sentinel_pipeline.domain.errors import SentinelError
from sentinel_pipeline.domain.period import CUSTOM, Period
from sentinel_pipeline.rendering.characters import printable, shortened
from sentinel_pipeline.rendering.edition_folder import Told, told
from sentinel_pipeline.rendering.letter import Letter, Occasion
from sentinel_pipeline.rendering.mail_blocks import Mail
from sentinel_pipeline.rendering.mail_corrections import Correction, corrected, correction_blocks
from sentinel_pipeline.rendering.mail_edition import asked, edition_blocks, leading_picture
from sentinel_pipeline.rendering.mail_html import mail_html
from sentinel_pipeline.rendering.mail_text import mail_text
from sentinel_pipeline.sections.findings import listed

LONGEST_FINDING, LONGEST_SUBJECT, LONGEST_PREHEADER = 90, 150, 250


def letter(occasion: Occasion) -> Letter:
    """Raises SentinelError for a folder that is no edition, or one that cannot be told any more."""
    edition = told(occasion.edition)
    before = _told_before(occasion)
    if before is None:
        return written(_report(edition, occasion))
    return written(_correction(corrected(before, edition), occasion))


def _told_before(occasion: Occasion) -> Told | None:
    """What the subscriber has; None when it cannot be told any more, for then the whole of the new one is due."""
    try:
        return None if occasion.before is None else told(occasion.before)
    except SentinelError:
        return None


def written(mail: Mail) -> Letter:
    """The mail in both forms."""
    return Letter(mail.subject, mail_html(mail), mail_text(mail), mail.inline)


def subject_line(when: str, finding: str, owner: str) -> str:
    """One line without control characters: the finding first after the time, whose it is last."""
    said = shortened(printable(finding.rstrip(".")), LONGEST_FINDING)
    return shortened(f"{when}: {said} – {printable(owner)}", LONGEST_SUBJECT)


def when(period: Period) -> str:
    """The period as short as an inbox needs it: 'Thu 12 Mar', 'Week 44', 'October 2026', '3 Mar – 12 Mar'."""
    if period.is_day:
        return f"{period.first:%a} {period.first.day} {period.first:%b}"
    if period.cadence == CUSTOM:
        return f"{period.first.day} {period.first:%b} – {period.last.day} {period.last:%b}"
    return f"Week {period.first.isocalendar().week}" if period.cadence == "weekly" else f"{period.first:%B %Y}"


def _report(edition: Told, occasion: Occasion) -> Mail:
    picture = leading_picture(edition, occasion.sections)
    return Mail(
        subject=subject_line(when(edition.period), _finding(edition, occasion.sections), edition.organisation),
        preheader=_preheader(edition.headline),
        owner=edition.organisation,
        title=shortened(edition.requested_as or edition.title, LONGEST_FINDING),
        lines=_under_title(edition),
        blocks=edition_blocks(edition, occasion, picture),
        footer=_footer(edition, occasion.subscription),
        inline=(picture.inline,) if picture else (),
    )


def _correction(changes: Correction, occasion: Occasion) -> Mail:
    edition = changes.now
    return Mail(
        subject=subject_line(f"Correction, {when(edition.period)}", changes.in_short, edition.organisation),
        preheader=_preheader(changes.headline),
        owner=edition.organisation,
        title=f"{edition.title}, corrected",
        lines=_under_title(edition),
        blocks=correction_blocks(changes, occasion),
        footer=_footer(edition, occasion.subscription),
    )


def _finding(edition: Told, sections: tuple[str, ...]) -> str:
    """What the subject says."""
    if edition.state == "empty":
        return "nothing happened" if edition.is_true_zero else "nothing happened, as far as could be seen"
    if edition.state == "no data":
        return "no data received"
    chosen = asked(edition, sections)
    found = chosen[0].finding if sections and chosen else edition.in_short
    away = f"{listed(list(edition.unread))} could not be read" if edition.state == "unreachable" else ""
    return "; ".join(part for part in (away, found) if part)


def _under_title(edition: Told) -> tuple[str, ...]:
    return (
        *((edition.title,) if edition.requested_as else ()),
        f"{edition.period.words} · {edition.period.zone.key}",
        f"Edition r{edition.revision} · manifest {edition.short_hash}",
    )


def _footer(edition: Told, subscription: str) -> tuple[str, ...]:
    return (
        f"You get this mail because “{shortened(edition.requested_as or subscription, 80)}” was requested for you."
        if edition.period.cadence == CUSTOM
        else f"You get this mail as subscriber of “{shortened(subscription, 80)}”; reply to unsubscribe.",
        f"Edition {edition.name}, {edition.period.interval}.",
        f"Its manifest has the SHA-256 {edition.short_hash}…; “sentinel verify” checks every file against it.",
    )


def _preheader(said: str) -> str:
    return shortened(said, LONGEST_PREHEADER)
