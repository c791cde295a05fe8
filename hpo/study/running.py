"""A trial while a worker evaluates it."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from hpo.errors import HPOError
from hpo.study.keys import FAILURE, SEED, WORKER

if TYPE_CHECKING:
    import optuna

    from hpo.space.space import Space
    from hpo.study.trial import Failure
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


class RunningTrial:
    """A trial that was begun and has not ended.

    Args:
        record: Optuna's study.
        trial: Optuna's trial of that study.
    """

    def __init__(self, record: optuna.Study, trial: optuna.Trial) -> None:
        self._record = record
        self._trial = trial
        self._over = threading.Event()
        storage: Any = record._storage  # noqa: SLF001  (heartbeats are not part of Optuna's API)
        if hasattr(storage, "record_heartbeat"):
            storage.record_heartbeat(trial._trial_id)  # noqa: SLF001
            # A daemon: a process that fails must not go on living for its heart alone.
            threading.Thread(target=self._beat, args=(storage,), daemon=True).start()

    def _beat(self, storage: Any) -> None:
        while not self._over.wait(storage.get_heartbeat_interval()):
            storage.record_heartbeat(self._trial._trial_id)  # noqa: SLF001

    def rest(self) -> None:
        """Send no more heartbeats: the trial has ended."""
        self._over.set()

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


def end_as_failed(record: optuna.Study, number: int, failure: Failure) -> bool:
    """End a running trial as failed; if it was interrupted, queue its configuration again.

    Args:
        record: Optuna's study.
        number: The number of the trial.
        failure: Why it failed.

    Returns:
        Whether the trial was still running; if not, nothing changes.
    """
    frozen = record.get_trials(deepcopy=False)[number]
    try:
        # The process that finds a worker dead has the number only, not Optuna's Trial.
        record._storage.set_trial_user_attr(frozen._trial_id, FAILURE, asdict(failure))  # noqa: SLF001
        record.tell(number, state=TrialState.FAIL)
    except (UpdateFinishedTrialError, ValueError):
        return False
    # The worker may have died when only some of the queued values were drawn.
    params = {**frozen.system_attrs.get("fixed_params", {}), **frozen.params}
    if failure.cause == "interrupted" and params:
        attributes = {k: v for k, v in frozen.user_attrs.items() if k == SEED}
        record.enqueue_trial(params, user_attrs=attributes)
    return True
