"""Mails to those who keep the pipeline running: something failed, and it works again."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.rendering.characters import shortened
from sentinel_pipeline.rendering.letter import Letter
from sentinel_pipeline.rendering.mail import subject_line, written
from sentinel_pipeline.rendering.mail_blocks import Action, Block, Box, Lead, Mail, Paragraphs

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


def _notice(problem: Problem, opening: str, preheader: str, blocks: list[Block], label: str) -> Letter:
    link = (Action(label, problem.link),) if problem.link else ()
    return written(
        Mail(
            subject=subject_line(opening, problem.what, problem.owner),
            preheader=preheader,
            owner=problem.owner,
            title=f"{opening}: a notice from Sentinel Pipeline",
            lines=(f"Run {problem.run}",),
            blocks=(*blocks, *link),
            footer=("You get this mail as one of the recipients in “alerts” of sentinel.yaml.",),
        )
    )
