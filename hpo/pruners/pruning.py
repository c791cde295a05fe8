"""Decides on every rung whether a running trial continues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.pruners import MIN_COMPLETE_TRIALS, make_pruner, rungs
from hpo.pruners.wilcoxon import FOLD_SCORES, FoldwisePruner
from hpo.support import formats

if TYPE_CHECKING:
    from hpo.study.running import RunningTrial
    from hpo.training.lockstep import EpochReport


class TrialPruned(Exception):  # noqa: N818  (nothing is wrong)
    """A trial is not worth continuing.

    Args:
        report: Its state after its last epoch.
    """

    def __init__(self, report: EpochReport) -> None:
        epochs = formats.count(report.epoch, "epoch")
        super().__init__(f"after {epochs}, best so far {formats.number(report.best)}")
        self.report = report


class Pruning:
    """Decides on every rung whether a running trial continues.

    Args:
        trial: The running trial.
        name: Name of the pruner.
        max_epochs: Maximum number of epochs of the study's trials.
        epochs: Maximum number of epochs of this trial.

    Attributes:
        epochs: Maximum number of epochs of this trial.
        rungs: The epochs after which it decides.
    """

    def __init__(self, trial: RunningTrial, name: str, *, max_epochs: int, epochs: int) -> None:
        self.epochs = epochs
        self._trial = trial
        self._pruner = make_pruner(name, max_epochs=max_epochs, epochs=epochs)
        self.rungs = frozenset(rungs(max_epochs)) if self._pruner else frozenset()

    def __call__(self, report: EpochReport) -> None:
        """Take an epoch into account.

        Raises:
            TrialPruned: The trial is not worth continuing.
        """
        if self._pruner is None or report.epoch not in self.rungs:
            return
        if isinstance(self._pruner, FoldwisePruner):
            self._trial.set_attribute(f"{FOLD_SCORES}{report.epoch}", report.best_fold_scores)
        self._trial.report(report.best, report.epoch)
        # Ask it in any case, since some pruners record which trials reached a rung.
        is_hopeless = self._trial.is_hopeless(self._pruner)
        is_early = self._trial.n_complete_trials < MIN_COMPLETE_TRIALS
        # Pruning a trial after its last epoch saves nothing and loses its score.
        if is_hopeless and not is_early and not report.is_last:
            raise TrialPruned(report)
