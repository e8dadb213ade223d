from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sentinel_pipeline.domain.errors import TooLargeError, UsageError
from sentinel_pipeline.domain.limits import Limits
from sentinel_pipeline.domain.tables import ENERGY_INTERVALS, ENERGY_READINGS
from sentinel_pipeline.exports.computing import MOST_COLUMNS, with_computed
from sentinel_pipeline.exports.origins import Sources
from sentinel_pipeline.exports.preview import preview
from sentinel_pipeline.exports.privacy import ADDRESSES, DEVICES, DROP, PSEUDONYMS, Privacy
from sentinel_pipeline.exports.wanted import Wanted
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import FORMATS
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.exports.plugs import Plugs
from sentinel_pipeline_tests.exports.test_rows import NOON, exported

READINGS = Wanted(ENERGY_READINGS, columns=("power_w",))


def plugs(*powers: float | None) -> Plugs:
    rows = [
        {"reading_id": str(n), "device_ip": "10.0.0.1", "read_at": NOON - timedelta(minutes=n), "power_w": power}
        for n, power in enumerate(powers)
    ]
    return Plugs(rows={"energy_readings": rows})


def lines(path: Path, wanted: Wanted, system: Plugs, *texts: str) -> list[str]:
    made = exported(path / "a.csv", with_computed(wanted, texts, BERLIN), system)
    return made.path.read_text(encoding="utf-8").splitlines()


def test_a_column_is_added_to_every_row_with_its_unit_in_the_header(tmp_path: Path) -> None:
    found = lines(tmp_path, READINGS, plugs(500.0, None, 1500.0), "power [kW] = power_w / 1000")
    assert found == ["power_w,power [kW]", "500,0.5", ",", "1500,1.5"]


def test_a_share_of_all_energy_by_hand(tmp_path: Path) -> None:
    rows = [
        {"interval_id": str(n), "started_at": NOON - n * timedelta(minutes=15), "energy_micro_kwh": energy}
        for n, energy in enumerate((250_000, 750_000))
    ]
    texts = ("energy [kWh] = energy_micro_kwh / 1000000", "share [%] = ROUND(100 * energy / SUM(energy), 1)")
    found = lines(
        tmp_path, Wanted(ENERGY_INTERVALS, columns=("share", "energy")), Plugs(rows={"energy_intervals": rows}), *texts
    )
    assert found == ["share [%],energy [kWh]", "25,0.25", "75,0.75"]


def test_without_columns_all_stay_and_the_computed_ones_are_last(tmp_path: Path) -> None:
    found = lines(tmp_path, Wanted(ENERGY_READINGS), plugs(1.0), "days=COUNT(DISTINCT DATE(read_at))", "twice=2*days")
    assert found[0].split(",") == [*ENERGY_READINGS.schema.names(), "days", "twice"]
    assert found[1].endswith(",1,2")


def test_a_formula_may_use_columns_that_are_not_written(tmp_path: Path) -> None:
    found = lines(tmp_path, Wanted(ENERGY_READINGS, columns=("source",)), plugs(2.0), "x = power_w * voltage_v")
    assert found == ["source,x", "home,"]


def test_no_rows_are_a_header(tmp_path: Path) -> None:
    assert lines(tmp_path, READINGS, plugs(), "x = SUM(power_w)", "n = COUNT(*)") == ["power_w,x,n"]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_takes_computed_columns(form: Any, tmp_path: Path) -> None:
    wanted = with_computed(Wanted(ENERGY_READINGS, format=form.name), ["x [€/h] = power_w / 2"], BERLIN)
    assert exported(tmp_path / "a", wanted, plugs(1.0, 2.0)).rows == 2


def test_the_preview_shows_them_and_keeps_the_limits() -> None:
    system = plugs(*map(float, range(6)))
    origin = Sources([(system.kind, system.settings)], BERLIN)
    wanted = with_computed(READINGS, ["all = SUM(power_w)"], BERLIN)
    seen = preview(wanted, origin, Spelling(BERLIN), 1)
    assert (seen.head.rows(), seen.rows) == ([(0.0, 15.0)], 6)
    with pytest.raises(TooLargeError, match="more than 5 rows"):
        preview(wanted, origin, Spelling(BERLIN), 1, limits=Limits(rows=5))


def test_many_rows_are_summed_whole(tmp_path: Path) -> None:
    count = 70_000
    rows = pl.DataFrame({"n": range(count)}).select(
        reading_id=pl.col("n").cast(pl.String), read_at=NOON - pl.duration(seconds="n"), power_w=pl.lit(0.1)
    )
    system = Plugs(rows={"energy_readings": rows.to_dicts()}, batch=30_000)
    found = lines(
        tmp_path, Wanted(ENERGY_READINGS, columns=("reading_id",)), system, "x = SUM(power_w)", "n = COUNT(*)"
    )
    assert found[1] == "0,7000,70000"
    assert found[-1] == "69999,7000,70000"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("power_w / 2", "column 1: write it as: name .unit. = formula"),
        ("= 1", "column 1: write it as"),
        ("x [kW = 1", "column 1: write it as"),
        ("voltage_v = 1", "column 1: there is a column 'voltage_v' already"),
        ("  twice [\x07] = 1", "column 10: a unit is letters and signs"),
        ("twice = 2 * thrice", "column 13: 'thrice' is no column"),
    ],
)
def test_a_mistake_is_one_line(text: str, refusal: str) -> None:
    with pytest.raises(UsageError, match=refusal) as error:
        with_computed(READINGS, [text], BERLIN)
    assert len(str(error.value).splitlines()) == 1


def test_names_are_taken_once_and_columns_asked_for_must_exist() -> None:
    with pytest.raises(UsageError, match="there is a column 'x' already"):
        with_computed(READINGS, ["x = 1", "x [m] = 2"], BERLIN)
    with pytest.raises(UsageError, match="energy_readings has no column y; it has source"):
        with_computed(Wanted(ENERGY_READINGS, columns=("x", "y")), ["x = 1"], BERLIN)
    with pytest.raises(UsageError, match="the layout 'kasa' fixes the columns"):
        with_computed(Wanted(ENERGY_READINGS, layout="kasa"), ["x = 1"], BERLIN)
    with pytest.raises(UsageError, match=f"at most {MOST_COLUMNS} columns"):
        with_computed(READINGS, [f"x{n} = 1" for n in range(MOST_COLUMNS + 1)], BERLIN)


@pytest.mark.parametrize("measure", [ADDRESSES, DEVICES, PSEUDONYMS, DROP])
def test_with_privacy_nobody_is_counted(measure: str) -> None:
    guarded = Wanted(ENERGY_READINGS, privacy=Privacy(frozenset({measure}), b"k" * 16))
    for text in ("x = COUNT(DISTINCT device_ip)", "x = COUNT(device_name)"):
        with_computed(Wanted(ENERGY_READINGS), [text], BERLIN)
        with pytest.raises(UsageError, match="is personal, and --privacy keeps it back"):
            with_computed(guarded, [text], BERLIN)
    assert with_computed(guarded, ["x = SUM(power_w) + COUNT(*)"], BERLIN).transformations
