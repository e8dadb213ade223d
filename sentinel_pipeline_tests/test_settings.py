import os
from datetime import date
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from sentinel_pipeline import settings as module
from sentinel_pipeline.domain.errors import SettingsError, UsageError
from sentinel_pipeline.domain.limits import Limits
from sentinel_pipeline.domain.origin import Pace
from sentinel_pipeline.domain.period import CADENCES
from sentinel_pipeline.domain.stores import declared
from sentinel_pipeline.rendering.tables import FORMATS
from sentinel_pipeline.settings import ExportEntry, Settings, data_folder, load_settings, resolved, source_settings

SOURCES = "sources:\n  - {name: home, kind: zeek, location: logs}\n"
LATER = "delivery, subscriptions, schedules, corrections, alerts, retention, privacy"
TOP = f"organisation, timezone, first_day, sources, exports, limits, {LATER}"
OF_A_SOURCE = "name, kind, location, timezone, local_timezone, local_networks, notice_severity"


def written(data: Path, text: str) -> Settings:
    (data / "config").mkdir(exist_ok=True)
    (data / "config" / "sentinel.yaml").write_text(text, encoding="utf-8")
    return load_settings(data)


def mistakes(data: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as refusal:
        written(data, text)
    file = f"{data / 'config' / 'sentinel.yaml'}: "
    assert all(mistake.startswith(file) and len(mistake.splitlines()) == 1 for mistake in refusal.value.mistakes)
    assert str(refusal.value) == "\n".join(refusal.value.mistakes)
    return [mistake.removeprefix(file) for mistake in refusal.value.mistakes]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "sources: missing; it has to be there"),
        (
            "sources: []",
            "sources: found a list of 0; allowed: List should have at least 1 item after validation, not 0",
        ),
        ("colour: red\n" + SOURCES, f"colour: unknown key; allowed here: {TOP}"),
        ("timezone: Europe/Berln\n" + SOURCES, "timezone: found 'Europe/Berln'; allowed: an IANA time zone such as "),
        ("timezone: ../etc/passwd\n" + SOURCES, "timezone: found '../etc/passwd'; allowed: an IANA time zone such as "),
        ("organisation: 5\n" + SOURCES, "organisation: found 5; allowed: Input should be a valid string"),
        ("organisation: ''\n" + SOURCES, "organisation: found ''; allowed: String should have at least 1 character"),
        ("first_day: 2025-02-30\n" + SOURCES, "first_day: found '2025-02-30'; allowed: a day, written YYYY-MM-DD"),
        ("first_day: 20250101\n" + SOURCES, "first_day: found 20250101; allowed: a day, written YYYY-MM-DD"),
        ("first_day: 1\n" + SOURCES, "first_day: found 1; allowed: a day, written YYYY-MM-DD"),
        ("first_day: 2025-01-01 10:00\n" + SOURCES, "first_day: found '2025-01-01 10:00'; allowed: a day, written "),
        ("delivery: 5\n" + SOURCES, "delivery: found 5; allowed: Input should be a valid dictionary"),
        (
            "schedules: {daily: 0 25 * * *}\n" + SOURCES,
            "schedules.daily: found '0 25 * * *'; allowed: an hour from 0 to",
        ),
        (
            "retention: {facts: 0}\n" + SOURCES,
            "retention.facts: found 0; allowed: Input should be greater than or equal",
        ),
        (
            "retention: {statistics: 92}\n" + SOURCES,
            "retention.statistics: found 92; allowed: Input should be greater ",
        ),
        (
            "retention: {editions: 5}\n" + SOURCES,
            "retention.editions: unknown key; allowed here: facts, quarantine, statistics, daily_editions, ",
        ),
        (
            "retention: {holds: [{kinds: [facts]}]}\n" + SOURCES,
            "retention.holds[0].reason: missing; it has to be there (line 1)",
        ),
        (
            "retention: {holds: [{kinds: [mails], reason: a}]}\n" + SOURCES,
            "retention.holds[0].kinds[0]: found 'mails'; allowed: Input should be 'facts', ",
        ),
        (
            "retention: {holds: [{since: 2025-1-1, reason: a}]}\n" + SOURCES,
            "retention.holds[0].since: found '2025-1-1'; allowed: a day, written YYYY-MM-DD (line 1)",
        ),
        (
            "retention: {holds: [{since: 2025-02-01, until: 2025-01-01, reason: a}]}\n" + SOURCES,
            "retention.holds[0]: found a mapping of 3; allowed: since before until; 2025-02-01 is after 2025-01-01",
        ),
        ("schedules: {retention: 2 am}\n" + SOURCES, "schedules.retention: found '2 am'; allowed: five fields "),
        ("schedules: {weekly: 5}\n" + SOURCES, "schedules.weekly: found 5; allowed: five fields such as '0 8 * * *', "),
        (
            "alerts: {recipients: [ann@house.example, Ann@house.example]}\n" + SOURCES,
            "alerts.recipients: found a list of 2; allowed: each address once; ",
        ),
        (
            "alerts: {recipients: [nobody]}\n" + SOURCES,
            "alerts.recipients[0]: found 'nobody'; allowed: a mail ",
        ),
        ("alerts: {channel: pigeon}\n" + SOURCES, "alerts.channel: found 'pigeon'; allowed: Input should be "),
        ("corrections: {window_days: 93}\n" + SOURCES, "corrections.window_days: found 93; allowed: Input should be "),
        (
            "corrections: {threshold: much}\n" + SOURCES,
            "corrections.threshold: found 'much'; allowed: a share of the figure such as '1 %', or a number such as 5",
        ),
        ("corrections: {threshold: true}\n" + SOURCES, "corrections.threshold: found True; allowed: a share of the "),
        ("corrections: {days: 7}\n" + SOURCES, "corrections.days: unknown key; allowed here: window_days, threshold"),
        ("schedules: {catch_up_days: -1}\n" + SOURCES, "schedules.catch_up_days: found -1; allowed: Input should be "),
        (
            "schedules: {hourly: 0 * * * *}\n" + SOURCES,
            "schedules.hourly: unknown key; allowed here: daily, weekly, monthly, retention, catch_up_days",
        ),
        ("timezone: UTC\ntimezone: UTC\n" + SOURCES, "timezone: found twice; a key may stand once"),
        (SOURCES.replace("}", ", name: x}"), "sources[0].name: found twice; a key may stand once"),
        (SOURCES.replace("zeek", "zeke"), "sources[0].kind: found 'zeke'; this version reads iotsentinel, cybers"),
        (SOURCES.replace("kind: zeek, ", ""), "sources[0].kind: missing; it has to be there"),
        (SOURCES.replace("}", ", colour: red}"), f"sources[0].colour: unknown key; allowed here: {OF_A_SOURCE}"),
        (SOURCES.replace("}", ", timezone: Mars}"), "sources[0].timezone: found 'Mars'; allowed: an IANA time zone"),
        (SOURCES.replace("}", ", local_timezone: Mars}"), "sources[0].local_timezone: found 'Mars'; allowed: an IANA"),
        (SOURCES.replace("home", "a/b"), "sources[0].name: found 'a/b'; allowed: String should match pattern"),
        (
            SOURCES.replace("}", ", local_networks: [10.0.0/8]}"),
            "sources[0].local_networks: found a list of 1; allowed: networks such as 192.168.0.0/16; '10.0.0/8' is",
        ),
        (
            SOURCES.replace("}", ", notice_severity: {Scan: severe}}"),
            "sources[0].notice_severity.Scan: found 'severe'; allowed: Input should be 'critical', 'high', ",
        ),
        (
            SOURCES.replace("}", ", keys: ['AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=']}"),
            "sources[0].keys[0]: found a value; allowed: a reference, env:NAME or file:PATH; a secret never stands",
        ),
        (
            SOURCES.replace("}", ", machine_timezones: {mac-1: Mars}}"),
            "sources[0].machine_timezones: found a mapping of 1; allowed: an IANA time zone such as Europe/Berlin",
        ),
        (
            SOURCES.replace("}", ", pause_milliseconds: 5}"),
            "sources[0].pause_milliseconds: found 5; allowed: a key of sources of kind iotsentinel, cybersentinel",
        ),
        (
            SOURCES.replace("zeek", "kasa").replace("}", ", replicas: ['postgresql://b/c']}"),
            "sources[0].replicas: found a value; allowed: a key of sources of kind cybersentinel, iothub only",
        ),
        (
            SOURCES.replace("zeek", "iothub").replace("}", ", replicas: ['sqlite:///b.db']}"),
            "sources[0].replicas: found a value; allowed: a list of postgresql://… or of references to such, env:NAME",
        ),
        (
            SOURCES.replace("zeek", "iothub").replace("}", ", statement_timeout_seconds: 0}"),
            "sources[0].statement_timeout_seconds: found 0; allowed: Input should be greater than or equal to 1",
        ),
        (
            SOURCES.replace("zeek", "iothub").replace("}", ", batch_rows: 10}"),
            "sources[0].batch_rows: found 10; allowed: Input should be greater than or equal to 1000",
        ),
        (
            SOURCES + "  - {name: home, kind: zeek, location: b}\n",
            "sources: found a list of 2; allowed: the name 'home' ",
        ),
        ("a: b: c", "line 1: is not YAML: mapping values are not allowed here"),
        ("? [a]\n: b\n", "line 1: is not YAML: found unhashable key"),
        ("a: &a [*a]", "is nested too deeply"),
        ("\x01", "is not YAML: unacceptable character"),
        ("[1]", "the file: found a list of 1; allowed: "),
        ('"two\\nlines": 1\n' + SOURCES, "two�lines: unknown key; allowed here: "),
    ],
)
def test_a_mistake_is_one_line_with_place_finding_and_what_is_allowed(text: str, mistake: str, tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, text)
    assert found.startswith(mistake)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (
            "colour: red\n" + SOURCES,
            "colour: unknown key; ",
        ),
        ("\n\ntimezone: Mars\n" + SOURCES, "timezone: found 'Mars'; "),
        (SOURCES + "  - {name: b,\n     kind: zeke, location: c}\n", "sources[1].kind: found 'zeke'; "),
        (SOURCES + "  - name: b\n    kind: zeek\n", "sources[1].location: missing; "),
        (SOURCES + "limits: {rows: 1,\n  rows: 2}\n", "limits.rows: found twice; "),
        (SOURCES + "a.b[0]: {}\n", "a.b[0]: unknown key; "),
    ],
)
def test_a_mistake_ends_with_its_line(text: str, mistake: str, tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, text)
    assert found.startswith(mistake)
    wrong = {"colour": 1, "timezone": 3, "sources[1].kind": 4, "sources[1].location": 3, "limits.rows": 4, "a.b[0]": 3}
    assert found.endswith(f" (line {wrong[mistake.partition(':')[0]]})")


