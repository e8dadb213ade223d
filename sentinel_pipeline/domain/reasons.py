"""Why a record is set aside in quarantine, in plain words. A code may be followed by a colon and details."""

from __future__ import annotations

from fnmatch import fnmatchcase

# The first pattern that fits explains a code.
REASONS: tuple[tuple[str, str], ...] = (
    ("bad_time", "its time is missing or unreadable, so it belongs to no day"),
    ("implausible_time", "its time lies before 2000 or after 2099, so it belongs to no day"),
    ("duplicate_rule", "it repeats the definition of another rule, which counts once"),
    ("duplicate_row", "it repeats another row, which counts once"),
    ("duplicate_*", "its key stands on that day already; the earliest counts"),
    ("missing_time", "it has no time and nothing tells when it arrived, so it belongs to no day"),
    ("missing_machine_id", "it does not say which machine it is of"),
    ("missing_value", "a value it cannot do without is missing"),
    ("bad_tariff", "the rate has a mistake; energy that it should price has no price"),
    ("bad_*", "this field cannot be read and counts as unknown; the rest of the record counts"),
    ("not_json", "the line is no JSON"),
    ("not_an_object", "the line is JSON, but no record"),
    ("too_few_fields", "the line has fewer fields than its header names"),
    ("too_many_fields", "the line has more fields than its header names"),
    ("line_too_long", "the line is longer than any record"),
    ("no_fields", "the log does not say which fields its lines have"),
    ("missing_columns", "the log lacks fields a record cannot do without"),
    ("not_a_*_log", "the file is no log that this kind of source writes"),
    ("truncated_gzip", "the compressed file is cut off or damaged; what was before the damage counts"),
    ("auth_failed", "no configured key opens it: another key sealed it, or it was changed or cut on the way"),
    ("no_key", "it is sealed and no key is configured for it"),
    ("malformed_plaintext", "a key opens it, but what is inside cannot be read"),
    ("malformed", "it has not the form of what a fleet seals"),
    ("incomplete", "a key opens it, but it names no machine or holds no logs"),
    ("downgrade", "it came in plain text although keys are configured, so nothing proves who wrote it"),
    ("replay", "the very same envelope came before; the first one counts"),
    ("unreadable_file", "the file could not be opened or read"),
)


def meaning(reason: str) -> str:
    """What the codes of a reason mean, each once, in their order; empty for a reason that nothing explains."""
    codes = (part.partition(":")[0].strip() for part in reason.split(","))
    return "; ".join(dict.fromkeys(words for code in codes if (words := _explained(code))))


def _explained(code: str) -> str | None:
    return next((words for pattern, words in REASONS if fnmatchcase(code, pattern)), None)
