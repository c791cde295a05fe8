"""Preprocessing, fitted on the training part of every fold and shared by equal configurations."""

from __future__ import annotations

import copy
import sys
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.data.arrays import take
from hpo.data.folds import FoldArrays
from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpo.data.splits import Split
    from hpo.task import Data, Params, Task

CACHE_BYTES = 1 << 29
"""Size of the preprocessed samples that a cache keeps, beside those requested last."""


@dataclass(eq=False)
class _Preprocessing:
    """What one transformer makes of every fold, as far as it was requested.

    The unfitted transformer is kept too, so that no later object can get its address, and with it
    perhaps its identity.
    """

    unfitted: Any
    folds: list[FoldArrays] | None = None
    fitted: list[Any] | None = None

    @property
    def n_bytes(self) -> int:
        """Memory that the preprocessed samples occupy."""
        arrays = {id(array): array for fold in self.folds or () for array in _leaves(fold.x)}
        return sum(array.nbytes for array in arrays.values())


class FoldCache:
    """The folds of a data set, preprocessed as configurations request it.

    Configurations whose transformers have the same class and equal settings share them. Once all
    preprocessed samples exceed ``CACHE_BYTES``, the least recently requested are dropped.

    Args:
        task: The task; its ``preprocessor`` makes the transformer.
        data: Its data, without the test set.
        splits: How the data is split; the validation part of a split may be empty.
    """

    def __init__(self, task: Task, data: Data, splits: Sequence[Split]) -> None:
        self._task = task
        self._data = data
        self._splits = splits
        self._entries: OrderedDict[str, _Preprocessing] = OrderedDict()

    @property
    def cached_bytes(self) -> int:
        """Memory that the preprocessed samples occupy."""
        return sum(entry.n_bytes for entry in self._entries.values())

    def get(self, params: Params) -> list[FoldArrays]:
        """The samples of every fold as a configuration's preprocessor makes them."""
        entry = self._entry(params)
        if entry.folds is None:
            entry.folds = self._make(entry)
            self._shrink()
        return entry.folds

    def transformers(self, params: Params) -> list[Any]:
        """The fitted transformer of every fold; None if the configuration has no transformer."""
        entry = self._entry(params)
        if entry.fitted is None:
            entry.fitted = list(self._fit(entry.unfitted))
        return entry.fitted

    def _entry(self, params: Params) -> _Preprocessing:
        transformer = self._task.preprocessor(params) if self._task.preprocessor else None
        _check(transformer, self._task.name)
        key = identity(transformer)
        entry = self._entries.setdefault(key, _Preprocessing(transformer))
        self._entries.move_to_end(key)
        return entry

    def _fit(self, transformer: Any) -> Iterator[Any]:
        for split in self._splits:
            yield None if transformer is None else fit(transformer, self._data, split.train)

    def _make(self, entry: _Preprocessing) -> list[FoldArrays]:
        y = compact(self._data.y)
        raw = compact(self._data.x) if entry.unfitted is None else None
        folds = []
        for split in self._splits:
            # The fitted transformer is not kept: some hold a copy of their training data.
            x = (
                raw
                if entry.unfitted is None
                else _prepared(entry.unfitted, self._data, split.train)
            )
            folds.append(FoldArrays(x, y, self._data.sample_weight, split.train, split.validation))
        return folds

    def _shrink(self) -> None:
        while len(self._entries) > 1 and self.cached_bytes > CACHE_BYTES:
            self._entries.popitem(last=False)


def _check(transformer: Any, task: str) -> None:
    """Refuse what a preprocessor returns if scikit-learn cannot copy and fit it."""
    is_class = isinstance(transformer, type)
    methods = ("fit", "transform", "get_params")
    if is_class or not (transformer is None or all(hasattr(transformer, m) for m in methods)):
        name = (transformer if is_class else type(transformer)).__name__
        received = f"the class {name}. Return {name}()." if is_class else f"{name}."
        raise HPOError(
            f"Task {task!r}: preprocessor(params) must return a scikit-learn transformer, an "
            f"object with {', '.join(methods)}. Received: {received}"
        )


