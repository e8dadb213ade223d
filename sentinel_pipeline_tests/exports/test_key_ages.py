"""Keys by how long they have been in use."""

from datetime import datetime

import polars as pl

from sentinel_pipeline.domain.tables import DECRYPTIONS
from sentinel_pipeline.exports.key_ages import KeyAges
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.statistics.frames import utc


def decryptions(*rows: tuple[str | None, datetime | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [{"key_fingerprint": key, "received_at": at} for key, at in rows],
        schema={name: DECRYPTIONS.schema[name] for name in ("key_fingerprint", "received_at")},
    )


def test_a_key_in_use_for_more_than_90_days_is_to_be_changed() -> None:
    ages = KeyAges()
    ages.hear(decryptions(("aa", utc("2025-04-02T00:00:00")), ("bb", utc("2025-03-01T23:30:00")), (None, None)))
    ages.hear(decryptions(("aa", utc("2025-01-02T00:00:00")), ("bb", utc("2025-05-30T23:30:00")), ("bb", None)))
    ages.hear(decryptions(("cc", utc("2025-01-01T00:00:00")), ("cc", utc("2025-04-02T00:00:00"))))
    assert list(ages.lines(BERLIN)) == [
        "key bb: opened 2, 2025-03-02 to 2025-05-31, 90 days",
        "key aa: opened 2, 2025-01-02 to 2025-04-02, 90 days",
        "key cc: opened 2, 2025-01-01 to 2025-04-02, 91 days, more than 90: it is to be changed",
    ]


def test_where_nothing_was_opened_nothing_is_said() -> None:
    ages = KeyAges()
    ages.hear(decryptions((None, utc("2025-04-02T00:00:00"))))
    assert list(ages.lines(BERLIN)) == []
