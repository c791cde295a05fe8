"""The common-sense baseline: the score of the best prediction that ignores ``x``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hpo.data.arrays import by_output
from hpo.errors import HPOError
from hpo.scoring.constants import constants
from hpo.scoring.direction import as_loss
from hpo.scoring.metrics import scorer_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpo.data.splits import Split
    from hpo.scoring.compiled import Compiled
    from hpo.scoring.scorer import Scorer
    from hpo.task import Data, Direction, Task


def baseline(
    task: Task,
    data: Data,
    splits: Sequence[Split],
    compiled: Compiled | None = None,
    loss: str = "",
) -> float | None:
    """Score the best constant prediction on the folds of a study.

    The constant is fitted on each training part, one for every output: the class frequencies for a
    classification, the median for a regression on an absolute error, else the mean.

    Args:
        task: The task.
        data: Its data.
        splits: The folds of the study.
        compiled: What the models were compiled with, if it is known.
        loss: Keras's name for their loss, or "".

    Returns:
        The objective, averaged over the folds; None if only Keras can compute the objective, or
        if it is not defined for a constant prediction.
    """
    targets = {name: np.asarray(y) for name, y in by_output(data).items()}
    try:
        judge = _Judge(
            scorer_of(task, list(targets), loss, compiled),
            targets,
            None if data.sample_weight is None else np.asarray(data.sample_weight),
            task.direction or "minimize",
        )
        scores = [
            judge.score(judge.best(constants(task, data, split.train, compiled), split.train), rows)
            for split in splits
            for rows in [split.validation]
        ]
    except Exception as error:
        # A task's own metric may expect more of predictions than a constant offers.
        if task.metric is None and compiled is None and not isinstance(error, HPOError):
            raise
        return None
    mean = float(np.mean(scores))
    return mean if math.isfinite(mean) else None


class _Judge:
    """Scores constants.

    Args:
        scorer: The objective.
        targets: All targets by output name.
        weights: All sample weights, or None.
        direction: Whether the objective is minimized or maximized.
    """

    def __init__(
        self,
        scorer: Scorer,
        targets: Mapping[str, np.ndarray],
        weights: np.ndarray | None,
        direction: Direction,
    ) -> None:
        self._scorer = scorer
        self._targets = targets
        self._weights = weights
        self._direction = direction

    def best(
        self, constants: Sequence[Mapping[str, np.ndarray]], rows: np.ndarray
    ) -> Mapping[str, np.ndarray]:
        """The best of several constants on the training part; the first one if there is one."""
        if len(constants) == 1:
            return constants[0]
        return min(constants, key=lambda one: as_loss(self.score(one, rows), self._direction))

    def score(self, constant: Mapping[str, np.ndarray], rows: np.ndarray) -> float:
        """The objective of a constant prediction for some samples."""
        truth = {name: y[rows] for name, y in self._targets.items()}
        guess = {
            name: np.broadcast_to(constant[name], (len(rows), *constant[name].shape))
            for name in self._targets
        }
        return self._scorer(truth, guess, None if self._weights is None else self._weights[rows])
