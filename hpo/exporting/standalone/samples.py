"""Samples as the preprocessing expects them: read from arrays, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from folder import RefusedError  # type: ignore[import-not-found]


def from_arrays(arrays: Mapping[str, np.ndarray]) -> Any:
    """The samples of a file: ``x``, or ``tokens`` and ``offsets``, or an array for every input.

    Raises:
        RefusedError: The offsets do not match the tokens.
    """
    if {*arrays} == {"x"}:
        return arrays["x"]
    if {*arrays} != {"tokens", "offsets"}:
        return dict(arrays)
    tokens, offsets = arrays["tokens"], arrays["offsets"]
    n = len(tokens)
    match = offsets.ndim == 1 and len(offsets) > 0 and offsets[0] == 0 and offsets[-1] == n
    if not (match and (np.diff(offsets) >= 0).all()):
        raise RefusedError(
            f"offsets must rise from 0 to the number of tokens, {n}, with one more entry than "
            "there are texts."
        )
    return texts(np.split(tokens, offsets[1:-1]) if len(offsets) > 1 else [])


def texts(x: Any) -> np.ndarray:
    """Texts as an array of arrays of token ids, without the zeros that pad them at the end."""
    trimmed = np.empty(len(x), dtype=object)
    for place, text in enumerate(x):
        tokens = np.asarray(text)
        if tokens.ndim != 1 or not (tokens.dtype.kind in "iu" or tokens.size == 0):
            raise RefusedError(
                f"text {place} must be an array of token ids, whole numbers of shape (n_tokens,). "
                f"Received: {tokens.dtype}, shape {tokens.shape}"
            )
        last = np.flatnonzero(tokens)
        trimmed[place] = tokens[: last[-1] + 1 if len(last) else 0].astype("int32")
    return trimmed


def check(x: Any, inputs: Mapping[str, Any]) -> Any:
    """Refuse samples that do not have the shapes that the models were made for.

    Args:
        x: An array, a dict of arrays, or texts.
        inputs: Shape of a sample and type by input name; "" if there is one input.

    Returns:
        The samples as arrays.

    Raises:
        RefusedError: They have other shapes, or other inputs.
    """
    parts = x if isinstance(x, Mapping) else {"": x}
    if {*parts} != {*inputs}:
        expected = sorted(inputs) if [*inputs] != [""] else "one array, x"
        raise RefusedError(f"expected {expected}. Received: {sorted(parts) or 'nothing'}")
    arrays = {name: _checked(name, parts[name], inputs[name]) for name in inputs}
    lengths = {name: len(array) for name, array in arrays.items()}
    if len({*lengths.values()}) != 1:
        raise RefusedError(f"all inputs must have the same number of samples. Received: {lengths}")
    if not any(lengths.values()):
        raise RefusedError("there are no samples.")
    return arrays if isinstance(x, Mapping) else arrays[""]


def n_samples(x: Any) -> int:
    """The number of samples."""
    return len(next(iter(x.values())) if isinstance(x, Mapping) else x)


def rows(x: Any, start: int, end: int) -> Any:
    """The samples from ``start`` to ``end``."""
    return {k: part[start:end] for k, part in x.items()} if isinstance(x, Mapping) else x[start:end]


def _checked(name: str, samples: Any, expected: Mapping[str, Any]) -> np.ndarray:
    what = f"input {name!r}" if name else "x"
    if expected["texts"]:
        return texts(samples)
    array = np.asarray(samples)
    if array.dtype.hasobject:
        raise RefusedError(f"{what} is an array of Python objects. Convert it to numbers.")
    shape = tuple(expected["shape"])
    if array.shape[1:] != shape or array.ndim == 0:
        raise RefusedError(
            f"{what} must have shape (n_samples, {str(shape)[1:-1]}). Received: {array.shape}"
        )
    return array
