"""`sentinel migrate`: the ledger of a data folder into PostgreSQL."""

from __future__ import annotations

import click

from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.settings import POSTGRESQL_URL, data_folder, ledger_file_url, ledger_url


@click.command()
def migrate() -> None:
    """Moves the ledger, `state.db`, into the PostgreSQL database that is set; prints the rows of each table.

    Counts and contents are compared before anything is kept; the file then refuses to be used. Stop the control room
    and the portal before.
    """
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
