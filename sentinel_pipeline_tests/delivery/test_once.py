from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sentinel_pipeline.delivery.once import send_once
from sentinel_pipeline.delivery.outbox import PostOffice
from sentinel_pipeline.delivery.parcel import Parcel
from sentinel_pipeline.domain.delivery import State
from sentinel_pipeline.ledger.deliveries import Delivery, Planned, rows_of
from sentinel_pipeline_tests.delivery import worlds

PEOPLE = {"ann": "directory", "bob": "smtp", "cem": "directory"}


def mail_to(name: str) -> Planned:
    return Planned("notice", "2025-03-12", 1, "", "alerts", f"{name}@house.example", PEOPLE[name], f"<{name}@house>")


def parcels(data: Path) -> Callable[[Delivery, int], Parcel]:
    edition = worlds.published(data)

    def parcel(row: Delivery, subject: int) -> Parcel:
        return worlds.parcel(edition, row.recipient, subject)

    return parcel


def states(office: PostOffice) -> dict[str, State]:
    with office.ledger.reading() as connection:
        return {
            row.recipient.split("@")[0]: row.state
            for row in rows_of(connection, [mail_to(n).delivery_id for n in PEOPLE])
        }


def test_a_channel_that_cannot_be_used_is_told_and_does_not_hold_up_the_others(tmp_path: Path) -> None:
    office = worlds.office(worlds.configured(tmp_path))
    planned = [(mail_to(name), number) for number, name in enumerate(PEOPLE)]

    with office.ledger.sole_sender():
        (trouble,) = send_once(office, planned, parcels(tmp_path))

    assert trouble.startswith("smtp cannot be used: ")
    assert states(office) == {"ann": "sent", "bob": "planned", "cem": "sent"}
    assert len(list((tmp_path / "outbox").rglob("*.eml"))) == 2


def test_what_was_sent_is_not_sent_again_and_what_is_planned_twice_goes_once(tmp_path: Path) -> None:
    later = worlds.AT
    office = worlds.office(worlds.configured(tmp_path), clock=lambda: later)
    planned = [(mail_to("ann"), 1), (mail_to("ann"), 1)]

    for _ in range(3):
        with office.ledger.sole_sender():
            assert send_once(office, planned, parcels(tmp_path)) == ()
        later += timedelta(hours=2)

    (mail,) = (tmp_path / "outbox").rglob("*.eml")
    assert b"ann@house.example" in mail.read_bytes()
