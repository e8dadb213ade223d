"""What may stand in a rate's configuration as Kasa Monitor keeps it: one precise line for each mistake.

Beyond the documented keys a configuration may say `time_of_use_values` (what the prices of a combined rate are),
`tier_scope`, `reset_day`, `sell_rate`, and of a fee `{"amount", "per": "month" or "kwh", "taxable"}`.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from sentinel_pipeline.energy.instants import instant
from sentinel_pipeline.energy.money import MOST_PRICE
from sentinel_pipeline.energy.structure import Combination, Scope

MOST_TEXT = 1_000_000

Price = Annotated[Decimal, Field(ge=-MOST_PRICE, le=MOST_PRICE)]
Energy = Annotated[Decimal, Field(ge=0, le=10**9)]


def _number(written: object) -> object:
    if isinstance(written, bool):
        raise ValueError("a number")
    return written


Hour = Annotated[int, BeforeValidator(_number), Field(ge=0, le=24)]
Month = Annotated[int, BeforeValidator(_number), Field(ge=1, le=12)]
Weekday = Annotated[int, BeforeValidator(_number), Field(ge=0, le=6)]


class _Entry(BaseModel):
    """Keys that say nothing about money are let through."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class BandEntry(_Entry):
    start_hour: Hour
    end_hour: Hour
    rate_per_kwh: Price
    days_of_week: Annotated[list[Weekday], Field(max_length=100)] | None = None
    description: Any = None


class TierEntry(_Entry):
    min_kwh: Energy = Decimal(0)
    max_kwh: Energy | None = None
    rate_per_kwh: Price


def _in_order(tiers: list[TierEntry] | None) -> list[TierEntry] | None:
    ordered = sorted(tiers or (), key=lambda tier: tier.min_kwh)
    for lower, upper in pairwise(ordered):
        if lower.max_kwh is None:
            raise ValueError(f"a max_kwh for every tier but the last; the one from {lower.min_kwh} kWh has none")
        if upper.max_kwh is not None and upper.max_kwh <= lower.max_kwh:
            raise ValueError(f"tiers that end one above the other; found {lower.max_kwh} and {upper.max_kwh} kWh")
    return ordered or None


Bands = Annotated[list[BandEntry], Field(max_length=200)]
Tiers = Annotated[list[TierEntry], Field(max_length=50)]


class SeasonEntry(_Entry):
    start_month: Month
    end_month: Month
    base_rate: Price | None = None
    time_of_use_rates: Bands | None = None
    tier_rates: Tiers | None = None
    description: Any = None

    tiers_in_order = field_validator("tier_rates")(_in_order)


class FeeEntry(_Entry):
    amount: Price
    per: Literal["month", "kwh"] = "month"
    taxable: bool = False


def _fee(written: object) -> object:
    return written if isinstance(written, dict) else {"amount": written}


class RateConfig(_Entry):
    flat_rate: Price | None = None
    time_of_use_rates: Bands | None = None
    time_of_use_values: Combination | None = None
    tier_rates: Tiers | None = None
    tier_scope: Scope = "account"
    seasonal_rates: Annotated[list[SeasonEntry], Field(max_length=24)] | None = None
    reset_day: Annotated[int, BeforeValidator(_number), Field(ge=1, le=28)] = 1
    monthly_service_charge: Price | None = None
    demand_charge_per_kw: Price | None = None
    tax_rate: Annotated[Decimal, Field(ge=0, le=1000)] | None = None
    additional_fees: dict[str, Annotated[FeeEntry, BeforeValidator(_fee)]] | None = None
    sell_rate: Price | None = None
    effective_date: datetime | None = None

    tiers_in_order = field_validator("tier_rates")(_in_order)

    @field_validator("effective_date", mode="before")
    @classmethod
    def _a_time(cls, written: object, info: ValidationInfo) -> datetime | None:
        """Only as ISO text: a number would be taken for seconds since 1970."""
        if written in (None, ""):
            return None
        try:
            return instant(str(written), (info.context or {})["zone"])
        except ValueError:
            raise ValueError("an ISO date or time such as 2025-01-01") from None


def rate_config(text: str | None, zone: ZoneInfo) -> tuple[RateConfig | None, list[str]]:
    """The configuration a JSON text holds, None where it holds mistakes, and a line for each of them."""
    try:
        return RateConfig.model_validate(_decoded(text), context={"zone": zone}), []
    except ValidationError as error:
        return None, [_mistake(dict(detail)) for detail in error.errors()]
    except (ValueError, RecursionError) as error:
        return None, [f"its configuration is not JSON that can be read: {' '.join(str(error).split())}"]


def _decoded(text: str | None) -> object:
    if text is None or len(text) > MOST_TEXT:
        raise ValueError("there is none" if text is None else f"it is longer than {MOST_TEXT} characters")
    return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)


def _no_number(written: str) -> object:
    raise ValueError(f"{written} is no number")


def _mistake(detail: dict[str, Any]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]).lstrip(".")
    if detail["type"] == "missing":
        return f"{path}: missing; it has to be there"
    message = str(detail["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    return f"{path or 'the configuration'}: found {_short(detail.get('input'))}; allowed: {message}"


def _short(value: object) -> str:
    """A single value as it was written, shortened; of others only the shape."""
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
