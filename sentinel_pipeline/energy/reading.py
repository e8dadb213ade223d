"""Rates of a source, row by row, made into tariffs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sentinel_pipeline.energy.money import is_currency, price
from sentinel_pipeline.energy.rate_config import BandEntry, RateConfig, SeasonEntry, TierEntry, rate_config
from sentinel_pipeline.energy.structure import EVERY_DAY, Band, Charges, Fee, Season, Step, Tariff

DEFAULT_CURRENCY = "USD"


def tariff_of(row: Mapping[str, Any], zone: ZoneInfo) -> tuple[Tariff, list[str]]:
    """The tariff a row of rates describes, and a line for each mistake in it; one with mistakes prices nothing."""
    name = one_line(row["name"])
    currency = one_line(row["currency"] or DEFAULT_CURRENCY).upper()
    config, mistakes = rate_config(row["config"], zone)
    tariff = Tariff(
        str(row["rate_id"]), name, one_line(row["rate_type"]), currency, _valid_from(config, row), is_usable=False
    )
    if not is_currency(currency):
        mistakes.append(f"currency: found '{currency[:60]}'; allowed: a code of ISO 4217 such as EUR")
    if config is not None and not mistakes:
        try:
            tariff = _usable(tariff, config)
        except ValueError as error:
            mistakes.append(str(error))
    return tariff, [f'rate {tariff.rate_id} "{name}": {mistake}' for mistake in mistakes]


def _valid_from(config: RateConfig | None, row: Mapping[str, Any]) -> datetime | None:
    created: datetime | None = row["created_at"]
    if config is not None and config.effective_date is not None:
        return config.effective_date
    return created if created is None or created.tzinfo else created.replace(tzinfo=UTC)


def _usable(tariff: Tariff, config: RateConfig) -> Tariff:
    """Raises ValueError when what the type of the rate needs is not there."""
    structure = TYPES.get(tariff.rate_type)
    if structure is None:
        raise ValueError(f"rate_type: found '{tariff.rate_type[:60]}'; allowed: {', '.join(TYPES)}")
    made = structure(config)
    return replace(
        tariff,
        seasons=made.seasons,
        flat=_optional(config.flat_rate),
        combination=made.combines,
        scope=config.tier_scope,
        reset_day=config.reset_day,
        charges=_charges(config),
        remarks=made.remarks,
        is_usable=True,
    )


@dataclass(frozen=True)
class _Structure:
    seasons: tuple[Season, ...]
    combines: Any = None
    remarks: tuple[str, ...] = ()


def _flat(config: RateConfig) -> _Structure:
    _needed(config.flat_rate, "flat_rate", "flat")
    return _Structure((Season(),))


def _time_of_use(config: RateConfig) -> _Structure:
    return _Structure((Season(bands=_bands(_needed(config.time_of_use_rates, "time_of_use_rates", "time_of_use"))),))


def _tiered(config: RateConfig) -> _Structure:
    tiers: list[TierEntry] = _needed(config.tier_rates, "tier_rates", "tiered")
    return _Structure((Season(steps=_steps(tiers)),), remarks=tuple(_unlike_thresholds(tiers)))


def _combined(config: RateConfig) -> _Structure:
    bands = _bands(_needed(config.time_of_use_rates, "time_of_use_rates", "combined"))
    if config.time_of_use_values is None:
        raise ValueError(
            "time_of_use_values: missing; a combined rate says whether its time-of-use values are "
            "'multiplier' (of the tiers' prices) or 'absolute' (prices in their place)"
        )
    tiers = config.tier_rates or []
    if not tiers and config.time_of_use_values == "multiplier" and config.flat_rate is None:
        raise ValueError("tier_rates: missing; multipliers need tiers, or a flat_rate, that they multiply")
    season = Season(bands=bands, steps=_steps(tiers))
    return _Structure((season,), config.time_of_use_values, tuple(_unlike_thresholds(tiers)))


def _seasonal(config: RateConfig) -> _Structure:
    return _seasons(_needed(config.seasonal_rates, "seasonal_rates", "seasonal"), is_tiered=False)


def _seasonal_tiered(config: RateConfig) -> _Structure:
    return _seasons(_needed(config.seasonal_rates, "seasonal_rates", "seasonal_tiered"), is_tiered=True)


TYPES: dict[str, Callable[[RateConfig], _Structure]] = {
    "flat": _flat,
    "time_of_use": _time_of_use,
    "tiered": _tiered,
    "seasonal": _seasonal,
    "combined": _combined,
    "seasonal_tiered": _seasonal_tiered,
}


def _needed(value: Any, key: str, rate_type: str) -> Any:
    if value is None or value == []:
        raise ValueError(f"{key}: missing; a rate of type {rate_type} needs it")
    return value


def _seasons(entries: list[SeasonEntry], *, is_tiered: bool) -> _Structure:
    seasons = tuple(_season(entry, is_tiered=is_tiered) for entry in entries)
    remarks: list[str] = []
    for season, entry in zip(seasons, entries, strict=True):
        said = list(_unlike_thresholds(entry.tier_rates or []) if season.steps else ())
        if entry.time_of_use_rates and entry.tier_rates:
            used, idle = ("tiers", "time-of-use prices") if is_tiered else ("time-of-use prices", "tiers")
            said.append(f"it has {used} and {idle}; its {used} decide")
        remarks += [f"season {season.name}: {remark}" for remark in said]
    return _Structure(seasons, remarks=tuple(remarks))


def _season(entry: SeasonEntry, *, is_tiered: bool) -> Season:
    bands = () if is_tiered else _bands(entry.time_of_use_rates or [])
    return Season(
        entry.start_month,
        entry.end_month,
        bands,
        () if bands else _steps(entry.tier_rates or []),
        _optional(entry.base_rate),
        one_line(entry.description),
    )


def _bands(entries: list[BandEntry]) -> tuple[Band, ...]:
    return tuple(
        Band(
            entry.start_hour,
            entry.end_hour,
            price(entry.rate_per_kwh),
            EVERY_DAY if entry.days_of_week is None else tuple(sorted(set(entry.days_of_week))),
            one_line(entry.description),
        )
        for entry in entries
    )


def _steps(tiers: list[TierEntry]) -> tuple[Step, ...]:
    return tuple(Step(tier.max_kwh, price(tier.rate_per_kwh)) for tier in tiers)


def _unlike_thresholds(tiers: list[TierEntry]) -> Iterator[str]:
    """Tiers that do not begin where, or one kWh after, the one before ends."""
    ends = [Decimal(0), *(tier.max_kwh for tier in tiers if tier.max_kwh is not None)]
    for end, tier in zip(ends, tiers, strict=False):
        if not 0 <= tier.min_kwh - end <= 1:
            yield f"a tier begins at {tier.min_kwh} kWh, the one before ends at {end} kWh; it is taken to begin there"


def _charges(config: RateConfig) -> Charges:
    fees = (config.additional_fees or {}).items()
    return Charges(
        service=_or_nothing(config.monthly_service_charge),
        demand_per_kw=_or_nothing(config.demand_charge_per_kw),
        tax_percent=_or_nothing(config.tax_rate),
        fees=tuple(Fee(one_line(name), price(fee.amount), fee.per == "kwh", fee.taxable) for name, fee in fees),
        credit_per_kwh=_or_nothing(config.sell_rate),
    )


def _optional(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else price(amount)


def _or_nothing(amount: Decimal | None) -> Decimal:
    return price(amount or Decimal(0))


def one_line(text: object) -> str:
    """A text from outside on one line of at most 80 characters; '' for what is no text."""
    if not isinstance(text, str):
        return ""
    shown = "".join(character if character.isprintable() else "�" for character in text.strip())
    return shown if len(shown) <= 80 else f"{shown[:79]}…"
