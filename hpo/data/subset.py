"""The part of the training data that a study searches on: ``--train-size``.

The part is always the same, so that studies of a task can be compared and combined.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpo.data.splits import SPLIT_SEED, class_labels
from hpo.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from hpo.task import Data

TrainSize = float | int
"""A share of the training data below 1, or a number of samples."""

# A class of two samples can be both trained and validated on; a class of one sample cannot.
MIN_PER_CLASS = 2


def parse(train_size: Any) -> TrainSize | None:
    """Read a train size.

    Args:
        train_size: A share between 0 and 1 such as 0.2, a number of samples such as 2000, either
            of them as text, or None for all samples.

    Raises:
        UsageError: It is something else.
    """
    if train_size is None:
        return None
    try:
        number = float("nan" if isinstance(train_size, bool) else train_size)
    except (TypeError, ValueError):
        number = math.nan
    if 0 < number < 1:
        return number
    if number > 1 and number.is_integer():
        return int(number)
    raise UsageError(
        "train size: expected a share of the training data between 0 and 1, such as 0.2, or a "
        f"number of samples, such as 2000. Received: {train_size}"
    )


def take_part(data: Data, train_size: TrainSize | None, cv: Any, objective: str = "") -> Data:
    """Take the part of the training data that a study searches on; the test set stays whole.

    Classes keep their shares, and every class keeps at least two samples (or one) if the part is
    large enough. Groups stay whole, so the part may be somewhat smaller than requested. If the
    evaluation keeps the order of the samples (``time:K``), the part consists of the last ones.

    Args:
        data: All of the data.
        train_size: The size of the part, as :func:`parse` gives it; None for all samples.
        cv: How trials are evaluated.
        objective: The name of the task's objective, which tells classes from quantities.

    Raises:
        UsageError: The part would be larger than the data, or have no sample.
    """
    if train_size is None:
        return data
    n = _number(data, train_size)
    if n == data.n_samples:
        return data
    if _keeps_order(cv):
        positions = _latest(data, n)
    elif data.groups is not None:
        positions = _whole_groups(data, n, objective)
    else:
        positions = _stratified(class_labels(data, objective), data.n_samples, n)
    if not len(positions):
        raise UsageError(
            f"train size {train_size}: no whole group fits into {n} samples. "
            "Give a larger --train-size."
        )
    return data.subset(positions)


def _number(data: Data, train_size: TrainSize) -> int:
    n = round(train_size * data.n_samples) if train_size < 1 else int(train_size)
    if not 0 < n <= data.n_samples:
        raise UsageError(
            f"train size {train_size}: expected 1 to {data.n_samples} samples, the size of the "
            f"training data. Received: {n} samples"
        )
    return n


def _keeps_order(cv: Any) -> bool:
    name = cv.partition(":")[0] if isinstance(cv, str) else type(cv).__name__
    return name in ("time", "TimeSeriesSplit")


def _latest(data: Data, n: int) -> np.ndarray:
    """The last samples, without those of groups that begin before them."""
    import numpy as np

    start = data.n_samples - n
    positions = np.arange(start, data.n_samples)
    if data.groups is None:
        return positions
    groups = np.asarray(data.groups)
    return positions[~np.isin(groups[start:], groups[:start])]


def _stratified(labels: np.ndarray | None, n_samples: int, n: int) -> np.ndarray:
    import numpy as np

    order = np.random.default_rng(SPLIT_SEED).permutation(n_samples)
    if labels is None:
        return np.sort(order[:n])
    classes, numbers = np.unique(labels, return_inverse=True)
    counts = _allocate(np.bincount(numbers, minlength=len(classes)), n)
    by_class = order[np.argsort(numbers[order], kind="stable")]
    ends = np.cumsum(np.bincount(numbers, minlength=len(classes)))[:-1]
    chosen = [of_class[:k] for of_class, k in zip(np.split(by_class, ends), counts, strict=True)]
    return np.sort(np.concatenate(chosen))


def _allocate(counts: np.ndarray, n: int) -> np.ndarray:
    """Allocate ``n`` samples to classes, in proportion, with a minimum for every class.

    Args:
        counts: Number of samples of each class, shape (n_classes,).
        n: Number of samples to allocate, at most all.

    Returns:
        Number of samples for each class, shape (n_classes,), summing to ``n``.
    """
    import numpy as np

    minimum = next(
        floor
        for each in range(MIN_PER_CLASS, -1, -1)
        if (floor := np.minimum(counts, each)).sum() <= n
    )
    shares = n * counts / counts.sum()
    allocated = np.maximum(minimum, np.floor(shares).astype(int))
    while (missing := n - allocated.sum()) != 0:
        step = int(np.sign(missing))
        allowed = allocated < counts if step > 0 else allocated > minimum
        # The classes that are furthest from their shares gain or lose one.
        gap = np.where(allowed, step * (shares - allocated), -np.inf)
        n_changed = min(abs(missing), int(allowed.sum()))
        allocated[np.argsort(-gap, kind="stable")[:n_changed]] += step
    return np.asarray(allocated)


def _whole_groups(data: Data, n: int, objective: str) -> np.ndarray:
    """Take groups in random order: first those that exceed no class, then all that still fit."""
    import numpy as np

    groups, group_of = np.unique(np.asarray(data.groups), return_inverse=True)
    labels = class_labels(data, objective)
    classes, numbers = np.unique(
        np.zeros(data.n_samples, int) if labels is None else labels, return_inverse=True
    )
    counts = np.zeros((len(groups), len(classes)), int)
    np.add.at(counts, (group_of, numbers), 1)
    limits = np.ceil(n * counts.sum(axis=0) / data.n_samples)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(groups))
    chosen = np.zeros(len(groups), bool)
    taken = np.zeros(len(classes), int)
    for limit in (limits, np.full(len(classes), n)):
        for group in order:
            after = taken + counts[group]
            if not chosen[group] and after.sum() <= n and (after <= limit).all():
                chosen[group], taken = True, after
    return np.flatnonzero(chosen[group_of])
