"""Texts of log fields as typed values: instants, counts, ports, addresses. What is no such value becomes NULL."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.sums import LARGEST_COUNT

Networks = Sequence[IPv4Network | IPv6Network]

EARLIEST_US = 946_684_800_000_000  # 2000-01-01
LATEST_US = 4_102_444_800_000_000  # 2100-01-01, not included
MILLISECONDS_FROM = 1e11
ISO = r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))?\s*(Z|z|[+-]\d\d:?\d\d)?$"
OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
DOTTED = rf"^{OCTET}(\.{OCTET}){{3}}$"
LOCAL = "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 127.0.0.0/8 169.254.0.0/16 ::1/128 fc00::/7 fe80::/10"
PRIVATE = tuple(ip_network(one) for one in LOCAL.split())


def microseconds(text: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Microseconds since 1970 of decimal seconds, milliseconds (above 10^11) or ISO text; NULL for anything else.

    Exact to the microsecond for all plausible times: a float64 keeps less than half of one away. ISO text without an
    offset is wall time of `zone`; a time that the zone's clocks skipped is NULL.
    """
    number = text.cast(pl.Float64, strict=False)
    scaled = pl.select(
        pl.when(number.is_finite() & (number >= 0))
        .then(pl.when(number > MILLISECONDS_FROM).then(number * 1e3).otherwise(number * 1e6))
        .round()
        .cast(pl.Int64, strict=False)
    ).to_series()
    unread = text.filter(number.is_null() & text.is_not_null())
    if unread.is_empty() or not unread.str.contains(ISO).any():
        return scaled
    return scaled.fill_null(_iso_microseconds(text, zone))


def _iso_microseconds(text: pl.Series, zone: ZoneInfo) -> pl.Series:
    parts = pl.col("text").str.extract_groups(ISO).struct
    wall = pl.concat_str(parts.field("1"), parts.field("2"), separator=" ").str.to_datetime(
        "%Y-%m-%d %H:%M:%S", time_unit="us", strict=False
    )
    fraction = (pl.concat_str(pl.lit("0."), parts.field("3")).cast(pl.Float64) * 1e6).round().cast(pl.Int64)
    offset = parts.field("4").str.replace(":", "", literal=True)
    hours, minutes = (offset.str.slice(start, 2).cast(pl.Int64, strict=False) for start in (1, 3))
    ahead = (pl.when(offset.str.starts_with("-")).then(-1).otherwise(1) * (hours * 60 + minutes)).fill_null(0)
    local = wall.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null").dt.epoch("us")
    instant = pl.when(offset.is_null()).then(local).otherwise(wall.dt.epoch("us") - ahead * 60_000_000)
    return pl.DataFrame({"text": text}).select(instant + fraction.fill_null(0)).to_series()


def count(text: pl.Expr) -> pl.Expr:
    """A whole number from 0 to LARGEST_COUNT."""
    number = text.cast(pl.UInt64, strict=False)
    return pl.when(number <= LARGEST_COUNT).then(number).cast(pl.Int64)


def port(text: pl.Expr) -> pl.Expr:
    """A whole number from 0 to 65535."""
    return text.cast(pl.UInt16, strict=False).cast(pl.Int64)


def seconds(text: pl.Expr) -> pl.Expr:
    """A length of time in seconds, to the microsecond, without the noise of a float."""
    number = text.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite() & (number >= 0)).then(number.round(6))


def flag(text: pl.Expr) -> pl.Expr:
    """T and F, or true and false."""
    word = text.str.to_lowercase()
    return pl.when(word.is_in(("t", "true"))).then(True).when(word.is_in(("f", "false"))).then(False)


def addresses(text: pl.Series) -> pl.Series:
    """Addresses in their one canonical spelling (RFC 5952); NULL for what is no address."""
    is_plain = text.str.contains(DOTTED)
    if is_plain.all():
        return text
    odd = text.filter(~is_plain).unique().drop_nulls().to_list()
    found = {given: canonical for given in odd if (canonical := canonical_address(given))}
    plain = pl.select(pl.when(is_plain).then(text)).to_series()
    return plain.fill_null(text.replace_strict(found, default=None, return_dtype=pl.String)).alias(text.name)


def canonical_address(text: str) -> str | None:
    """One address, lower case and shortened; IPv4 inside IPv6 is written with dots."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return f"::ffff:{address.ipv4_mapped}"
    return str(address)


def is_within(text: pl.Series, networks: Networks) -> pl.Series:
    """Whether each canonical address lies in one of the networks; NULL for no address."""
    patterns = [dotted_pattern(net) for net in networks if isinstance(net, IPv4Network)]
    found = text.str.contains(f"^(?:{'|'.join(patterns)})") if patterns else text.is_null() & False
    is_v6 = text.str.contains(":", literal=True)
    if not is_v6.any():
        return found
    v6 = [net for net in networks if isinstance(net, IPv6Network)]
    known = {one: any(ip_address(one) in net for net in v6) for one in text.filter(is_v6).unique().drop_nulls()}
    return found | text.replace_strict(known, default=False, return_dtype=pl.Boolean)


def dotted_pattern(network: IPv4Network) -> str:
    """What the dotted addresses of a network start with, and no others: far faster than taking numbers apart."""
    whole, bits = divmod(network.prefixlen, 8)
    octets = list(network.network_address.packed)
    parts = [str(octet) for octet in octets[:whole]]
    if bits:
        parts.append(f"(?:{'|'.join(map(str, range(octets[whole], octets[whole] + 2 ** (8 - bits))))})")
    ending = "$" if len(parts) == len(octets) else r"\."
    return r"\.".join(parts) + ending if parts else r"\d+\."
