"""Whether editions come when their schedules say, as Prometheus reads it: no age in a rule knows every schedule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sentinel_pipeline.domain.errors import SettingsError
from sentinel_pipeline.domain.period import CADENCES
from sentinel_pipeline.portal.site import Site
from sentinel_pipeline.publishing.punctuality import Punctuality, late_periods


class Punctual(Collector):
    """Editions that are late by the schedules that the configuration gives now."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def collect(self) -> Iterator[Metric]:
        try:
            schedules = self.site.settings.schedules
        except SettingsError:
            yield _readable(is_readable=False)
            return
        yield _readable(is_readable=True)
        late = GaugeMetricFamily("sentinel_late_editions", "Editions that should be there by now.", labels=["cadence"])
        patience, catch_up = timedelta(minutes=schedules.late_after_minutes), timedelta(days=schedules.catch_up_days)
        for cadence in CADENCES:
            rule = Punctuality(schedules.of(cadence), patience, catch_up)
            found = late_periods(self.site.editions, cadence, self.site.zone, rule, self.site.clock())
            late.add_metric([cadence], len(found))
        yield late

    def describe(self) -> Iterator[Metric]:
        """Nothing is looked up before somebody asks."""
        return iter(())


def _readable(*, is_readable: bool) -> Metric:
    return GaugeMetricFamily(
        "sentinel_configuration_readable", "1 when the configuration holds no mistake.", int(is_readable)
    )
