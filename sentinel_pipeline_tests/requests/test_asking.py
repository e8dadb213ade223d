"""A request says exactly what is wanted, or is told exactly what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.errors import RequestError
from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.domain.request import Request, request_from
from sentinel_pipeline.domain.severity import LEVELS
from sentinel_pipeline.requests.asking import misfits, understood
from sentinel_pipeline.requests.entry import Known
from sentinel_pipeline.yaml_document import document_of
from sentinel_pipeline_tests.clocks import PATIENT

OFFER = Known(
    today=date(2025, 3, 20),
    sources=("home", "ids"),
    sections=("alert_trends", "alert_severity", "top_talkers", "data_completeness"),
    first_day=date(2025, 1, 1),
)
WHOLE = """
name: What happened at home
window: {since: 2025-03-01, until: 2025-03-14}
type: alerts
sources: [home]
devices: [192.168.1.5]
formats: [pdf, csv]
redaction: [addresses]
recipients: [ann@House.example]
requested_by: ann
"""


def asked(text: str, offer: Known = OFFER) -> Request:
    from pathlib import Path

    written = document_of(Path("wish.yaml"), text)
    return understood(written.content, offer, "nobody", written.lines)


def mistakes(text: str, offer: Known = OFFER) -> list[str]:
    with pytest.raises(RequestError) as error:
        asked(text, offer)
    return error.value.mistakes


def test_a_whole_request_is_understood() -> None:
    assert asked(WHOLE) == Request(
        name="What happened at home",
        first=date(2025, 3, 1),
        days=14,
        requested_by="ann",
        types=("alerts",),
        sections=("alert_severity", "alert_trends"),
        sources=("home",),
        devices=("192.168.1.5",),
        formats=("csv", "pdf"),
        redaction=("addresses",),
        recipients=("ann@house.example",),
    )


def test_the_last_days_end_with_yesterday() -> None:
    wanted = asked("last: 7d")
    assert (wanted.first, wanted.last, wanted.days) == (date(2025, 3, 13), date(2025, 3, 19), 7)
    assert (wanted.name, wanted.requested_by, wanted.sections) == ("Custom report", "nobody", ())


def test_the_id_is_the_key_of_a_period_of_these_days() -> None:
    wanted = asked(WHOLE)
    period = Period.parse("custom", wanted.request_id, ZoneInfo("Europe/Berlin"))
    assert (period.first, period.last, len(period.days)) == (wanted.first, wanted.last, 14)
    assert period == wanted.period(ZoneInfo("Europe/Berlin"))
    assert period.previous.last == date(2025, 2, 28)
    assert len(period.previous.days) == 14


def test_whoever_asks_the_same_in_another_order_asks_the_same() -> None:
    other = WHOLE.replace("[pdf, csv]", "[csv, pdf, csv]").replace("type: alerts", "type: [alerts]")
    assert asked(other).request_id == asked(WHOLE).request_id
    assert asked(WHOLE.replace("ann\n", "bob\n")).request_id != asked(WHOLE).request_id


@PATIENT
@given(st.text(min_size=1), st.integers(1, 366), st.lists(st.text(), max_size=3), st.sets(st.sampled_from(LEVELS)))
def test_a_request_comes_back_from_its_text(name: str, days: int, devices: list[str], levels: set[str]) -> None:
    severities = tuple(sorted(levels))
    wanted = Request(name, date(2025, 3, 1), days, "ann", devices=tuple(devices), severities=severities)
    assert request_from(wanted.text) == wanted


def test_requests_that_were_filed_before_there_were_severities_keep_their_ids() -> None:
    wanted = Request("Week", date(2025, 3, 10), 7, "ann")
    assert "severities" not in wanted.text
    assert wanted.request_id == "2025-03-10_7d_51e14e39143a"


def test_severities_are_asked_for_as_a_list_or_by_one() -> None:
    assert asked("last: 7d\nseverities: [high, critical, high]").severities == ("critical", "high")
    assert asked("last: 7d\nseverities: low").severities == ("low",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{}", "the request: found a mapping of 0; allowed: either window (since and until) or last (such as 7d)"),
        ("last: 7d\nwindow: {since: 2025-03-01, until: 2025-03-02}", "either window (since and until) or last"),
        ("last: 0d", "last: found '0d'; allowed: days such as 7d, from 1d to 366d (line 1)"),
        ("last: 367d", "last: found '367d'; allowed: days such as 7d, from 1d to 366d (line 1)"),
        ("last: 7", "last: found 7; allowed: days such as 7d, from 1d to 366d (line 1)"),
        ("window: {since: 2025-03-20, until: 2025-03-01}", "since and until from 1 to 366 days apart"),
        ("window: {since: 2024-01-01, until: 2025-03-01}", "since and until from 1 to 366 days apart"),
        ("window: {since: 2024-12-01, until: 2024-12-31}", "days of which there is data, from 2025-01-01 on"),
        (
            "window: {since: 2025-03-01, until: 2025-03-20}",
            "window.until: found '2025-03-20'; allowed: a day that is over; today is 2025-03-20 (line 1)",
        ),
        (
            "window:\n  since: 1.3.2025\n  until: 2025-03-02",
            "window.since: found '1.3.2025'; allowed: a day, written YYYY-MM-DD (line 2)",
        ),
        ("window:\n  since: 2025-03-01", "window.until: missing; it has to be there (line 1)"),
        ("last: 7d\ntype: everything", "type[0]: found 'everything'; allowed: one of summary, detailed, alerts,"),
        ("last: 7d\ntype: violators", "type[0]: found 'violators'; allowed: a type that some source here has"),
        ("last: 7d\nsections: [protocols]", "sections[0]: found 'protocols'; allowed: one of alert_trends,"),
        ("last: 7d\ntype: alerts\nsections: [alert_trends]", "either type or sections"),
        ("last: 7d\nsources: [home, away]", "sources[1]: found 'away'; allowed: one of home, ids (line 2)"),
        ("last: 7d\ndevices: [[1]]", "devices[0]: found a list of 1; allowed: Input should be a valid string"),
        (
            "last: 7d\nseverities: [urgent]",
            "severities[0]: found 'urgent'; allowed: Input should be 'critical', 'high'",
        ),
        (
            "last: 7d\nsections: [top_talkers]\nseverities: [high, low]",
            "severities: found high, low; none of its sections tells these apart (line 3)",
        ),
        ("last: 7d\nformats: [doc]", "formats[0]: found 'doc'; allowed: Input should be 'pdf', 'html'"),
        ("last: 7d\nredaction: [faces]", "redaction[0]: found 'faces'; allowed: Input should be 'addresses'"),
        ("last: 7d\nredaction: [pseudonyms]", "redaction[0]: found 'pseudonyms'; allowed: addresses or drop;"),
        ("last: 7d\nrecipients: [ann]", "recipients.to[0]: found 'ann'; allowed: a mail address such as"),
        ("last: 7d\nrecipients: []", "recipients: found a mapping of 1; allowed: at least one address in to or bcc"),
        ('last: 7d\nname: "a\\u0007b"', "name: found 'a\\x07b'; allowed: String should match pattern"),
        ("last: 7d\nname: yes", "name: found True; allowed: Input should be a valid string (line 2)"),
        ("last: 7d\nlsat: 7d", "lsat: unknown key; allowed here: name, window, last, type, sections,"),
        ("[1, 2]", "the request: found a list of 2; allowed: Input should be a valid dictionary"),
    ],
)
def test_each_mistake_has_a_line_with_its_place_what_was_found_and_what_is_allowed(text: str, line: str) -> None:
    (said,) = mistakes(text)
    assert line in said
    assert said.isprintable()


def test_all_mistakes_are_told_at_once() -> None:
    assert len(mistakes("last: 9\nsources: [away]\nformats: [doc]\nrecipients: [ann]\nunheard: of")) == 5


def test_of_very_many_mistakes_the_first_fifty_are_told() -> None:
    said = mistakes("\n".join(f"k{n}: 1" for n in range(500)))
    assert (len(said), said[-1]) == (51, "and 450 mistakes more")


def test_nobody_can_be_sent_anything_where_mail_cannot_leave() -> None:
    offer = replace(OFFER, mail_problem="delivery.smtp has to say how to reach it")
    (said,) = mistakes("last: 7d\nrecipients: [ann@house.example]", offer)
    assert "mail cannot leave: delivery.smtp has to say how to reach it" in said


def test_a_filed_request_whose_source_is_gone_does_not_fit_any_more() -> None:
    wanted = asked(WHOLE)
    assert misfits(wanted, OFFER) == []
    assert misfits(wanted, replace(OFFER, sources=("ids",))) == ["sources: found 'home'; allowed: one of ids"]