def test_what_stands_nowhere_has_no_line(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, "timezone: UTC\n")
    assert found == "sources: missing; it has to be there"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, "colour: red\ntimezone: Mars\nsources:\n  - {kind: zeke, location: x}\n")) == 4


def test_a_file_that_is_no_text_or_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "config" / "sentinel.yaml"
    file.parent.mkdir()
    file.write_bytes(b"organisation: \xff\xfe")
    with pytest.raises(SettingsError, match="is not UTF-8 text; save it as UTF-8"):
        load_settings(tmp_path)
    file.unlink()
    file.mkdir()
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "sources: postgresql://user:s3cret@host/db",
        "sources: [postgresql://user:s3cret@host/db]",
        "sources: {location: postgresql://user:s3cret@host/db}",
        "sources:\n  - {name: a, kind: zeke, location: postgresql://user:s3cret@host/db}",
        "sources:\n  - {name: a, kind: zeek, location: [postgresql://user:s3cret@host/db]}",
        "sources:\n  - {name: a, kind: atlas, location: b, keys: s3cret}",
        "sources:\n  - {name: a, kind: atlas, location: b, passwords: [s3cret, {s3cret: 1}]}",
        "organisation: 1\nsources:\n" + "  - {name: a, kind: zeek, location: 'postgresql://u:s3cret@h'}\n" * 2,
    ],
)
def test_a_password_in_the_wrong_place_is_never_told(text: str, tmp_path: Path) -> None:
    assert not any("s3cret" in mistake for mistake in mistakes(tmp_path, text))


