import ast
import re
from pathlib import Path

import pytest

import sentinel_pipeline
from sentinel_pipeline.domain.reasons import REASONS, meaning

PACKAGE = Path(sentinel_pipeline.__file__).parent
CODE = re.compile(
    r"(bad|duplicate|implausible|missing|not|no|too|line|truncated|unreadable)_[a-z_]+"
    r"|auth_failed|malformed|malformed_plaintext|incomplete|downgrade|replay"
)


def reasons_in(module: Path) -> set[str]:
    """Texts of a module that have the shape of a reason; of a text with values in it, what stands before them."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values]
            found.add("".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return {text for text in found if CODE.fullmatch(text.partition(":")[0])}


def given() -> set[str]:
    modules = [*(PACKAGE / "sources").glob("*.py"), PACKAGE / "lake" / "copies.py"]
    return {reason for module in modules for reason in reasons_in(module)}


def test_every_reason_a_source_can_give_has_a_meaning() -> None:
    assert {"bad_x", "bad_time", "duplicate_rule", "duplicate_x", "not_json", "missing_columns: x"} <= given()
    assert [reason for reason in sorted(given()) if not meaning(reason)] == []


def test_every_meaning_explains_a_reason_that_is_given() -> None:
    given_words = {meaning(reason) for reason in given()}
    assert [words for pattern, words in REASONS if words not in given_words] == []


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("bad_time", "its time is missing or unreadable, so it belongs to no day"),
        ("duplicate_alert_id", "its key stands on that day already; the earliest counts"),
        ("missing_columns: ts, uid", "the log lacks fields a record cannot do without"),
        ("bad_port: id.orig_p, bad_count: orig_bytes", meaning("bad_x")),
        ("missing_value: device_ip, bad_x", f"{meaning('missing_value')}; {meaning('bad_x')}"),
        ("never heard of", ""),
    ],
)
def test_a_reason_is_explained_by_its_codes(reason: str, said: str) -> None:
    assert meaning(reason) == said
