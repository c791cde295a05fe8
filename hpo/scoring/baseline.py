"""The common-sense baseline: the score of the best prediction that ignores ``x``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hpo.data.arrays import by_output
from hpo.data.targets import decide_all, metric_of
from hpo.errors import HPOError
from hpo.scoring.metrics import scorer_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.data.splits import Split
    from hpo.data.targets import Target
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
    kinds = decide_all(data, task.objective)
    several = len(targets) > 1
    metrics = {name: metric_of(task.objective, name, several=several) for name in targets}
    try:
        score = scorer_of(task, list(targets))
        scores = []
        for split in splits:
            truth = {name: y[split.validation] for name, y in targets.items()}
            guess = {
                name: _repeated(
                    _constant(y[split.train], kinds[name], metrics[name]), len(split.validation)
                )
                for name, y in targets.items()
            }
            scores.append(score(truth, guess))
    except Exception as error:
        # A task's own metric may expect more of predictions than a constant offers.
        if task.metric is None and not isinstance(error, HPOError):
            raise
        return None
    mean = float(np.mean(scores))
    return mean if math.isfinite(mean) else None


def _constant(y: np.ndarray, target: Target, metric: str) -> np.ndarray:
    """The constant prediction of an output, in the shape of its prediction for one sample.

    Args:
        y: The targets that it is fitted on, shape (n, ...).
        target: What they are.
        metric: The objective, as :func:`hpo.data.targets.metric_of` gives it.
    """
    if target.is_exclusive and not target.one_hot:
        classes = target.classes(y)
        columns = range(len(target.names) - target.width, len(target.names))
        return np.stack([(classes == column).mean(axis=0) for column in columns], axis=-1)
    if metric in ("mae", "mean_absolute_error"):
        return np.atleast_1d(np.median(y, axis=0))
    return np.atleast_1d(np.mean(y, axis=0))


def _repeated(constant: np.ndarray, n: int) -> np.ndarray:
    return np.broadcast_to(constant, (n, *constant.shape))