def test_what_is_written_is_what_is_known(tmp_path: Path) -> None:
    text = (
        "organisation: Example GmbH\ntimezone: Europe/Berlin\nfirst_day: 2025-01-01\nretention: {facts: 30}\n" + SOURCES
    )
    known = written(tmp_path, text)
    assert (known.organisation, known.zone, known.first_day) == (
        "Example GmbH",
        ZoneInfo("Europe/Berlin"),
        date(2025, 1, 1),
    )
    assert known.retention.days == {"facts": 30}
    assert not known.is_demo
    assert (known.lake, known.editions, known.exports) == tuple(tmp_path / n for n in ("lake", "editions", "exports"))
    assert known.with_first_day(date(2025, 2, 1)).first_day == date(2025, 2, 1)
    assert written(tmp_path, "first_day:\n" + SOURCES).first_day is None


def test_without_a_file_the_demo_is_read(tmp_path: Path) -> None:
    known = load_settings(tmp_path)
    assert known.is_demo
    kinds = {"iotsentinel", "zeek", "cybersentinel", "kasa", "iothub", "suricata", "atlas"}
    assert {entry.kind for entry in known.sources} == kinds
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_is_not_configured_is_refused(tmp_path: Path) -> None:
    known = written(tmp_path, SOURCES)
    assert known.source("home").kind == "zeek"
    with pytest.raises(UsageError, match="there is no source 'office'; configured: home"):
        known.source("office")


