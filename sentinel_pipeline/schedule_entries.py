"""`schedules` of `sentinel.yaml`: when editions are made."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from sentinel_pipeline.domain.cron import checked_cron
from sentinel_pipeline.domain.errors import UsageError
from sentinel_pipeline.strict import Strict


def _cron(written: object) -> str | None:
    """YAML reads `off` as False."""
    if written is False or written is None:
        return None
    if not isinstance(written, str):
        raise ValueError("five fields such as '0 8 * * *', or off")
    try:
        return checked_cron(written)
    except UsageError as error:
        raise ValueError(str(error)) from None


Cron = Annotated[str | None, BeforeValidator(_cron)]


class SchedulesEntry(Strict):
    """When the period that just ended is published, in the configured zone; None is never.

    Periods that were missed and ended up to `catch_up_days` before are published too. `retention` is when goes what
    was kept long enough. An edition that is not published `late_after_minutes` after its time is late.
    """

    daily: Cron = "0 8 * * *"
    weekly: Cron = "0 9 * * 1"
    monthly: Cron = "0 10 1 * *"
    retention: Cron = "0 2 * * *"
    catch_up_days: Annotated[int, Field(ge=0, le=366)] = 35
    late_after_minutes: Annotated[int, Field(ge=1, le=10_080)] = 60

    def of(self, cadence: str) -> str | None:
        """The times of a cadence; None when it is off, or has none: what is requested is made at any time."""
        times: dict[str, str | None] = {"daily": self.daily, "weekly": self.weekly, "monthly": self.monthly}
        return times.get(cadence)
