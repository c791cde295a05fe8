"""Prunes a trial whose folds are worse than those of the best trial, by a signed-rank test.

Wilcoxon (1945), "Individual comparisons by ranking methods". Optuna's pruner of this name expects
the folds one after the other. Here all folds train side by side, so it compares the same folds of
two trials on the same rung.
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

FOLD_SCORES = "fold_scores/"
"""The key of the scores of a trial's folds on a rung, followed by the epoch."""

MIN_P_VALUE = 0.1
"""A trial is pruned if the test gives a lower p-value for it being as good as the best trial."""


class FoldwisePruner(BasePruner):
    """Compares a trial with the best complete one, fold by fold, on its latest rung.

    User attributes of the trials hold the scores of the folds, a list for every rung. If the best
    trial ended before that rung, its last rung counts.
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
        return _p_value(excess) < MIN_P_VALUE


def fold_scores(trial: FrozenTrial, epoch: int) -> list[float]:
    """The scores of a trial's folds on its last rung up to an epoch; empty if there is none."""
    by_rung = {
        int(key.removeprefix(FOLD_SCORES)): scores
        for key, scores in trial.user_attrs.items()
        if key.startswith(FOLD_SCORES)
    }
    last = max((rung for rung in by_rung if rung <= epoch), default=None)
    return [] if last is None else list(by_rung[last])


def _p_value(excess: np.ndarray) -> float:
    """The p-value of losses, in excess of those of the best trial, being 0 or less."""
    from scipy.stats import wilcoxon

    if not np.any(excess):
        return 1.0
    return float(wilcoxon(excess, alternative="greater", zero_method="zsplit").pvalue)
