"""Subscriptions are checked before anything is sent, wherever they are kept."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel_pipeline.delivery.subscriptions import Condition, condition, kept_subscriptions, subscriptions
from sentinel_pipeline.delivery_entries import DeliveryEntry
from sentinel_pipeline.domain.errors import SettingsError, UsageError
from sentinel_pipeline.ledger.database import open_ledger
from sentinel_pipeline.ledger.subscriptions import Subscription, add, kept, replace
from sentinel_pipeline.settings import ledger_url
from sentinel_pipeline_tests.delivery.worlds import DAILY, configured

AT = datetime(2025, 3, 13, 7, 0, tzinfo=UTC)
ONE = "subscriptions:\n  - {{name: Daily, cadence: daily, recipients: [ann@house.example]{}}}\n"


def mistakes(data: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as refusal:
        subscriptions(configured(data, text))
    file = f"{data / 'config' / 'sentinel.yaml'}: "
    assert all(line.startswith(file) and len(line.splitlines()) == 1 for line in refusal.value.mistakes)
    return [line.removeprefix(file) for line in refusal.value.mistakes]


@pytest.mark.parametrize(
    ("more", "mistake"),
    [
        (
            ONE.format("").replace("ann@", "ann at "),
            "subscriptions[0].recipients.to[0]: found 'ann at house.example'; allowed: a mail address such as",
        ),
        (
            ONE.format("").replace("ann@house.example", ""),
            "subscriptions[0].recipients: found a mapping of 1; allowed: at l",
        ),
        (
            ONE.format("").replace("ann@house.example", "ann@house.example, Ann@House.example"),
            "subscriptions[0].recipients: found a mapping of 1; allowed: each address once; ann@house.example stands 2",
        ),
        (ONE.format("").replace("daily", "hourly"), "subscriptions[0].cadence: found 'hourly'; allowed: Input should"),
        (ONE.format(", sections: [colours]"), "subscriptions[0].sections: found 'colours'; allowed: "),
        (ONE.format(", sections: []"), "subscriptions[0].sections: found a list of 0; allowed: "),
        (ONE.format(", formats: [docx]"), "subscriptions[0].formats[0]: found 'docx'; allowed: Input should be 'pdf'"),
        (
            ONE.format(", channel: pigeon"),
            "subscriptions[0].channel: found 'pigeon'; allowed: Input should be 'directory'",
        ),
        (
            ONE.format(", channel: smtp"),
            "subscriptions[0].channel: found 'smtp'; delivery.smtp has to say how to reach",
        ),
        (
            ONE.format(", severities: [urgent]"),
            "subscriptions[0].severities[0]: found 'urgent'; allowed: Input should be 'critical', 'high', ",
        ),
        (
            ONE.format(", severities: [critical], sections: [protocols]"),
            "subscriptions[0].severities: found critical; none of its sections tells these apart",
        ),
        (ONE.format(", enclose: link"), "subscriptions[0].enclose: found 'link'; delivery.base_url has to say where"),
        (
            ONE.format(", only_if: many alerts"),
            "subscriptions[0].only_if: found 'many alerts'; allowed: a figure, a comp",
        ),
        (ONE.format(", only_if: alarms > 0"), "subscriptions[0].only_if: found 'alarms'; allowed: total_alerts, "),
        (
            ONE.format(", colour: red"),
            "subscriptions[0].colour: unknown key; allowed here: name, cadence, recipients, ",
        ),
        (
            DAILY + DAILY.removeprefix("\nsubscriptions:\n"),
            "subscriptions: found a list of 2; allowed: the name 'Daily'",
        ),
        ("delivery: {colour: red}", "delivery.colour: unknown key; allowed here: channel, sender, "),
        ("delivery: {smtp: {host: a, colour: red}}", "delivery.smtp.colour: unknown key; allowed here: host, port, "),
        ("delivery: {smtp: {}}", "delivery.smtp.host: missing; it has to be there"),
        (
            "delivery: {smtp: {host: a, username: b}}",
            "delivery.smtp: found a mapping of 2; allowed: username and passwo",
        ),
        (
            "delivery: {smtp: {host: a, security: none, username: b, password: 'env:P'}}",
            "delivery.smtp: found a mapping of 4; allowed: security starttls or tls where there is a password",
        ),
        (
            "delivery: {smtp: {host: a, username: b, password: s3cret}}",
            "delivery.smtp.password: found a value; allowed: a reference, env:NAME or file:PATH",
        ),
        (
            "delivery: {sendgrid: {api_key: SG.s3cret}}",
            "delivery.sendgrid.api_key: found a value; allowed: a reference",
        ),
        (
            "delivery: {sendgrid: {api_key: 'env:K', address: 'http://mail.example'}}",
            "delivery.sendgrid.address: found 'http://mail.example'; allowed: an https:// address",
        ),
        (
            "delivery: {base_url: reports.example}",
            "delivery.base_url: found 'reports.example'; allowed: an address such",
        ),
        ("delivery: {attempts: 0}", "delivery.attempts: found 0; allowed: Input should be greater than or equal to 1"),
    ],
)
def test_a_mistake_is_one_line_with_place_finding_and_what_is_allowed(more: str, mistake: str, tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, more)
    assert found.startswith(mistake)
    assert re.search(r" \(line \d+\)$", found)
    assert "s3cret" not in found


def test_a_subscription_says_little_and_gets_the_rest(tmp_path: Path) -> None:
    (made,) = subscriptions(configured(tmp_path, ONE.format("")))
    assert made.recipients == ("ann@house.example",)
    assert (made.formats, made.sections, made.channel, made.is_linked) == (("pdf",), (), "directory", False)
    assert made.condition is None


def test_a_domain_with_umlauts_is_written_as_mail_servers_know_it(tmp_path: Path) -> None:
    (made,) = subscriptions(configured(tmp_path, ONE.format("").replace("house.example", "bücher.example")))
    assert made.recipients == ("ann@xn--bcher-kva.example",)


def test_blind_copies_are_recipients_like_others(tmp_path: Path) -> None:
    text = ONE.format("").replace("[ann@house.example]", "{to: [ann@House.Example], bcc: [bob@house.example]}")
    (made,) = subscriptions(configured(tmp_path, text))
    assert made.recipients == ("ann@house.example", "bob@house.example")


@pytest.mark.parametrize(
    ("written", "value", "holds"),
    [
        ("alerts_critical > 0", 0, False),
        ("alerts_critical > 0", 1, True),
        ("alerts_critical>=2", 1, False),
        ("alerts_critical <= 2", 2, True),
        ("alerts_critical < 2", 2, False),
        ("alerts_critical == 2", 2, True),
        ("alerts_critical != 2", 2, False),
        ("block_rate < 99.5", 99.4, True),
    ],
)
def test_a_condition_compares_the_figure(written: str, value: float, holds: bool) -> None:
    found = condition(written)
    assert found.holds({found.fact: value}) is holds


def test_a_figure_that_nobody_can_tell_is_no_reason_for_silence() -> None:
    assert Condition("alerts_critical", ">", 0).holds({"alerts_critical": None})
    assert Condition("alerts_critical", ">", 0).holds({})


def test_subscriptions_of_the_ledger_are_checked_alike_and_a_bad_one_stops_no_other(tmp_path: Path) -> None:
    settings = configured(tmp_path)
    ledger = open_ledger(ledger_url(tmp_path))
    good = '{"name": "Mine", "cadence": "weekly", "recipients": ["eve@house.example"]}'
    rows = {
        "Mine": good,
        "Daily": good.replace("Mine", "Daily"),
        "Wrong": good.replace("Mine", "Wrong").replace("eve@", "eve"),
        "Unknown": good.replace("Mine", "Unknown").replace("}", ', "sections": ["colours"]}'),
        "Broken": "{",
    }
    for name, entry in rows.items():
        assert add(ledger, Subscription(name, entry, True, AT, "eve"))
    assert replace(ledger, Subscription("Mine", good, False, AT, "eve"))
    with ledger.reading() as connection:
        made, problems = kept_subscriptions(kept(connection), settings)
    assert [(one.name, one.is_active) for one in made] == [("Mine", False)]
    assert sorted(line.split("'")[1] for line in problems) == ["Broken", "Daily", "Unknown", "Wrong"]
    assert "recipients.to.0" in "".join(problems)


def test_a_condition_that_slipped_through_is_refused() -> None:
    with pytest.raises(UsageError, match="only_if: found 'x'"):
        condition("x")
    assert DeliveryEntry().uncertain == "hold"
