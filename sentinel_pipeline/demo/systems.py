"""Makes the systems below a data folder, once: a second call with the same wishes changes nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sentinel_pipeline.demo.crew import Crew
from sentinel_pipeline.domain.errors import UsageError

if TYPE_CHECKING:
    from sentinel_pipeline.demo.plan import Plan
    from sentinel_pipeline.demo.rooms import Room

VERSION = 4
MARKER = "demo.json"
OFFICE = "office"
EUROPE_BERLIN = ZoneInfo("Europe/Berlin")

Progress = Callable[[str, int, int], None]


def silent(room: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


ALONE = Crew(silent)


@dataclass(frozen=True)
class DemoSystems:
    """Where the made-up systems lie, each in a room of its own, and which days they cover."""

    place: Path
    first_day: date
    last_day: date
    zone: ZoneInfo
    is_office_in_postgresql: bool

    def room(self, name: str) -> Path:
        """The folder of a room."""
        return self.place / name


@dataclass(frozen=True)
class Wishes:
    """What decides every byte of the made-up systems."""

    last_day: str
    days: int
    scale: float
    zone: str
    seed: int
    office: str
    version: int = VERSION


def make_demo(
    folder: Path,
    last_day: date,
    days: int = 30,
    scale: float = 1.0,
    zone: ZoneInfo = EUROPE_BERLIN,
    postgresql_url: str | None = None,
    crew: Crew = ALONE,
    *,
    seed: int = 7,
) -> DemoSystems:
    """Writes the household and the office below `folder/systems`, covering `days` whole days up to `last_day`.

    The crew is told the room, the days done and the days in all. Raises UsageError for impossible wishes and when
    something else already lies in the way.
    """
    if days < 1 or not scale > 0:
        raise UsageError(f"a demo covers at least one day at a scale above 0; asked for: {days} days, scale {scale}")
    wishes = Wishes(last_day.isoformat(), days, scale, zone.key, seed, "postgresql" if postgresql_url else "sqlite")
    place = folder / "systems"
    if not _is_made(place, wishes, postgresql_url):
        _make(place, wishes, postgresql_url, crew)
    return _systems(folder, wishes)


def made_systems(folder: Path) -> DemoSystems | None:
    """The demo that was made in a data folder; None when there is none or it is not finished."""
    written = _marker(folder / "systems")
    if not written or not written.pop("is_finished", False) or written.get("version") != VERSION:
        return None
    try:
        return _systems(folder, Wishes(**written))
    except (TypeError, ValueError, ZoneInfoNotFoundError):
        return None


def _systems(folder: Path, wishes: Wishes) -> DemoSystems:
    last_day = date.fromisoformat(wishes.last_day)
    return DemoSystems(
        place=folder / "systems",
        first_day=last_day - timedelta(days=wishes.days - 1),
        last_day=last_day,
        zone=ZoneInfo(wishes.zone),
        is_office_in_postgresql=wishes.office == "postgresql",
    )


def _marker(place: Path) -> dict[str, Any] | None:
    try:
        written = json.loads((place / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return written if isinstance(written, dict) else None


def _mark(place: Path, wishes: Wishes, *, is_finished: bool) -> None:
    text = json.dumps({**asdict(wishes), "is_finished": is_finished}, indent=1)
    (place / MARKER).write_text(text + "\n", encoding="utf-8")


def _is_made(place: Path, wishes: Wishes, postgresql_url: str | None) -> bool:
    if _marker(place) != {**asdict(wishes), "is_finished": True}:
        return False
    if postgresql_url is not None:
        from sentinel_pipeline.demo.postgresql import holds_demo

        return holds_demo(postgresql_url, repr(wishes))
    return all((place / room.name).is_dir() for room in _rooms())


def _rooms() -> tuple[Room, ...]:
    from sentinel_pipeline.demo.rooms import ROOMS

    return ROOMS


@dataclass(frozen=True)
class Commission:
    """A room to be made: where, after which plan, and in which PostgreSQL database instead when there is one."""

    room: Room
    folder: Path
    plan: Plan
    wishes: Wishes
    postgresql_url: str | None

    def carry_out(self, progress: Progress) -> None:
        from sentinel_pipeline.demo import postgresql

        if self.postgresql_url is None:
            self.room.write(self.folder, self.plan, progress)
        else:
            postgresql.write_office(self.postgresql_url, self.plan, repr(self.wishes), progress)


def _make(place: Path, wishes: Wishes, postgresql_url: str | None, crew: Crew) -> None:
    """Makes everything beside the old systems and then puts it in their place."""
    from sentinel_pipeline.demo.plan import Plan

    names = [room.name for room in _rooms()]
    if _marker(place) is None and (taken := [name for name in names if (place / name).exists()]):
        raise UsageError(f"{place / taken[0]} was not made by the demo; move it away or choose another data folder")
    making = place / ".making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    plan = Plan(date.fromisoformat(wishes.last_day), wishes.days, wishes.scale, ZoneInfo(wishes.zone), wishes.seed)
    urls = {OFFICE: postgresql_url}
    commissions = [Commission(room, making / room.name, plan, wishes, urls.get(room.name)) for room in _rooms()]
    crew.results(Commission.carry_out, commissions)
    _put_in_place(place, making, wishes, names)


def _put_in_place(place: Path, making: Path, wishes: Wishes, rooms: list[str]) -> None:
    _mark(place, wishes, is_finished=False)
    for room in rooms:
        shutil.rmtree(place / room, ignore_errors=True)
        if (making / room).exists():
            (making / room).rename(place / room)
    making.rmdir()
    _mark(place, wishes, is_finished=True)
