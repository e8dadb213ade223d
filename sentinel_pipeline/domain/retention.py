"""Kinds of what a data folder keeps, each with days of its own."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal[
    "facts",
    "quarantine",
    "statistics",
    "daily_editions",
    "weekly_editions",
    "monthly_editions",
    "custom_editions",
    "drafts",
    "exports",
    "outbox",
    "requests",
    "runs",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
