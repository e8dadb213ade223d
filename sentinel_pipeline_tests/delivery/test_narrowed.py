"""Subscriptions to less than the whole edition are sent nothing of it; each asks for a report of its own, once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sentinel_pipeline.delivery.delivering import deliver_period
from sentinel_pipeline.delivery.outbox import Order, Receipts
from sentinel_pipeline.delivery.subscriptions import subscriptions
from sentinel_pipeline.domain.errors import SettingsError
from sentinel_pipeline.domain.request import OPEN, Request
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.requests import in_state
from sentinel_pipeline.settings import Settings, ledger_url
from sentinel_pipeline_tests.delivery.worlds import AT, DAY, configured, published

USUAL = Order()
ONE = """
subscriptions:
  - name: At home
    cadence: daily
    recipients: {{to: [bob@house.example], bcc: [ann@house.example]}}
    sources: [home]
    {more}
"""


def delivered(settings: Settings, order: Order = USUAL) -> Receipts:
    return deliver_period(settings, DAY, order, lambda: AT, lambda seconds: None)


def requests(settings: Settings) -> list[Request]:
    with open_ledger(ledger_url(settings.data)).reading() as connection:
        return [row.request for row in in_state(connection, OPEN)]


def test_it_asks_for_the_same_days_of_its_sources_and_sends_nothing_of_the_edition(tmp_path: Path) -> None:
    settings = configured(tmp_path, ONE.format(more="redaction: [addresses]"))
    published(tmp_path)
    receipts = delivered(settings)
    assert receipts.deliveries == ()
    assert not list(tmp_path.glob("outbox/*"))
    (asked,) = requests(settings)
    assert asked == Request(
        name="At home",
        first=date(2025, 3, 12),
        days=1,
        requested_by="At home, daily/2025-03-12/r1",
        sources=("home",),
        formats=("pdf",),
        redaction=("addresses",),
        recipients=("ann@house.example", "bob@house.example"),
    )
    assert receipts.withheld == (f"At home: a report of its own is made and sent, custom/{asked.request_id}",)


def test_it_asks_for_its_severities(tmp_path: Path) -> None:
    settings = configured(
        tmp_path, ONE.format(more="severities: [high, critical]").replace("    sources: [home]\n", "")
    )
    published(tmp_path)
    assert delivered(settings).deliveries == ()
    (asked,) = requests(settings)
    assert (asked.severities, asked.sources) == (("critical", "high"), ())


def test_it_asks_once_and_again_only_for_other_figures(tmp_path: Path) -> None:
    settings = configured(tmp_path, ONE.format(more=""))
    published(tmp_path)
    for _ in range(3):
        delivered(settings)
    delivered(settings, Order(only_failed=True))
    assert len(requests(settings)) == 1
    published(tmp_path, files={"report.pdf": b"the same figures, other bytes"})
    delivered(settings)
    assert len(requests(settings)) == 1
    published(tmp_path, {"total_alerts": 8})
    delivered(settings)
    assert [one.requested_by for one in requests(settings)] == [
        "At home, daily/2025-03-12/r1",
        "At home, daily/2025-03-12/r3",
    ]


def test_a_correction_is_for_those_who_asked_before(tmp_path: Path) -> None:
    settings = configured(tmp_path, ONE.format(more=""))
    published(tmp_path)
    correction = Order(is_correction=True)
    delivered(settings, correction)
    assert requests(settings) == []
    delivered(settings)
    published(tmp_path, {"total_alerts": 8})
    delivered(settings, correction)
    assert len(requests(settings)) == 2


@pytest.mark.parametrize("more", ["active: false", "only_if: alerts_critical > 5"])
def test_what_would_not_be_sent_is_not_asked_for(more: str, tmp_path: Path) -> None:
    settings = configured(tmp_path, ONE.format(more=more))
    published(tmp_path)
    delivered(settings)
    assert requests(settings) == []


@pytest.mark.parametrize(
    ("more", "mistake"),
    [
        ("devices: []", "subscriptions[0].devices: found a list of 0; allowed: "),
        ("redaction: [faces]", "subscriptions[0].redaction[0]: found 'faces'; allowed: Input should be 'addresses', "),
        ("redaction: [pseudonyms]", "subscriptions[0].redaction: found 'pseudonyms'; privacy.key has to name the key"),
        ("channel: smtp", "subscriptions[0].channel: found 'smtp'; a report of its own goes by delivery.channel"),
        ("enclose: link", "subscriptions[0].enclose: found 'link'; a report of its own is attached"),
    ],
)
def test_what_could_not_be_made_or_sent_is_refused_with_its_line(more: str, mistake: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        subscriptions(configured(tmp_path, ONE.format(more=more)))
    (line,) = refusal.value.mistakes
    assert line.removeprefix(f"{tmp_path / 'config' / 'sentinel.yaml'}: ").startswith(mistake)
    assert "(line " in line


def test_a_source_that_is_not_configured_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"subscriptions\[0\]\.sources: found 'office'; allowed: home \(line 11\)"):
        subscriptions(configured(tmp_path, ONE.format(more="").replace("[home]", "[office]")))
