"""Values of a task's data that are missing or infinite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpo.task import Data, Task

MAX_COLUMNS = 5
"""Columns that a description names."""

ROWS_AT_ONCE = 10_000


def describe_gaps(task: Task, data: Data) -> tuple[str, ...]:
    """Say where training data is NaN, or infinite in single precision.

    Samples are left out if the task has a preprocessor, which may fill gaps.

    Args:
        task: The task.
        data: Its data.

    Returns:
        A sentence or two for every array with such values.
    """
    found = []
    if task.preprocessor is None:
        for name, array in _numbers("x", data.x):
            advice = "Models learn nothing from them. Fill them, in Task(preprocessor=...) or load."
            found += _describe(name, array, data.feature_names, advice)
    for name, array in _numbers("y", data.y):
        advice = "The loss of such samples is not a number. Leave them out."
        found += _describe(name, array, None, advice)
    return tuple(found)


def describe_prepared(x: Any) -> str:
    """Say where samples are NaN or infinite although they were preprocessed; "" if nowhere.

    Args:
        x: An array, or a dict of arrays, as models get it.
    """
    advice = "Fill them, in Task(preprocessor=...) or load."
    found = (_describe(name, array, None, advice) for name, array in _numbers("x", x))
    return " ".join(f"After preprocessing, {text}" for texts in found for text in texts)


def _numbers(name: str, arrays: Any) -> Iterator[tuple[str, np.ndarray]]:
    named = arrays.items() if isinstance(arrays, Mapping) else [("", arrays)]
    for key, array in named:
        if array.dtype.kind == "f":
            yield f"{name}[{key!r}]" if key else name, array


def _describe(
    name: str, array: np.ndarray, columns: Sequence[str] | None, advice: str
) -> list[str]:
    rows, by_column = 0, np.zeros(array.shape[1:], int)
    for start in range(0, len(array), ROWS_AT_ONCE):
        with np.errstate(over="ignore"):
            part = array[start : start + ROWS_AT_ONCE].astype("float32", copy=False)
        gaps = ~np.isfinite(part)
        rows += int(gaps.reshape(len(gaps), -1).any(axis=1).sum())
        by_column += gaps.sum(axis=0)
    if not rows:
        return []
    number = int(by_column.sum())
    total = "1 value that is" if number == 1 else f"{number:,} values that are"
    where = _columns(by_column, columns) if by_column.ndim == 1 else ""
    of_rows = f"{rows:,} of {formats.count(len(array), 'row')}"
    return [f"{name} has {total} missing (NaN) or infinite, in {of_rows}{where}. {advice}"]


def _columns(by_column: np.ndarray, names: Sequence[str] | None) -> str:
    """How many gaps each of the columns with the most has."""
    most = [int(c) for c in np.argsort(-by_column, kind="stable") if by_column[c]]
    shown = [
        f"{names[c] if names else f'column {c}'}: {by_column[c]:,}" for c in most[:MAX_COLUMNS]
    ]
    more = f", and {len(most) - MAX_COLUMNS} more" if len(most) > MAX_COLUMNS else ""
    return f" ({', '.join(shown)}{more})"
