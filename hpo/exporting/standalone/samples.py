"""Samples as the models' preprocessing takes them: read from arrays, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from folder import RefusedError  # type: ignore[import-not-found]


def from_arrays(arrays: Mapping[str, np.ndarray]) -> Any:
    """The samples of a file: ``x``, ``tokens`` and ``offsets``, or an array for every input.

    Raises:
        RefusedError: The offsets do not fit the tokens.
    """
    if {*arrays} == {"x"}:
        return arrays["x"]
    if {*arrays} != {"tokens", "offsets"}:
        return dict(arrays)
    tokens, offsets = arrays["tokens"], arrays["offsets"]
    fit = offsets.ndim == 1 and len(offsets) > 0 and offsets[0] == 0 and offsets[-1] == len(tokens)
    if not (fit and (np.diff(offsets) >= 0).all()):
        raise RefusedError("offsets must rise from 0 to the number of tokens, one more than texts.")
    return texts(np.split(tokens, offsets[1:-1]) if len(offsets) > 1 else [])


def texts(given: Any) -> np.ndarray:
    """Texts as an array of arrays of token ids; of padded ones the zeros at the end are cut off."""
    found = np.empty(len(given), dtype=object)
    for place, one in enumerate(given):
        tokens = np.asarray(one)
        if tokens.ndim != 1 or not (tokens.dtype.kind in "iu" or tokens.size == 0):
            raise RefusedError(
                f"text {place} is no array of token ids: {tokens.dtype}, {tokens.shape}"
            )
        last = np.flatnonzero(tokens)
        found[place] = tokens[: last[-1] + 1 if len(last) else 0].astype("int32")
    return found


def check(x: Any, inputs: Mapping[str, Any]) -> Any:
    """The samples, once they are known to be of the shapes that the models were made for.

    Args:
        x: An array, a dict of arrays, or texts.
        inputs: Shape of a sample and type by input name; "" where there is one input.

    Raises:
        RefusedError: They are not.
    """
    parts = x if isinstance(x, Mapping) else {"": x}
    if {*parts} != {*inputs}:
        expected = sorted(inputs) if [*inputs] != [""] else "one array, x"
        raise RefusedError(f"expected {expected}. Received: {sorted(parts) or 'nothing'}")
    found = {name: _checked(name, parts[name], inputs[name]) for name in inputs}
    if len({len(part) for part in found.values()}) != 1:
        raise RefusedError("every input must have the same number of samples.")
    if len(next(iter(found.values()))) == 0:
        raise RefusedError("there are no samples.")
    return found if isinstance(x, Mapping) else found[""]


def n_samples(x: Any) -> int:
    """The number of samples."""
    return len(next(iter(x.values())) if isinstance(x, Mapping) else x)


def rows(x: Any, start: int, end: int) -> Any:
    """Some of the samples."""
    return {k: part[start:end] for k, part in x.items()} if isinstance(x, Mapping) else x[start:end]


def _checked(name: str, given: Any, expected: Mapping[str, Any]) -> np.ndarray:
    what = f"input {name!r}" if name else "x"
    if expected["texts"]:
        return texts(given)
    array = np.asarray(given)
    if array.dtype.hasobject:
        raise RefusedError(f"{what} is an array of Python objects. Give it a type of its own.")
    shape = tuple(expected["shape"])
    if array.shape[1:] != shape or array.ndim == 0:
        raise RefusedError(
            f"{what} must have shape (n_samples, {str(shape)[1:-1]}). Received: {array.shape}"
        )
    return array
