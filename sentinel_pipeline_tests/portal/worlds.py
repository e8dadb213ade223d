"""A portal that is served for real, over editions that were published, with users of every role."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import polars as pl
import uvicorn
from sqlalchemy import delete
from starlette.types import ASGIApp

from sentinel_pipeline.domain.access import ROLES, Role
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.ledger.audit import Entry, first_break, history
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.schema import USES
from sentinel_pipeline.ledger.users import add
from sentinel_pipeline.portal.application import application
from sentinel_pipeline.portal.listening import bound
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.publishing.assembly import about, render_tables
from sentinel_pipeline.publishing.composition import facts
from sentinel_pipeline.publishing.editions import publish
from sentinel_pipeline.publishing.sentences import sentences
from sentinel_pipeline.rendering.report import Report

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
PDF = b"%PDF-1.7 " + bytes(range(256)) * 40
PICTURE = b"\x89PNG\r\n\x1a\n" + b"p" * 64


@dataclass
class Clock:
    """Time as the test says it is."""

    now: datetime = AT

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Portal:
    """A portal at an address; `people` are browsers signed in, one for each role."""

    address: str
    site: Site
    clock: Clock
    people: dict[str, httpx.Client] = field(default_factory=dict)
    opened: list[httpx.Client] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.site.data

    @property
    def ledger(self) -> Ledger:
        return self.site.ledger

    def browser(self, headers: Any = None) -> httpx.Client:
        """A browser that nobody is signed in with, or a script with headers of its own."""
        opened = httpx.Client(base_url=self.address, timeout=30, trust_env=False, headers=headers)
        self.opened.append(opened)
        return opened

    def record(self) -> list[Entry]:
        """The record of acts; fails when it is broken."""
        with self.ledger.reading() as connection:
            entries = list(history(connection))
        assert first_break(entries) is None
        return entries


@contextmanager
def serving(
    data: Path,
    organisation: str = "Böse & Söhne",
    make: Callable[[Site], ASGIApp] = application,
    **more: object,
) -> Iterator[Portal]:
    """A portal on a free port of this machine until the block ends, with nobody in it; `make` makes what is served."""
    ledger, clock = open_ledger(f"sqlite:///{data / 'state.db'}"), Clock()
    site = Site(data, organisation, ZoneInfo("Europe/Berlin"), ledger, Lake(data / "lake"), clock)
    site = replace(site, **more)  # type: ignore[arg-type] # fields of Site
    options = uvicorn.Config(make(site), log_level="critical", access_log=False, lifespan="off", timeout_keep_alive=600)
    server = uvicorn.Server(options)
    with bound("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        deadline = monotonic() + 60
        while not server.started:
            assert monotonic() < deadline, "the portal did not start"
            sleep(0.01)
        portal = Portal(f"http://127.0.0.1:{listening.getsockname()[1]}", site, clock)
        try:
            yield portal
        finally:
            for browser in portal.opened:
                browser.close()
            server.should_exit = True
            thread.join()


def with_people(portal: Portal, at: datetime = AT) -> Portal:
    """One user of each role, named like it, each signed in."""
    for role in ROLES:
        with_person(portal, role, role, at)
    return portal


def with_person(portal: Portal, name: str, role: Role, at: datetime = AT) -> Portal:
    """One more user, signed in."""
    add(portal.ledger, name, role, PASSWORD, "tests", at)
    portal.people[name] = portal.browser()
    assert sign_in(portal.people[name], name).status_code == 303
    return portal


def hurry_forgotten(portal: Portal) -> None:
    """Nobody has asked too often by now."""
    with portal.ledger.writing() as connection:
        connection.execute(delete(USES))


def word_of(page: httpx.Response) -> str:
    """The word that the forms of a page hold."""
    found = re.search(r'name="word" value="([0-9a-f]+)"', page.text)
    assert found, page.text
    return found[1]


def sign_in(browser: httpx.Client, name: str, password: str = PASSWORD, then: str = "/editions") -> httpx.Response:
    """What happens to somebody who opens the page and fills in the form."""
    form = {"name": name, "password": password, "then": then, "word": word_of(browser.get("/sign-in"))}
    return browser.post("/sign-in", data=form)


def published(report: Report, data: Path, charts: tuple[str, ...] = ()) -> str:
    """Publishes a report with its tables, stand-ins for its document and the named charts; returns the edition."""
    if "reason" not in report.completeness.columns:
        report = replace(report, completeness=report.completeness.with_columns(reason=pl.lit(None, pl.String)))
    folder = Path(mkdtemp(prefix="rendered-", dir=data))
    (folder / "charts").mkdir()
    render_tables(report, folder)
    content = {
        "facts.json": json.dumps(facts(report.key_figures)).encode(),
        "words.json": json.dumps(sentences(report)).encode(),
        "report.pdf": PDF,
        "report.html": b"<script>alert(1)</script>",
        **{f"charts/{name}.png": PICTURE for name in charts},
        **{f"charts/{name}.svg": b"<svg onload='alert(1)'/>" for name in charts},
    }
    for name, written in content.items():
        (folder / name).write_bytes(written)
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    sources = {str(name): "iotsentinel" for name in report.completeness["source"].unique()}
    return publish(data / "editions", report.period, files, {}, about(report, sources)).name


def sent(browser: httpx.Client, path: str, fields: dict[str, Any] | None = None, page: str = "") -> httpx.Response:
    """What happens to somebody who opens a page (the form's own address, else `page`), fills in a form and sends it."""
    word = word_of(browser.get(page or path))
    return browser.post(path, data={**(fields or {}), "word": word})
