"""Decides on every rung whether a running trial continues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.pruners import MIN_COMPLETE_TRIALS, make_pruner
from hpo.pruners.wilcoxon import FOLD_SCORES, FoldwisePruner

if TYPE_CHECKING:
    from hpo.study.running import RunningTrial
    from hpo.training.lockstep import EpochReport


class Pruning:
    """Decides on every rung whether a running trial continues.

    Args:
        trial: The running trial.
        name: Name of the pruner.
        max_epochs: Maximum number of epochs of the study's trials.
        epochs: Maximum number of epochs of this trial.
    """

    def __init__(self, trial: RunningTrial, name: str, *, max_epochs: int, epochs: int) -> None:
        self._trial = trial
        self._pruner = make_pruner(name, max_epochs=max_epochs, epochs=epochs)

    def is_hopeless(self, report: EpochReport) -> bool:
        """Whether the trial is not worth continuing.

        Args:
            report: Its state after one of the epochs that :func:`hpo.pruners.rungs_of` gives.
        """
        if self._pruner is None:
            return False
        if isinstance(self._pruner, FoldwisePruner):
            self._trial.set_attribute(f"{FOLD_SCORES}{report.epoch}", report.best_fold_scores)
        self._trial.report(report.best, report.epoch)
        # Ask it in any case, since some pruners record which trials reached a rung.
        is_hopeless = self._trial.is_hopeless(self._pruner)
        is_early = self._trial.n_complete_trials < MIN_COMPLETE_TRIALS
        # Pruning a trial after its last epoch saves nothing and loses its score.
        return is_hopeless and not is_early and not report.is_last
