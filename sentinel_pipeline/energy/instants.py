"""Instants as tariffs write them, and where billing months begin."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sentinel_pipeline.domain.period import first_of, first_of_next, hour_end, midnight

NEAR = timedelta(days=1)


def moment(text: str) -> datetime:
    """What an ISO 8601 text says, without a zone where it has no offset. Raises ValueError for anything else."""
    written = datetime.fromisoformat(text.strip())
    if not 1900 <= written.year <= 9998:
        raise ValueError(f"the year {written.year}")
    return written


def instant(text: str, zone: ZoneInfo) -> datetime:
    """The instant an ISO 8601 text names; without an offset it is on the zone's clock, a date is its midnight.

    Of a time the clock shows twice the first is meant. Raises ValueError for anything else.
    """
    written = moment(text)
    return (written if written.tzinfo else written.replace(tzinfo=zone)).astimezone(UTC)


def shown_between(start: datetime, end: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Spans of instants (UTC) at which the zone's clock shows a time from `start` up to `end`, both without a zone.

    Two spans, or a longer one, where clocks go back in between; none for what they skip.
    """
    edges = [edge.replace(tzinfo=zone).astimezone(UTC) for edge in (start, end)]
    if end - start > NEAR or all(_is_plain(edge, zone) for edge in (start, end)):
        return [(edges[0], edges[1])]
    spans: list[tuple[datetime, datetime]] = []
    # Where a whole day is skipped its edges change places.
    at, last = (edge.replace(minute=0, second=0) for edge in (min(edges) - NEAR / 4, max(edges) + NEAR / 4))
    while at < last:
        until, offset = hour_end(at, zone), at.astimezone(zone).utcoffset() or timedelta()
        opening = max(at, start.replace(tzinfo=UTC) - offset)
        closing = min(until, end.replace(tzinfo=UTC) - offset)
        if opening < closing:
            spans = _joined(spans, opening, closing)
        at = until
    return spans


def _is_plain(edge: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock shows a time exactly once."""
    return edge.replace(tzinfo=zone).utcoffset() == edge.replace(tzinfo=zone, fold=1).utcoffset()


def _joined(spans: list[tuple[datetime, datetime]], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    if spans and spans[-1][1] == start:
        return [*spans[:-1], (spans[-1][0], end)]
    return [*spans, (start, end)]


def billing_month(day: date, reset_day: int) -> date:
    """First day of the billing month that holds a day, when months begin on the `reset_day`."""
    first = first_of("monthly", day - timedelta(days=reset_day - 1))
    return first.replace(day=reset_day)


def billing_month_after(first: date) -> date:
    """First day of the billing month after the one that begins on `first`."""
    return first_of_next("monthly", first).replace(day=first.day)


def billing_month_start(moment: datetime, reset_day: int, zone: ZoneInfo) -> datetime:
    """Instant (UTC) at which the billing month that holds a moment begins."""
    return midnight(billing_month(moment.astimezone(zone).date(), reset_day), zone)
