"""The worker: asks a study for a configuration, evaluates it, and reports the result."""

from __future__ import annotations

import errno
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo import pruners
from hpo.errors import HPOError, StoreError, UsageError, located, one_line
from hpo.placement import devices
from hpo.placement.serving import MAX_GROWTH_BYTES
from hpo.search.events import (
    EpochEnded,
    FoldEnded,
    OnEvent,
    TrialEnded,
    TrialStarted,
    Warned,
    WorkerFailed,
    WorkerLeft,
)
from hpo.search.recording import check_cut, record_baseline, record_facts
from hpo.search.tensorboard import Board
from hpo.space.space import Space
from hpo.study import mistakes
from hpo.study.opening import open_data
from hpo.study.queue import KILLED
from hpo.study.trial import Failure
from hpo.support import backends, formats
from hpo.training import threads
from hpo.training.evaluation import Evaluator
from hpo.training.memory import freed_after, resident_bytes, settled
from hpo.training.precision import precision
from hpo.training.saving import check_model
from hpo.training.stage_run import TrialFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from hpo.search.host import Host
    from hpo.task import Params, Task
    from hpo.training import FoldArrays
    from hpo.training.evaluation import Evaluation
    from hpo.training.lockstep import EpochReport, Report
    from hpo.training.stage_run import OnFold

TRACEBACK_CHARACTERS = 8_000

SECONDS_BETWEEN_FOLDS = 0.2
"""Folds are reported at most so often."""

SECONDS_TO_WAIT = 1.0
"""How long a worker waits before it asks again, while others run the last trials."""

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


class SearchStopped(Exception):  # noqa: N818  (nothing is wrong)
    """The search was stopped while a trial ran."""


class TrialPruned(Exception):  # noqa: N818  (nothing is wrong)
    """A trial is not worth continuing.

    Args:
        report: Its state after its last epoch.
    """

    def __init__(self, report: EpochReport) -> None:
        epochs = formats.count(report.epoch, "epoch")
        super().__init__(f"after {epochs}, best so far {formats.number(report.best)}")
        self.report = report


