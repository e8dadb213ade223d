"""A crew gives the same results however many it is, and passes on every word and every error."""

from __future__ import annotations

import os

import pytest

from sentinel_pipeline.demo.crew import Crew, Tell, hired
from sentinel_pipeline.domain.errors import UsageError


def doubled(number: int, tell: Tell) -> tuple[int, int]:
    tell("doubling", number)
    if number < 0:
        raise UsageError(f"{number} is below 0")
    return number * 2, os.getpid()


@pytest.mark.parametrize("workers", [1, 2])
def test_results_stand_in_the_order_of_the_pieces_and_every_word_arrives(workers: int) -> None:
    told: list[tuple[str, int]] = []
    with hired(workers) as hands:
        results = Crew(lambda *words: told.append(words), hands).results(doubled, [3, 1, 2, 0])
    assert [result for result, _ in results] == [6, 2, 4, 0]
    assert sorted(told) == [("doubling", number) for number in range(4)]
    assert all((process == os.getpid()) == (workers == 1) for _, process in results)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_piece_is_raised_with_its_words(workers: int) -> None:
    with hired(workers) as hands, pytest.raises(UsageError, match="-1 is below 0"):
        Crew(lambda *_: None, hands).results(doubled, [1, -1])


def test_the_same_hands_work_for_one_crew_after_another_each_with_its_own_ears() -> None:
    first: list[tuple[str, int]] = []
    second: list[tuple[str, int]] = []
    with hired(2) as hands:
        one = Crew(lambda *words: first.append(words), hands).results(doubled, [1, 2])
        other = Crew(lambda *words: second.append(words), hands).results(doubled, [3, 4])
    assert len({process for _, process in (*one, *other)}) <= 2
    assert (sorted(first), sorted(second)) == ([("doubling", 1), ("doubling", 2)], [("doubling", 3), ("doubling", 4)])
