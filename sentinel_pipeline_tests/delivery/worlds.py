"""A small published edition, settings that deliver it, and a letter about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel_pipeline.delivery.channels import channel
from sentinel_pipeline.delivery.edition import PublishedEdition, newest_edition
from sentinel_pipeline.delivery.outbox import PostOffice
from sentinel_pipeline.delivery.parcel import Attachment, Parcel
from sentinel_pipeline.delivery.subscriptions import Subscription, subscriptions
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.publishing.editions import publish
from sentinel_pipeline.rendering.letter import Inline, Letter, Occasion
from sentinel_pipeline.settings import Settings, ledger_url, load_settings

AT = datetime(2025, 3, 13, 7, 0, tzinfo=UTC)
DAY = Period.parse("daily", "2025-03-12", ZoneInfo("Europe/Berlin"))
FILES = {
    "report.pdf": b"%PDF-1.7 " + b"p" * 3000,
    "report.html": b"<p>report</p>",
    "workbook.xlsx": b"PK" + b"x" * 9000,
    "summary.txt": b"All is well.\n",
    "tables/alert_severity.csv": b"severity,count\ncritical,2\n",
    "tables/protocols.csv": b"protocol,connections,bytes\ntcp,1,2\n",
    "charts/alert_severity.png": b"\x89PNG",
}
CONFIGURATION = """
organisation: Böse & Söhne
timezone: Europe/Berlin
sources:
  - {name: home, kind: zeek, location: logs}
"""
DAILY = """
subscriptions:
  - name: Daily
    cadence: daily
    recipients: [ann@house.example, bob@house.example, cem@house.example]
    formats: [pdf, csv]
"""


def configured(data: Path, more: str = DAILY) -> Settings:
    """Settings of a data folder whose `sentinel.yaml` also says `more`."""
    (data / "config").mkdir(parents=True, exist_ok=True)
    (data / "config" / "sentinel.yaml").write_text(CONFIGURATION + more, encoding="utf-8")
    return load_settings(data)


def published(
    data: Path, facts: dict[str, float | None] | None = None, files: dict[str, bytes] = FILES
) -> PublishedEdition:
    """An edition with these figures; other figures make another revision."""
    told = {"total_alerts": 7, "alerts_critical": 2} if facts is None else facts
    drawer = data / "rendered"
    listed = {"facts": [{"id": name, "value": value} for name, value in told.items()]}
    contents = {**files, "facts.json": json.dumps(listed).encode()}
    for name, content in contents.items():
        (drawer / name).parent.mkdir(parents=True, exist_ok=True)
        (drawer / name).write_bytes(content)
    publish(data / "editions", DAY, {name: drawer / name for name in contents}, {}, {})
    return newest_edition(data / "editions", DAY)


def write(occasion: Occasion) -> Letter:
    """A letter that names what it encloses, with an umlaut, a lone dot and a picture."""
    lines = [f"{one.name}: {one.fate} {one.reason}{one.link}" for one in occasion.enclosures]
    since = [f"since {occasion.before.name}"] if occasion.before else []
    text = "\n".join([f"Grüße von {occasion.subscription}", ".", *since, *lines])
    picture = Inline("chart@report", "chart.png", "image/png", b"\x89PNG chart")
    return Letter("Zwei kritische Alarme – Größe", f'<p>{text}</p><img src="cid:chart@report">', text, (picture,))


def office(
    settings: Settings,
    *,
    url: str = "",
    pause: Callable[[float], None] = lambda seconds: None,
    clock: Callable[[], datetime] = lambda: AT,
) -> PostOffice:
    """A post office of this data folder, in which time stands still; `url` is where its ledger lies if not there."""
    ledger = open_ledger(url or ledger_url(settings.data))
    return PostOffice(settings, ledger, write, lambda name: channel(name, settings), clock, pause)


def in_force(settings: Settings) -> tuple[Subscription, ...]:
    return subscriptions(settings)


def parcel(edition: PublishedEdition, recipient: str = "ann@house.example", number: int = 1) -> Parcel:
    """A parcel with a letter, a picture and the report."""
    report = next(file for file in edition.files if file.name == "report.pdf")
    return Parcel(
        letter=write(Occasion(edition.folder, "Daily")),
        sender="reports@house.example",
        sender_name="Böse & Söhne",
        recipient=recipient,
        message_id=f"<daily-2025-03-12-r1-{number:04}@house.example>",
        written_at=AT,
        attachments=(
            Attachment("daily-2025-03-12-r1-report.pdf", "application/pdf", report.path, report.sha256, report.bytes),
        ),
        headers=(("Auto-Submitted", "auto-generated"), ("List-Unsubscribe", "<mailto:reports@house.example>")),
        labels=(("edition", edition.name), ("subscription", "Daily"), ("delivery", f"{number:032}")),
    )
