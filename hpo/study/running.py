"""A trial while a worker evaluates it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from hpo.errors import HPOError
from hpo.study.keys import SEED, WORKER
from hpo.support.heartbeat import Heartbeat

if TYPE_CHECKING:
    import optuna

    from hpo.space.space import Space
    from hpo.task import Params


class TrialOverError(HPOError):
    """A trial had been given up before its worker told of it.

    Args:
        number: The number of the trial.
        kept: Whether what the worker told is kept.
    """

    def __init__(self, number: int, *, kept: bool = False) -> None:
        result = "; its result is kept, and does not count" if kept else ""
        super().__init__(
            f"trial {number} had been given up: its worker was not heard of for too long{result}"
        )


def queued_values(trial: optuna.trial.FrozenTrial) -> Params:
    """The values with which a trial was queued, by name; empty if it was not."""
    return dict(trial.system_attrs.get("fixed_params", {}))


class RunningTrial:
    """A trial that was begun and has not ended.

    Args:
        record: Optuna's study.
        trial: Optuna's trial of that study.
    """

    def __init__(self, record: optuna.Study, trial: optuna.Trial) -> None:
        self._record = record
        self._trial = trial
        self._heartbeat: Heartbeat | None = None
        storage: Any = record._storage  # noqa: SLF001  (heartbeats are not part of Optuna's API)
        if hasattr(storage, "record_heartbeat"):
            beat = functools.partial(storage.record_heartbeat, trial._trial_id)  # noqa: SLF001
            beat()
            self._heartbeat = Heartbeat(storage.get_heartbeat_interval(), beat)

    def rest(self) -> None:
        """Send no more heartbeats: the trial has ended."""
        if self._heartbeat is not None:
            self._heartbeat.stop()

    @property
    def number(self) -> int:
        """Its number within the study, from 0."""
        return self._trial.number

    @property
    def seed(self) -> int:
        """The seed of its weights and batches, set by :meth:`assign`."""
        return int(self._trial.user_attrs[SEED])

    def assign(self, worker: str, seed: int) -> None:
        """Record its worker and its seed, unless it was queued with a seed.

        Args:
            worker: The name of the worker.
            seed: Seed of its weights and batches.
        """
        self._trial.set_user_attr(WORKER, worker)
        if SEED not in self._trial.user_attrs:
            self._trial.set_user_attr(SEED, seed)

    def suggest(self, space: Space) -> Params:
        """Draw its configuration; queued values are taken as they are."""
        return space.suggest(self._trial)

    @property
    def queued(self) -> Params:
        """The values it was queued with, by name; the others are drawn."""
        return queued_values(self._record.get_trials(deepcopy=False)[self.number])

    def set_attribute(self, name: str, value: Any) -> None:
        """Record a value that JSON can hold under a name."""
        self._trial.set_user_attr(name, value)

    def report(self, score: float, epoch: int) -> None:
        """Record the best mean of the objective up to an epoch, for pruners."""
        try:
            self._trial.report(score, epoch)
        except UpdateFinishedTrialError:
            raise TrialOverError(self.number) from None

    def is_hopeless(self, pruner: optuna.pruners.BasePruner) -> bool:
        """Whether a pruner would end it, given what was reported."""
        # The pruner is not set on the study: hyperband would show samplers only some of the trials.
        return pruner.prune(self._record, self._record.get_trials(deepcopy=False)[self.number])

    @property
    def n_complete_trials(self) -> int:
        """Number of complete trials in its study."""
        return len(self._record.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
