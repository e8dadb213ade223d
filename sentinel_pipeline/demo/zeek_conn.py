"""Connections as rows of Zeek's conn log."""

from __future__ import annotations

import polars as pl

CONN = {
    "ts": "time",
    "uid": "string",
    "id.orig_h": "addr",
    "id.orig_p": "port",
    "id.resp_h": "addr",
    "id.resp_p": "port",
    "proto": "enum",
    "service": "string",
    "duration": "interval",
    "orig_bytes": "count",
    "resp_bytes": "count",
    "conn_state": "string",
    "local_orig": "bool",
    "local_resp": "bool",
    "missed_bytes": "count",
    "history": "string",
    "orig_pkts": "count",
    "orig_ip_bytes": "count",
    "resp_pkts": "count",
    "resp_ip_bytes": "count",
    "tunnel_parents": "set[string]",
}
"""Fields of the log in order, with Zeek's types."""

TCP_HISTORY = {
    "SF": "ShADadFf",
    "S1": "ShADad",
    "RSTO": "ShADadR",
    "RSTR": "ShADadr",
    "S0": "S",
    "REJ": "Sr",
    "SH": "SF",
}
HEADERS = {"tcp": 40, "udp": 28, "icmp": 28}


def conn_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Traffic rows with uid and missed bytes as columns of CONN, times still in microseconds."""
    header = pl.col("protocol").replace_strict(HEADERS, return_dtype=pl.Int64)
    is_inbound = pl.col("is_inbound")
    has_peer_in_house = pl.col("peer").str.starts_with("192.168.")
    by_side = rows.with_columns(
        sent_on_wire=pl.col("sent").fill_null(0) + pl.col("packets_sent") * header,
        received_on_wire=pl.col("received").fill_null(0) + pl.col("packets_received") * header,
    )
    return by_side.select(
        _side("device", "peer").alias("id.orig_h"),
        _side("peer", "device").alias("id.resp_h"),
        _side("sent", "received").alias("orig_bytes"),
        _side("received", "sent").alias("resp_bytes"),
        _side("packets_sent", "packets_received").alias("orig_pkts"),
        _side("packets_received", "packets_sent").alias("resp_pkts"),
        _side("sent_on_wire", "received_on_wire").alias("orig_ip_bytes"),
        _side("received_on_wire", "sent_on_wire").alias("resp_ip_bytes"),
        pl.col("own_port").alias("id.orig_p"),
        pl.col("peer_port").alias("id.resp_p"),
        ts="us",
        uid="uid",
        proto="protocol",
        service="service",
        duration=(pl.col("seconds") * 1_000_000).round().cast(pl.Int64),
        conn_state="state",
        local_orig=~is_inbound | has_peer_in_house,
        local_resp=is_inbound | has_peer_in_house,
        missed_bytes="missed",
        history=_history(),
        tunnel_parents=pl.lit(None, pl.String),
    ).select(*CONN)


def _side(outbound: str, inbound: str) -> pl.Expr:
    return pl.when(pl.col("is_inbound")).then(inbound).otherwise(outbound)


def _history() -> pl.Expr:
    tcp = pl.col("state").replace_strict(TCP_HISTORY, default=None, return_dtype=pl.String)
    udp = pl.when(pl.col("state") == "SF").then(pl.lit("Dd")).otherwise(pl.lit("D"))
    return pl.when(pl.col("protocol") == "tcp").then(tcp).when(pl.col("protocol") == "udp").then(udp)
