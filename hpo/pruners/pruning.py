"""Decides on every rung whether a running trial goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optuna.trial import TrialState

from hpo.pruners import STARTUP, make_pruner, rungs
from hpo.pruners.wilcoxon import FOLDS, FoldwisePruner

if TYPE_CHECKING:
    import optuna

    from hpo.training.lockstep import EpochReport


class TrialPruned(Exception):  # noqa: N818  (nothing is wrong)
    """A trial is not worth going on with.

    Args:
        told: How it stood.
    """

    def __init__(self, told: EpochReport) -> None:
        super().__init__(f"after {told.epoch} epochs, best so far {told.best:.4g}")
        self.told = told


class Pruning:
    """Decides on every rung whether a running trial goes on.

    Args:
        record: Optuna's study underneath.
        trial: The running trial.
        name: The pruner.
        most: The most epochs that a trial of the study trains.
        epochs: The most epochs that this trial trains.
    """

    def __init__(
        self, record: optuna.Study, trial: optuna.Trial, name: str, *, most: int, epochs: int
    ) -> None:
        self._record = record
        self._trial = trial
        self._pruner = make_pruner(name, most=most, epochs=epochs)
        self._rungs = frozenset(rungs(most)) if self._pruner else frozenset()

    def __call__(self, told: EpochReport) -> None:
        """Take an epoch into account.

        Raises:
            TrialPruned: The trial is not worth going on with.
        """
        if self._pruner is None or told.epoch not in self._rungs:
            return
        if isinstance(self._pruner, FoldwisePruner):
            self._trial.set_user_attr(f"{FOLDS}{told.epoch}", told.best_fold_scores)
        self._trial.report(told.best, told.epoch)
        trials = self._record.get_trials(deepcopy=False)
        # Asked in any case, since a pruner may take note of who reached a rung. It is not the
        # study's own pruner: hyperband would hide from the samplers what the study is.
        pruned = self._pruner.prune(self._record, trials[self._trial.number])
        complete = sum(trial.state == TrialState.COMPLETE for trial in trials)
        # After its last epoch a trial has cost all it can, and its score is worth having.
        if pruned and complete >= STARTUP and not told.is_last:
            raise TrialPruned(told)