def opened(data: Path, location: str) -> str:
    known = written(data, SOURCES.replace("location: logs", f"location: '{location}'"))
    return source_settings(known.sources[0], data).location


def test_a_secret_is_resolved_when_it_is_used_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = written(tmp_path, SOURCES.replace("location: logs", "location: env:OFFICE_URL"))
    with pytest.raises(UsageError, match="OFFICE_URL is not set; the configuration refers to it as 'env:OFFICE_URL'"):
        source_settings(known.sources[0], tmp_path)
    monkeypatch.setenv("OFFICE_URL", "postgresql://reader:p@ss/w?rd:1@db.example:5432/dlp?password=s3cret")
    opening = source_settings(known.sources[0], tmp_path)
    assert opening.location.startswith("postgresql://reader:p@ss")
    assert opening.place == "postgresql://reader@db.example:5432/dlp"
    for said in (repr(known), repr(opening)):
        assert not any(secret in said for secret in ("p@ss", "s3cret", "rd:1"))


def test_a_file_reference_starts_at_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("  postgresql://h/db\n", encoding="utf-8")
    assert resolved("file:url", tmp_path) == "postgresql://h/db"
    assert resolved(f"file:{tmp_path / 'url'}", Path("/nowhere")) == "postgresql://h/db"
    assert resolved("plain", tmp_path) == "plain"


def test_a_reference_that_leads_nowhere_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPTY", "")
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "binary").write_bytes(b"\xff")
    for reference, words in (
        ("file:gone", "cannot read the file that 'file:gone' refers to: No such file or directory"),
        ("file:empty", "the file that 'file:empty' refers to is empty"),
        ("file:binary", "the file that 'file:binary' refers to is not UTF-8 text"),
        ("env:EMPTY", "the environment variable EMPTY is not set; the configuration refers to it as 'env:EMPTY'"),
    ):
        with pytest.raises(UsageError) as refusal:
            resolved(reference, tmp_path)
        assert str(refusal.value) == words


