import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_pipeline.domain.names import slug
from sentinel_pipeline_tests.clocks import PATIENT


@PATIENT
@given(st.text(min_size=1, max_size=200))
def test_a_slug_is_safe_in_a_path_and_an_asset_key(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_]{1,200}", slug(name))


@PATIENT
@given(st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=20, unique=True))
def test_different_names_have_different_slugs(names: list[str]) -> None:
    assert len({slug(name) for name in names}) == len(names)


def test_a_plain_name_is_its_own_slug() -> None:
    assert slug("home_2") == "home_2"


@pytest.mark.parametrize("name", ["../../etc", "büro", "a b", ".", "", "日本"])
def test_another_name_keeps_what_can_be_read_of_it(name: str) -> None:
    readable = "_".join(re.findall(r"[A-Za-z0-9_]+", name))
    assert slug(name).startswith(readable)
    assert slug(name) == slug(name)
    assert slug(name) != readable
