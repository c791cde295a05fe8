"""The common-sense baseline: the score of the best prediction that ignores ``x``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hpo.data.arrays import by_output, of_output
from hpo.data.splits import class_labels
from hpo.errors import HPOError
from hpo.scoring.metrics import is_regression, scorer_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.data.splits import Split
    from hpo.task import Data, Task


def baseline(task: Task, data: Data, splits: Sequence[Split]) -> float | None:
    """Score the best constant prediction on the folds of a study.

    The constant is fitted on each training part, one for every output: the class frequencies for a
    classification, the median for a regression on an absolute error, else the mean.

    Args:
        task: The task.
        data: Its data.
        splits: The folds of the study.

    Returns:
        The objective, averaged over the folds; None if only Keras can compute the objective, or
        if it is not defined for a constant prediction.
    """
    targets = {name: np.asarray(y) for name, y in by_output(data).items()}
    try:
        score = scorer_of(task, list(targets))
        scores = []
        for split in splits:
            truth = {name: y[split.validation] for name, y in targets.items()}
            guess = {
                name: _repeated(_constant(task, data, name, split.train), len(split.validation))
                for name in targets
            }
            scores.append(score(truth, guess))
    except Exception as error:
        # A task's own metric may expect more of predictions than a constant offers.
        if task.metric is None and not isinstance(error, HPOError):
            raise
        return None
    mean = float(np.mean(scores))
    return mean if math.isfinite(mean) else None


def _constant(task: Task, data: Data, output: str, train: np.ndarray) -> np.ndarray:
    """The constant prediction of an output, in the shape of its prediction for one sample."""
    y = np.asarray(by_output(data)[output])
    metric = task.metric_name.removeprefix(f"{output}_") if output else task.metric_name
    labels = None if is_regression(metric) else class_labels(of_output(data, output))
    if labels is not None and y.size == len(y):
        return _frequencies(labels[train], int(labels.max()) + 1)
    if metric in ("mae", "mean_absolute_error"):
        return np.atleast_1d(np.median(y[train], axis=0))
    return np.atleast_1d(np.mean(y[train], axis=0))


def _repeated(constant: np.ndarray, n: int) -> np.ndarray:
    return np.broadcast_to(constant, (n, *constant.shape))


def _frequencies(labels: np.ndarray, n_classes: int) -> np.ndarray:
    shares = np.bincount(labels.astype(int), minlength=n_classes) / len(labels)
    return shares[1:] if n_classes == 2 else shares  # noqa: PLR2004
