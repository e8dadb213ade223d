"""SendGrid's Mail Send API through its official client."""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from traceback import walk_tb
from typing import Any
from urllib.error import URLError

from sentinel_pipeline.delivery.message import content_of, one_line
from sentinel_pipeline.delivery.parcel import Answer, Failed, Parcel, Refused, Sent, Uncertain, Unusable
from sentinel_pipeline.delivery_entries import SendGridEntry

ACCEPTED, CHECKED = 202, 200
# The key, the verified sender or the address of the API is wrong: so it will be for every other mail.
OURS_TO_MEND = frozenset({401, 403, 404, 405})
TOO_MANY = 429


@dataclass(frozen=True)
class SendGrid:
    """One request for each mail; `secret` resolves the key when it is used."""

    entry: SendGridEntry
    secret: Callable[[str], str]

    def send(self, parcel: Parcel) -> Answer:
        from python_http_client.exceptions import HTTPError
        from sendgrid import SendGridAPIClient

        request = mail(parcel, is_sandbox=self.entry.sandbox)
        api = SendGridAPIClient(self.secret(self.entry.api_key), host=self.entry.address)
        api.client.timeout = self.entry.timeout_seconds
        try:
            response = api.send(request)
        except HTTPError as error:
            return _refusal(error.status_code, error.body, error.headers)
        except URLError as error:
            return _unreached(self.entry.address, error.reason)
        except (OSError, HTTPException) as error:
            return Uncertain(f"{self.entry.address} was given the mail and did not answer: {_why(error)}")
        if response.status_code == ACCEPTED or (self.entry.sandbox and response.status_code == CHECKED):
            return Sent(response.headers.get("X-Message-Id") or ("sandbox" if self.entry.sandbox else ""))
        return Uncertain(f"{self.entry.address} answered {response.status_code}, which is neither yes nor no")


def mail(parcel: Parcel, *, is_sandbox: bool) -> dict[str, Any]:
    """The request's body. Raises PublishingError when an attachment is no longer what was published."""
    letter = parcel.letter
    pictures = [
        {**_file(one.name, one.media_type, one.content), "disposition": "inline", "content_id": one.cid}
        for one in letter.inline
    ]
    files = [
        {**_file(one.name, one.media_type, content_of(one)), "disposition": "attachment"} for one in parcel.attachments
    ]
    return {
        "personalizations": [
            {
                "to": [{"email": parcel.recipient}],
                "headers": {"Message-ID": parcel.message_id, **dict(parcel.headers)},
                "custom_args": dict(parcel.labels),
            }
        ],
        "from": {"email": parcel.sender, "name": parcel.sender_name},
        "subject": one_line(letter.subject),
        "content": [{"type": "text/plain", "value": letter.text}, {"type": "text/html", "value": letter.html}],
        **({"attachments": [*pictures, *files]} if pictures or files else {}),
        # Links stay what they say, and nobody is told when a mail is opened.
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
        },
        "mail_settings": {"sandbox_mode": {"enable": is_sandbox}},
    }


def _file(name: str, media_type: str, content: bytes) -> dict[str, str]:
    return {"content": b64encode(content).decode("ascii"), "type": media_type, "filename": name}


def _refusal(code: int, body: bytes, headers: Mapping[str, str]) -> Answer:
    why = f"{code} {_told(body)}".strip()
    if code == TOO_MANY or code >= 500:
        return Failed(why, _seconds(headers.get("Retry-After")))
    return Unusable(why) if code in OURS_TO_MEND else Refused(why)


def _told(body: bytes) -> str:
    """The messages of an answer, whatever it is."""
    try:
        errors = json.loads(body)["errors"]
        told = "; ".join(str(error["message"]) for error in errors)
    except (ValueError, KeyError, TypeError):
        told = body.decode("utf-8", "replace")
    return one_line(told)[:300]


def _seconds(written: str | None) -> float | None:
    """Seconds of a Retry-After; a date is left to our own backoff."""
    return float(written) if written is not None and written.strip().isdecimal() else None


def _unreached(address: str, reason: object) -> Answer:
    why = f"{address}: {_why(reason)}"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Unusable(why)
    return Failed(why) if _was_connecting(reason) else Uncertain(f"{why}; it may have been given the mail")


def _was_connecting(reason: object) -> bool:
    """Whether it went wrong before there was a connection: nothing was sent then."""
    frames = walk_tb(reason.__traceback__) if isinstance(reason, OSError) else iter(())
    return any(frame.f_code.co_name == "connect" for frame, _ in frames)


def _why(error: object) -> str:
    return one_line(str(error)) or type(error).__name__
