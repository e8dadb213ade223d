"""What the command says while it works: lines on standard error, so that results can be piped."""

from __future__ import annotations

import sys
from time import monotonic

import click

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.settings import Settings, load_settings

MEGABYTE = 1_000_000
BAR = 24
SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_LOOKS = 0.1


def say(line: str) -> None:
    """A line of progress."""
    click.echo(line, err=True)


def configured() -> Settings:
    settings = load_settings()
    if settings.is_demo:
        say(f"no {settings.data / 'config' / 'sentinel.yaml'}: using the demo configuration")
    for line in low_disk(settings):
        say(line)
    return settings


def low_disk(settings: Settings) -> list[str]:
    """A line when the data folder's disk has less free space than `retention.low_disk_mb`."""
    wanted = settings.retention.low_disk_mb
    free = settings.free_bytes // MEGABYTE
    said = f"the disk of {settings.data} is nearly full: {free:,} MB are free, retention.low_disk_mb is {wanted:,}"
    return [said] if free < wanted else []


class RowCounter:
    """Rows and their rate: one line that changes on a terminal, elsewhere a line now and then."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._doing = ""
        self._began = self._shown = monotonic()
        self._width = 0

    def __call__(self, doing: str, rows: int, total: int | None = None) -> None:
        """Hears that so many rows of `total` (None: nobody knows) are done."""
        now = monotonic()
        if doing != self._doing:
            self.close()
            self._doing, self._began, self._shown = doing, now, 0.0 if self._is_terminal else now
        is_last = rows == total
        if is_last if self._is_terminal else False:
            self._shown = 0.0
        if now - self._shown < (SECONDS_BETWEEN_LOOKS if self._is_terminal else SECONDS_BETWEEN_LINES):
            return
        self._shown = now
        line = progress_line(doing, rows, total, now - self._began)
        if self._is_terminal:
            click.echo(f"\r{line:<{self._width}}", nl=False, err=True)
            self._width = len(line)
        else:
            say(line)

    def close(self) -> None:
        """Ends the line that changes."""
        if self._is_terminal and self._width:
            click.echo("", err=True)
            self._width = 0


class RoomProgress:
    """Rooms of the demo in the making: one line that changes on a terminal, elsewhere a line for each that is done."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._making: dict[str, int] = {}
        self._width = 0

    def __call__(self, room: str, done: int, total: int) -> None:
        """Hears that a room has so many days of `total`."""
        self._making[room] = done
        if done >= total:
            del self._making[room]
            self._show(f"  {room}: {counted(total, 'day')}", is_last=True)
        elif self._is_terminal:
            self._show("  " + ", ".join(f"{name}: {days} of {total}" for name, days in self._making.items()))

    def _show(self, line: str, *, is_last: bool = False) -> None:
        start = "\r" if self._is_terminal else ""
        click.echo(f"{start}{line:<{self._width}}", nl=is_last, err=True)
        self._width = 0 if is_last else len(line)


def progress_line(doing: str, rows: int, total: int | None, seconds: float) -> str:
    """`writing  500,000 of 1,000,000 rows  ████████████░░░░░░░░░░░░  50 %  80,000 rows/s`."""
    rate = f"{rows / seconds:,.0f} rows/s" if seconds > 0 else ""
    if not total:
        return f"  {doing} {rows:,} rows  {rate}".rstrip()
    share = min(rows / total, 1.0)
    full = round(share * BAR)
    return f"  {doing} {rows:,} of {total:,} rows  {'█' * full}{'░' * (BAR - full)} {share:.0%}  {rate}".rstrip()
