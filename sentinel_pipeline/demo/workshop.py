"""The workshop's own network, which Suricata watches, and what it finds there.

It shares no device with the other networks, so a report over all sources counts nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from sentinel_pipeline.demo.habits import (
    CLOCK,
    ECHO,
    FAST_PAGES,
    LONG_SESSION,
    NAMES_UPSTREAM,
    PAGES,
    PLAIN_PAGES,
    SENSOR,
    TUNNEL,
    Device,
)

GADGET = ((SENSOR, 60), (CLOCK, 12))
BENCH = ((NAMES_UPSTREAM, 90), (PAGES, 140), (FAST_PAGES, 25), (PLAIN_PAGES, 14), (LONG_SESSION, 2))
PRINTER, SERVER = "192.168.60.30", "192.168.60.5"
LOCAL_IPV6 = "fd5e:70d4:1ab2:60::"

WORKSHOP = (
    Device(
        *(SERVER, "hub", "server", "Kellerwerk", ((CLOCK, 24), (NAMES_UPSTREAM, 60), (TUNNEL, 3))),
        traits=frozenset({"serves"}),
    ),
    Device("192.168.60.10", "bench one", "desktop", "Feder", BENCH, ipv6=LOCAL_IPV6 + "10"),
    Device("192.168.60.11", "bench two", "desktop", "Feder", BENCH),
    Device("192.168.60.20", "mill", "machine", "Spanwerk", ((CLOCK, 24), (PLAIN_PAGES, 6), (ECHO, 24))),
    Device(PRINTER, "3D printer", "printer", "Schichtbau", ((CLOCK, 12), (PLAIN_PAGES, 20), (SENSOR, 40))),
    Device("192.168.60.41", "greenhouse sensors", "sensor", "Warmbach", GADGET),
    Device("192.168.60.42", "weather mast", "sensor", "Warmbach", GADGET, ipv6=LOCAL_IPV6 + "42"),
)


@dataclass(frozen=True)
class Signature:
    """A rule of Suricata: its number, words, category, priority, and whether it stops what it finds."""

    number: int
    words: str
    category: str
    priority: int
    is_blocking: bool = False


EVERYDAY = (
    (Signature(9_000_101, "POLICY software update over plain HTTP", "Potential Corporate Privacy Violation", 3), 80, 5),
    (Signature(9_000_102, "INFO certificate expired", "Not Suspicious Traffic", 4), 443, 3),
    (Signature(9_000_103, 'POLICY <script>"user agent"</script> unknown', "Misc activity", 3), 80, 2),
    (Signature(9_000_104, "DNS query for a newly registered name", "Potentially Bad Traffic", 2), 53, 1),
)
"""Signatures of every day, the port of the connections they are found in, and their weights."""
GUESSING = Signature(9_000_201, "SCAN SSH passwords guessed from outside", "Attempted Administrator Privilege Gain", 2)
BEACON = Signature(9_000_301, "TROJAN beacon to a known bad address", "A Network Trojan was detected", 1, True)
