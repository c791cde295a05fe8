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
from hpo.study.confirmation import Repeat
from hpo.study.folder import load_study
from hpo.study.opening import open_data
from hpo.study.study import Study
from hpo.support.options import read_options, takes_options
from hpo.support.quiet import import_keras
from hpo.support.seeds import derived_seed
from hpo.training import threads
from hpo.training.evaluation import Evaluator
from hpo.training.memory import freed_after
from hpo.training.precision import precision

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from typing import Unpack

    from hpo.options import ConfirmKeywords
    from hpo.study.confirmation import Confirmation
    from hpo.study.trial import Trial
    from hpo.task import Data, Task
    from hpo.training.lockstep import EpochReport


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
    tried again.

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
    threads.use_few_for(data.searched)
    new_cuts = splits.depends_on_seed(opened.settings.cv_for(data.task))
    opened.plan_confirmation(best, asked.repeats, new_cuts=new_cuts)
    with precision(opened.settings.precision):
        _Confirming(opened, data.task, data.searched, best, asked.repeats, on_progress).run()
    found = opened.confirmation
    assert found is not None  # noqa: S101  (its plan was just written)
    return found


@dataclass
class _Confirming:
    """The evaluations of a confirmation, one after the other.

    Attributes:
        study: The study.
        task: Its task.
        data: The data that it searched on.
        trials: The trials to confirm.
        repeats: How often each is evaluated.
        on_progress: Called after every epoch and every evaluation.
        done: Number of evaluations that are finished, or are left out after a failed one.
    """

    study: Study
    task: Task
    data: Data
    trials: Sequence[Trial]
    repeats: int
    on_progress: Callable[[ConfirmProgress], None]
    done: int = 0

    def run(self) -> None:
        """Evaluate what has no score yet; a configuration that fails has no further repeats."""
        failed: set[int] = set()
        for repeat in range(1, self.repeats + 1):
            missing = [
                trial
                for trial in self.trials
                if trial.number not in failed and not self.study.has_repeat(trial.number, repeat)
            ]
            self.done += len(self.trials) - len(missing)
            if not missing:
                continue
            # All share its splits, so that they are compared on the same folds.
            evaluator = self._evaluator(repeat)
            failed |= {t.number for t in missing if not self._evaluate(evaluator, t, repeat)}

    def _evaluator(self, repeat: int) -> Evaluator:
        way = self.study.settings.cv_for(self.task)
        return Evaluator(
            self.task,
            self.data,
            splits.make_splitter(
                way,
                self.data,
                objective=self.task.objective,
                seed=splits.SPLIT_SEED + repeat,
            ),
        )

    def _evaluate(self, evaluator: Evaluator, trial: Trial, repeat: int) -> bool:
        """Evaluate a configuration and keep the result; return whether it has a score."""
        began = time.monotonic()
        of = len(self.trials) * self.repeats
        epochs = self.task.plan(trial.params).epochs
        now = ConfirmProgress(self.done, of, trial.number, repeat, 0, epochs)
        self.on_progress(now)
        result = _evaluated(
            evaluator,
            trial,
            derived_seed(trial.seed or 0, "confirmation", repeat),
            lambda report: self.on_progress(replace(now, epoch=report.epoch)),
        )
        result = replace(result, seconds=time.monotonic() - began)
        self.study.record_repeat(trial.number, repeat, result)
        self.done += 1
        self.on_progress(
            replace(
                now,
                done=self.done,
                seconds=result.seconds,
                score=result.score,
                reason=result.reason,
            )
        )
        return result.score is not None


def _evaluated(
    evaluator: Evaluator, trial: Trial, seed: int, report: Callable[[EpochReport], None]
) -> Repeat:
    """The result of an evaluation."""
    try:
        with freed_after():
            evaluation = evaluator.evaluate(trial.params, seed=seed, report=report)
    except OSError:  # a full disk says nothing about a configuration
        raise
    except HPOError as error:
        return Repeat(seed, reason=str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001  (whatever a plugin does)
        return Repeat(seed, reason=located(error))
    return Repeat(
        seed,
        score=evaluation.score,
        std_error=evaluation.std_error,
        fold_scores=evaluation.fold_scores,
        epochs=sum(evaluation.epochs),
    )