class Worker:
    """Evaluates trials of a study until it has enough or the search is stopped.

    Args:
        host: Holds the study; says what to evaluate, and keeps what comes of it.
        name: The worker's name; see :func:`hpo.study.workers.new_worker_name`.
        task: The study's task, or how to find it; see :func:`hpo.study.opening.task_of_study`.
        on_event: Called with everything that the worker reports.
        stopping: Whether the search is being stopped; called after every epoch.
        recycle: Whether to end when memory has grown, so that another worker can take over.
    """

    def __init__(
        self,
        host: Host,
        *,
        name: str,
        task: Task | str | None = None,
        on_event: OnEvent = lambda _event: None,
        stopping: Callable[[], bool] = lambda: False,
        recycle: bool = False,
    ) -> None:
        self.name = name
        self.running: int | None = None
        self._host = host
        self._terms = host.terms()
        self._options = self._terms.options
        self._task = task
        self._emit = on_event
        self._stopping = stopping
        self._recycle = recycle
        self._least_bytes = 0
        self._export_is_checked = False

    def run(self) -> bool:
        """Work until the study has enough trials or the search is stopped.

        Returns:
            Whether the worker could work at all; if not, the event WorkerFailed said why.
        """
        try:
            with self._host.working(self.name), precision(self._terms.settings.precision):
                self._work()
            self._emit(WorkerLeft(self.name))
        except HPOError as error:
            self._emit(WorkerFailed(self.name, str(error), isinstance(error, UsageError)))
            return False
        except OSError as error:
            self._emit(WorkerFailed(self.name, f"{self._terms.place}: {one_line(error)}"))
            return False
        return True

    def _work(self) -> None:
        evaluator = self._prepare()
        with settled():
            while not self._stopping() and self._run_trial(evaluator):
                if self._recycle and self._has_grown(evaluator):
                    break
        predictions = self._host.predictions()
        if predictions is not None:
            self._host.record_mistakes(mistakes.find(predictions, evaluator.data))

    def _has_grown(self, evaluator: Evaluator) -> bool:
        """Whether memory has grown since the first trial ended, apart from the cache of folds."""
        occupied = resident_bytes() - evaluator.cached_bytes
        self._least_bytes = min(occupied, self._least_bytes or occupied)
        return occupied - self._least_bytes > MAX_GROWTH_BYTES

    def abandon(self) -> None:
        """Queue the running trial again, for the next worker of the study."""
        if self.running is not None:
            self._host.fail(self.running, KILLED)

    def _prepare(self) -> Evaluator:
        terms = self._terms
        data = open_data(terms, self._task, self._options.data_dir, for_scores=True)
        threads.use_few_for(data.searched)
        self._look_for_gpu()  # last, since it fixes the number of threads
        task = data.task
        evaluator = Evaluator(task, data.searched, terms.settings.cv_for(task))
        record_facts(self._host, data, evaluator.splits)
        check_cut(self._host, evaluator.splits)
        facts = self._host.terms().facts
        for text in facts.data.gaps if facts else ():
            self._emit(Warned(self.name, f"task {task.name!r}: {text}"))
        pruners.check(self._options.pruner, len(evaluator.splits))
        space = Space.from_text(terms.settings.space, name=f"study {terms.name}")
        self._max_epochs = pruners.max_epochs_of(task, space)
        return evaluator

    def _look_for_gpu(self) -> None:
        """Refuse a requested GPU that cannot be used; warn of one that was not requested."""
        unused = "" if self._options.devices == "cpu" else devices.unused_gpus()
        if unused and self._options.devices != "auto":
            raise UsageError(f"devices {self._options.devices}: {unused}")
        if unused:
            self._emit(Warned(self.name, unused))

    def _run_trial(self, evaluator: Evaluator) -> bool:
        """Evaluate one trial, unless others have begun all that are left."""
        started = time.monotonic()
        trial = self._host.ask(self.name)
        if trial is None:
            if not self._host.may_ask_later():
                return False
            time.sleep(SECONDS_TO_WAIT)
            return True
        self.running = trial.number
        params = trial.params
        self._emit(TrialStarted(self.name, trial.number, params))
        evaluation: Evaluation | None = None
        failure: Failure | None = None
        pruned = ""
        try:
            epochs = evaluator.task.plan(params).epochs
            rungs = pruners.rungs_of(
                self._options.pruner, max_epochs=self._max_epochs, epochs=epochs
            )
            with freed_after():
                evaluation = evaluator.evaluate(
                    params,
                    seed=trial.seed,
                    report=self._reporter(trial.number, epochs, rungs, started),
                    rungs=rungs,
                    on_fold=self._fold_reporter(trial.number, len(evaluator.splits)),
                    keep_models=lambda score: self._host.models_directory(trial.number, score),
                    on_built=self._warn_of_export,
                    on_model=self._board_writer(evaluator, trial.number, params),
                )
            self._host.complete(trial.number, evaluation)
            self._record_baseline(evaluator, evaluation)
        except TrialPruned as pruning:
            self._host.prune(trial.number, pruning.report.epoch)
            pruned = str(pruning)
        except StoreError as error:
            self._host.fail(trial.number, Failure(f"interrupted: {error}", "interrupted"))
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  (whatever a plugin does)
            failure = _failure(error, params)
            self._host.fail(trial.number, failure)
        self.running = None
        self._emit(
            TrialEnded(
                worker=self.name,
                number=trial.number,
                state="pruned" if pruned else _state(failure),
                score=evaluation.score if evaluation and not failure else None,
                seconds=time.monotonic() - started,
                reason=failure.reason if failure else pruned or None,
            )
        )
        return True

    def _reporter(self, number: int, epochs: int, rungs: Collection[int], started: float) -> Report:
        limit = self._options.trial_timeout

        def on_epoch(report: EpochReport) -> None:
            self._emit(EpochEnded(self.name, number, report.epoch, epochs, report.score))
            if self._stopping():
                raise SearchStopped
            if limit is not None and time.monotonic() - started > limit:
                raise TrialFailedError(
                    f"ran longer than --trial-timeout: {formats.duration(limit)}"
                )
            if report.epoch in rungs and self._host.is_hopeless(
                number, report, max_epochs=self._max_epochs, epochs=epochs
            ):
                raise TrialPruned(report)

        return on_epoch

    def _fold_reporter(self, number: int, folds: int) -> OnFold:
        """Reports a fold now and then: where epochs take milliseconds, nobody could read more."""
        last = time.monotonic()

        def on_fold(epoch: int, fold: int) -> None:
            nonlocal last
            if time.monotonic() - last > SECONDS_BETWEEN_FOLDS:
                last = time.monotonic()
                self._emit(FoldEnded(self.name, number, epoch, fold + 1, folds))

        return on_fold

    def _board_writer(
        self, evaluator: Evaluator, number: int, params: Params
    ) -> Callable[[Any, list[FoldArrays], Evaluation], None] | None:
        if self._options.tensorboard is None:
            return None
        folder = Path(self._options.tensorboard) / self._terms.name / f"trial-{number}"
        board = Board(folder, self._terms.settings.objective)

        def write(model: Any, folds: list[FoldArrays], evaluation: Evaluation) -> None:
            try:
                board.write(params, model, folds, evaluator.data, evaluation)
            except Exception as error:  # noqa: BLE001  (TensorFlow's own; the trial still counts)
                self._emit(Warned(self.name, f"cannot write for TensorBoard: {one_line(error)}"))

        return write

    def _record_baseline(self, evaluator: Evaluator, evaluation: Evaluation) -> None:
        reason = record_baseline(
            self._host, evaluator.task, evaluator.data, evaluator.splits, evaluation
        )
        if reason:
            self._emit(Warned(self.name, f"there is no baseline: {reason}"))

    def _warn_of_export(self, model: Any) -> None:
        """Say before the first trial trains what an export would refuse after the search."""
        if self._export_is_checked:
            return
        self._export_is_checked = True
        try:
            check_model(model, f"task {self._terms.settings.task_name!r}")
        except HPOError as error:
            self._emit(Warned(self.name, f"hpo export will refuse its models: {error}"))


