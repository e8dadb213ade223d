"""Functions that name what they need, called with what there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from inspect import signature
from typing import TypeVar

Result = TypeVar("Result")


def called(function: Callable[..., Result], known: Mapping[str, object]) -> Result:
    """The function's result for what its parameters name of what is known. Raises KeyError for one that is not."""
    return function(**{name: known[name] for name in named_by(function)})


@cache
def named_by(function: Callable[..., object]) -> tuple[str, ...]:
    """Names of the function's parameters; asked thousands of times while the assets are described."""
    return tuple(signature(function).parameters)
