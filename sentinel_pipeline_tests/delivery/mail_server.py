"""A real mail server (aiosmtpd) that keeps what it accepts, and fails as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DIE = "the connection is cut here"


@dataclass
class Postbox:
    """Takes mail and keeps it; `faults` say by stage (MAIL, RCPT, DATA, ANSWER) what each mail in turn is answered.

    ANSWER faults come after the mail was accepted: the server has it, and the client does not hear so.
    """

    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    faults: dict[str, list[str | None]] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    logins: list[str] = field(default_factory=list)

    def fault(self, stage: str) -> str | None:
        waiting = self.faults.get(stage)
        return waiting.pop(0) if waiting else None

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        envelope.mail_from = address
        return self._said(server, "MAIL") or "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if address in self.unknown:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return self._said(server, "RCPT") or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        said = self._said(server, "DATA")
        if said is not None:
            return said
        self.accepted += [(address, envelope.original_content or b"") for address in envelope.rcpt_tos]
        return self._said(server, "ANSWER") or f"250 2.0.0 queued as {len(self.accepted)}"

    def _said(self, server: SMTP, stage: str) -> str | None:
        said = self.fault(stage)
        if said == DIE:
            cast("asyncio.Transport", server.transport).abort()
        return said

    def recipients(self) -> list[str]:
        return [address for address, _ in self.accepted]


class FreePort(Controller):
    """Serves on a port that the system chose."""

    def _trigger_server(self) -> None:
        """The stock one connects to the port it was asked for, and 0 is none."""
        self.port = cast("asyncio.Server", self.server).sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call] # it is aiosmtpd's


@contextmanager
def serving(box: Postbox, **options: Any) -> Iterator[int]:
    """The port of a server on 127.0.0.1 that fills the box."""
    controller = FreePort(box, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def knows_ann(box: Postbox) -> Any:
    """An authenticator that lets in one user."""

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        box.logins.append(data.login.decode())
        return AuthResult(success=(data.login, data.password) == (b"ann", b"s3cret"), handled=False)

    return authenticate


@dataclass(frozen=True)
class Certificate:
    """A certificate for localhost that signed itself, as a file to trust and a context to serve with."""

    file: Path
    context: ssl.SSLContext


def certificate(folder: Path, name: str = "localhost") -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, secret = folder / "server.pem", folder / "server.key"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, secret)
    return Certificate(file, context)
