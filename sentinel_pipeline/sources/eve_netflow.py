"""Suricata's netflow events put together again: one for each direction of a flow, written one after the other."""

from __future__ import annotations

import polars as pl

# How many lines apart both directions of a flow may stand.
REACH = 1_000
PAIR = ("_flow", "ts", "_pair")
SIDES = ("bytes", "pkts")


class NetflowPairs:
    """Pairs netflow events in the order they were written; one that lacks its other half waits for the next rows."""

    def __init__(self) -> None:
        self._waiting: pl.DataFrame | None = None

    def of(self, netflows: pl.DataFrame) -> pl.DataFrame:
        """Flows that are complete, or whose other half is out of reach."""
        rows = netflows if self._waiting is None else pl.concat([self._waiting, netflows], rechunk=True)
        numbered = _numbered(rows)
        is_near = pl.col("line") > pl.col("line").max() - REACH
        is_waiting = numbered.select((pl.len().over(PAIR) == 1) & is_near).to_series()
        self._waiting = rows.filter(is_waiting)
        return _joined(numbered.filter(~is_waiting))

    def rest(self) -> pl.DataFrame:
        """Flows of which only one direction was written."""
        waiting, self._waiting = self._waiting, None
        return pl.DataFrame() if waiting is None else _joined(_numbered(waiting))


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    flow = pl.coalesce("flow_id", pl.format("line {}", "line"))
    named = rows.with_columns(_flow=flow)
    return named.with_columns(_pair=(pl.col("line").cum_count().over("_flow", "ts") - 1) // 2)


def _joined(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a flow, as its first event has it; what the other direction carried is NULL where it was not written."""
    same = [name for name in rows.columns if name not in (*PAIR, *SIDES)]
    return (
        rows.group_by(PAIR, maintain_order=True)
        .agg(
            pl.col(same).first(),
            *(pl.col(side).first().alias(f"{side}_toserver") for side in SIDES),
            *(pl.col(side).get(1, null_on_oob=True).alias(f"{side}_toclient") for side in SIDES),
        )
        .drop("_flow", "_pair")
        .with_columns(state=pl.lit(None, pl.String))
    )
