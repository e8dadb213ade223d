"""What `delivery` and `subscriptions` of `sentinel.yaml` may say."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from sentinel_pipeline.schedule_entries import Cron
from sentinel_pipeline.strict import Level, Secret, Strict

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SENDGRID = "https://api.sendgrid.com"
CONDITION = r"^\s*[a-z][a-z0-9_]*\s*(<=|>=|==|!=|<|>)\s*-?[0-9]+(\.[0-9]+)?\s*$"

ChannelName = Literal["directory", "smtp", "sendgrid"]
Format = Literal["pdf", "html", "xlsx", "txt", "csv", "json", "svg", "png"]


def mail_address(written: str) -> str:
    """The address as it is used: its domain lower-case and ASCII. Raises ValueError for what is none."""
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(
            written, check_deliverability=False, allow_smtputf8=False, test_environment=True, globally_deliverable=False
        )
    except EmailNotValidError as error:
        raise ValueError(f"a mail address such as ann@example.com. {str(error).rstrip('.')}") from None
    return found.ascii_email or found.normalized


def _web_address(written: str) -> str:
    """Without a slash at its end; http only to this machine, since keys and links would travel in the open."""
    parts = urlsplit(written)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in written:
        raise ValueError("an address such as https://reports.example.com")
    return written.rstrip("/")


def _safe_web_address(written: str) -> str:
    address = _web_address(written)
    if address.startswith("http://") and urlsplit(address).hostname not in LOOPBACK:
        raise ValueError("an https:// address; http:// only leads to this machine itself")
    return address


def require_each_once(addresses: list[str]) -> list[str]:
    """The addresses. Raises ValueError for one that stands twice, however it is written."""
    folded = [address.casefold() for address in addresses]
    for address, key in zip(addresses, folded, strict=True):
        if folded.count(key) > 1:
            raise ValueError(f"each address once; {address} stands {folded.count(key)} times")
    return addresses


Address = Annotated[str, AfterValidator(mail_address)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class SmtpEntry(Strict):
    """A mail server of one's own; `ca_file` holds the authority that signed its certificate, if no public one did."""

    host: Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9.:_-]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Annotated[str, Field(min_length=1)] | None = None
    password: Secret | None = None
    ca_file: str | None = None
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 60

    @model_validator(mode="after")
    def _login_is_whole_and_hidden(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password together, or neither")
        if self.password is not None and self.security == "none":
            raise ValueError("security starttls or tls where there is a password; it would travel in the open")
        return self


class SendGridEntry(Strict):
    """SendGrid's API; with `sandbox` it checks every mail and sends none."""

    api_key: Secret
    sandbox: bool = False
    address: Annotated[str, AfterValidator(_safe_web_address)] = SENDGRID
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 60


class DeliveryEntry(Strict):
    """How mail leaves: the channel of subscriptions that name none, the sender, limits, what to do when in doubt.

    `uncertain` says what becomes of a mail that may have gone when something died: `hold` asks, `repeat` sends again.
    Links in mails lead to `base_url`, each for its recipient alone, and for `link_days` days.
    """

    channel: ChannelName = "directory"
    sender: Address = "sentinel-pipeline@localhost"
    sender_name: Line | None = None
    uncertain: Literal["hold", "repeat"] = "hold"
    attempts: Annotated[int, Field(ge=1, le=20)] = 4
    attachments_mb: Annotated[float, Field(ge=0, le=30)] = 15
    base_url: Annotated[str, AfterValidator(_web_address)] | None = None
    link_days: Annotated[int, Field(ge=1, le=366)] = 30
    smtp: SmtpEntry | None = None
    sendgrid: SendGridEntry | None = None


class Recipients(Strict):
    """Everybody gets a mail of their own that names nobody else; `bcc` are listed apart, and treated alike."""

    to: list[Address] = Field(default_factory=list)
    bcc: list[Address] = Field(default_factory=list)

    @model_validator(mode="after")
    def _somebody_and_each_once(self) -> Self:
        if not self.everybody:
            raise ValueError("at least one address in to or bcc")
        require_each_once(list(self.everybody))
        return self

    @property
    def everybody(self) -> tuple[str, ...]:
        return (*self.to, *self.bcc)


class AlertsEntry(Strict):
    """Who is told when something fails and when it works again; nobody when there is none."""

    recipients: list[Address] = Field(default_factory=list)
    channel: ChannelName | None = None

    @field_validator("recipients")
    @classmethod
    def _each_once(cls, addresses: list[str]) -> list[str]:
        return require_each_once(addresses)


class SubscriptionEntry(Strict):
    """Who gets which editions, with which files; with `only_if` only those whose figure is as it says.

    With a `schedule` they go at its times, otherwise when the edition is published. With `sources`, `devices`,
    `severities` or `redaction` a report of its own is made for it, cut down to these, in place of the whole edition.
    """

    name: Line
    cadence: Literal["daily", "weekly", "monthly"]
    recipients: Recipients
    formats: list[Format] = Field(default=["pdf"])
    sections: Annotated[list[str], Field(min_length=1)] | None = None
    channel: ChannelName | None = None
    schedule: Cron = None
    sources: Annotated[list[str], Field(min_length=1)] | None = None
    devices: Annotated[list[Line], Field(min_length=1)] | None = None
    severities: Annotated[list[Level], Field(min_length=1)] | None = None
    redaction: Annotated[list[Literal["addresses", "devices", "pseudonyms", "drop"]], Field(min_length=1)] | None = None
    enclose: Literal["attach", "link"] = "attach"
    only_if: str | None = None
    active: bool = True

    @field_validator("recipients", mode="before")
    @classmethod
    def _a_list_is_to(cls, written: object) -> object:
        if not isinstance(written, list | dict | Recipients):
            raise ValueError("a list of addresses, or to and bcc with a list each")
        return {"to": written} if isinstance(written, list) else written

    @field_validator("only_if")
    @classmethod
    def _a_comparison(cls, written: str | None) -> str | None:
        if written is not None and re.fullmatch(CONDITION, written) is None:
            raise ValueError("a figure, a comparison and a number, such as alerts_critical > 0")
        return written