def test_references_in_options_are_resolved_when_they_are_used(tmp_path: Path) -> None:
    entry = "sources:\n  - {name: fleet, kind: atlas, location: inbox, keys: ['file:fleet.key']}\n"
    known = source_settings(written(tmp_path, entry).source("fleet"), tmp_path)
    assert known.options["keys"] == ["file:fleet.key"]
    (tmp_path / "fleet.key").write_text("s3cret\n")
    assert known.resolve("file:fleet.key") == "s3cret"
    assert "s3cret" not in repr(known)


def test_relative_locations_start_at_the_data_folder(tmp_path: Path) -> None:
    assert opened(tmp_path, "systems/gateway") == str(tmp_path / "systems/gateway")
    assert opened(tmp_path, "sqlite:///systems/home.db") == f"sqlite:///{tmp_path / 'systems/home.db'}"
    assert opened(tmp_path, "/var/log/zeek/*.log") == "/var/log/zeek/*.log"
    assert opened(tmp_path, "sqlite:////var/x.db") == "sqlite:////var/x.db"
    assert opened(tmp_path, "postgresql://user@host/db") == "postgresql://user@host/db"


def test_three_slashes_before_an_absolute_path_are_understood(tmp_path: Path) -> None:
    database = tmp_path / "elsewhere" / "x.db"
    database.parent.mkdir()
    database.touch()
    assert opened(tmp_path, f"sqlite:///{str(database)[1:]}") == f"sqlite:///{database}"


def test_options_reach_the_reader(tmp_path: Path) -> None:
    text = SOURCES.replace("}", ", timezone: Asia/Kolkata, local_networks: [10.0.0.0/8, 'fd00::/8']}")
    opening = source_settings(written(tmp_path, text).sources[0], tmp_path)
    assert opening.zone == ZoneInfo("Asia/Kolkata")
    assert opening.options == {"local_networks": ["10.0.0.0/8", "fd00::/8"]}


def test_the_data_folder_is_the_one_named_else_the_projects_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTINEL_DATA", str(tmp_path / "x" / ".."))
    assert data_folder() == tmp_path.resolve()
    monkeypatch.delenv("SENTINEL_DATA")
    assert data_folder() == module.PROJECT / "data"


def test_dagster_lives_below_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "/elsewhere")
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "no")
    module.use_dagster_home(module.dagster_home(tmp_path))
    assert os.environ["DAGSTER_HOME"] == str(tmp_path / "dagster")
    assert os.environ["DAGSTER_DISABLE_TELEMETRY"] == "yes"
    monkeypatch.delenv("SENTINEL_DAGSTER_POSTGRESQL_URL", raising=False)
    monkeypatch.setenv(module.DEMO_POSTGRESQL_URL, "")
    assert module.dagster_postgresql_url() is None
    assert module.demo_postgresql_url() is None


def test_limits_and_planned_exports_are_known(tmp_path: Path) -> None:
    text = (
        "limits: {rows: 1000000, days: 366}\nexports:\n  - {name: nightly, table: alerts, severity: [high]}\n" + SOURCES
    )
    known = written(tmp_path, text)
    assert known.limits == Limits(rows=1_000_000, days=366, bytes=None)
    (entry,) = known.planned_exports
    assert (entry.name, entry.table, entry.format, entry.severity) == ("nightly", "alerts", "csv", ["high"])
    assert written(tmp_path, SOURCES).limits == Limits()


