from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from sentinel_pipeline.rendering.html import render_html
from sentinel_pipeline.rendering.spelling import Spelling
from sentinel_pipeline.rendering.tables import FORMATS, to_csv, to_json
from sentinel_pipeline.rendering.workbook import render_workbook
from sentinel_pipeline_tests.rendering.worlds import a_hostile_report, a_report, an_empty_report
for report in (a_report(), a_report("weekly"), an_empty_report(), a_hostile_report()):
    files = [render_workbook(report), render_html(report, {})]
    for result in report.sections:
        files += [to_csv(result.table, report.period.zone), to_json(result.table, report.period.zone)]
    with TemporaryDirectory() as folder:
        for form in FORMATS:
            path = Path(folder) / ("talkers" + form.suffix)
            form.write(report.sections[-2].table.lazy(), path, Spelling(report.period.zone))
            files.append(path.read_bytes())
    print(*(sha256(file).hexdigest() for file in files))
"""


def hashes(folder: str, **environment: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout


def test_another_process_zone_locale_and_hash_seed_give_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    here = str(tmp_path_factory.mktemp("here"))
    there = str(tmp_path_factory.mktemp("there"))
    one = hashes(here, TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")
    two = hashes(there, TZ="Pacific/Apia", LC_ALL="C.UTF-8", PYTHONHASHSEED="77", POLARS_MAX_THREADS="4")
    assert one == two
    assert len(one.split()) > 60
