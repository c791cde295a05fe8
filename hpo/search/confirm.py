"""Evaluating the best configurations again, with new seeds and new splits of the data.

The best of many scores is partly luck: it was chosen for being good, noise included, so on average
it is too good (the winner's curse; Cawley and Talbot, On over-fitting in model selection, 2010). A
new evaluation, which had no part in the choice, is not.

A confirmation chooses again, but among few and by means over repeats, so its best score is too good
by far less. The test set stays untouched.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpo.data import splits
from hpo.errors import HPOError, located
from hpo.options import ConfirmOptions
from hpo.placement.jobs import Workshop
from hpo.study.confirmation import Repeat
from hpo.study.folder import load_study
from hpo.study.opening import open_data
from hpo.study.study import Study
from hpo.study.terms import terms_of
from hpo.support.options import read_options, takes_options
from hpo.support.quiet import import_keras
from hpo.support.seeds import derived_seed
from hpo.training.evaluation import Evaluator
from hpo.training.memory import freed_after
from hpo.training.precision import precision

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from typing import Unpack

    from hpo.options import ConfirmKeywords
    from hpo.placement.bench import Bench
    from hpo.placement.jobs import JobLostError
    from hpo.study.confirmation import Confirmation
    from hpo.study.trial import Trial
    from hpo.task import Params, Task


@dataclass(frozen=True)
class ConfirmProgress:
    """How far a confirmation is, reported after every epoch and every evaluation.

    Attributes:
        done: Number of finished evaluations.
        of: Number of evaluations in total.
        trial: The trial whose configuration is being evaluated.
        repeat: The number of the repeat, from 1.
        epoch: Number of epochs trained so far.
        epochs: Largest number of epochs it trains.
        seconds: How long the evaluation took; None while it runs.
        score: Its score; None while it runs, or if it failed.
        reason: Why it failed, or None.
    """

    done: int
    of: int
    trial: int
    repeat: int
    epoch: int
    epochs: int
    seconds: float | None = None
    score: float | None = None
    reason: str | None = None


@takes_options(ConfirmOptions)
def confirm(
    study: str | os.PathLike[str] | Study,
    *,
    runs: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    task: Task | str | None = None,
    on_progress: Callable[[ConfirmProgress], None] = lambda _progress: None,
    **options: Unpack[ConfirmKeywords],
) -> Confirmation:
    """Evaluate the best configurations of a study again, with new seeds and new splits.

    All configurations of a repeat share its splits. If the data cannot be split differently
    (``time:K``, ``predefined``, a splitter without a seed), only the seeds are new. Evaluations are
    kept, so calling it again continues a confirmation that was stopped. Evaluations that failed are
    tried again. With several ``workers`` they are spread over child processes, or a Ray cluster.

    Args:
        study: The study, its name or the path of its folder.
        runs: The folder of studies.
        data_dir: Folder with data sets; by default that of the search.
        task: The study's task, or how to find it; needed if the study was searched with a plugin
            file or a Task in code.
        on_progress: Called after every epoch and every evaluation.
        **options: As :mod:`hpo.options` declares them.

    Returns:
        First and confirmed scores; the study keeps them as ``study.confirmation``.

    Raises:
        UsageError: There is no such study, a number is below 1, or the task is needed.
        HPOError: The study has no complete trial, or its data has changed.
    """
    asked = read_options(ConfirmOptions, options)
    opened = study if isinstance(study, Study) else load_study(study, runs)
    best = opened.ranking[: asked.top]
    if not best:
        raise HPOError(
            f"study {opened.name!r} has no complete trial to confirm. Search longer with hpo run."
        )
    import_keras(opened.settings.backend)
    data = open_data(opened, task, data_dir, for_scores=True).without_test()
    workshop = Workshop(asked, terms_of(opened), task, data, data_dir, for_scores=True)
    new_cuts = splits.depends_on_seed(opened.settings.cv_for(data.task))
    with opened.workers.confirming():
        opened.plan_confirmation(best, asked.repeats, new_cuts=new_cuts)
        every = _jobs(best, asked.repeats)
        missing = [job for job in every if not opened.has_repeat(job.number, job.repeat)]
        workshop.run(missing, _Confirming(opened, data.task, len(every), len(missing), on_progress))
    found = opened.confirmation
    assert found is not None  # noqa: S101  (its plan was just written)
    return found


@dataclass(frozen=True)
class _Evaluation:
    """The evaluation of a configuration with new splits, which all of its repeat share.

    Attributes:
        number: The number of the trial.
        repeat: The number of the repeat, from 1.
        params: The configuration.
        seed: The seed of its weights and batches.
    """

    number: int
    repeat: int
    params: Params
    seed: int

    def do(self, bench: Bench, on_epoch: Callable[[], None]) -> Repeat:
        """Evaluate the configuration; only errors of the disk are raised."""
        began = time.monotonic()
        with precision(bench.terms.settings.precision):
            evaluator = bench.keep(("confirm", self.repeat), lambda: self._evaluator(bench))
            result = self._evaluated(evaluator, on_epoch)
        return replace(result, seconds=time.monotonic() - began)

    def _evaluator(self, bench: Bench) -> Evaluator:
        task, data = bench.data.task, bench.data.searched
        way = bench.terms.settings.cv_for(task)
        seed = splits.SPLIT_SEED + self.repeat
        splitter = splits.make_splitter(way, data, objective=task.objective, seed=seed)
        return Evaluator(task, data, splitter)

    def _evaluated(self, evaluator: Evaluator, on_epoch: Callable[[], None]) -> Repeat:
        try:
            with freed_after():
                evaluation = evaluator.evaluate(
                    self.params, seed=self.seed, report=lambda _report: on_epoch()
                )
        except OSError:  # a full disk says nothing about a configuration
            raise
        except HPOError as error:
            return Repeat(self.seed, reason=str(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001  (whatever a plugin does)
            return Repeat(self.seed, reason=located(error))
        return Repeat(
            self.seed,
            score=evaluation.score,
            std_error=evaluation.std_error,
            fold_scores=evaluation.fold_scores,
            epochs=sum(evaluation.epochs),
        )


def _jobs(trials: Sequence[Trial], repeats: int) -> list[_Evaluation]:
    """All evaluations, one repeat after the other."""
    return [
        _Evaluation(
            trial.number,
            repeat,
            trial.params,
            derived_seed(trial.seed or 0, "confirmation", repeat),
        )
        for repeat in range(1, repeats + 1)
        for trial in trials
    ]


class _Confirming:
    """Keeps what the evaluations of a confirmation say.

    Args:
        study: The study.
        task: Its task.
        of: Number of all evaluations.
        missing: How many of them have no score yet.
        on_progress: Called after every epoch and every evaluation.
    """

    def __init__(
        self,
        study: Study,
        task: Task,
        of: int,
        missing: int,
        on_progress: Callable[[ConfirmProgress], None],
    ) -> None:
        self._study = study
        self._task = task
        self._of = of
        self._on_progress = on_progress
        self._done = of - missing
        self._failed: set[int] = set()
        self._running: dict[tuple[int, int], ConfirmProgress] = {}
        self._began: dict[tuple[int, int], float] = {}

    def wants(self, job: _Evaluation) -> bool:
        """Whether it makes sense: a configuration that failed has no further repeats."""
        has_failed = job.number in self._failed
        self._done += has_failed
        return not has_failed

    def begun(self, job: _Evaluation) -> None:
        """An evaluation was begun."""
        self._began[job.number, job.repeat] = time.monotonic()
        epochs = self._task.plan(job.params).epochs
        self._report(job, ConfirmProgress(self._done, self._of, job.number, job.repeat, 0, epochs))

    def epoch(self, job: _Evaluation) -> None:
        """It has trained an epoch of all folds."""
        now = self._running[job.number, job.repeat]
        self._report(job, replace(now, done=self._done, epoch=now.epoch + 1))

    def done(self, job: _Evaluation, result: Repeat) -> None:
        """Keep its result."""
        self._study.record_repeat(job.number, job.repeat, result)
        self._done += 1
        if result.score is None:
            self._failed.add(job.number)
        now = self._running.pop((job.number, job.repeat))
        self._on_progress(
            replace(
                now,
                done=self._done,
                seconds=result.seconds,
                score=result.score,
                reason=result.reason,
            )
        )

    def lost(self, job: _Evaluation, error: JobLostError) -> None:
        """Keep that it ended with its process."""
        seconds = time.monotonic() - self._began[job.number, job.repeat]
        self.done(job, Repeat(job.seed, reason=str(error), seconds=seconds))

    def _report(self, job: _Evaluation, now: ConfirmProgress) -> None:
        self._running[job.number, job.repeat] = now
        self._on_progress(now)
