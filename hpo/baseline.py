"""The common-sense baseline: what predicting without looking at ``x`` reaches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hpo.cv import class_labels
from hpo.errors import HPOError
from hpo.metrics import is_regression, scorer_of

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
        The objective, averaged over the folds; None where it cannot be had: several outputs, an
        objective that is not known outside of Keras or makes no sense of a constant.
    """
    if isinstance(data.y, Mapping):
        return None
    y = np.asarray(data.y)
    try:
        score = scorer_of(task, [""])
        scores = []
        for split in splits:
            constant = _constant(task, data, split.train)
            truth = y[split.validation]
            guess = np.broadcast_to(constant, (len(truth), *constant.shape))
            scores.append(score({"": truth}, {"": guess}))
    except Exception as error:
        # A task's own metric may expect of predictions what a constant has not.
        if task.metric is None and not isinstance(error, HPOError):
            raise
        return None
    mean = float(np.mean(scores))
    return mean if math.isfinite(mean) else None


def _constant(task: Task, data: Data, train: np.ndarray) -> np.ndarray:
    """What to predict for every sample, in the shape of a model's output for one."""
    y = np.asarray(data.y)
    labels = None if is_regression(task.metric_name) else class_labels(data)
    if labels is not None and y.size == len(y):
        return _frequencies(labels[train], int(labels.max()) + 1)
    if task.metric_name in ("mae", "mean_absolute_error"):
        return np.atleast_1d(np.median(y[train], axis=0))
    return np.atleast_1d(np.mean(y[train], axis=0))


def _frequencies(labels: np.ndarray, n_classes: int) -> np.ndarray:
    shares = np.bincount(labels.astype(int), minlength=n_classes) / len(labels)
    return shares[1:] if n_classes == 2 else shares  # noqa: PLR2004
