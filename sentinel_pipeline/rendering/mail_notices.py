"""Mails to those who keep the pipeline running: something failed, it works again, something will be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.rendering.characters import shortened
from sentinel_pipeline.rendering.letter import Letter
from sentinel_pipeline.rendering.mail import subject_line, written
from sentinel_pipeline.rendering.mail_blocks import Action, Block, Box, Lead, Mail, Paragraphs
from sentinel_pipeline.rendering.quantities import written_bytes
from sentinel_pipeline.sections.findings import listed

MOST_CAUSES, LONGEST_CAUSE = 8, 600


@dataclass(frozen=True)
class Problem:
    """What went wrong: `what` was to be done (an edition, a delivery, a job), since when, and how often it was tried.

    `causes` are lines of the errors themselves, `run` names the run and `link` leads to it (empty: nowhere), `happened`
    is when it was noticed, in words. `mending` are lines that say what to do.
    """

    owner: str
    what: str
    happened: str
    causes: tuple[str, ...]
    run: str
    link: str = ""
    attempts: int = 1
    mending: tuple[str, ...] = ()


def failure_notice(problem: Problem) -> Letter:
    """One mail for a problem, however often it comes back."""
    what = shortened(problem.what, LONGEST_CAUSE)
    tried = "" if problem.attempts == 1 else f", tried {counted(problem.attempts, 'time')}"
    causes = tuple(shortened(cause, LONGEST_CAUSE) for cause in problem.causes[:MOST_CAUSES])
    more = len(problem.causes) - len(causes)
    blocks: list[Block] = [
        Lead(f"{what} failed."),
        Box("failure", f"{problem.happened}{tried}", points=(*causes, *((f"and {more:,} more",) if more else ()))),
    ]
    if problem.mending:
        blocks.append(Paragraphs(problem.mending, "What to do"))
    silence = "This is told once: there is no further mail until it works again or something else fails."
    return _notice(problem, "Failed", f"{what} failed", [*blocks, Paragraphs((silence,))], "Open the run")


def recovery_notice(problem: Problem) -> Letter:
    """The end of a problem that a failure notice told of; `causes` may say what was made up for."""
    what = shortened(problem.what, LONGEST_CAUSE)
    causes = tuple(shortened(cause, LONGEST_CAUSE) for cause in problem.causes[:MOST_CAUSES])
    blocks: list[Block] = [Lead(f"{what} works again."), Box("ok", problem.happened, points=causes)]
    return _notice(problem, "Recovered", f"{what} works again", blocks, "Open the run that failed")


@dataclass(frozen=True)
class Going:
    """What is deleted of a kind: the days it is of, what it is made of, how many bytes, from which day on it goes."""

    kind: str
    since: date
    until: date
    what: str
    bytes: int
    on: date

    @property
    def name(self) -> str:
        return self.kind.replace("_", " ")


@dataclass(frozen=True)
class Deletion:
    """What retention is about to delete."""

    owner: str
    going: tuple[Going, ...]


def deletion_notice(deletion: Deletion) -> Letter:
    """What goes, how much of it, when, and how it is held; told before anything is deleted."""
    first = min(one.on for one in deletion.going)
    names = listed([one.name for one in deletion.going])
    size = written_bytes(sum(one.bytes for one in deletion.going))
    points = tuple(_going(one) for one in deletion.going)
    one = deletion.going[0]
    hold = f"holds: [{{kinds: [{one.kind}], since: {one.since}, until: {one.until}, reason: …}}]"
    keeping = (
        f"Write a hold under “retention” in sentinel.yaml before its day, such as “{hold}”: without kinds it holds all"
        " of them, without since or until all days.",
        "“sentinel retention --dry-run” says what goes, what is held and why.",
    )
    silence = "This is told once before anything goes. What is held is told anew before it goes after all."
    return _written(
        deletion.owner,
        subject_line(f"To be deleted from {_day(first)} on", names, deletion.owner),
        f"{names}, {size}",
        "To be deleted: a notice from Sentinel Pipeline",
        ("Nothing has been deleted yet",),
        (
            Lead(f"From {first:%A} {_day(first)} {first:%Y} on, what was kept long enough is deleted: {size} in all."),
            Box("attention", "What goes", points=points),
            Paragraphs(keeping, "To keep something"),
            Paragraphs((silence,)),
        ),
    )


def _going(one: Going) -> str:
    size = f", {written_bytes(one.bytes)}" if one.bytes else ""
    name = f"{one.name[0].upper()}{one.name[1:]}"
    days = f"{one.since}" if one.since == one.until else f"{one.since} to {one.until}"
    return f"{name} of {days}: {one.what}{size}, from {_day(one.on)} on"


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"


def _notice(problem: Problem, opening: str, preheader: str, blocks: list[Block], label: str) -> Letter:
    link = (Action(label, problem.link),) if problem.link else ()
    subject = subject_line(opening, problem.what, problem.owner)
    title = f"{opening}: a notice from Sentinel Pipeline"
    return _written(problem.owner, subject, preheader, title, (f"Run {problem.run}",), (*blocks, *link))


def _written(
    owner: str, subject: str, preheader: str, title: str, lines: tuple[str, ...], blocks: tuple[Block, ...]
) -> Letter:
    return written(
        Mail(
            subject=subject,
            preheader=preheader,
            owner=owner,
            title=title,
            lines=lines,
            blocks=blocks,
            footer=("You get this mail as one of the recipients in “alerts” of sentinel.yaml.",),
        )
    )
