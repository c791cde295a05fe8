"""Asynchronous successive halving (Li et al., 2020, "A system for massively parallel tuning").

Optuna's pruner of this name records which trials reached a rung by the number of the rung, and so
does its Hyperband, with other epochs for the same number. Here values are compared at the epoch
itself, so a study may change its pruner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optuna.pruners import BasePruner

from hpo.scoring.direction import as_loss, direction_of
from hpo.study.tried import is_interrupted

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial


class HalvingPruner(BasePruner):
    """Lets the best of all trials that reached a rung continue.

    Args:
        first: The epoch of the first rung, 1 or more.
        factor: One in so many trials on a rung continues; each next rung is later by this factor.
    """

    def __init__(self, first: int, factor: int) -> None:
        self._first = first
        self._factor = factor

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether the trial is not among the best of all trials on its latest rung."""
        epoch = trial.last_step
        if epoch is None or not self._is_rung(epoch):
            return False
        direction = direction_of(study)
        losses = sorted(
            as_loss(other.intermediate_values[epoch], direction)
            for other in study.get_trials(deepcopy=False)
            if epoch in other.intermediate_values and not is_interrupted(other)
        )
        last = max(1, len(losses) // self._factor) - 1
        return as_loss(trial.intermediate_values[epoch], direction) > losses[last]

    def _is_rung(self, epoch: int) -> bool:
        rung = self._first
        while rung < epoch:
            rung *= self._factor
        return rung == epoch
