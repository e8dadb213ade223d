"""Who lives on the two networks of the house: the one IoTSentinel watches and the one the gateway's Zeek sees.

They share no device, so a report over both sources counts nothing twice.
"""

from __future__ import annotations

from sentinel_pipeline.demo.habits import (
    BACKUP,
    CALLS,
    CAMERA,
    CLOCK,
    ECHO,
    FAST_PAGES,
    FILMS,
    GAMES,
    LONG_SESSION,
    NAMES,
    NAMES_UPSTREAM,
    ODD_PORT,
    PAGES,
    PLAIN_PAGES,
    PRINTING,
    SENSOR,
    TUNNEL,
    Device,
)

PHONE = ((NAMES, 75), (PAGES, 125), (FAST_PAGES, 55), (FILMS, 2), (CALLS, 1))
LAPTOP = ((NAMES, 95), (PAGES, 190), (FAST_PAGES, 40), (PLAIN_PAGES, 12), (CALLS, 4), (BACKUP, 0.6), (PRINTING, 2))
GADGET = ((SENSOR, 48), (CLOCK, 12))
WATCHER = ((CAMERA, 42), (SENSOR, 36), (CLOCK, 24))

STRANGER = "192.168.1.77"
GUESSED = "192.168.1.20"
GUESSER = "203.0.113.66"

HOME = (
    Device("192.168.1.1", "<b>Router</b>", "router", "Nordtor", ((NAMES_UPSTREAM, 150), (CLOCK, 24), (ECHO, 48))),
    Device("192.168.1.10", "Anna's phone", "smartphone", "Pomelo", PHONE),
    Device("192.168.1.11", "Ben’s phone", "smartphone", "Pomelo", PHONE),
    Device("192.168.1.12", "Anna's laptop", "laptop", "Feder", LAPTOP),
    Device("192.168.1.13", "WORK-LT-0447", "laptop", "Feder", LAPTOP, custom_name="Ben's work laptop"),
    Device("192.168.1.14", "Kids' tablet", "tablet", "Pomelo", PHONE, traits=frozenset({"kids"})),
    Device("192.168.1.20", "Storage box", "nas", "Kellerwerk", ((CLOCK, 24), (PAGES, 20), (NAMES, 20))),
    Device("192.168.1.30", "Kitchen camera", "camera", "Blickfang", WATCHER),
    Device("192.168.1.31", "Front-door camera", "camera", "Blickfang", WATCHER),
    Device("192.168.1.40", "Thermostat", "thermostat", "Warmbach", ((SENSOR, 96), (CLOCK, 12))),
    Device("192.168.1.41", "Küche-Licht", "light", "Lumenhof", GADGET),
    Device("192.168.1.42", "客厅灯", "light", "Lumenhof", GADGET),
    Device("192.168.1.43", '=HYPERLINK("http://example.invalid")', "plug", None, GADGET, is_trusted=False),
    Device("192.168.1.50", "Printer", "printer", "Blattgold", ((CLOCK, 8), (PAGES, 6))),
    Device("192.168.1.60", None, "unknown", None, ((ODD_PORT, 30), (NAMES, 20)), is_trusted=False),
    Device("192.168.1.61", "", "unknown", None, ((SENSOR, 24), (ECHO, 12)), is_trusted=False),
    Device("192.168.1.70", "Old tablet", "tablet", "Pomelo", (), is_trusted=False, is_blocked=True),
    Device("192.168.1.100", "Living-room TV", "smart_tv", "Flimmer", ((FILMS, 95), (PAGES, 90), (NAMES, 110))),
    Device("192.168.1.101", "Games console", "game_console", "Spielwerk", ((GAMES, 6), (PAGES, 30), (NAMES, 25))),
    Device("192.168.1.102", "Bathroom speaker", "speaker", "Klangholz", ((SENSOR, 48), (FAST_PAGES, 18), (NAMES, 30))),
    Device(STRANGER, None, "unknown", None, ((NAMES, 10),), is_trusted=False, traits=frozenset({"stranger"})),
)

GUEST_PHONE = ((NAMES_UPSTREAM, 110), (PAGES, 160), (FAST_PAGES, 70), (FILMS, 3), (CALLS, 1))
DESK = ((NAMES_UPSTREAM, 150), (PAGES, 260), (FAST_PAGES, 60), (CALLS, 5), (LONG_SESSION, 6), (PLAIN_PAGES, 10))
LOCAL_IPV6 = "fd5e:70d4:1ab2:40::"

GUESTS = (
    Device("192.168.40.1", "gateway", "router", "Nordtor", ((CLOCK, 24), (ECHO, 72), (NAMES_UPSTREAM, 120))),
    Device("192.168.40.10", "desk one", "desktop", "Feder", DESK, ipv6=LOCAL_IPV6 + "10"),
    Device("192.168.40.11", "desk two", "desktop", "Feder", DESK, ipv6=LOCAL_IPV6 + "11"),
    Device("192.168.40.20", "guest one", "smartphone", None, GUEST_PHONE, ipv6=LOCAL_IPV6 + "20"),
    Device("192.168.40.21", "guest two", "smartphone", None, GUEST_PHONE),
    Device("192.168.40.22", "guest three", "tablet", None, GUEST_PHONE, ipv6=LOCAL_IPV6 + "22"),
    Device("192.168.40.30", "garden camera", "camera", "Blickfang", WATCHER),
    Device("192.168.40.31", "weather station", "sensor", "Warmbach", GADGET, ipv6=LOCAL_IPV6 + "31"),
    Device("192.168.40.2", "tunnel", "server", "Kellerwerk", ((TUNNEL, 9), (CLOCK, 12)), traits=frozenset({"serves"})),
)
