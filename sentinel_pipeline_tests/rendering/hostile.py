"""Texts made to break readers, from the shared test data where it lies on this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sentinel_pipeline_tests.rendering.worlds import HOSTILE

DATA = Path(os.environ.get("SENTINEL_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


def shared_texts() -> tuple[str, ...]:
    """Formula injections and naughty strings; skips the test when the shared data is absent."""
    formulas = DATA / "adversarial" / "csvinj" / "Intruder" / "csv-payload.txt"
    naughty = DATA / "adversarial" / "blns" / "blns.json"
    if not formulas.exists() or not naughty.exists():
        pytest.skip(f"no adversarial texts in {DATA} (set SENTINEL_SHARED_DATA)")
    lines = formulas.read_text(encoding="utf-8", errors="replace").splitlines()
    return tuple(dict.fromkeys([*HOSTILE, *lines, *json.loads(naughty.read_text(encoding="utf-8"))]))
