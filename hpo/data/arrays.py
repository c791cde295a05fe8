"""Arrays and dicts of arrays, read in the same way."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from hpo.task import Data


def take(arrays: Any, positions: np.ndarray) -> Any:
    """Rows of an array, or of every array in a dict."""
    if isinstance(arrays, Mapping):
        return {name: array[positions] for name, array in arrays.items()}
    return arrays[positions]


def shapes(arrays: Any) -> dict[str, tuple[int, ...]]:
    """The shape of every array by name; the name is ``""`` if there is one array."""
    parts = arrays if isinstance(arrays, Mapping) else {"": arrays}
    return {name: tuple(np.shape(array)) for name, array in parts.items()}


def by_output(data: Data) -> dict[str, Any]:
    """The targets by output name; the name is ``""`` if there is one output."""
    return dict(data.y) if isinstance(data.y, Mapping) else {"": data.y}


def of_output(data: Data, output: str) -> Data:
    """The training data with the targets of one output.

    Class names are kept only if there is one output: it is unknown which of several they belong to.
    """
    if not isinstance(data.y, Mapping):
        return data.without_test()
    return dataclasses.replace(data.without_test(), y=data.y[output], class_names=None)
