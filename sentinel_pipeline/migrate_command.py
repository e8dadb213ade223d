"""`sentinel migrate`: the ledger of a data folder into PostgreSQL, its files into a bucket."""

from __future__ import annotations

import click

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.settings import (
    POSTGRESQL_URL,
    STORE_URL,
    data_folder,
    ledger_file_url,
    ledger_url,
    object_store,
)


@click.command()
@click.option("--store", "is_store", is_flag=True, help="Put lake, editions and exports into the bucket that is set.")
def migrate(is_store: bool) -> None:
    """Moves the ledger, `state.db`, into the PostgreSQL database that is set; prints the rows of each table.

    Counts and contents are compared before anything is kept; the file then refuses to be used. With --store what moves
    is lake, editions and exports, into the bucket that SENTINEL_STORE_URL names; the folder stays as its working copy.
    Stop the control room and the portal before.
    """
    if is_store:
        _fill_store()
        return
    from sentinel_pipeline.ledger.database import open_ledger
    from sentinel_pipeline.ledger.migrations import MovedError
    from sentinel_pipeline.ledger.moving import move
    from sentinel_pipeline.orchestration.control_room import sole_room
    from sentinel_pipeline.orchestration.home import prepare_home

    data = data_folder()
    if ledger_url(data) == ledger_file_url(data):
        raise UsageError(f"{POSTGRESQL_URL} is not set; it names the database to move to")
    if not (data / "state.db").exists():
        raise UsageError(f"{data / 'state.db'} does not exist; there is no ledger to move")
    with sole_room(prepare_home(data)):
        target = open_ledger(ledger_url(data))
        try:
            source = open_ledger(ledger_file_url(data))
        except MovedError as moved:
            if moved.to != target.place:
                raise
            click.echo(f"already moved to {target.place}")
            return
        moved_rows = move(source, target)
    for table, rows in moved_rows.items():
        click.echo(f"{table} {rows}")
    click.echo(f"{counted(sum(moved_rows.values()), 'row')} moved to {target.place}")


def _fill_store() -> None:
    from sentinel_pipeline.orchestration.control_room import sole_room
    from sentinel_pipeline.orchestration.home import prepare_home
    from sentinel_pipeline.publishing.filling import fill_store

    data, store = data_folder(), object_store()
    if store is None:
        raise UsageError(f"{STORE_URL} is not set; it names the bucket to move to, such as s3://reports/sentinel")
    with sole_room(prepare_home(data)):
        moved = fill_store(data, store)
    for one in moved:
        click.echo(f"{one.room} {counted(one.files, 'file')} {counted(one.bytes, 'byte')}")
    click.echo(f"{counted(sum(one.files for one in moved), 'file')} moved to {store.url}, every one compared")
