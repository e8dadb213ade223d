"""Problems of the pipeline: each is opened once, however often it fails again, and ends when what failed succeeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from sentinel_pipeline.domain.problems import Failing
from sentinel_pipeline.ledger.audit import record
from sentinel_pipeline.ledger.database import Ledger
from sentinel_pipeline.ledger.schema import PROBLEMS


@dataclass(frozen=True)
class Problem(Failing):
    """A row: the `occurrence`-th time that the problem came up, told as it was the first time it failed then."""

    problem_id: str
    occurrence: int
    times: int
    first_at: datetime
    last_at: datetime
    last_run: str
    recovered_at: datetime | None
    is_closed: bool


def report(ledger: Ledger, failing: Failing, at: datetime) -> bool:
    """Opens a problem, or counts that one which is open failed again; False when it was told of the run before."""
    columns = PROBLEMS.c
    with ledger.writing() as connection:
        known = _rows(connection, columns.problem_id == failing.identity)
        newest = known[-1] if known else None
        if newest is None or newest.recovered_at is not None:
            occurrence = newest.occurrence + 1 if newest else 1
            row = {**failing.__dict__, "problem_id": failing.identity, "occurrence": occurrence, "times": 1}
            times = {"first_at": at, "last_at": at, "last_run": failing.run, "is_closed": False}
            connection.execute(insert(PROBLEMS).values({**row, **times}))
            record(connection, at, "failed", failing.identity, {"occurrence": occurrence, "run": failing.run})
            return True
        if newest.last_run == failing.run:
            return False
        again = {"times": columns.times + 1, "last_at": at, "last_run": failing.run}
        connection.execute(update(PROBLEMS).where(_is(newest)).values(again))
        return True


def recover(ledger: Ledger, problem: Problem, at: datetime) -> None:
    """Ends a problem; one that has ended stays as it is."""
    with ledger.writing() as connection:
        ended = connection.execute(
            update(PROBLEMS).where(_is(problem), PROBLEMS.c.recovered_at.is_(None)).values(recovered_at=at)
        )
        if ended.rowcount:
            record(connection, at, "recovered", problem.problem_id, {"occurrence": problem.occurrence})


def close(ledger: Ledger, problem: Problem) -> None:
    """Lays aside a problem that has ended and that everybody has been told of."""
    with ledger.writing() as connection:
        connection.execute(update(PROBLEMS).where(_is(problem)).values(is_closed=True))


def unclosed(connection: Connection) -> list[Problem]:
    """Problems that last, or whose end has not been told everybody, oldest first."""
    return _rows(connection, PROBLEMS.c.is_closed.is_(False))


def _is(problem: Problem) -> ColumnElement[bool]:
    return and_(PROBLEMS.c.problem_id == problem.problem_id, PROBLEMS.c.occurrence == problem.occurrence)


def _rows(connection: Connection, condition: ColumnElement[bool]) -> list[Problem]:
    order = (PROBLEMS.c.first_at, PROBLEMS.c.problem_id, PROBLEMS.c.occurrence)
    return [Problem(**row) for row in connection.execute(select(PROBLEMS).where(condition).order_by(*order)).mappings()]
