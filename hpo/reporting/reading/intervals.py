"""How far the best score can be trusted: its standard error and a 95 % interval.

Over several folds, the mean's interval by Student's t; of a hold-out, that of a mean over its
samples, where the objective is one. Neither knows that the best of many trials is also a little
lucky.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.reporting.html.formats import finite, number
from hpo.scoring.outcomes import read_classes, read_values

if TYPE_CHECKING:
    import numpy as np

    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

_LEVEL = 0.975
_ENOUGH = 30
"""Samples from which on a mean over them is close to normal."""
_SAME = 0.01
"""A mean over the samples further than this share from the score is of something else."""


@dataclass(frozen=True)
class Uncertainty:
    """What is known of a score's error.

    Attributes:
        error: The standard error.
        low: The lower end of the 95 % interval.
        high: The upper end.
        basis: What it was computed from, such as "4 folds".
    """

    error: float
    low: float
    high: float
    basis: str

    @property
    def interval(self) -> str:
        """The interval in words: ``1.83 to 2.24``."""
        return f"{number(self.low)} to {number(self.high)}"


def uncertainty(snapshot: Snapshot, trial: Trial) -> Uncertainty | None:
    """What is known of the error of a trial's score, or None.

    Args:
        snapshot: The study.
        trial: A complete trial.
    """
    from scipy.special import stdtrit

    score, error = finite(trial.score), finite(trial.std_error)
    if score is None:
        return None
    folds = len(trial.fold_scores)
    if error is not None and folds > 1:
        reach = error * float(stdtrit(folds - 1, _LEVEL))
        return Uncertainty(error, score - reach, score + reach, f"{folds} folds")
    each = _by_sample(snapshot, trial)
    if each is None or len(each) < _ENOUGH:
        return None
    if abs(float(each.mean()) - score) > _SAME * abs(score):
        return None
    error = float(each.std(ddof=1)) / len(each) ** 0.5
    reach = 1.96 * error
    return Uncertainty(error, score - reach, score + reach, f"{len(each):,} held-out samples")


def _by_sample(snapshot: Snapshot, trial: Trial) -> np.ndarray | None:
    """The objective of every held-out sample, where it is a mean over samples."""
    arrays = snapshot.arrays.get(trial.number)
    if arrays is None or list(arrays.predictions) != [""] or not len(arrays.index):
        return None
    target = snapshot.targets.get("")
    if target is None or arrays.index.max() >= len(target):
        return None
    truth, predicted = target[arrays.index], arrays.predictions[""]
    if len(truth) != len(predicted):
        return None
    metric = snapshot.settings.objective.removeprefix("val_")
    found: np.ndarray | None = None
    if metric in ("accuracy", "acc", "binary_accuracy"):
        names = (snapshot.facts.get("data") or {}).get("class_names")
        classes = read_classes(truth, predicted, names)
        found = None if classes is None else (classes.truth == classes.predicted).astype(float)
    elif metric in ("mae", "mean_absolute_error"):
        values = read_values(truth, predicted)
        found = None if values is None else abs(values.predicted - values.truth)
    return found
