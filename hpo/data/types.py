"""What arrays of a task's data may hold: numbers in the targets, and in what models read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.data.labels import numbered
from hpo.errors import HPOError

if TYPE_CHECKING:
    from hpo.task import Data, Task

_NUMBERS = "biuf"
_TEXTS = "US"
_KINDS = {"c": "complex numbers", "M": "dates", "m": "time differences", "V": "records"}
_FOR_TARGETS = (
    "Number the classes and name them: names, y = numpy.unique(labels, return_inverse=True); "
    "Data(y=y, class_names=names)."
)
_FOR_SAMPLES = "Convert them, or give Task(preprocessor=...), which turns samples into numbers."
_FOR_WEIGHTS = "Convert them to numbers."


def settled(task: Task, data: Data) -> Data:
    """The data with arrays of numbers in place of arrays of objects, and of labels as texts.

    Samples may be of any type if the task has a preprocessor; without one they are numbers or
    texts.

    Args:
        task: The task.
        data: Its data.

    Raises:
        HPOError: Something is neither, values are masked, weights are not finite, or the training
            and the test set have other inputs or outputs, or other shapes or types.
    """
    _check_same_names("x", data.x, data.x_test)
    _check_same_names("y", data.y, data.y_test)
    data = numbered(data, task.objective)
    changes: dict[str, Any] = {
        name: _each(name, getattr(data, name), _FOR_TARGETS) for name in ("y", "y_test")
    }
    if task.preprocessor is None:
        for name in ("x", "x_test"):
            changes[name] = _each(name, getattr(data, name), _FOR_SAMPLES, allow_texts=True)
    if data.sample_weight is not None:
        changes["sample_weight"] = _weights(data.sample_weight)
    for name in ("groups", "folds"):
        changes[name] = _one_per_sample(name, getattr(data, name))
    _check_feature_names(data)
    changes = {name: value for name, value in changes.items() if value is not getattr(data, name)}
    made = dataclasses.replace(data, **changes) if changes else data
    _check_test_like("x", made.x, made.x_test)
    _check_test_like("y", made.y, made.y_test)
    return made


def _each(name: str, arrays: Any, advice: str, *, allow_texts: bool = False) -> Any:
    """An array, or every array of a dict, settled; the same object if nothing changes."""
    if not isinstance(arrays, Mapping):
        return None if arrays is None else _numbers(name, arrays, advice, allow_texts=allow_texts)
    parts = {
        key: _numbers(f"{name}[{key!r}]", array, advice, allow_texts=allow_texts)
        for key, array in arrays.items()
    }
    return arrays if all(parts[key] is arrays[key] for key in parts) else parts


def _numbers(name: str, array: np.ndarray, advice: str, *, allow_texts: bool) -> np.ndarray:
    if np.ma.is_masked(array):
        raise HPOError(
            f"Data: {name} has {np.ma.getmaskarray(array).sum()} masked values. Replace them, for "
            "example with array.filled(0), or leave their samples out."
        )
    kind = array.dtype.kind
    if kind in _NUMBERS or (allow_texts and kind in _TEXTS):
        return array
    if kind == "O":
        return _of_objects(name, array, advice, allow_texts=allow_texts)
    what = _KINDS.get(kind) or f"texts such as {array.flat[0].item()!r}"
    raise HPOError(f"Data: {name} must hold numbers. Received: {what}. {advice}")


def _of_objects(name: str, array: np.ndarray, advice: str, *, allow_texts: bool) -> np.ndarray:
    cells = array.ravel().tolist()
    if allow_texts and all(isinstance(cell, str | bytes) for cell in cells):
        return array
    if all(isinstance(cell, np.ndarray) for cell in cells) and len({c.shape for c in cells}) == 1:
        stacked = np.stack(cells).reshape(*array.shape, *cells[0].shape)
        return _numbers(name, stacked, advice, allow_texts=allow_texts)
    for place, cell in enumerate(cells):
        if not isinstance(cell, bool | int | float | np.number | np.bool_):
            row = place // max(1, len(cells) // len(array))
            what = repr(cell) if isinstance(cell, str | bytes | type(None)) else type(cell).__name__
            raise HPOError(
                f"Data: {name} must hold numbers. Received: an array of objects with {what[:80]} "
                f"in row {row}. {advice}"
            )
    numbers = np.array(cells)
    if numbers.dtype.kind not in _NUMBERS:  # whole numbers of more than 64 bits
        numbers = np.array(cells, "float64")
    return numbers.reshape(array.shape)


def _weights(weights: np.ndarray) -> Any:
    numbers = _numbers("sample_weight", weights, _FOR_WEIGHTS, allow_texts=False)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        raise HPOError(
            f"Data: sample_weight must hold finite numbers. Received: {numbers.flat[bad[0]]} "
            f"in row {bad[0]}."
        )
    return _one_per_sample("sample_weight", numbers)


def _one_per_sample(name: str, array: Any) -> Any:
    """An array of one value per sample without the axis of a single column."""
    if array is None or array.ndim == 1:
        return array
    if array.size != len(array):
        raise HPOError(
            f"Data: {name} must have one value per sample, shape (n_samples,). "
            f"Received: shape {array.shape}"
        )
    return array.reshape(-1)


def _check_same_names(name: str, training: Any, test: Any) -> None:
    names = [
        sorted(map(str, part)) if isinstance(part, Mapping) else [] for part in (training, test)
    ]
    if test is not None and names[0] != names[1]:
        shown = [", ".join(part) or "one array" for part in names]
        raise HPOError(
            f"Data: {name}_test must have the same parts as {name}. Received: {shown[1]}, "
            f"expected: {shown[0]}"
        )


def _check_test_like(name: str, training: Any, test: Any) -> None:
    """Compare shapes and types of the test set with those of the training set, and no value.

    Sequences and pictures may have other lengths and sizes, but as many features and channels.
    """
    if isinstance(training, Mapping) and test is not None:
        for key, array in training.items():
            _check_test_like(f"{name}[{key!r}]", array, test[key])
        return
    if test is None or {training.dtype.kind, test.dtype.kind} & {"O"}:
        return
    shown = [f"{array.dtype} of shape {array.shape}" for array in (training, test)]
    expected = f"Received: {shown[1]}, while {name} is {shown[0]}"
    if (training.dtype.kind in _TEXTS) != (test.dtype.kind in _TEXTS):
        raise HPOError(
            f"Data: {name}_test must hold the type of values that {name} holds. {expected}"
        )
    of_training, of_test = (_per_sample(array, name[0]) for array in (training, test))
    has_features = training.dtype.kind == "f" or len(of_training) != 1  # else perhaps token ids
    if len(of_training) != len(of_test) or (has_features and of_training[-1:] != of_test[-1:]):
        raise HPOError(f"Data: {name}_test must have samples of the shape of {name}. {expected}")


def _per_sample(array: np.ndarray, part: str) -> tuple[int, ...]:
    """The shape of a sample; targets may stand in a column of their own."""
    shape = tuple(array.shape[1:])
    return () if part == "y" and shape == (1,) else shape


def _check_feature_names(data: Data) -> None:
    names, x = data.feature_names, data.x
    if names is None or isinstance(x, Mapping) or x.ndim != 2:  # noqa: PLR2004
        return
    if len(names) != x.shape[1]:
        raise HPOError(
            f"Data: feature_names must have one name per column of x. Received: {len(names)} "
            f"names for {x.shape[1]} columns"
        )
