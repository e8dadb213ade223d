from sentinel_pipeline.domain.tables import TABLE
from sentinel_pipeline_tests.clocks import day
from sentinel_pipeline_tests.statistics.frames import counted, facts, utc

TODAY = day("2025-01-02")
NOON, LATER = utc("2025-01-02T11:00:00"), utc("2025-01-02T11:15:00")


def test_charges_are_summed_by_device_band_and_tier_and_what_has_no_price_stays_apart() -> None:
    used = {"device_ip": "10.0.0.1", "started_at": NOON, "energy_micro_kwh": 100, "currency": "EUR"}
    frame = facts(
        TABLE["energy_intervals"],
        [
            {**used, "band": "Day", "tier": 1, "cost_micros": 12, "unpriced_micro_kwh": 0},
            {**used, "band": "Day", "tier": 1, "cost_micros": 13, "unpriced_micro_kwh": 0, "started_at": LATER},
            {**used, "band": "Day", "tier": 2, "cost_micros": 20, "unpriced_micro_kwh": 0},
            {**used, "band": None, "cost_micros": None, "unpriced_micro_kwh": 100},
            {**used, "energy_micro_kwh": None, "device_ip": "10.0.0.2"},
        ],
    )
    found = counted("energy_charges", frame, TODAY)
    columns = ("day", "device_ip", "band", "tier", "energy_micro_kwh", "cost_micros", "unpriced_micro_kwh")
    assert sorted(found.select(columns).rows(), key=str) == sorted(
        [
            ("2025-01-02", "10.0.0.1", "Day", 1, 200, 25, 0),
            ("2025-01-02", "10.0.0.1", "Day", 2, 100, 20, 0),
            ("2025-01-02", "10.0.0.1", None, None, 100, 0, 100),
            ("2025-01-02", "10.0.0.2", None, None, 0, 0, 0),
        ],
        key=str,
    )
    assert found["intervals"].sum() == frame.height


def test_the_rates_of_a_day_keep_their_configuration() -> None:
    frame = facts(TABLE["energy_rates"], [{"rate_id": "2", "config": "{}"}, {"rate_id": "1", "config": '{"a": 1}'}])
    found = counted("rate_inventory", frame, TODAY)
    assert found.select("rate_id", "config", "day").rows() == [
        ("1", '{"a": 1}', "2025-01-02"),
        ("2", "{}", "2025-01-02"),
    ]
