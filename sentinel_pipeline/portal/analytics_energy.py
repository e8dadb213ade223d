"""What is counted of energy over a window, from daily statistics alone: the numbers of the reports' sections."""

from __future__ import annotations

from typing import Literal

import polars as pl

from sentinel_pipeline.portal.analytics import Limit
from sentinel_pipeline.portal.analytics_question import COMPLETENESS, Answer, Question
from sentinel_pipeline.portal.analytics_series import device_series
from sentinel_pipeline.sections import energy, energy_figures
from sentinel_pipeline.sections.shares import ranked
from sentinel_pipeline.sections.trends import Interval

Group = Literal["none", "device"]
TOTALS = tuple(figure for figure in energy_figures.FIGURES if figure.statistics == ("energy_hours",))
STANDBY = tuple(figure for figure in energy_figures.FIGURES if figure.statistics == ("energy_standby",))


def trends(question: Question, interval: Interval = "day", group_by: Group = "none", limit: Limit = 10) -> Answer:
    """Energy in kWh and its cost over time, every bucket present; null where nothing was metered or priced.

    By device: those that used most, at most `limit`. A cost in several currencies is null.
    """
    hours, completeness = question.hours_of("energy_hours"), question.statistic(COMPLETENESS)

    def points(rows: pl.DataFrame) -> list[Answer]:
        return question.points(energy.energy_over_time(rows, completeness, question.days, interval), interval)

    if group_by == "none":
        told: Answer = {"data": points(hours)}
    else:
        standby, inventory = question.statistic("energy_standby"), question.statistic("device_inventory")
        devices = energy.energy_by_device(hours, standby, inventory)
        columns = ["device_ip", "device_name", "energy_kwh", "cost", "currency", "source"]
        told = device_series(hours, devices.select(columns), limit, points)
    totals = question.figures(TOTALS, energy_hours=hours)
    currency = {"currency": energy.one_currency(hours)}
    return {"interval": interval, "group_by": group_by, **question.whole_hours, **told, **totals, **currency}


def devices(question: Question, limit: Limit = 10) -> Answer:
    """Devices by energy used, with cost, highest power and standby; ties by address, cut after all were ranked."""
    told = question.ranking("devices", question.of(energy.energy_by_device), limit)
    return {**told, **question.figures(TOTALS), **_currency(question)}


def peaks(question: Question) -> Answer:
    """The ten quarter-hours in which the devices of a source together drew most, with the device that drew most."""
    table = question.points(question.of(energy.energy_peaks), "day")
    return {**question.whole_days, "peaks": table}


def standby(question: Question, limit: Limit = 10) -> Answer:
    """Devices by what they draw at least: the lowest mean power of an hour that was metered without a gap, in W."""
    metered = question.of(energy.energy_by_device).drop_nulls("standby_w")
    table = ranked(metered, "standby_w", ["device_ip", "source"])
    columns = ["device_ip", "device_name", "standby_w", "source"]
    return {**question.ranking("devices", table.select(columns), limit), **question.figures(STANDBY)}


def bands(question: Question) -> Answer:
    """Energy and its cost per band (time of use) and tier of the tariff."""
    rows = question.of(energy.energy_by_band).to_dicts()
    return {**question.whole_days, "bands": rows, **question.figures(TOTALS), **_currency(question)}


def summary(question: Question) -> Answer:
    """The figures of the window; null for what cannot be told."""
    figures = question.figures(energy_figures.FIGURES)
    return {**figures, **_currency(question), "period": question.whole_days}


def _currency(question: Question) -> Answer:
    return {"currency": energy.one_currency(question.statistic("energy_hours"))}
