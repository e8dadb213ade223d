"""How long everything is kept, in a line."""

from __future__ import annotations

from sentinel_pipeline.retention.telling import kept_for
from sentinel_pipeline.retention_entries import RetentionEntry


def test_what_has_no_days_is_kept_for_ever() -> None:
    said = kept_for(RetentionEntry.model_validate({"facts": 1, "exports": 30}))
    assert said.startswith("facts 1 day; exports 30 days; for ever: quarantine, ")
    assert kept_for(RetentionEntry()).startswith("for ever: facts, ")
