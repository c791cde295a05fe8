"""The common-sense baseline: what predicting without looking at ``x`` reaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hpo.cv import class_labels
from hpo.errors import HPOError
from hpo.metrics import scorer_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.cv import Split
    from hpo.task import Data, Task


def baseline(task: Task, data: Data, splits: Sequence[Split]) -> float | None:
    """Score the best constant prediction on the folds of a study.

    The constant is fitted in each training part: the frequencies of the classes for a
    classification, the median for a regression on an absolute error, else the mean.

    Args:
        task: The task.
        data: Its data.
        splits: How the study cuts it.

    Returns:
        The objective, averaged over the folds; None where it cannot be had: several outputs, or
        an objective that is not known outside of Keras.
    """
    if isinstance(data.y, Mapping):
        return None
    y = np.asarray(data.y)
    try:
        score = scorer_of(task, [""])
    except HPOError:
        return None
    labels = class_labels(data)
    scores = []
    for split in splits:
        if labels is None:
            constant = _regression(y[split.train], task.metric_name)
        else:
            constant = _frequencies(labels[split.train], int(labels.max()) + 1)
        truth = y[split.validation]
        guess = np.tile(constant, (len(truth), *[1] * constant.ndim))
        scores.append(score({"": truth}, {"": guess}))
    return float(np.mean(scores))


def _regression(y: np.ndarray, metric_name: str) -> np.ndarray:
    absolute = metric_name in ("mae", "mean_absolute_error")
    constant = np.median(y, axis=0) if absolute else np.mean(y, axis=0)
    return np.atleast_1d(constant)


def _frequencies(labels: np.ndarray, n_classes: int) -> np.ndarray:
    shares = np.bincount(labels.astype(int), minlength=n_classes) / len(labels)
    return shares[1:] if n_classes == 2 else shares  # noqa: PLR2004
