"""Values that are missing or infinite, which models answer with numbers that look plausible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.data.arrays import take
from hpo.data.preprocessing import transform
from hpo.errors import HPOError

if TYPE_CHECKING:
    from hpo.ensembles.ensemble import Ensemble
    from hpo.predicting.readers import Samples

MAX_ROWS = 1000
"""Training samples with gaps that are looked at."""


class Gaps:
    """Refuses samples with gaps, unless the task's preprocessing fills them.

    Gaps are also accepted if the models were trained on samples that had them.

    Args:
        ensemble: The ensemble that is to predict the samples.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        self._ensemble = ensemble

    def check(self, samples: Samples, x: Any, start: int) -> None:
        """Refuse a chunk with a value that would reach the models as NaN or infinity.

        Args:
            samples: The file of the samples, for messages.
            x: Raw samples, shape (n, ...), or a dict of arrays.
            start: Number of samples before them in the file.

        Raises:
            HPOError: There is one; it names the first.
        """
        rows = rows_with_gaps(x)
        if not len(rows) or self.are_accepted or not self._reach_models(x, rows):
            return
        first = next((row for row in rows if self._reach_models(x, [row])), rows[0])
        _refuse(samples, x, int(first), start)

    def _reach_models(self, x: Any, rows: Sequence[int] | np.ndarray) -> bool:
        """Whether a transformer leaves gaps in some rows."""
        for transformer in self._transformers:
            try:
                with np.errstate(all="ignore"):
                    transformed = transform(transformer, take(x, np.asarray(rows)))
            except Exception:  # noqa: BLE001  (many transformers refuse NaN)
                return True
            if len(rows_with_gaps(transformed)):
                return True
        return False

    @cached_property
    def _transformers(self) -> list[Any]:
        models = [
            saved
            for member in self._ensemble.weights
            for saved in self._ensemble.members.models(member)
        ]
        return list({id(saved.transformer): saved.transformer for saved in models}.values())

    @cached_property
    def are_accepted(self) -> bool:
        """Whether the models were trained on samples with gaps."""
        x = self._ensemble.data.x
        rows = rows_with_gaps(x)[:MAX_ROWS]
        return len(rows) > 0 and self._reach_models(x, rows)


def _refuse(samples: Samples, x: Any, row: int, start: int) -> None:
    for name, array in _numbers(x):
        index = np.argwhere(~_is_usable(array[row : row + 1]))
        if len(index):
            value = array[row][tuple(index[0][1:])]
            what = "has no value" if np.isnan(value) else f"is {value:g}"
            place = samples.place(name, (start + row, *map(int, index[0][1:])))
            raise HPOError(
                f"{samples.path}: {place} {what}, and the task's preprocessing does not "
                "replace it. Enter a number that single precision can hold, or leave the "
                "sample out."
            )


def rows_with_gaps(x: Any) -> np.ndarray:
    """The rows of samples with a value that is NaN, or infinite in single precision, shape (n,)."""
    gaps: Any = False
    for _name, array in _numbers(x):
        gaps = gaps | ~_is_usable(array).reshape(len(array), -1).all(axis=1)
    return np.flatnonzero(gaps)


def _numbers(x: Any) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of numbers among samples, by input name."""
    for name, array in x.items() if isinstance(x, Mapping) else [("", x)]:
        if array.dtype.kind == "f":
            yield name, array


def _is_usable(array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.asarray(np.isfinite(array.astype("float32", copy=False)))
