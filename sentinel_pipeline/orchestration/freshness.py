"""Whether editions come when their schedules say: a check on each, and the sensor that looks when nothing runs."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from sentinel_pipeline.domain.period import CADENCES
from sentinel_pipeline.orchestration.due import late
from sentinel_pipeline.settings import Settings

CHECK = "on_time"
EVERY_SECONDS = 300


def freshness_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """A check for each cadence; it warns, for a late edition is still worth publishing."""
    return [freshness_check(settings, cadence) for cadence in CADENCES]


def freshness_check(settings: Settings, cadence: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        name=CHECK,
        asset=dg.AssetKey([cadence, "edition"]),
        description=f"Every {cadence} edition is published {settings.schedules.late_after_minutes} minutes after its"
        " time at the latest.",
    )
    def on_time() -> dg.AssetCheckResult:
        is_passed, said = verdict(settings, cadence, datetime.now(UTC))
        return dg.AssetCheckResult(passed=is_passed, severity=dg.AssetCheckSeverity.WARN, description=said)

    return on_time


def verdict(settings: Settings, cadence: str, now: datetime) -> tuple[bool, str]:
    """Whether no edition of a cadence is late at an instant, and in words which are."""
    missing = late(cadence, settings, now)
    return not missing, f"late: {', '.join(period.key for period in missing)}" if missing else "none is late"


def freshness_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name="late_editions",
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Says on the asset when an edition is late, and when it is there.",
    )
    def late_editions(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        said = {cadence: verdict(settings, cadence, datetime.now(UTC)) for cadence in CADENCES}
        state = repr(sorted(said.items()))
        news = [] if state == context.cursor else list(_evaluations(said))
        return dg.SensorResult(asset_events=news, cursor=state)

    return late_editions


def _evaluations(said: dict[str, tuple[bool, str]]) -> Iterator[dg.AssetCheckEvaluation]:
    for cadence, (is_passed, words) in said.items():
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey([cadence, "edition"]),
            check_name=CHECK,
            passed=is_passed,
            severity=dg.AssetCheckSeverity.WARN,
            description=words,
        )
