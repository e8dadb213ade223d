"""How late an edition is, in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.publishing.punctuality import SINCE, Punctuality, late_periods, lateness
from sentinel_pipeline_tests.clocks import BERLIN

WEEK = Period.parse("weekly", "2025-03-24", BERLIN)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2025-03-31T09:00", ""),
        ("2025-03-31T10:00", ""),
        ("2025-03-31T10:30", "It was due on Monday 31 March at 09:00 and is 90 minutes late."),
        ("2025-03-31T14:10", "It was due on Monday 31 March at 09:00 and is 5 hours late."),
        ("2025-04-03T09:00", "It was due on Monday 31 March at 09:00 and is 3 days late."),
    ],
)
def test_lateness_is_told_after_the_patience(tmp_path: Path, at: str, said: str) -> None:
    (tmp_path / "weekly").mkdir()
    (tmp_path / "weekly" / SINCE).write_text("2025-03-24\n")
    moment = datetime.fromisoformat(at).replace(tzinfo=BERLIN)
    assert lateness(WEEK, "0 9 * * 1", timedelta(hours=1), tmp_path, moment) == said
    assert lateness(WEEK, None, timedelta(hours=1), tmp_path, moment) == "", "no schedule, no lateness"
    assert lateness(WEEK.previous, "0 9 * * 1", timedelta(hours=1), tmp_path, moment) == "", "before its first time"


def test_a_month_that_is_missing_stays_late_however_short_what_is_made_up_for(tmp_path: Path) -> None:
    (tmp_path / "monthly").mkdir()
    (tmp_path / "monthly" / SINCE).write_text("2025-01-01\n")
    rule = Punctuality("0 10 5 * *", timedelta(hours=1), timedelta(days=3))

    def late(at: str) -> list[str]:
        moment = datetime.fromisoformat(at).replace(tzinfo=BERLIN)
        return [period.key for period in late_periods(tmp_path, "monthly", BERLIN, rule, moment)]

    assert late("2025-02-05T10:59") == []
    assert late("2025-02-05T11:01") == late("2025-02-28T23:59") == ["2025-01-01"]
    assert late("2025-03-01T00:01") == [], "the month before was given up, and February is due on the fifth"
    assert late("2025-03-05T11:01") == ["2025-02-01"]
