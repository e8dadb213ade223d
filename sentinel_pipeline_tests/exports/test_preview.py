from datetime import timedelta
from pathlib import Path

import pytest

from sentinel_pipeline.domain.errors import TooLargeError
from sentinel_pipeline.domain.limits import Limits
from sentinel_pipeline.domain.tables import ALERTS
from sentinel_pipeline.exports import preview as previews
from sentinel_pipeline.exports.filters import asked_conditions
from sentinel_pipeline.exports.origins import Sources
from sentinel_pipeline.exports.preview import Preview, preview
from sentinel_pipeline.exports.wanted import Wanted
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import FORMATS
from sentinel_pipeline_tests.clocks import BERLIN
from sentinel_pipeline_tests.exports.test_rows import HOUR, NOON, alerts, exported
from sentinel_pipeline_tests.lake.sources import System

SYSTEM = System(rows=alerts(*(NOON + n * HOUR for n in range(40))), batch=7)


def seen(wanted: Wanted, count: int = 3, system: System = SYSTEM, limits: Limits | None = None) -> Preview:
    origin = Sources([(system.kind, system.settings)], BERLIN)
    return preview(wanted, origin, Spelling(BERLIN, "alerts"), count, limits=limits or Limits())


def test_the_first_rows_and_the_total_are_those_of_the_file() -> None:
    found = seen(Wanted(ALERTS, columns=("alert_id",)))
    assert found.head["alert_id"].to_list() == ["39", "38", "37"]
    assert found.rows == 40


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_small_export_is_measured_exactly(form: object, tmp_path: Path) -> None:
    wanted = Wanted(ALERTS, format=getattr(form, "name", ""))
    made = exported(tmp_path / "a", wanted, SYSTEM)
    found = seen(wanted)
    assert (found.bytes, found.is_estimate) == (made.path.stat().st_size, False)


@pytest.mark.parametrize("compression", [None, "gz"])
def test_a_large_export_is_estimated_from_rows_of_all_of_it(
    compression: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "SAMPLE", 500)
    system = System(rows=alerts(*(NOON + timedelta(seconds=n) for n in range(5_000))), batch=1_000)
    wanted = Wanted(ALERTS, compression=compression)
    size = exported(tmp_path / "a", wanted, system).path.stat().st_size
    found = seen(wanted, system=system)
    assert found.is_estimate
    assert abs(found.bytes - size) < size * 0.5


def test_conditions_narrow_the_preview_too() -> None:
    wanted = Wanted(ALERTS, conditions=asked_conditions(ALERTS, {"severity": ("critical",)}))
    assert (seen(wanted).rows, seen(wanted).head.height) == (0, 0)


def test_what_the_export_would_refuse_the_preview_refuses() -> None:
    with pytest.raises(TooLargeError):
        seen(Wanted(ALERTS), limits=Limits(rows=39))
