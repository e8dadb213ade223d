"""Requests, deliveries and subscriptions as people mistype them: one clear line, exit code 2, nothing half-written."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel_pipeline.cli import main
from sentinel_pipeline_tests.walks.household import CONFIGURATION, DAY, Said

Typed = Callable[..., Said]

SUBSCRIPTIONS = """
schedules:
  daily: 0 8 * * *
subscriptions:
  - name: Ops
    cadence: daily
    recipients: [ann@house.example]
    only_if: alerts_critical > 0
  - name: Board
    cadence: weekly
    recipients: {to: [board@house.example]}
    formats: [pdf, xlsx]
    sections: [alert_severity]
    redaction: [addresses]
    schedule: 30 7 * * 1-5
"""


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Runs `sentinel` in this process over a data folder that has a configuration and nothing else."""
    monkeypatch.setenv("SENTINEL_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, CONFIGURATION)

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["sentinel", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Said(end.value.code, said.out, said.err)

    return run


def configure(data: Path, text: str) -> Path:
    place = data / "config" / "sentinel.yaml"
    place.parent.mkdir(exist_ok=True)
    place.write_text(text)
    return place


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deliver", "daily", "12.03.2025"), "write it as YYYY-MM-DD"),
        (("deliver", "weekly", DAY), "a weekly key is a Monday"),
        (("deliver", "daily", DAY), f"is not published; `sentinel publish daily {DAY}` does"),
        (("deliver", "custom", "../../etc"), "'../../etc'"),
        (("deliver", "custom", f"{DAY}_1d_0123456789ab"), "nobody filed a request"),
        (("request",), "either FILE, or options that say what is wanted, or --state ID, or --cancel ID"),
        (("request", "a.yaml", "--last", "7d"), "either FILE, or options that say what is wanted"),
        (("request", "--last", "7d", "--cancel", "x"), "either FILE, or options that say what is wanted"),
        (("request", "--cancel", "../x"), "there is no request '../x'"),
        (("request", "--state", "../x"), "there is no request '../x'"),
        (("request", "nowhere.yaml"), "nowhere.yaml: does not exist"),
        (("request", "config"), "config: is no file"),
        (("request", "--last", "367d"), "last: found '367d'; allowed: days such as 7d, from 1d to 366d"),
        (("request", "--last=-7d"), "last: found '-7d'; allowed: days such as 7d"),
        (("request", "--last", ""), "last: found ''; allowed: days such as 7d"),
        (("request", "--last", "7d", "--name", ""), "name: found ''; allowed: "),
        (("request", "--last", "7d", "--since", DAY, "--until", DAY), "either window (since and until) or last"),
        (("request", "--since", DAY), "window.until: missing; it has to be there"),
        (("request", "--since", "2025-02-30", "--until", DAY), "window.since: found '2025-02-30'; allowed: a day"),
        (("request", "--since", DAY, "--until", "2025-03-01"), "since and until from 1 to 366 days apart"),
        (("request", "--since", "2024-03-11", "--until", DAY), "since and until from 1 to 366 days apart"),
        (("request", "--since", DAY, "--until", "2999-01-01"), "window.until: found '2999-01-01'; allowed: a day that"),
        (("request", "--since", "2025-02-01", "--until", "2025-02-02"), "days of which there is data, from 2025-03-10"),
        (("request", "--last", "7d", "--section", "colours"), "sections[0]: found 'colours'; allowed: one of "),
        (("request", "--last", "7d", "--source", "nowhere"), "sources[0]: found 'nowhere'; allowed: one of home, "),
        (("request", "--last", "7d", "--type", "alerts", "--section", "alert_trends"), "either type or sections"),
        (("request", "--last", "7d", "--format", "docx"), "formats[0]: found 'docx'; allowed: Input should be 'pdf'"),
        (("request", "--last", "7d", "--redaction", "faces"), "redaction[0]: found 'faces'; allowed: "),
        (("request", "--last", "7d", "--redaction", "pseudonyms"), "pseudonyms need privacy.key"),
        (("request", "--last", "7d", "--recipient", "ann"), "recipients.to[0]: found 'ann'; allowed: a mail address"),
        (("request", "--last", "7d", "--recipient", "a@b.example\nBcc: x@y.example"), "allowed: a mail address"),
        (("request", "--last", "7d", "--device", "a\x1b[2Jb"), "devices[0]: found "),
        (("request", "--last", "7d", "--device", "x" * 201), "devices[0]: found "),
    ],
)
def test_wrong_words_get_one_line_and_exit_code_2(typed: Typed, arguments: tuple[str, ...], said: str) -> None:
    answer = typed(*arguments)
    assert (answer.code, answer.out) == (2, ""), answer.err
    assert len(answer.complaints) == 1, answer.err
    assert said in answer.complaints[0]
    assert answer.complaints[0].isprintable()


