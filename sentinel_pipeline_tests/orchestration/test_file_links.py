"""Links of assets to their files: always the same, and used by nobody whom the one sign-in would not give the file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget

from sentinel_pipeline.domain.access import ROLES
from sentinel_pipeline.domain.export_order import ExportOrder
from sentinel_pipeline.domain.request import Request
from sentinel_pipeline.lake.store import Lake
from sentinel_pipeline.ledger import credentials
from sentinel_pipeline.ledger.audit import history
from sentinel_pipeline.ledger.database import Ledger, open_ledger
from sentinel_pipeline.ledger.exports import Made, begin, complete, file_export
from sentinel_pipeline.ledger.requests import file_request
from sentinel_pipeline.ledger.sessions import Client, sign_in
from sentinel_pipeline.ledger.users import User, add
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.orchestration.presenting import file_link
from sentinel_pipeline.orchestration.webserver import whole_application
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline_tests.ledger.people import QUICK
from sentinel_pipeline_tests.orchestration.asgi import Answer, ask
from sentinel_pipeline_tests.orchestration.files import CONTENT, put

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
CONFIGURATION = """
sources: [{name: home, kind: iotsentinel, location: sqlite:///home.db}]
exports: [{name: serious, table: alerts}, {name: acts, table: audit_events}]
"""


class House:
    """A control room with a file of every kind that an asset links, and who is signed in."""

    def __init__(self, data: Path, context: WorkspaceProcessContext) -> None:
        self.data, self.ledger = data, open_ledger(f"sqlite:///{data / 'state.db'}")
        site = Site(data, "Example", ZoneInfo("Europe/Berlin"), self.ledger, Lake(data / "lake"), lambda: AT)
        self.app = whole_application(context, site)
        self.people = {role: add(self.ledger, role, role, PASSWORD, "tests", AT) for role in ROLES}
        client = Client("127.0.0.1", "tests")
        self.sessions: dict[str, str | None] = {
            role: sign_in(self.ledger, role, PASSWORD, client, AT) for role in ROLES
        }
        self.links = {
            "edition": self.link("editions/daily/2025-01-01/r1/report.pdf"),
            "by hand": self.link("exports/by_hand.csv"),
            "planned": self.link("exports/serious/2025-01-01.csv.gz"),
            "acts": self.link("exports/acts/2025-01-01.csv"),
            **{f"report of {role}": self.link(requested(self.ledger, role)) for role in ("admin", "analyst")},
            **{f"export of {role}": self.link(exported(self.ledger, self.people[role])) for role in ROLES[:2]},
        }

    def link(self, file: str) -> str:
        """As an asset's metadata has it, the file being there."""
        link = str(file_link(self.data, self.data / file).value)
        put(self.data, link)
        return link

    def ask(self, what: str, role: str = "") -> Answer:
        cookie = {"cookie": f"sentinel_session={self.sessions[role]}"} if role else {}
        return ask(self.app, "GET", self.links[what], b"", **cookie)


def requested(ledger: Ledger, name: str) -> str:
    filed = file_request(ledger, Request(f"Of {name}", date(2025, 1, 1), 7, name), AT)
    return f"editions/custom/{filed}/r1/report.pdf"


def exported(ledger: Ledger, user: User) -> str:
    name = file_export(ledger, ExportOrder("alerts", "csv", "alerts"), user.user_id, AT)
    file = f"exports/on-request/{name}/alerts.csv"
    begin(ledger, name, "run", AT)
    complete(ledger, name, Made(file, "0" * 64, len(CONTENT), 1, AT + timedelta(days=7)), AT)
    return file


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("data")
    (data / "config").mkdir()
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION)
    with (
        dg.DagsterInstance.from_config(str(prepare_home(data))) as instance,
        WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(credentials, "HASHER", QUICK)
        yield House(data, context)


OF_ANALYSTS = ("edition", "planned", "report of analyst", "export of analyst")
OF_ADMINS = ("by hand", "acts", "report of admin", "export of admin")


@pytest.mark.parametrize("what", OF_ANALYSTS + OF_ADMINS)
def test_an_admin_downloads_every_file_of_an_asset_on_record(house: House, what: str) -> None:
    answer = house.ask(what, "admin")
    assert (answer.status, answer.body) == (200, CONTENT)
    with house.ledger.reading() as connection:
        entry = list(history(connection))[-1]
    assert entry.act == "downloaded"
    assert house.links[what].removeprefix("/files/") in entry.details


@pytest.mark.parametrize("what", OF_ANALYSTS)
def test_an_analyst_downloads_what_is_for_all_of_them_or_their_own(house: House, what: str) -> None:
    assert house.ask(what, "analyst").body == CONTENT


@pytest.mark.parametrize(
    ("role", "what"),
    [("analyst", what) for what in OF_ADMINS] + [("viewer", what) for what in OF_ANALYSTS + OF_ADMINS],
)
def test_nobody_else_does_and_that_is_on_record(house: House, role: str, what: str) -> None:
    answer = house.ask(what, role)
    assert (answer.status, CONTENT in answer.body) == (403, False)
    with house.ledger.reading() as connection:
        assert list(history(connection))[-1].act == "permission denied"


@pytest.mark.parametrize("what", OF_ANALYSTS + OF_ADMINS)
def test_who_is_not_signed_in_is_asked_to_and_led_there(house: House, what: str) -> None:
    answer = house.ask(what)
    assert (answer.status, answer.headers["location"]) == (303, f"/sign-in?then={house.links[what]}")
