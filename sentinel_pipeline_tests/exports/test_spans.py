from datetime import datetime

import pytest

from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.exports.spans import NAMED, span
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.statistics.frames import utc

# Berlin's clocks went forward on Sunday, 30 March 2025; this is the Wednesday after, 12:30 there.
NOW = utc("2025-04-02T10:30:00")


def edges(text: str, now: datetime = NOW) -> tuple[str, str]:
    window = span(text, now, BERLIN)
    start, end = (edge.astimezone(BERLIN).isoformat() for edge in (window.start, window.end))
    return start, end


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("24h", "2025-04-01T12:30:00+02:00", "2025-04-02T12:30:00+02:00"),
        ("96h", "2025-03-29T11:30:00+01:00", "2025-04-02T12:30:00+02:00"),
        ("4d", "2025-03-29T12:30:00+01:00", "2025-04-02T12:30:00+02:00"),
        ("1w", "2025-03-26T12:30:00+01:00", "2025-04-02T12:30:00+02:00"),
        ("today", "2025-04-02T00:00:00+02:00", "2025-04-03T00:00:00+02:00"),
        ("yesterday", "2025-04-01T00:00:00+02:00", "2025-04-02T00:00:00+02:00"),
        ("this_week", "2025-03-31T00:00:00+02:00", "2025-04-07T00:00:00+02:00"),
        ("last_week", "2025-03-24T00:00:00+01:00", "2025-03-31T00:00:00+02:00"),
        ("this_month", "2025-04-01T00:00:00+02:00", "2025-05-01T00:00:00+02:00"),
        ("last_month", "2025-03-01T00:00:00+01:00", "2025-04-01T00:00:00+02:00"),
        ("this_year", "2025-01-01T00:00:00+01:00", "2026-01-01T00:00:00+01:00"),
        ("last_year", "2024-01-01T00:00:00+01:00", "2025-01-01T00:00:00+01:00"),
    ],
)
def test_spans_follow_the_clock_on_the_wall_and_hours_are_hours(text: str, start: str, end: str) -> None:
    assert edges(text) == (start, end)


def test_today_is_the_day_of_the_zone_not_of_utc() -> None:
    assert edges("today", utc("2025-06-30T23:00:00")) == ("2025-07-01T00:00:00+02:00", "2025-07-02T00:00:00+02:00")


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-7d", "7m", "7 d", "7D", "last month", "9999999d", "999999w"])
def test_any_other_span_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        span(text, NOW, BERLIN)
    assert str(refusal.value) == f"--last '{text}' is no span; write 24h, 7d, 4w, or one of {', '.join(NAMED)}"
