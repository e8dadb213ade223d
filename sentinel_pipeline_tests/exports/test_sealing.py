"""Encrypted export files: opened by hand, read back as a source, and nothing of them on disk on the way."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from sentinel_pipeline.domain.errors import TooLargeError, UsageError
from sentinel_pipeline.domain.tables import ALERTS, WIDGET_LOGS
from sentinel_pipeline.exports import sealing
from sentinel_pipeline.exports.origins import Sources
from sentinel_pipeline.exports.rows import export
from sentinel_pipeline.exports.sealing import Sealing, asked_sealing, unsealed_name
from sentinel_pipeline.exports.wanted import Wanted, require_possible
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.settings import Settings
from sentinel_pipeline.sources.atlas import KIND
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.exports.test_rows import NOON
from sentinel_pipeline_tests.lake.sources import System
from sentinel_pipeline_tests.sources.fleets import NEW, SECRETS, fleet, log, payload, put, sealed
from sentinel_pipeline_tests.sources.worlds import whole

PASSWORD = SECRETS["env:PASSWORD"]
KEY = Fernet(base64.urlsafe_b64encode(NEW))
MARKER = "q7Zk0VtXw3Jb9LsF2hRyNc8GdPm5UaTe1KxiSoBv4EjCfWzDlYgMnQuH6rIpOA"
SETTINGS = Settings(Path("/nowhere"), "Test", ZoneInfo("UTC"), None, ())


def opened(content: bytes, password: str = PASSWORD) -> bytes:
    """What the reference says a file holds, by its own words."""
    key = PBKDF2HMAC(SHA256(), 32, content[:16], 100_000).derive(password.encode())
    return AESGCM(key).decrypt(content[16:28], content[28:], None)


def alerts(path: Path, *secrets: Any, **how: Any) -> bytes:
    system = System("home", {"alerts": [{"alert_id": "1", "raised_at": NOON, "explanation": MARKER}]})
    wanted = Wanted(ALERTS, sealing=Sealing(*secrets) if secrets else None, **how)
    origin = Sources([(system.kind, system.settings)], BERLIN)

    def look(*_: object) -> None:
        """Hears that rows are read and written, while spools and files grow."""
        for file in path.parent.rglob("*"):
            assert not file.is_file() or MARKER.encode() not in file.read_bytes()

    export(wanted, origin, Spelling(BERLIN), path, look if secrets else lambda *_: None)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    return path.read_bytes()


@pytest.mark.parametrize("name", ["csv", "json"])
def test_a_file_holds_what_it_would_hold_in_clear_and_opens_with_its_secrets_only(name: str, tmp_path: Path) -> None:
    places = {kind: tmp_path / kind for kind in ("clear", "once", "twice")}
    for place in places.values():
        place.mkdir()
    clear = alerts(places["clear"] / f"a.{name}", format=name)
    once = alerts(places["once"] / "a.enc", PASSWORD, format=name)
    twice = alerts(places["twice"] / "a.fernet.enc", PASSWORD, KEY, format=name)
    assert MARKER.encode() in clear
    assert opened(once) == opened(KEY.decrypt(twice)) == clear
    with pytest.raises(InvalidTag):
        opened(once, "another password")
    assert alerts(places["once"] / "a.enc", PASSWORD, format=name) != once


@pytest.mark.parametrize(("ending", "secrets"), [(".enc", (PASSWORD,)), (".fernet.enc", (PASSWORD, KEY))])
def test_a_fleets_logs_come_back_as_a_source(ending: str, secrets: tuple[Any, ...], tmp_path: Path) -> None:
    inbox, back = tmp_path / "inbox", tmp_path / "back"
    put(inbox, "a.json", sealed(payload(log(message=f"ä {MARKER}"), log("2026-05-01T11:00:00"))))
    back.mkdir()
    with fleet(inbox) as source:
        before = whole(source, WIDGET_LOGS)
        origin = Sources([(KIND, source.settings)], BERLIN)
    wanted = Wanted(WIDGET_LOGS, layout="atlas", sealing=Sealing(*secrets))
    export(wanted, origin, Spelling(BERLIN), back / f"logs.csv{ending}")
    with fleet(back, passwords=["env:PASSWORD"], database_keys=["env:STORE"]) as source:
        after = whole(source, WIDGET_LOGS)
    columns = ["logged_at", "level", "widget_type", "message", "data"]
    assert after.select(columns).sort("logged_at").equals(before.select(columns).sort("logged_at"))


def test_a_file_too_large_to_be_opened_again_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LARGEST", 10)
    with pytest.raises(TooLargeError, match=r"EXPORT_TOO_LARGE: .* bytes, and \.enc files hold up to 10; ask for less"):
        alerts(tmp_path / "a.enc", PASSWORD)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("output", "password", "key", "said"),
    [
        ("a.enc", None, None, "a.enc: a file that ends in .enc needs --password"),
        (None, None, "env:STORE", "--fleet-key makes .fernet.enc files, which need --password"),
        ("a.csv", "env:PASSWORD", None, "--password alone makes a file that ends in .enc; name it so"),
        ("a.fernet.enc", "env:PASSWORD", None, "--password alone makes a file that ends in .enc"),
        ("a.enc", "env:PASSWORD", "env:STORE", "--password and --fleet-key make a file that ends in .fernet.enc"),
        (None, "correct horse battery staple", None, "--password takes env:NAME or file:PATH, never the secret itself"),
        (None, "env:ELEVEN", None, "the password of env:ELEVEN has 11 characters; .enc files need 12"),
        (None, "env:FIFTEEN", "env:STORE", "has 15 characters; .fernet.enc files need 16"),
        (None, "env:PASSWORD", "env:ELEVEN", "the key of env:ELEVEN is not the URL-safe base64 of exactly 32 bytes"),
        (None, "env:PASSWORD", "x" * 44, "--fleet-key takes env:NAME or file:PATH, never the secret itself"),
    ],
)
def test_what_does_not_fit_is_one_clear_line(
    output: str | None, password: str | None, key: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PASSWORD": PASSWORD, "STORE": SECRETS["env:STORE"], "ELEVEN": "a" * 11}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FIFTEEN", "a" * 15)
    with pytest.raises(UsageError) as refused:
        asked_sealing(Path(output) if output else None, password, key, SETTINGS)
    assert said in str(refused.value)
    assert "correct horse" not in str(refused.value)


def test_the_rest_of_the_name_says_the_format() -> None:
    names = {"a.json.enc": "a.json", "a.CSV.Fernet.ENC": "a.CSV", "a.enc": "a", "a.csv": "a.csv"}
    assert {name: str(unsealed_name(Path(name))) for name in names} == names
    assert Wanted(ALERTS, format="json", sealing=Sealing(PASSWORD)).suffix == ".json.enc"
    assert Wanted(ALERTS, sealing=Sealing(PASSWORD, KEY)).suffix == ".csv.fernet.enc"
    for form, compression in (("xlsx", None), ("csv", "gz")):
        wanted = Wanted(ALERTS, format=form, compression=compression, sealing=Sealing(PASSWORD))
        with pytest.raises(UsageError, match=r"\.enc files hold csv or json as it is"):
            require_possible(wanted)


def test_neither_password_nor_key_is_shown() -> None:
    assert repr(Sealing(PASSWORD, KEY)) == "Sealing()"
