"""Trains all folds in lockstep, so that the epoch can be chosen on their mean curve.

Choosing the best epoch of every fold separately would fit the epoch to the validation part of that
fold and make the score too good. The mean over the folds is one choice for all, and a final model
can be trained for the number of epochs that it chooses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.scoring.direction import as_loss
from hpo.training.stage_run import StageRun, Training, TrialFailedError, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from hpo.plan import PlannedStage
    from hpo.task import Params, Task
    from hpo.training import FoldArrays, Logs, State
    from hpo.training.choice import EpochChoice
    from hpo.training.stage_run import OnFold, Weights

    Report = Callable[["EpochReport"], None]


@dataclass(frozen=True)
class EpochReport:
    """The state of a trial after an epoch of all its folds.

    Attributes:
        epoch: The epoch, from 1, counted through all stages.
        score: The mean of the objective over the folds.
        best: The best such mean so far.
        best_fold_scores: The objective of every fold at that epoch.
        is_last: Whether training ends with this epoch.
    """

    epoch: int
    score: float
    best: float
    best_fold_scores: list[float]
    is_last: bool = False


@dataclass(frozen=True, eq=False)
class Best:
    """The epoch with the best mean over the folds.

    Attributes:
        score: That mean.
        fold_scores: The objective of every fold at that epoch.
        epochs: Epochs trained in every stage up to that epoch; 0 for a stage without improvement.
        weights: The weights of every fold at that epoch.
        predictions: The predictions of the validation part of every fold, by output name.
    """

    score: float
    fold_scores: list[float]
    epochs: list[int]
    weights: list[Weights]
    predictions: list[dict[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Course:
    """The course of a training.

    Attributes:
        best: The epoch with the best mean over the folds.
        curves: Every logged metric, shape (n_epochs, n_folds).
        path: How the training ran: "fused", "fused-xla", "fused-jax" or "fit".
    """

    best: Best
    curves: dict[str, np.ndarray]
    path: str


def train(
    task: Task,
    model: Any,
    folds: Sequence[FoldArrays],
    params: Params,
    *,
    seed: int,
    report: Report | None = None,
    on_fold: OnFold | None = None,
    rungs: Collection[int] = (),
) -> Course:
    """Train a model on every fold, in lockstep, through all stages.

    Args:
        task: The task: objective, stages, callbacks and defaults.
        model: Its compiled model.
        folds: The preprocessed folds.
        params: The configuration.
        seed: Seed of the order of the batches.
        report: Called with every epoch of all folds; may raise to end the trial.
        on_fold: Called whenever a fold has trained an epoch by itself, with the epoch, from 1 and
            through all stages, and the fold, from 0.
        rungs: Epochs, through all stages, after which ``report`` may end the trial for what it
            reports: nothing is trained beyond them before it is called.

    Raises:
        TrialFailedError: The loss or the objective became NaN or infinite.
        HPOError: The model does not log the objective, or the plan has no epoch to train.
    """
    stages = task.plan(params).stages
    search = _EpochSearch(
        Training(task, model, folds, params, seed), report, on_fold, sorted(rungs)
    )
    for place, stage in enumerate(stages):
        search.train(stage, is_last=not any(later.epochs for later in stages[place + 1 :]))
    return search.course()


class _EpochSearch:
    """Finds the best epoch, stage by stage; a stage starts from the best epoch before it."""

    def __init__(
        self,
        training: Training,
        report: Report | None,
        on_fold: OnFold | None,
        rungs: Sequence[int],
    ) -> None:
        self._training = training
        self._task = training.task
        self._patience = training.task.plan(training.params).patience
        self._report = report
        self._on_fold = on_fold
        self._rungs = rungs
        self._logs: list[list[Logs]] = []
        self._best: Best | None = None
        self._path = ""

    def train(self, stage: PlannedStage, *, is_last: bool) -> None:
        """Train a stage until all its epochs are done, patience runs out or all callbacks stop."""
        before = self._best
        if before is not None and stage.epochs == 0:
            self._best = replace(before, epochs=[*before.epochs, 0])
            return
        prepare(self._training, stage)
        run = StageRun(
            self._training,
            stage,
            epochs=stage.epochs,
            epochs_before=len(self._logs),
            weights=before.weights if before else (),
        )
        choice = self._best_epoch(run, stage.epochs, is_last=is_last)
        run.end()
        self._path = run.path
        number = int(choice.epochs[0, 0])
        if number:
            fold_scores = self._fold_scores(len(self._logs) - choice.n_epochs + number)
            epochs = [*(before.epochs if before else []), number]
            self._best = _result(run, choice.states[0], fold_scores, epochs)
        elif before is not None:
            self._best = replace(before, epochs=[*before.epochs, 0])

    def course(self) -> Course:
        """The course of the training, after at least one stage."""
        assert self._best is not None  # noqa: S101
        curves = {
            name: np.array([[log.get(name, math.nan) for log in logs] for logs in self._logs])
            for name in self._logs[0][0]
        }
        return Course(self._best, curves, self._path)

    def _best_epoch(self, run: StageRun, epochs: int, *, is_last: bool) -> EpochChoice:
        """Train a stage, and choose its best epoch."""
        before = self._best
        choice = run.choose(self._patience, self._loss(before.score) if before else None)
        best = (before.score, before.fold_scores) if before else (math.nan, [])
        ended = False
        while not ended:
            stretch = run.run(
                choice, self._n_to_next_pause(epochs - choice.n_epochs), self._on_fold
            )
            first = len(self._logs) + 1
            self._logs += stretch
            ended = choice.n_epochs == epochs or choice.has_ended or run.stopped
            for epoch in range(first, len(self._logs) + 1):
                fold_scores = self._fold_scores(epoch)
                score = float(np.mean(fold_scores))
                if not self._loss(score) >= self._loss(best[0]):
                    best = score, fold_scores
                if self._report is not None:
                    is_end = ended and is_last and epoch == len(self._logs)
                    self._report(EpochReport(epoch, score, *best, is_last=is_end))
        return choice

    def _n_to_next_pause(self, n_left: int) -> int:
        """How many epochs to train at the most before they have to be reported."""
        done = len(self._logs)
        return min([n_left, *(rung - done for rung in self._rungs if rung > done)])

    def _fold_scores(self, epoch: int) -> list[float]:
        return [log[self._task.objective] for log in self._logs[epoch - 1]]

    def _loss(self, score: float) -> float:
        return as_loss(score, self._task.direction or "minimize")


def _result(
    run: StageRun, states: Sequence[State], fold_scores: list[float], epochs: list[int]
) -> Best:
    """The weights and the predictions of every fold in the states of the best epoch."""
    at_best = [run.predict(fold, state) for fold, state in enumerate(states)]
    for fold, (weights, predictions) in enumerate(at_best):
        _check_finite(fold, weights, predictions)
    return Best(
        score=float(np.mean(fold_scores)),
        fold_scores=fold_scores,
        epochs=epochs,
        weights=[weights for weights, _predictions in at_best],
        predictions=[predictions for _weights, predictions in at_best],
    )


def _check_finite(fold: int, weights: Weights, predictions: dict[str, np.ndarray]) -> None:
    """Refuse a model that has lost its numbers, even where its metrics look fine.

    Raises:
        TrialFailedError: A weight or a prediction is NaN or infinite.
    """
    n_weights = sum(map(_n_broken, weights))
    if not n_weights and not any(map(_n_broken, predictions.values())):
        return
    what = f"{n_weights} weights" if n_weights else "predictions"
    raise TrialFailedError(
        f"{what} of fold {fold} are NaN or infinite. Look for NaN in the samples, or lower the "
        "learning rate."
    )


def _n_broken(array: np.ndarray) -> int:
    array = np.asarray(array)
    return int(np.sum(~np.isfinite(array))) if array.dtype.kind == "f" else 0