@pytest.mark.parametrize(
    "arguments",
    [
        ("deliver", "yearly", DAY),
        ("deliver", "daily"),
        ("deliver", "daily", DAY, "--uncertain", "maybe"),
        ("outbox", "--state", "lost"),
        ("outbox", "everything"),
        ("subscriptions", "add", "x"),
        ("retention", "--days", "7"),
        ("retention", "now"),
        ("request", "a.yaml", "b.yaml"),
        ("request", "--state"),
        ("verify",),
    ],
)
def test_words_that_no_command_takes_are_refused(typed: Typed, arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert typed(*arguments).code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["config"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("wish.yaml", b"last: 7d\nsources: [home\n", "wish.yaml: line 3: is not YAML"),
        ("wish.yaml", b"last: 7d\n\nlsat: 8d\n", "wish.yaml: lsat: unknown key; allowed here: name, window, "),
        ("wish.yaml", b"a: &a [x]\nb: *a\n", "wish.yaml: holds an alias"),
        ("wish.yaml", b"\xff\xfe\x00", "wish.yaml: is not UTF-8 text; save it as UTF-8"),
        ("wish.yaml", b"#" * 70_000, "wish.yaml: is larger than 64 kB"),
        ("wish.yaml", b"", "either window (since and until) or last (such as 7d)"),
        ("wish.json", b'{"last": "7d",}', "wish.json: line 1: is not JSON"),
        ("wish.json", b'{"last": 1e999}', "last: found inf; allowed: days such as 7d"),
        (
            "Wünsche für 東京.yaml",
            b"last: 400d\n",
            "last: found '400d'; allowed: days such as 7d, from 1d to 366d (line 1)",
        ),
    ],
)
def test_a_file_that_is_no_request_is_refused_with_the_place(
    typed: Typed, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    answer = typed("request", name)
    assert (answer.code, answer.out) == (2, "")
    assert len(answer.complaints) == 1
    assert said in answer.complaints[0]
    assert answer.complaints[0].startswith(f"sentinel: {name}: ")


@pytest.mark.parametrize(
    ("wrong", "right", "key", "said"),
    [
        ("daily: 0 8 * * *", "daily: 0 25 * * *", "schedules.daily", "found '0 25 * * *'; allowed: "),
        ("daily: 0 8 * * *", "daily: at eight", "schedules.daily", "found 'at eight'; allowed: "),
        ("daily: 0 8 * * *", "daily: 0 8 31 2 *", "schedules.daily", "found '0 8 31 2 *'; allowed: "),
        ("[ann@house.example]", "[ann@]", "subscriptions[0].recipients.to[0]", "found 'ann@'; allowed: a mail address"),
        ("[ann@house.example]", "[]", "subscriptions[0].recipients", "allowed: at least one address in to or bcc"),
        ("[ann@house.example]", "", "subscriptions[0].recipients", "found None; allowed: a list of addresses, or"),
        ("[ann@house.example]", "ann@house.example", "subscriptions[0].recipients", "allowed: a list of addresses"),
        ("{to: [board@house.example]}", "{to: [], bcc: []}", "subscriptions[1].recipients", "at least one address"),
        (
            "{to: [board@house.example]}",
            "{cc: [a@b.example]}",
            "subscriptions[1].recipients.cc",
            "unknown key; allowed",
        ),
        ("name: Board", "name: Ops", "subscriptions", "the name 'Ops' stands 2 times; every entry needs its own"),
        ("name: Board", "name: [Board]", "subscriptions[1].name", "found a list of 1; allowed: "),
        ("cadence: weekly", "cadence: hourly", "subscriptions[1].cadence", "found 'hourly'; allowed: "),
        ("[pdf, xlsx]", "[pdf, docx]", "subscriptions[1].formats[1]", "found 'docx'; allowed: "),
        ("[alert_severity]", "[colours]", "subscriptions[1].sections", "found 'colours'; allowed: "),
        ("[alert_severity]", "[]", "subscriptions[1].sections", "found a list of 0; allowed: "),
        ("[addresses]", "[faces]", "subscriptions[1].redaction[0]", "found 'faces'; allowed: "),
        ("[addresses]", "[devices]", "subscriptions[1].redaction", "found 'devices'; privacy.key has to name"),
        ("30 7 * * 1-5", "30 7 * * 1-9", "subscriptions[1].schedule", "found '30 7 * * 1-9'; allowed: "),
        ("alerts_critical > 0", "alarms > 0", "subscriptions[0].only_if", "found 'alarms'; allowed: total_alerts, "),
        ("alerts_critical > 0", "alerts_critical >> 0", "subscriptions[0].only_if", "a figure, a comparison and a n"),
    ],
)
@pytest.mark.parametrize("command", [("subscriptions",), ("deliver", "daily", DAY)])
def test_a_mistake_in_what_is_sent_is_one_line_with_its_number(
    typed: Typed, tmp_path: Path, wrong: str, right: str, key: str, said: str, command: tuple[str, ...]
) -> None:
    text = CONFIGURATION + SUBSCRIPTIONS
    assert text.count(wrong) == 1
    place = configure(tmp_path, text.replace(wrong, right))
    answer = typed(*command)
    assert (answer.code, answer.out) == (2, "")
    (line,) = answer.complaints
    assert line.startswith(f"sentinel: {place}: {key}: "), line
    assert said in line
    number = re.search(r" \(line (\d+)\)$", line)
    assert number is not None, line
    written = text.splitlines()[int(number[1]) - 1]
    assert wrong in written or key == "subscriptions", "a person looks there"
    assert [path.name for path in tmp_path.iterdir()] == ["config"], "nothing is made of what is refused"


def test_days_that_no_report_can_be_of_are_refused_though_nobody_knows_the_first_day(
    typed: Typed, tmp_path: Path
) -> None:
    configure(tmp_path, CONFIGURATION.replace("first_day: 2025-03-10\n", ""))
    answer = typed("request", "--since", "0001-01-01", "--until", "0001-01-02")
    assert (answer.code, answer.out) == (2, "")
    assert [line.partition("; allowed: ")[0] for line in answer.complaints] == [
        "sentinel: window.since: found '0001-01-01'",
        "sentinel: window.until: found '0001-01-02'",
    ]


def test_a_file_that_is_no_yaml_is_told_with_its_line(typed: Typed, tmp_path: Path) -> None:
    place = configure(tmp_path, CONFIGURATION + SUBSCRIPTIONS.replace("subscriptions:", "subscriptions: none"))
    answer = typed("subscriptions")
    assert answer.code == 2
    (line,) = answer.complaints
    assert re.match(rf"sentinel: {re.escape(str(place))}: line \d+: is not YAML: ", line), line
