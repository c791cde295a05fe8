"""A trial while a worker evaluates it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optuna.trial import TrialState

from hpo.study.keys import SEED, WORKER

if TYPE_CHECKING:
    import optuna

    from hpo.space.space import Space
    from hpo.task import Params


class RunningTrial:
    """A trial that was begun and has not ended.

    Args:
        record: Optuna's study.
        trial: Optuna's trial of that study.
    """

    def __init__(self, record: optuna.Study, trial: optuna.Trial) -> None:
        self._record = record
        self._trial = trial

    @property
    def number(self) -> int:
        """Its number within the study, from 0."""
        return self._trial.number

    @property
    def seed(self) -> int:
        """The seed of its weights and batches, which :meth:`assign` has given it."""
        return int(self._trial.user_attrs[SEED])

    def assign(self, worker: str, seed: int) -> None:
        """Record who evaluates it, and its seed, unless it was queued with a seed of its own.

        Args:
            worker: The name of the worker.
            seed: Seed of its weights and batches.
        """
        self._trial.set_user_attr(WORKER, worker)
        if SEED not in self._trial.user_attrs:
            self._trial.set_user_attr(SEED, seed)

    def suggest(self, space: Space) -> Params:
        """Draw its configuration; what was queued with it is not drawn."""
        return space.suggest(self._trial)

    def set_attribute(self, name: str, value: Any) -> None:
        """Record something of it under a name, as JSON."""
        self._trial.set_user_attr(name, value)

    def report(self, score: float, epoch: int) -> None:
        """Record the best mean of the objective up to an epoch, for pruners."""
        self._trial.report(score, epoch)

    def is_hopeless(self, pruner: optuna.pruners.BasePruner) -> bool:
        """Whether a pruner would end it, after what was reported."""
        # Not asked as the study's own pruner: hyperband would hide from samplers what the study is.
        return pruner.prune(self._record, self._record.get_trials(deepcopy=False)[self.number])

    @property
    def n_complete_beside(self) -> int:
        """Number of complete trials in its study."""
        return len(self._record.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
