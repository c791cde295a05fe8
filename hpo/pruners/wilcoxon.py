"""Prunes a trial whose folds are worse than those of the best trial, by a signed-rank test.

Wilcoxon (1945), "Individual comparisons by ranking methods". Optuna's pruner of this name gets
the folds one after the other; here all folds train side by side, so the same folds of two trials
are compared on the same rung.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from optuna.pruners import BasePruner
from optuna.trial import TrialState

from hpo.scoring.direction import as_loss, direction_of

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

FOLDS = "fold_scores/"
"""Key of the scores of a trial's folds on a rung, before the epoch."""

P_VALUE = 0.1
"""Less probable than this that the trial is as good as the best, and it is pruned."""


class FoldwisePruner(BasePruner):
    """Compares a trial with the best complete one, fold by fold, on its latest rung.

    The scores of the folds are read from user attributes, a list for every rung. Where the best
    trial ended before that rung, its last one counts.
    """

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether the trial's folds are worse than those of the best trial."""
        if trial.last_step is None:
            return False
        scored = [t for t in study.get_trials(deepcopy=False) if t.state == TrialState.COMPLETE]
        scored = [t for t in scored if t.values and fold_scores(t, trial.last_step)]
        own = fold_scores(trial, trial.last_step)
        if not own or not scored:
            return False
        direction = direction_of(study)
        best = min(scored, key=lambda t: as_loss(t.values[0], direction))
        excess = as_loss(np.subtract(own, fold_scores(best, trial.last_step)), direction)
        return _p_value(excess) < P_VALUE


def fold_scores(trial: FrozenTrial, epoch: int) -> list[float]:
    """The scores of a trial's folds on its last rung up to an epoch; empty where none is known."""
    known = {
        int(key.removeprefix(FOLDS)): scores
        for key, scores in trial.user_attrs.items()
        if key.startswith(FOLDS)
    }
    return (
        list(known[max(rung for rung in known if rung <= epoch)])
        if any(rung <= epoch for rung in known)
        else []
    )


def _p_value(worse_by: np.ndarray) -> float:
    from scipy.stats import wilcoxon

    if not np.any(worse_by):
        return 1.0
    return float(wilcoxon(worse_by, alternative="greater", zero_method="zsplit").pvalue)