def fit(transformer: Any, data: Data, train: np.ndarray) -> Any:
    """Fit a copy of a transformer on some of the training samples and nothing else."""
    from sklearn.base import clone

    return clone(transformer).fit(take(data.x, train), take(data.y, train))


def _prepared(transformer: Any, data: Data, train: np.ndarray) -> Any:
    """All samples: the training rows from ``fit_transform``, the others from ``transform``.

    scikit-learn's TargetEncoder encodes the rows it is fitted on by cross-fitting; ``transform``
    would tell each of them its own target.
    """
    from sklearn.base import TransformerMixin, clone

    own = getattr(type(transformer), "fit_transform", None)
    if own in (None, TransformerMixin.fit_transform):
        # All rows at once: a transformer may give every fold the same array.
        return transform(fit(transformer, data, train), data.x)
    others = np.setdiff1d(np.arange(data.n_samples), train)
    fitted = clone(transformer)
    of_train = compact(fitted.fit_transform(_own_rows(data.x, train), take(data.y, train)))
    of_others = compact(fitted.transform(_own_rows(data.x, others))) if len(others) else None
    return _joined(of_train, train, of_others, others)


def _joined(of_train: Any, train: np.ndarray, of_others: Any, others: np.ndarray) -> Any:
    """Two parts of the samples, each row at its position."""
    if isinstance(of_train, Mapping):
        return {
            name: _joined(part, train, of_others and of_others[name], others)
            for name, part in of_train.items()
        }
    if of_others is None:
        of_others = of_train[:0]
    if of_train.shape[1:] != of_others.shape[1:]:
        raise HPOError(
            "the preprocessor makes training samples and other samples of different shapes: "
            f"{of_train.shape[1:]} and {of_others.shape[1:]}. Let fit_transform and transform make "
            "the same."
        )
    n = len(set(train)) + len(others)
    joined = np.empty((n, *of_train.shape[1:]), np.result_type(of_train, of_others))
    joined[train], joined[others] = of_train, of_others
    return joined


def transform(transformer: Any, x: Any) -> Any:
    """Transform samples with a fitted transformer; None leaves them as they are."""
    # A transformer that works in place would change the samples for the following folds.
    return compact(x if transformer is None else transformer.transform(_own_rows(x)))


def compact(arrays: Any) -> Any:
    """Arrays as models expect them: dense, and single precision instead of double."""
    if isinstance(arrays, Mapping):
        return {name: compact(array) for name, array in arrays.items()}
    dense = arrays.toarray() if hasattr(arrays, "toarray") else np.asarray(arrays)
    return dense.astype("float32") if dense.dtype == np.float64 else dense


def identity(transformer: Any) -> str:
    """What distinguishes a transformer from others: its class and all its settings."""
    if transformer is None:
        return ""
    settings = sorted(transformer.get_params(deep=True).items())
    # By default NumPy abbreviates long arrays and rounds, so that different ones look the same.
    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        return f"{type(transformer).__module__}.{type(transformer).__qualname__}{settings!r}"


def _own_rows(arrays: Any, positions: np.ndarray | None = None) -> Any:
    """Some rows or all, which a transformer may change in place."""
    if isinstance(arrays, Mapping):
        return {name: _own_rows(array, positions) for name, array in arrays.items()}
    rows = arrays.copy() if positions is None else arrays[positions]
    # Of objects, a plain copy has only the references.
    return copy.deepcopy(rows) if isinstance(rows, np.ndarray) and rows.dtype.hasobject else rows


def _leaves(arrays: Any) -> list[np.ndarray]:
    return list(arrays.values()) if isinstance(arrays, Mapping) else [arrays]
