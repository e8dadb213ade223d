"""A mail server of one's own, spoken to so that it is known at every moment whether it has taken the mail."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sentinel_pipeline.delivery.message import message_bytes, one_line
from sentinel_pipeline.delivery.parcel import Answer, Failed, Parcel, Refused, Sent, Uncertain, Unusable
from sentinel_pipeline.delivery_entries import SmtpEntry

TOO_LARGE = 552


@dataclass(frozen=True)
class Smtp:
    """Connects anew for each mail; `secret` resolves references when they are used."""

    entry: SmtpEntry
    secret: Callable[[str], str]

    def send(self, parcel: Parcel) -> Answer:
        content = message_bytes(parcel)
        try:
            server = self._connected(parcel.sender.rpartition("@")[2])
        except (OSError, smtplib.SMTPException) as error:
            why = f"{self._place}: {_why(error)}"
            return Unusable(why) if _needs_mending(error) else Failed(why)
        try:
            return self._hand_over(server, parcel, content)
        finally:
            server.close()

    @property
    def _place(self) -> str:
        return f"{self.entry.host}:{self.entry.port}"

    def _connected(self, name: str) -> smtplib.SMTP:
        entry = self.entry
        context = ssl.create_default_context(cafile=entry.ca_file)
        if entry.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                entry.host, entry.port, name, timeout=entry.timeout_seconds, context=context
            )
        else:
            server = smtplib.SMTP(entry.host, entry.port, name, timeout=entry.timeout_seconds)
        try:
            if entry.security == "starttls":
                server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
            if entry.username is not None and entry.password is not None:
                server.login(entry.username, self.secret(entry.password))
        except BaseException:
            server.close()
            raise
        return server

    def _hand_over(self, server: smtplib.SMTP, parcel: Parcel, content: bytes) -> Answer:
        """Up to the last dot nothing is taken; from then on only the server's answer tells."""
        try:
            code, said = server.mail(parcel.sender)
            if code != 250:
                verdict = _verdict(code, said)
                is_sender = isinstance(verdict, Refused) and code != TOO_LARGE
                return Unusable(f"{self._place} refuses the sender: {verdict.why}") if is_sender else verdict
            code, said = server.rcpt(parcel.recipient)
            if code not in (250, 251):
                return _verdict(code, said)
            code, said = server.docmd("DATA")
            if code != 354:
                return _verdict(code, said)
            server.send(re.sub(rb"(?m)^\.", b"..", content))
        except (OSError, smtplib.SMTPException) as error:
            return Failed(f"{self._place}: {_why(error)}")
        try:
            server.send(b".\r\n")
            code, said = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return Uncertain(f"{self._place} was given the mail and did not answer: {_why(error)}")
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
        return Sent(_text(said)) if code == 250 else _verdict(code, said)


def _verdict(code: int, said: bytes) -> Refused | Failed | Uncertain:
    line = f"{code} {_text(said)}"
    if 400 <= code < 500:
        return Failed(line)
    return Refused(line) if 500 <= code < 600 else Uncertain(f"an answer that is none: {line}")


def _needs_mending(error: Exception) -> bool:
    """Whether the next try would fail alike: a certificate, a login, what the server does not offer."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return error.smtp_code >= 500
    return isinstance(error, ssl.SSLCertVerificationError | smtplib.SMTPNotSupportedError)


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return one_line(str(error)) or type(error).__name__


def _text(said: bytes | str) -> str:
    return one_line(said.decode("utf-8", "replace") if isinstance(said, bytes) else said)[:300]
