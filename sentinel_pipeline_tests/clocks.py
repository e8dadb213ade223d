"""Clocks of all kinds, and Hypothesis without a stopwatch: other work may keep the machine busy."""

from datetime import date
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from sentinel_pipeline.domain.period import CADENCES, Period, first_of

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
BRIEF = settings(PATIENT, max_examples=15)

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = tuple(
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",  # half an hour of summer time
        "Asia/Kolkata",  # half hours all year
        "Asia/Kathmandu",  # quarter hours
        "Pacific/Apia",  # skipped 2011-12-30
        "America/Sao_Paulo",  # skipped midnights until 2018
        "Asia/Beirut",  # skips midnight, and ends summer time at midnight
        "America/Havana",  # repeats the hour after midnight
        "America/St_Johns",  # changed its clocks at 00:01 until 2011
    )
)
CHANGES = (
    date(2011, 12, 30),
    date(2018, 11, 4),
    date(2023, 3, 26),
    date(2025, 3, 9),
    date(2025, 3, 30),
    date(2025, 4, 6),
    date(2025, 10, 5),
    date(2025, 10, 26),
    date(2025, 11, 2),
)

zones = st.sampled_from(ZONES)
days = st.dates(date(1990, 1, 1), date(2035, 12, 31)) | st.sampled_from(CHANGES)


@st.composite
def periods(draw: st.DrawFn, cadences: tuple[str, ...] = CADENCES) -> Period:
    cadence = draw(st.sampled_from(cadences))
    return Period(cadence, first_of(cadence, draw(days)), draw(zones))


def day(key: str, zone: str = "Europe/Berlin") -> Period:
    return Period.parse("daily", key, ZoneInfo(zone))


def week(key: str, zone: str = "Europe/Berlin") -> Period:
    return Period.parse("weekly", key, ZoneInfo(zone))


def month(key: str, zone: str = "Europe/Berlin") -> Period:
    return Period.parse("monthly", key, ZoneInfo(zone))