def test_how_many_days_an_analysis_may_speak_of_is_known(tmp_path: Path) -> None:
    assert written(tmp_path, SOURCES).analysed_days == 90
    assert written(tmp_path, "analytics: {days: 366}\n" + SOURCES).analysed_days == 366


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("analytics: {days: 367}\n", "analytics.days: found 367; allowed: "),
        ("limits: {rows: 0}\n", "limits.rows: found 0; allowed: "),
        ("limits: {files: 3}\n", "limits.files: unknown key; allowed here: rows, days, bytes"),
        ("exports: [{name: a, table: users}]\n", "exports[0].table: found 'users'; allowed: one of connections, devi"),
        ("exports: [{name: a, table: alerts, format: docx}]\n", "exports[0].format: found 'docx'; allowed: "),
        ("exports: [{name: ../a, table: alerts}]\n", "exports[0].name: found '../a'; allowed: "),
        ("exports: [{table: alerts}]\n", "exports[0].name: missing; it has to be there"),
        ("exports: [{name: a, table: alerts, colour: 1}]\n", "exports[0].colour: unknown key; allowed here: name, tab"),
        (
            "exports: [{name: a, table: alerts}, {name: a, table: devices}]\n",
            "exports: found a list of 2; allowed: the name 'a' stands 2 times; every entry needs its own",
        ),
    ],
)
def test_mistakes_in_limits_and_exports_are_told_like_others(text: str, mistake: str, tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, text + SOURCES)
    assert found.startswith(mistake)


def test_every_format_can_be_planned() -> None:
    allowed = ExportEntry.model_fields["format"].annotation
    assert get_args(allowed) == tuple(form.name for form in FORMATS)


def test_schedules_have_times_of_their_own_and_may_be_off(tmp_path: Path) -> None:
    usual = written(tmp_path, SOURCES).schedules
    assert [usual.of(cadence) for cadence in CADENCES] == ["0 8 * * *", "0 9 * * 1", "0 10 1 * *"]
    told = written(
        tmp_path, "schedules: {daily: 30  6 * * mon-fri, weekly: off, catch_up_days: 3}\n" + SOURCES
    ).schedules
    assert [told.of(cadence) for cadence in CADENCES] == ["30 6 * * mon-fri", None, "0 10 1 * *"]
    assert told.catch_up_days == 3


def test_how_gently_a_source_is_read_is_no_part_of_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEAR", "postgresql://reader:pass@near.example/hub")
    hub = SOURCES.replace("zeek", "iothub")
    gentle = ", replicas: ['env:NEAR', 'postgresql://far.example/hub'], pause_milliseconds: 20, batch_rows: 2000}"
    plain, slow = (
        source_settings(written(tmp_path, text).sources[0], tmp_path) for text in (hub, hub.replace("}", gentle))
    )
    assert slow.options == plain.options
    assert slow.replicas == ("postgresql://reader:pass@near.example/hub", "postgresql://far.example/hub")
    assert slow.pace == Pace(statement_timeout_seconds=None, batch_rows=2_000, pause_milliseconds=20)
    assert "pass" not in repr(slow)


def test_files_lie_in_the_data_folder_until_a_bucket_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SENTINEL_STORE_URL", "SENTINEL_STORE_COPY_GB", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    assert module.object_store() is None
    load_settings(tmp_path)
    assert declared(tmp_path / "lake") is None
    monkeypatch.setenv("SENTINEL_STORE_URL", "s3://reports/home/")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    monkeypatch.setenv("SENTINEL_STORE_COPY_GB", "5")
    store = module.object_store()
    assert store is not None
    assert (store.url, store.endpoint, store.kept_bytes) == ("s3://reports/home", "http://127.0.0.1:9000", 5 * 10**9)
    load_settings(tmp_path)
    assert declared(tmp_path / "lake") == (tmp_path, store)
    monkeypatch.delenv("SENTINEL_STORE_URL")
    load_settings(tmp_path)
    assert declared(tmp_path / "lake") is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SENTINEL_STORE_URL", "reports", "SENTINEL_STORE_URL: reports is no address of a bucket; write s3://bucket"),
        ("SENTINEL_STORE_COPY_GB", "0", "SENTINEL_STORE_COPY_GB is '0'; write a whole number of gigabytes, such as 20"),
        ("SENTINEL_STORE_COPY_GB", "²", "write a whole number of gigabytes"),
    ],
)
def test_a_mistake_about_the_bucket_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("SENTINEL_STORE_URL", "s3://reports")
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=said):
        module.object_store()
