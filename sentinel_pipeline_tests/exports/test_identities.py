from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.tables import ALERTS, DEVICES, QUARANTINE, Table
from sentinel_pipeline.exports.identities import AT, DIGEST_BYTES, IDENTITY, Identities, identified
from sentinel_pipeline_tests.clocks import PATIENT
from sentinel_pipeline_tests.exports.test_rows import HOUR, NOON
from sentinel_pipeline_tests.statistics.frames import Row, facts

TEXTS = st.text(alphabet="-:0123456789ab\x00é", max_size=4)


def identities(table: Table, *rows: Row) -> list[bytes]:
    return identified(facts(table, rows), table)[IDENTITY].to_list()


def test_a_row_is_known_by_source_key_and_time_whatever_else_changes() -> None:
    row: dict[str, Any] = {"source": "home", "alert_id": "1", "raised_at": NOON}
    one, same, *others = identities(
        ALERTS,
        row,
        {**row, "explanation": "changed", "is_acknowledged": True},
        {**row, "source": "office"},
        {**row, "alert_id": "2"},
        {**row, "raised_at": NOON + HOUR},
    )
    assert one == same
    assert len({one, *others}) == 4
    assert len(one) == 16


def test_a_digest_stays_the_same_from_release_to_release() -> None:
    (found,) = identities(ALERTS, {"source": "home", "alert_id": "1", "raised_at": NOON})
    assert found.hex() == "36a452e6dfdf7776a331a1c8432da7f0"


@PATIENT
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=2, unique=True))
def test_texts_never_run_together(pairs: list[tuple[str, str]]) -> None:
    one, other = identities(DEVICES, *({"source": source, "device_ip": key} for source, key in pairs))
    assert one != other


def test_a_row_without_key_is_known_by_all_it_holds() -> None:
    rows: list[Row] = [{"alert_id": None, "raised_at": NOON, "explanation": text} for text in ("a", "b", "a")]
    one, other, again = identities(ALERTS, *rows)
    assert one == again != other


def test_a_quarantined_record_is_known_by_its_table_and_reason_too() -> None:
    row = {"table": "alerts", "location": "1", "reason": "bad_time"}
    assert len(set(identities(QUARANTINE, row, {**row, "table": "devices"}, {**row, "reason": "x"}))) == 3


def test_the_time_that_decides_is_kept_beside() -> None:
    assert identified(facts(ALERTS, [{"raised_at": NOON}]), ALERTS)[AT].to_list() == [NOON]
    inventory = identified(facts(DEVICES, [{}]), DEVICES)
    assert (inventory[AT].to_list(), inventory.schema[AT]) == ([None], pl.Datetime("us", "UTC"))


DIGESTS = st.lists(st.binary(min_size=DIGEST_BYTES, max_size=DIGEST_BYTES))
ENDS_IN_ZEROS = b"\1" + b"\0" * (DIGEST_BYTES - 1)


@PATIENT
@given(DIGESTS, DIGESTS)
def test_what_is_unknown_is_what_is_in_none_of_the_parts(known: list[bytes], new: list[bytes]) -> None:
    known, new = [*known, ENDS_IN_ZEROS], [*new, *known[:2], ENDS_IN_ZEROS, b"\0" * DIGEST_BYTES]
    parts = [pl.Series(part, dtype=pl.Binary) for part in (known[:1], known[1:])]
    found = Identities(parts).unknown(pl.Series(new, dtype=pl.Binary)).to_list()
    assert found == [digest not in known for digest in new]


def test_nothing_is_known_at_the_beginning() -> None:
    for parts in ([], [pl.Series([], dtype=pl.Binary)]):
        assert Identities(parts).unknown(pl.Series([ENDS_IN_ZEROS] * 2, dtype=pl.Binary)).to_list() == [True, True]
        assert Identities(parts).unknown(pl.Series([], dtype=pl.Binary)).to_list() == []
