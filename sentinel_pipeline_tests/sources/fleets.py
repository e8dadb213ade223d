"""Fleet data by hand: envelopes and tokens sealed here, with the library and not with the code under test."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from sentinel_pipeline.sources.atlas import open_atlas
from sentinel_pipeline.sources.source import Source, SourceSettings
from sentinel_pipeline_tests.sources.worlds import Row, at, insert

NEW, OLD, STRANGE = (bytes([number]) * 32 for number in (1, 2, 3))
SECRETS = {
    "env:NEW": base64.b64encode(NEW).decode(),
    "env:OLD": base64.b64encode(OLD).decode(),
    "env:STORE": base64.urlsafe_b64encode(NEW).decode(),
    "env:OLD_STORE": base64.urlsafe_b64encode(OLD).decode(),
    "env:PASSWORD": "correct horse battery staple",
    "env:SHORT": base64.b64encode(b"x" * 16).decode(),
    "env:NONSENSE": "not base64 at all!",
}
ARRIVED = "2026-05-02 12:00:00"


def fingerprint(key: bytes) -> str:
    return sha256(key).hexdigest()[:8]


def log(stamp: object = "2026-05-01T10:00:00", **more: object) -> dict[str, Any]:
    return {
        "timestamp": stamp,
        "level": "INFO",
        "widget_type": "speedtest",
        "message": "Speed test completed",
        "data": {"download": 125.5},
    } | more


def payload(*logs: object, machine: object = "mac-1") -> dict[str, Any]:
    return {"machine_id": machine, "logs": list(logs) or [log()]}


def sealed(content: object, key: bytes = NEW, nonce: int = 1, bound: bytes | None = None) -> dict[str, Any]:
    """An envelope around a payload, or around any text or bytes."""
    number = nonce.to_bytes(12, "big")
    ciphertext = AESGCM(key).encrypt(number, as_bytes(content), bound)
    return {"encrypted": True, "version": "1", "nonce": text(number), "ciphertext": text(ciphertext)}


def text(part: bytes) -> str:
    return base64.b64encode(part).decode()


def token(plain: str | bytes, key: bytes = NEW) -> str:
    return Fernet(base64.urlsafe_b64encode(key)).encrypt(as_bytes(plain)).decode()


def as_bytes(content: object) -> bytes:
    """Bytes as they are, text as UTF-8, anything else as JSON."""
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else json.dumps(content)).encode()


def export_file(plain: str, password: str = SECRETS["env:PASSWORD"]) -> bytes:
    salt, nonce = b"s" * 16, b"n" * 12
    key = PBKDF2HMAC(SHA256(), 32, salt, 100_000).derive(password.encode())
    return salt + nonce + AESGCM(key).encrypt(nonce, plain.encode(), None)


def put(folder: Path, name: str, content: object, arrived: str = ARRIVED) -> Path:
    """A file of an inbox, which arrived then; what is no text and no bytes is written as JSON."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_bytes(content))
    when = at(arrived).timestamp()
    os.utime(path, (when, when))
    return path


def fleet(location: Path, *, zone: str = "UTC", memory: Path | None = None, **options: Any) -> Source:
    """The source at a folder or a store, with the new key where no option says otherwise."""
    where = f"sqlite:///{location}" if location.suffix == ".sqlite3" else str(location)
    given = {"keys": ["env:NEW"], **options}
    return open_atlas(
        SourceSettings("fleet", "atlas", where, where, ZoneInfo(zone), given, resolve=SECRETS.__getitem__), memory
    )


PLAIN_STORE = """
CREATE TABLE machines (machine_id TEXT PRIMARY KEY, info_json TEXT, first_seen TEXT, last_seen TEXT, status TEXT,
  latest_metrics_json TEXT);
CREATE TABLE widget_logs (id INTEGER PRIMARY KEY, machine_id TEXT, timestamp TEXT, log_level TEXT, widget_type TEXT,
  message TEXT, data_json TEXT);
"""
SEALED_STORE = """
CREATE TABLE machines (machine_id TEXT PRIMARY KEY, info_json_encrypted TEXT, first_seen TEXT, last_seen TEXT,
  status TEXT, latest_metrics_json_encrypted TEXT);
CREATE TABLE widget_logs (id INTEGER PRIMARY KEY, machine_id TEXT, timestamp TEXT, log_level TEXT, widget_type TEXT,
  message_encrypted TEXT, data_encrypted TEXT);
CREATE TABLE export_logs (id INTEGER PRIMARY KEY, machine_id TEXT, timestamp TEXT, local_user TEXT, export_type TEXT,
  export_format TEXT, encrypted INTEGER, encryption_mode TEXT, filename TEXT, data_encrypted TEXT);
CREATE TABLE agent_db_keys (machine_id TEXT PRIMARY KEY, key_encrypted TEXT, updated_at TEXT);
"""


def store(folder: Path, schema: str, tables: Mapping[str, Iterable[Row]]) -> Path:
    path = folder / "fleet_data.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema)
        insert(connection, tables)
    return path
