from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel_pipeline.energy.tariff import Tariffs, always, tariffs_of
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.energy.worlds import FLAT, TIERS, local, price_file, rate, rates, tariff, tariffs

NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)


def test_an_effective_date_is_a_local_midnight_and_comes_before_the_time_of_creation() -> None:
    read = tariffs(
        rate("flat", {**FLAT, "effective_date": "2025-03-01"}, created_at=NEW_YEAR),
        rate("flat", {**FLAT, "effective_date": "2025-02-01T06:00:00-05:00"}, rate_id="2"),
    )
    assert [one.valid_from for one in read.tariffs] == [datetime(2025, 2, 1, 11, tzinfo=UTC), local("2025-03-01T00:00")]


def test_the_last_created_of_rates_that_begin_together_is_valid() -> None:
    read = tariffs(
        rate("flat", {**FLAT, "effective_date": "2025-01-01"}, rate_id="10", created_at=NEW_YEAR),
        rate("flat", {**FLAT, "effective_date": "2025-01-01"}, rate_id="9", created_at=NEW_YEAR),
    )
    found = read.at(local("2025-01-01T00:00"))
    assert found is not None
    assert found.rate_id == "10"


def test_before_the_first_rate_none_is_valid() -> None:
    read = tariffs(rate("flat", FLAT, created_at=NEW_YEAR))
    assert read.at(datetime(2024, 12, 31, 23, 59, tzinfo=UTC)) is None
    assert read.at(NEW_YEAR) == read.tariffs[0]


def test_a_rate_with_mistakes_keeps_its_place_in_time() -> None:
    read = tariffs_of(
        rates(rate("flat", FLAT, rate_id="1"), rate("flat", "{", rate_id="2", created_at=NEW_YEAR)), None, BERLIN
    )
    assert [one.is_usable for one in read.tariffs] == [True, False]
    assert len(read.problems) == 1


@pytest.mark.parametrize(
    ("config", "at", "back"),
    [
        ({}, "2025-01-20T10:00", "2025-01-01T00:00"),
        ({"reset_day": 15}, "2025-01-20T10:00", "2025-01-15T00:00"),
        ({"reset_day": 28}, "2025-01-20T10:00", "2024-12-28T00:00"),
        ({}, "2025-03-30T12:00", "2025-03-01T00:00"),
    ],
)
def test_tiers_look_back_to_the_start_of_the_billing_month(config: dict[str, int], at: str, back: str) -> None:
    read = tariffs(rate("tiered", {"tier_rates": TIERS, **config}))
    assert read.looks_back(local(at), BERLIN) == local(back)


def test_other_rates_do_not_look_back() -> None:
    moment = local("2025-01-20T10:00")
    assert tariffs(rate("flat", FLAT)).looks_back(moment, BERLIN) == moment
    assert Tariffs().looks_back(moment, BERLIN) == moment


def test_tiers_that_begin_later_in_the_month_look_back_too_and_those_of_other_months_do_not() -> None:
    moment = local("2025-01-20T10:00")

    def begins(day: str) -> Tariffs:
        return tariffs(
            rate("flat", FLAT, rate_id="1"), rate("tiered", {"tier_rates": TIERS, "effective_date": day}, rate_id="2")
        )

    assert begins("2025-01-25").looks_back(moment, BERLIN) == local("2025-01-01T00:00")
    assert begins("2025-02-25").looks_back(moment, BERLIN) == moment
    ended = tariffs(
        rate("tiered", {"tier_rates": TIERS}, rate_id="1"),
        rate("flat", {**FLAT, "effective_date": "2025-01-20"}, rate_id="2"),
    )
    assert ended.looks_back(moment, BERLIN) == moment


def test_a_price_file_stands_in_the_place_of_prices_and_leaves_the_charges(tmp_path: Path) -> None:
    file = price_file(tmp_path, "2025-01-01,2025-01-02,0.1")
    both = tariffs_of(rates(rate("tiered", {"tier_rates": TIERS, "monthly_service_charge": 7})), file, BERLIN)
    assert both.tariffs[0].charges.service == 7
    assert both.prices is not None
    assert both.looks_back(local("2025-01-20T10:00"), BERLIN) == local("2025-01-20T10:00")
    alone = tariffs_of(rates(), file, BERLIN, currency="NOK")
    assert (alone.currency, alone.tariffs[0].name) == ("NOK", "prices.csv")


def test_a_tariff_can_be_thought_of_as_always_valid() -> None:
    other = tariff("flat", FLAT, created_at=NEW_YEAR)
    assert always(other).at(datetime(1999, 1, 1, tzinfo=UTC)) is not None


def test_currencies_that_differ_have_no_common_one() -> None:
    read = tariffs(rate("flat", FLAT, currency="EUR"), rate("flat", FLAT, rate_id="2", currency="USD"))
    assert read.currency is None
