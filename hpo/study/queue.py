"""The trials of a study that wait, run and end: what a search asks for, and what it reports."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from hpo.study.keys import FAILURE, LATE, RESULT, RETRY_OF, SEED, WORKER
from hpo.study.running import RunningTrial, TrialOverError, queued_values
from hpo.study.trial import Failure, from_optuna, retried

if TYPE_CHECKING:
    from collections.abc import Sequence

    import optuna

    from hpo.study.files import StudyFiles
    from hpo.study.trial import Trial
    from hpo.study.workers import StudyWorkers
    from hpo.task import Params
    from hpo.training.evaluation import Evaluation

KILLED = Failure("interrupted: the search was killed", "interrupted")
OUT_OF_TURN = Failure("interrupted: another worker had the turn to draw", "interrupted")
LOST = Failure("its worker was not heard of any more", "outside")


class TrialQueue:
    """Begins and ends the trials of a study.

    Args:
        record: Optuna's study.
        files: The files of the study.
        workers: The workers of the study.

    Attributes:
        running: The trials that this process has begun and not ended, by their numbers.
    """

    def __init__(self, record: optuna.Study, files: StudyFiles, workers: StudyWorkers) -> None:
        self._record = record
        self._files = files
        self._workers = workers
        self.running: dict[int, RunningTrial] = {}

    def enqueue(
        self, params: Params, seed: int | None = None, *, retry_of: int | None = None
    ) -> None:
        """Queue a configuration; it is tried before the sampler draws another.

        Args:
            params: The configuration.
            seed: The seed of its weights and batches, or None for a new one.
            retry_of: The number of the trial that is tried again, if it is one.
        """
        given = {SEED: seed, RETRY_OF: retry_of}
        attributes = {key: value for key, value in given.items() if value is not None}
        self._record.enqueue_trial(params, user_attrs=attributes)

    def ask(self, sampler: optuna.samplers.BaseSampler) -> RunningTrial:
        """Begin a trial, with a queued configuration or one that the sampler will draw.

        The caller holds ``workers.asking()`` until the configuration is drawn.
        """
        self._record.sampler = sampler
        with warnings.catch_warnings():
            # Optuna's own loop is not used, and a RunningTrial has a heartbeat.
            warnings.filterwarnings("ignore", "Heartbeat of storage", UserWarning)
            trial = RunningTrial(self._record, self._record.ask())
        self.running[trial.number] = trial
        return trial

    def withdraw(self, trial: RunningTrial) -> None:
        """End a trial that another worker may have drawn, too, since its turn was lost.

        What was queued is queued again.
        """
        if self._end_as_failed(trial.number, OUT_OF_TURN) and trial.queued:
            self.enqueue(trial.queued, trial.seed, retry_of=trial.number)

    def complete(self, trial: RunningTrial, evaluation: Evaluation) -> None:
        """Store the result of a trial; its files first, so that a complete trial has them.

        Raises:
            TrialOverError: The trial had been given up; its result is kept and does not count.
        """
        self._rest(trial.number)
        self._files.write_arrays(trial.number, evaluation.arrays)
        try:
            trial.set_attribute(RESULT, evaluation.summary())
            self._record.tell(trial.number, evaluation.score)
        except (UpdateFinishedTrialError, ValueError):
            now = self._record.get_trials(deepcopy=False)[trial.number]
            if now.value == evaluation.score:
                return  # the server stored it, and was gone before it could say so
            late = {
                "time": datetime.now().astimezone().isoformat(timespec="seconds"),
                "score": evaluation.score,
                **evaluation.summary(),
            }
            self._record.set_user_attr(f"{LATE}{trial.number}", late)
            raise TrialOverError(trial.number, kept=True) from None

    def prune(self, trial: RunningTrial, epochs_trained: int) -> None:
        """End a trial that is not worth continuing; its reports are kept."""
        self._rest(trial.number)
        with suppress(UpdateFinishedTrialError, ValueError):  # it had been given up
            trial.set_attribute(RESULT, {"epochs_trained": epochs_trained})
            self._record.tell(trial.number, state=TrialState.PRUNED)

    def fail(self, number: int, failure: Failure) -> bool:
        """End a running trial as failed; if it was interrupted, queue its configuration again.

        Args:
            number: The number of the trial.
            failure: Why it failed.

        Returns:
            Whether the trial was still running; if not, it stays as somebody else ended it.
        """
        if not self._end_as_failed(number, failure):
            return False
        ended = self._record.get_trials(deepcopy=False)[number]
        # The worker may have died when only some of the queued values were drawn.
        params = {**queued_values(ended), **ended.params}
        if failure.cause == "interrupted" and params:
            self.enqueue(params, ended.user_attrs.get(SEED), retry_of=number)
        # A finished evaluation is kept: the line that ended the trial may be damaged.
        if not self._files.has_arrays(number):
            self._files.remove_trial(number)
        return True

    def _end_as_failed(self, number: int, failure: Failure) -> bool:
        self._rest(number)
        storage = self._record._storage  # noqa: SLF001
        trial_id = self._record.get_trials(deepcopy=False)[number]._trial_id  # noqa: SLF001
        try:
            # The process that finds a worker dead has the number only, not Optuna's Trial.
            storage.set_trial_user_attr(trial_id, FAILURE, asdict(failure))
            self._record.tell(number, state=TrialState.FAIL)
        except (UpdateFinishedTrialError, ValueError):
            return False
        return True

    def fail_orphans(self, worker: str | None = None, failure: Failure = KILLED) -> list[int]:
        """Fail the running trials whose worker is dead.

        Args:
            worker: Only the trials of this worker, which is known to be dead; by default every
                running trial whose worker no longer holds its lock.
            failure: Why they failed; by default because the search was killed.

        Returns:
            The numbers of the trials.
        """
        with self._workers.asking():
            running = self._record.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
            if worker:
                orphans = [t.number for t in running if t.user_attrs.get(WORKER) in (worker, None)]
            else:
                orphans = self._workers.lost(self._record, running) if running else []
            return [number for number in orphans if self.fail(number, failure)]

    def give_up_lost(self, *, at_most: int) -> None:
        """Fail the trials whose workers a database has not heard of, and queue them again.

        Args:
            at_most: How often a configuration is queued again.
        """
        with self._workers.asking():
            running = self._record.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
            for number in self._workers.lost(self._record, running) if running else []:
                has_params = any(t.number == number and t.params for t in running)
                self.fail(number, LOST if has_params else KILLED)
            # Also those of a worker that was killed before it had queued them.
            lost = asdict(LOST)
            states = (TrialState.FAIL,)
            failed = self._record.get_trials(deepcopy=False, states=states)
            self._retry([t.number for t in failed if t.user_attrs.get(FAILURE) == lost], at_most)

    def retry(self, number: int, *, at_most: int) -> bool:
        """Queue a failed trial again, with its seed: what failed was not its configuration.

        Args:
            number: The number of the trial.
            at_most: How often a configuration is queued again.

        Returns:
            Whether it was queued.
        """
        with self._workers.asking():
            return self._retry([number], at_most) > 0

    def retry_failed(self) -> int:
        """Queue the failed trials again, each with its seed, as after a fix of the plugin.

        Returns:
            Their number.
        """
        with self._workers.asking():
            trials = map(from_optuna, self._record.get_trials(deepcopy=False))
            return self._retry([t.number for t in trials if t.state == "failed"])

    def _retry(self, numbers: Sequence[int], at_most: int | None = None) -> int:
        """Queue those trials again that were not yet; how many these are."""
        earlier = retried(self._record)
        new = [number for number in numbers if number not in earlier]
        if not new:
            return 0
        trials = list(map(from_optuna, self._record.get_trials(deepcopy=False)))
        done = Counter(
            _configuration(trials[number])
            for number in earlier
            if trials[number].cause != "interrupted"  # it was not the worker that was lost
        )
        n_queued = 0
        for number in new:
            configuration = _configuration(trials[number])
            if at_most is None or done[configuration] < at_most:
                done[configuration] += 1
                n_queued += 1
                self.enqueue(trials[number].params, trials[number].seed, retry_of=number)
        return n_queued

    def _rest(self, number: int) -> None:
        if number in self.running:
            self.running.pop(number).rest()


def _configuration(trial: Trial) -> str:
    """What makes two trials the same: the hyperparameters and the seed."""
    return json.dumps([trial.params, trial.seed], sort_keys=True, default=str)
