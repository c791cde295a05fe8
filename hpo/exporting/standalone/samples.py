"""Samples as the preprocessing expects them: read from arrays, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from folder import RefusedError  # type: ignore[import-not-found]

MIN_TOKEN, MAX_TOKEN = np.iinfo("int32").min, np.iinfo("int32").max


def from_arrays(arrays: Mapping[str, np.ndarray]) -> Any:
    """The samples of a file: ``x``, or ``tokens`` and ``offsets``, or an array for every input.

    Raises:
        RefusedError: The offsets do not match the tokens, or tokens are not ids.
    """
    if {*arrays} == {"x"}:
        return arrays["x"]
    if {*arrays} != {"tokens", "offsets"}:
        return dict(arrays)
    tokens, offsets = arrays["tokens"], arrays["offsets"]
    if tokens.ndim != 1 or offsets.ndim != 1:
        raise RefusedError(
            f"tokens and offsets must have one axis each. Received: shapes {tokens.shape} and "
            f"{offsets.shape}"
        )
    n = len(tokens)
    match = offsets.dtype.kind in "iu" and len(offsets) > 0 and offsets[0] == 0 and offsets[-1] == n
    # Differences of unsigned numbers would never be below 0.
    if not (match and (offsets[1:] >= offsets[:-1]).all()):
        raise RefusedError(
            f"offsets must rise from 0 to the number of tokens, {n}, with one more entry than "
            "there are texts."
        )
    return texts(np.split(tokens, offsets[1:-1].astype("int64")) if len(offsets) > 1 else [])


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
        if tokens.size and not MIN_TOKEN <= int(tokens.min()) <= int(tokens.max()) <= MAX_TOKEN:
            raise RefusedError(f"text {place} has a token id that exceeds {MAX_TOKEN}.")
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


def check_gaps(x: Any, prepared: Any, start: int) -> None:
    """Refuse samples with values that are missing or infinite and that are still so in the end.

    Models answer them with numbers that look plausible.

    Args:
        x: Raw samples, an array or a dict of arrays.
        prepared: What the preprocessing made of them.
        start: Number of samples before them.

    Raises:
        RefusedError: There is one; it names the first.
    """
    bad = np.intersect1d(_rows_with_gaps(x), _rows_with_gaps(prepared))
    if not len(bad):
        return
    row = int(bad[0])
    for name, array in _numbers(x):
        gaps = np.argwhere(~_is_usable(array[row : row + 1]))
        if len(gaps):
            column = gaps[0][1:]
            place = ", ".join(map(str, (start + row, *column)))
            raise RefusedError(
                f"{name or 'x'}[{place}] is {array[row][tuple(column)]:g}, and the preprocessing "
                "does not replace it. Enter a number that single precision can hold, or leave the "
                "sample out."
            )


def _rows_with_gaps(x: Any) -> np.ndarray:
    gaps: Any = False
    for _name, array in _numbers(x):
        gaps = gaps | ~_is_usable(array).reshape(len(array), -1).all(axis=1)
    return np.flatnonzero(gaps)


def _numbers(x: Any) -> list[tuple[str, np.ndarray]]:
    parts = x.items() if isinstance(x, Mapping) else [("", x)]
    return [(name, array) for name, array in parts if np.asarray(array).dtype.kind == "f"]


def _is_usable(array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.asarray(np.isfinite(array.astype("float32")))


def _checked(name: str, samples: Any, expected: Mapping[str, Any]) -> np.ndarray:
    what = f"input {name!r}" if name else "x"
    if expected["texts"]:
        return texts(samples)
    array = np.asarray(samples)
    if array.dtype.hasobject and not _are_strings(array):
        raise RefusedError(f"{what} is an array of Python objects. Convert it to numbers.")
    takes_strings = str(expected["dtype"]).startswith(("str", "bytes", "object"))
    if array.dtype.kind not in "biuf" and not (takes_strings and _are_strings(array)):
        raise RefusedError(f"{what} has values of type {array.dtype}. Use numbers.")
    shape = tuple(expected["shape"])
    if array.shape[1:] != shape or array.ndim == 0:
        raise RefusedError(
            f"{what} must have shape ({', '.join(['n_samples', *map(str, shape)])}). "
            f"Received: {array.shape}"
        )
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _are_strings(array: np.ndarray) -> bool:
    if array.dtype.hasobject:
        return all(isinstance(value, str) for value in array.ravel())
    return array.dtype.kind in "US"