def _state(failure: Failure | None) -> str:
    if failure is None:
        return "complete"
    return "interrupted" if failure.cause == "interrupted" else "failed"


def _failure(error: BaseException, params: Params) -> Failure:
    if isinstance(error, SearchStopped):
        return Failure("interrupted: the search was stopped", "interrupted")
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        return Failure(one_line(error), "outside")
    if isinstance(error, HPOError):
        return Failure(str(error), "configuration")
    details = "".join(traceback.format_exception(error))[-TRACEBACK_CHARACTERS:]
    if isinstance(error, MemoryError) or _says_out_of_memory(error):
        return Failure(f"out of memory: {one_line(error)}", "configuration", details)
    reason = located(error) + _missing_parameter(error, params) + _hint()
    return Failure(reason, "configuration", details)


def _missing_parameter(error: BaseException, params: Params) -> str:
    """Which parameters a configuration has, if the task asked for another one."""
    name = error.args[0] if isinstance(error, KeyError) and error.args else None
    if not isinstance(name, str) or name in params:
        return ""
    has = ", ".join(params)
    return f". If {name!r} should be a parameter: this configuration has {has}."


def _says_out_of_memory(error: BaseException) -> bool:
    """Whether TensorFlow or JAX ran out of memory."""
    return type(error).__name__ == "ResourceExhaustedError" or str(error).startswith(
        "RESOURCE_EXHAUSTED"
    )


def _hint() -> str:
    """What to do if a task uses TensorFlow where Keras runs on another backend."""
    backend = backends.in_use()
    if backend == "tensorflow" or "tensorflow" not in sys.modules:
        return ""
    return (
        f" (The task imports TensorFlow, but Keras runs on {backend}, where models cannot call it. "
        "Use keras.ops instead, or search with --backend tensorflow in another --study.)"
    )
