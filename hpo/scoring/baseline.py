"""The common-sense baseline: what predicting without looking at ``x`` reaches."""

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

    The constant is fitted in each training part, one for every output: the frequencies of the
    classes for a classification, the median for a regression on an absolute error, else the mean.

    Args:
        task: The task.
        data: Its data.
        splits: How the study cuts it.

    Returns:
        The objective, averaged over the folds; None where it cannot be had: an objective that is
        not known outside of Keras or makes no sense of a constant.
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
        # A task's own metric may expect of predictions what a constant has not.
        if task.metric is None and not isinstance(error, HPOError):
            raise
        return None
    mean = float(np.mean(scores))
    return mean if math.isfinite(mean) else None


def _constant(task: Task, data: Data, output: str, train: np.ndarray) -> np.ndarray:
    """What an output is to predict for every sample, in the shape of its prediction for one."""
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
