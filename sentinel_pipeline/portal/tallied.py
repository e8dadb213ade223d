"""What was counted by others and stands in the ledger, as Prometheus reads it: reports made, files and mails sent."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from sqlalchemy import Connection

from sentinel_pipeline.ledger.tallies import ALL, Tally, counted
from sentinel_pipeline.portal.site import Site


class Tallied(Collector):
    """Every tally of the ledger."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def collect(self) -> Iterator[Metric]:
        with self.site.ledger.reading() as connection:
            for tally in ALL:
                yield _told(connection, tally)

    def describe(self) -> Iterator[Metric]:
        """Nothing is looked up before somebody asks."""
        return iter(())


def _told(connection: Connection, tally: Tally) -> Metric:
    if tally.is_last:
        last = GaugeMetricFamily(tally.name, tally.said, labels=tally.labels)
        for one in counted(connection, tally):
            last.add_metric(one.labels, one.total)
        return last
    if not tally.bounds:
        counter = CounterMetricFamily(tally.name, tally.said, labels=tally.labels)
        for one in counted(connection, tally):
            counter.add_metric(one.labels, one.number)
        return counter
    histogram = HistogramMetricFamily(tally.name, tally.said, labels=tally.labels)
    for one in counted(connection, tally):
        upto = zip(map(floatToGoString, tally.bounds), one.upto, strict=True)
        histogram.add_metric(one.labels, [*upto, ("+Inf", one.number)], one.total)
    return histogram
