"""How far to trust the best score: its standard error and a 95% interval.

With several folds, the interval is that of their mean by Student's t; with a hold-out, that of a
mean over its samples, if the objective is one. Neither corrects for selection: the best of many
trials is also a lucky one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.scoring.mean_error import Z_95, standard_error
from hpo.scoring.outcomes import read_classes, read_labels, read_values
from hpo.support.formats import finite, number

if TYPE_CHECKING:
    import numpy as np

    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

_QUANTILE = 0.975
_MIN_SAMPLES = 30
"""With this many samples or more, their mean is close to normally distributed."""
_TOLERANCE = 0.01
"""If the mean over the samples differs from the score by a larger share, the score is no mean."""


@dataclass(frozen=True)
class Uncertainty:
    """The uncertainty of a score.

    Attributes:
        error: The standard error.
        low: The lower end of the 95% interval.
        high: The upper end of the 95% interval.
        basis: What the interval was computed from, such as "4 folds".
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
    """Estimate the uncertainty of a trial's score.

    Args:
        snapshot: The study.
        trial: A complete trial.

    Returns:
        The uncertainty. With a single fold, None if the objective is not known to be a mean over
        samples, or if there are too few samples.
    """
    from scipy.special import stdtrit

    score, error = finite(trial.score), finite(trial.std_error)
    if score is None:
        return None
    n_folds = len(trial.fold_scores)
    if error is not None and n_folds > 1:
        margin = error * float(stdtrit(n_folds - 1, _QUANTILE))
        return Uncertainty(error, score - margin, score + margin, f"{n_folds} folds")
    by_sample = _by_sample(snapshot, trial)
    if by_sample is None or len(by_sample) < _MIN_SAMPLES:
        return None
    if abs(float(by_sample.mean()) - score) > _TOLERANCE * abs(score):
        return None
    error = standard_error(by_sample)
    margin = Z_95 * error
    basis = f"{len(by_sample):,} held-out samples"
    return Uncertainty(error, score - margin, score + margin, basis)


def _by_sample(snapshot: Snapshot, trial: Trial) -> np.ndarray | None:
    """The objective of each held-out sample; None if it is not known to be a mean over samples."""
    arrays = snapshot.arrays.get(trial.number)
    if arrays is None or list(arrays.predictions) != [""] or not len(arrays.index):
        return None
    targets = snapshot.targets.get("")
    if targets is None or arrays.index.max() >= len(targets):
        return None
    truth, predicted = targets[arrays.index], arrays.predictions[""]
    if len(truth) != len(predicted):
        return None
    scores: np.ndarray | None = None
    metric = snapshot.settings.objective.removeprefix("val_")
    if metric in ("accuracy", "acc", "binary_accuracy"):
        scores = _hits(snapshot, trial, truth, predicted, metric)
    elif metric in ("mae", "mean_absolute_error"):
        values = read_values(truth, predicted)
        scores = None if values is None else abs(values.predicted - values.truth)
    return scores


def _hits(
    snapshot: Snapshot, trial: Trial, truth: np.ndarray, predicted: np.ndarray, metric: str
) -> np.ndarray | None:
    """The share of right answers for each sample, which may have many steps or labels."""
    names, loss = snapshot.facts.data.class_names, trial.loss_of("")
    if metric == "binary_accuracy":
        labels = read_labels(truth, predicted, names, metric=metric, loss=loss)
        if labels is not None:
            return _by_row(labels.truth == labels.predicted, len(truth))
    classes = read_classes(truth, predicted, names, metric=metric, loss=loss)
    return None if classes is None else _by_row(classes.truth == classes.predicted, len(truth))


def _by_row(hits: np.ndarray, n: int) -> np.ndarray:
    shares: np.ndarray = hits.reshape(n, -1).mean(axis=1)
    return shares
