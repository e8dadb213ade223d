"""Small and large reports to render: a calm house, an empty one, and one whose data is out to break the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.severity import LEVELS, Severity
from sentinel_pipeline.domain.tables import INSTANT
from sentinel_pipeline.rendering.report import KeyFigure, Report, SectionResult
from sentinel_pipeline.sections.section import Bars, Chart, HeatMap, Lines, Section

TREND = pl.Schema({"timestamp": INSTANT, "series": pl.String(), "count": pl.Int64()})
FIRST_DAYS = {"daily": date(2026, 10, 28), "weekly": date(2026, 10, 26), "monthly": date(2026, 10, 1)}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEIGHTS = {"critical": 2, "high": 5, "medium": 9, "low": 14, "info": 3, "unknown": 1}

HOSTILE = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1:A9)",
    "\tTAB first",
    "line one\r\nBcc: everyone@example.org",
    "<script>alert(1)</script>",
    "<img src=file:///etc/passwd>",
    "<b>bold</b> & </para><font color=red>red</font>",
    '<a href="javascript:alert(1)">here</a>',
    "]]> <!-- --> &amp; &#x41; %s {x}",
    "$\\frac{1}{2}$ costs $5 and $6",
    "\\u202e \u202egnp.exe\u202c back",
    "nul \x00 bell \x07 escape \x1b[31m",
    "漢字 かな 한국어",
    "😀 👩\u200d👩\u200d👧 🇩🇪 ✋🏽",
    "e\u0301 a\u0308 Z\u0351\u036b\u0343",
    "العربية עברית हिन्दी ไทย",
    "\ufeff\u200b\u00ad\u2028\u2029\ufffe",
    "x" * 300,
    "W" * 2000,
    "very/long/path/" * 40,
    "",
    " ",
    "../../etc/passwd",
    "';DROP TABLE incidents;--",
    "\U0001f9ff\U00020000\U000f0000",
)


def a_period(cadence: str = "daily", first: date | None = None, zone: str = "Europe/Berlin") -> Period:
    return Period(cadence, first or FIRST_DAYS[cadence], ZoneInfo(zone))


def a_section(
    name: str,
    chart: Chart | None = None,
    *,
    title: str = "",
    topic: Any = "security",
    description: str = "",
    shown: int | None = None,
    totals: tuple[str, ...] = (),
) -> Section:
    """A section called `name`; its table function is never meant to be run."""

    def table() -> pl.DataFrame:
        raise AssertionError("renderers read results, they do not make them")

    table.__name__ = name
    table.__doc__ = description or f"{name.replace('_', ' ').capitalize()} of the period, with their share."
    return Section(title or name.replace("_", " ").capitalize(), topic, table, str, chart, shown, totals)


def a_result(section: Section, table: pl.DataFrame, finding: str = "", failure: str | None = None) -> SectionResult:
    return SectionResult(section, table, finding or f"{section.title}: {table.height} rows.", failure)


def awaiting(report: Report) -> Report:
    """The report with a section whose period before was never read."""
    words = "There is nothing to compare with yet: for the month before, connections were never read"
    section = a_section("new_destinations", topic="network")
    table = pl.DataFrame(schema={"destination_ip": pl.String, "connections": pl.Int64})
    return replace(report, sections=(*report.sections, SectionResult(section, table, words, awaits_before=True)))


def buckets(period: Period) -> tuple[Any, ...]:
    return period.hour_starts if period.cadence == "daily" else period.day_starts


def severity_trend(
    period: Period, name: str = "incident_trends", seed: int = 1, topic: str = "data loss"
) -> SectionResult:
    """Counts per bucket and severity, in the long form that stacks."""
    random = Random(seed)
    rows = [(at, level, random.randrange(WEIGHTS[level] + 1)) for at in buckets(period) for level in LEVELS]
    table = pl.DataFrame(rows, schema=TREND, orient="row")
    section = a_section(name, Lines("timestamp", ("count",), series="series"), topic=topic, shown=0)
    return a_result(
        section, table, f"{table['count'].sum():,} events, most of them low; the evening was the busiest time."
    )


def severity_distribution(counts: Iterable[int] = (14, 61, 120, 230, 33, 4)) -> SectionResult:
    numbers = list(counts)
    shares = [100 * number / max(sum(numbers), 1) for number in numbers]
    table = pl.DataFrame(
        {"severity": list(LEVELS), "count": numbers, "percentage": shares}, schema_overrides={"severity": Severity}
    )
    section = a_section("severity_distribution", Bars("severity", "count"), topic="data loss", totals=("count",))
    return a_result(section, table, "Three of a hundred incidents were critical.")


def connection_trends(period: Period, *, gap: bool = True) -> SectionResult:
    random = Random(3)
    hours = buckets(period)
    sent = [random.randrange(10**7, 9 * 10**8) for _ in hours]
    received: list[int | None] = [random.randrange(10**8, 4 * 10**9) for _ in hours]
    if gap:
        received[5:7] = [None, None]
    schema = pl.Schema(
        {"timestamp": INSTANT, "connections": pl.Int64(), "bytes_sent": pl.Int64(), "bytes_received": pl.Int64()}
    )
    rows = [(at, 40 + n, one, two) for n, (at, one, two) in enumerate(zip(hours, sent, received, strict=True))]
    section = a_section(
        "connection_trends", Lines("timestamp", ("bytes_sent", "bytes_received")), topic="network", shown=0
    )
    return a_result(section, pl.DataFrame(rows, schema=schema, orient="row"), "Traffic fell silent for two buckets.")


def top_talkers(rows: int = 40) -> SectionResult:
    table = pl.DataFrame(
        {
            "device_ip": [f"192.168.{n // 250}.{n % 250 + 1}" for n in range(rows)],
            "device_name": [
                ("Living room TV", "Printer", "Lukas’ laptop", "NAS")[n % 4] + f" {n}" for n in range(rows)
            ],
            "connections": [5 * (rows - n) for n in range(rows)],
            "bytes_sent": [10**9 // (n + 1) for n in range(rows)],
            "bytes_received": [10**10 // (n + 1) for n in range(rows)],
            "data_mb": [11 * 10**9 / (n + 1) / 2**20 for n in range(rows)],
        },
        schema_overrides={"device_ip": pl.String, "device_name": pl.String, "connections": pl.Int64},
    )
    totals = ("connections", "bytes_sent", "bytes_received", "data_mb")
    section = a_section("top_talkers", Bars("device_name", "data_mb"), topic="network", shown=10, totals=totals)
    return a_result(section, table, "Living room TV 0 moved more data than the next two devices together.")


def ranking(name: str, label: str, value: str, names: Iterable[str], topic: str = "network") -> SectionResult:
    """Things by how many there are, from the most down."""
    labels = list(names)
    counts = [3 + (len(labels) - n) ** 2 for n in range(len(labels))]
    table = pl.DataFrame({label: labels, value: counts}, schema={label: pl.String, value: pl.Int64})
    section = a_section(name, Bars(label, value), topic=topic, shown=10, totals=(value,))
    return a_result(section, table, f"{labels[0]} leads with {counts[0]:,} of {sum(counts):,}.")


def busy_hours(counts: Callable[[int, int], int | None] = lambda day, hour: (day * 7 + hour * 5) % 23) -> SectionResult:
    rows = [(day, hour, counts(n, hour)) for n, day in enumerate(WEEKDAYS) for hour in range(24)]
    table = pl.DataFrame(rows, schema={"weekday": pl.String, "hour": pl.Int64, "alerts": pl.Int64}, orient="row")
    section = a_section("alert_hours", HeatMap("weekday", "hour", "alerts"), shown=0)
    return a_result(section, table, "Alerts come in the evening, on working days.")


def recent_alerts(
    period: Period, rows: int = 12, texts: tuple[str, ...] = ("New destination", "Port scan"), shown: int | None = 10
) -> SectionResult:
    table = pl.DataFrame(
        {
            "raised_at": [period.window.start] * rows,
            "severity": [LEVELS[n % len(LEVELS)] for n in range(rows)],
            "device_name": [texts[n % len(texts)] for n in range(rows)],
            "explanation": [texts[(n + 1) % len(texts)] for n in range(rows)],
            "is_acknowledged": [n % 2 == 0 for n in range(rows)],
        },
        schema={
            "raised_at": INSTANT,
            "severity": Severity,
            "device_name": pl.String,
            "explanation": pl.String,
            "is_acknowledged": pl.Boolean,
        },
    )
    return a_result(a_section("recent_alerts", shown=shown), table, f"{rows} alerts wait for somebody.")


def completeness(period: Period, *, complete: bool = True) -> pl.DataFrame:
    start, end = period.window.start, period.window.end
    rows = [
        ("dlp", "incidents", 462, start, end, 0, "received"),
        ("network", "connections", 120_432, start, end, 0, "received"),
        (
            "network",
            "alerts",
            77 if complete else 0,
            start,
            end,
            0 if complete else 3,
            "received" if complete else "partial",
        ),
    ]
    if not complete:
        rows.append(("energy", "readings", 0, None, None, 0, "unreachable"))  # type: ignore[arg-type]
    schema: dict[str, Any] = {
        "source": pl.String,
        "table": pl.String,
        "rows": pl.Int64,
        "first_at": INSTANT,
        "last_at": INSTANT,
        "quarantined": pl.Int64,
        "status": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def key_figures(sparkline: int = 24) -> tuple[KeyFigure, ...]:
    def spark(base: int) -> tuple[int | None, ...]:
        return tuple(None if n == 3 else base + (n * 7) % 11 for n in range(sparkline))

    def figure(name: str, label: str, unit: str, value: Any, previous: Any, good: str | None) -> KeyFigure:
        change = value - previous if isinstance(value, (int, float)) and previous is not None else None
        percent = 100 * change / previous if change is not None and previous >= 10 else None
        definition = f"{label}: every row of the period counted once."
        return KeyFigure(
            name, label, unit, value, definition, previous, change, percent, good, sparkline=spark(value or 1)
        )

    return (
        figure("total_incidents", "Incidents", "incidents", 462, 427, "down"),
        figure("critical_incidents", "Critical incidents", "incidents", 14, 9, "down"),
        figure("block_rate", "Block rate", "%", 61.3, 58.2, "up"),
        figure("total_alerts", "Alerts", "alerts", 77, 90, "down"),
        figure("active_devices", "Active devices", "devices", 41, 41, None),
        figure("total_connections", "Connections", "connections", 120_432, 118_002, None),
        figure("data_transferred_mb", "Data transferred", "MB", 31_804.7, 0, None),
        KeyFigure(
            "energy_kwh",
            "Energy",
            "kWh",
            None,
            "Energy of all devices; unknown without readings.",
            12.5,
            is_good_when="down",
        ),
        figure("unique_destinations", "Unique destinations", "destinations", 3_412, None, None),
        KeyFigure("most_common_data_type", "Most common data type", "", "credit_card", "The data type seen most."),
    )


METHODS = (
    ("Severity", "Six levels; what a source calls otherwise is unknown."),
    ("Change", "Against the period before, of the same length; no percent when the base is below ten."),
)


def a_report(
    cadence: str = "daily",
    *,
    first: date | None = None,
    zone: str = "Europe/Berlin",
    revision: int = 1,
    rows: int = 40,
    complete: bool = True,
    failure: str | None = None,
) -> Report:
    """A believable report; `rows` sizes its tables, `failure` makes one section fail with that reason."""
    period = a_period(cadence, first, zone)
    alerts = severity_trend(period, "alert_trends", 2, "security")
    destinations = a_section("top_destinations", Bars("destination_ip", "bytes"), topic="network", shown=10)
    sections = (
        alerts,
        busy_hours(),
        recent_alerts(period, min(rows, 60)),
        severity_trend(period),
        severity_distribution(),
        ranking("top_violators_by_user", "user", "incident_count", (f"user{n}" for n in range(rows)), "data loss"),
        ranking("data_types", "data_type", "count", ("credit_card", "iban", "api_key"), "data loss"),
        connection_trends(period),
        ranking("protocols", "protocol", "connections", ("tcp", "udp", "icmp")),
        ranking("services", "service", "connections", ("dns", "tls", "http", "ntp", "mqtt", "(none)")),
        top_talkers(rows),
        *((a_result(destinations, pl.DataFrame(), "Not known.", failure),) if failure else ()),
    )
    words = "All 3 tables arrived whole." if complete else "Energy could not be read; alerts are missing an hour."
    return Report(
        organisation="Example Ltd.",
        period=period,
        revision=revision,
        headline="462 incidents, 14 of them critical: five more critical ones than in the period before.",
        narrative=("Most incidents were low.", "The TV moved the most data.", "Nothing needs a decision today."),
        key_figures=key_figures(),
        completeness=completeness(period, complete=complete),
        completeness_words=words,
        is_complete=complete,
        sections=sections,
        figures_hash="0f1e2d3c4b5a",
        methods=METHODS,
    )


def an_empty_report(cadence: str = "daily") -> Report:
    """A period in which nothing happened and everything was read: zeros, not blanks."""
    period = a_period(cadence)
    zero = [(at, level, 0) for at in buckets(period) for level in LEVELS]
    trend = severity_trend(period, "alert_trends", 2, "security")
    sections = (
        a_result(trend.section, pl.DataFrame(zero, schema=TREND, orient="row"), "No alerts in this period."),
        a_result(busy_hours().section, busy_hours().table.clear(), "No alerts in this period."),
        a_result(
            severity_distribution().section, severity_distribution((0,) * 6).table, "No incidents in this period."
        ),
        a_result(top_talkers().section, top_talkers(0).table, "No connections in this period."),
    )
    figures = tuple(
        KeyFigure(f.id, f.label, f.unit, 0 if f.value != "credit_card" else None, f.definition, 0, 0)
        for f in key_figures()
    )
    return Report(
        organisation="Example Ltd.",
        period=period,
        revision=1,
        headline="Nothing happened: no incidents, no alerts.",
        narrative=("Every source was read.",),
        key_figures=figures,
        completeness=completeness(period).with_columns(rows=pl.lit(0, pl.Int64), first_at=None, last_at=None),
        completeness_words="All sources were read; they hold no events.",
        is_complete=True,
        sections=sections,
        figures_hash="000000000000",
        methods=METHODS,
    )


def a_hostile_report(texts: tuple[str, ...] = HOSTILE) -> Report:
    """Every text that comes from outside is one of `texts`: names, findings, sources, figures, failures."""
    period = a_period("daily")
    count = len(texts)
    talkers = pl.DataFrame(
        {"device_name": list(texts), "data_mb": [float(count - n) for n in range(count)]},
        schema={"device_name": pl.String, "data_mb": pl.Float64},
    )
    at = [period.window.start] * count
    trend = pl.DataFrame(
        {"timestamp": at, "series": list(texts), "count": list(range(count))}, schema_overrides={"timestamp": INSTANT}
    )
    heat = pl.DataFrame({"weekday": list(texts), "hour": [str(n) for n in range(count)], "alerts": list(range(count))})
    talkers_section = a_section("top_talkers", Bars("device_name", "data_mb"), topic="network")
    sections = (
        recent_alerts(period, count, texts, None),
        *(a_result(a_section(f"top_{n}", Bars("device_name", "data_mb")), talkers, texts[n]) for n in range(3)),
        a_result(talkers_section, talkers, " ".join(texts[5:15])),
        a_result(a_section("alert_trends", Lines("timestamp", ("count",), series="series")), trend, texts[6]),
        a_result(a_section("alert_hours", HeatMap("weekday", "hour", "alerts")), heat, texts[11]),
        a_result(a_section("top_destinations"), pl.DataFrame(), "", failure=" ".join(texts)),
    )
    sources = completeness(period).with_columns(
        source=pl.lit(texts[6]), table=pl.lit(texts[7]), status=pl.lit(texts[8])
    )
    figures = tuple(KeyFigure(f"figure_{n}", text[:80], text[:20], text, text) for n, text in enumerate(texts))
    return Report(
        organisation=" ".join(texts[6:9]),
        period=period,
        revision=2,
        headline=" ".join(texts[5:12]),
        narrative=texts,
        key_figures=figures,
        completeness=sources,
        completeness_words=" ".join(texts[6:9]),
        is_complete=False,
        sections=sections,
        figures_hash="deadbeef0000",
        methods=tuple((text, text) for text in texts[:12]),
    )
