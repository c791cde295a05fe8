"""The epoch of a trial's score."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from hpo.study.trial import Trial

_RELATIVE_TOLERANCE = 1e-6


def chosen_epoch(trial: Trial, curve: np.ndarray | None) -> int | None:
    """Find the epoch of a trial's score in its learning curves.

    Args:
        trial: The trial.
        curve: The objective, shape (n_epochs_trained, n_folds), or None.

    Returns:
        The epoch, from 1. It is ``trial.epochs`` unless that epoch has another score, as after
        several stages of training; then it is the epoch with the trial's score. None if unknown.
    """
    import numpy as np

    if curve is None or trial.score is None:
        return trial.epochs
    scores = curve.mean(axis=1)
    matches = np.isclose(scores, trial.score, rtol=_RELATIVE_TOLERANCE, atol=0)
    if trial.epochs and trial.epochs <= len(scores) and matches[trial.epochs - 1]:
        return trial.epochs
    return int(matches.argmax()) + 1 if matches.any() else trial.epochs
