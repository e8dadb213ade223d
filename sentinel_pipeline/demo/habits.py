"""What devices do on a network, as numbers: which service, how often, how long, how much."""

from __future__ import annotations

from dataclasses import dataclass, field

from sentinel_pipeline.demo.rhythm import AROUND_THE_CLOCK, EVENINGS, PEOPLE, Rhythm

PUBLIC = tuple(f"{net}.{host}" for host in range(5, 65) for net in ("192.0.2", "198.51.100", "203.0.113"))
PUBLIC_IPV6 = tuple(f"2001:db8:{number // 30 + 1:x}::{number % 30 + 16:x}" for number in range(len(PUBLIC)))
ROUTER, STORAGE, PRINTER = "192.168.1.1", "192.168.1.20", "192.168.1.50"


@dataclass(frozen=True)
class Habit:
    """One kind of connection. `seconds`, `sent` and `received` are medians; the spread is that of their logarithm."""

    protocol: str
    port: int
    service: str | None
    seconds: float
    sent: float
    received: float
    peers: tuple[str, ...] = PUBLIC
    spread: float = 0.9
    rhythm: Rhythm = PEOPLE


@dataclass(frozen=True)
class Device:
    """Something on the network: what people know of it and how many connections of each habit it makes a day."""

    ip: str
    name: str | None
    kind: str
    manufacturer: str | None
    daily: tuple[tuple[Habit, float], ...]
    ipv6: str | None = None
    custom_name: str | None = None
    is_trusted: bool = True
    is_blocked: bool = False
    traits: frozenset[str] = field(default_factory=frozenset)


NAMES = Habit("udp", 53, "dns", 0.03, 62, 170, (ROUTER,), 0.4)
NAMES_UPSTREAM = Habit("udp", 53, "dns", 0.05, 70, 210, PUBLIC[:3], 0.4)
PAGES = Habit("tcp", 443, "ssl", 6, 4_200, 38_000, PUBLIC[3:120])
PLAIN_PAGES = Habit("tcp", 80, "http", 1.5, 620, 9_000, PUBLIC[100:120])
FAST_PAGES = Habit("udp", 443, "quic", 20, 9_000, 160_000, PUBLIC[3:60], 1.2)
FILMS = Habit("tcp", 443, "ssl", 420, 90_000, 48_000_000, PUBLIC[120:128], 0.8, EVENINGS)
GAMES = Habit("udp", 3074, None, 900, 6_000_000, 14_000_000, PUBLIC[128:134], 0.8, EVENINGS)
CALLS = Habit("udp", 3478, "stun", 1_500, 30_000_000, 34_000_000, PUBLIC[134:138], 0.7)
LONG_SESSION = Habit("tcp", 443, "ssl", 9_000, 1_200_000, 2_600_000, PUBLIC[138:142], 0.8)
CLOCK = Habit("udp", 123, "ntp", 0.04, 48, 48, PUBLIC[142:145], 0.1, AROUND_THE_CLOCK)
SENSOR = Habit("tcp", 8883, "ssl", 45, 900, 420, PUBLIC[145:150], 0.5, AROUND_THE_CLOCK)
CAMERA = Habit("tcp", 443, "ssl", 90, 5_200_000, 42_000, PUBLIC[150:154], 0.6, AROUND_THE_CLOCK)
BACKUP = Habit("tcp", 22, "ssh", 600, 260_000_000, 2_400_000, (STORAGE,), 0.7, EVENINGS)
PRINTING = Habit("tcp", 631, "ipp", 4, 380_000, 2_200, (PRINTER,), 0.8)
ECHO = Habit("icmp", 0, None, 1.0, 56, 56, PUBLIC[:2], 0.1, AROUND_THE_CLOCK)
ODD_PORT = Habit("tcp", 9443, None, 3, 1_800, 1_500, PUBLIC[154:156], 0.6, AROUND_THE_CLOCK)
TUNNEL = Habit("udp", 51820, None, 5_400, 8_000_000, 22_000_000, PUBLIC[156:159], 0.9)
