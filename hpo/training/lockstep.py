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
    from collections.abc import Callable, Sequence

    from hpo.plan import PlannedStage
    from hpo.task import Params, Task
    from hpo.training import FoldArrays, Logs, State
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
        path: How the training ran: "fused", "fused-xla" or "fit".
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
) -> Course:
    """Train a model on every fold, one epoch of each at a time, through all stages.

    Args:
        task: The task: objective, stages, callbacks and defaults.
        model: Its compiled model.
        folds: The preprocessed folds.
        params: The configuration.
        seed: Seed of the order of the batches.
        report: Called after every epoch of all folds; may raise to end the trial.
        on_fold: Called after every epoch of a fold with the epoch, from 1 and through all stages,
            and the fold, from 0.

    Raises:
        TrialFailedError: The loss or the objective became NaN or infinite.
        HPOError: The model does not log the objective, or the plan has no epoch to train.
    """
    stages = task.plan(params).stages
    search = _EpochSearch(Training(task, model, folds, params, seed), report, on_fold)
    for place, stage in enumerate(stages):
        search.train(stage, is_last=not any(later.epochs for later in stages[place + 1 :]))
    return search.course()


@dataclass(frozen=True)
class _Epoch:
    """The best epoch of a stage so far."""

    number: int
    score: float
    fold_scores: list[float]
    states: list[State]


class _EpochSearch:
    """Finds the best epoch, stage by stage; a stage starts from the best epoch before it."""

    def __init__(self, training: Training, report: Report | None, on_fold: OnFold | None) -> None:
        self._training = training
        self._task = training.task
        self._patience = training.task.plan(training.params).patience
        self._report = report
        self._on_fold = on_fold
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
        best = self._best_epoch(run, stage.epochs, is_last=is_last)
        run.end()
        self._path = run.path
        if best is not None:
            self._best = _result(run, best, before.epochs if before else [])
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

    def _best_epoch(self, run: StageRun, epochs: int, *, is_last: bool) -> _Epoch | None:
        """Train a stage, and return its best epoch; None if the stages before were better."""
        best: _Epoch | None = None
        standing: _Epoch | Best | None = self._best
        for epoch in range(1, epochs + 1):
            logs = run.run_epoch(self._on_fold)
            self._logs.append(logs)
            fold_scores = [log[self._task.objective] for log in logs]
            score = float(np.mean(fold_scores))
            if standing is None or self._loss(score) < self._loss(standing.score):
                best = standing = _Epoch(epoch, score, fold_scores, list(run.states))
            epochs_since_best = epoch - (best.number if best else 0)
            ended = epoch == epochs or epochs_since_best >= self._patience or run.stopped
            if self._report is not None:
                self._report(
                    EpochReport(
                        epoch=len(self._logs),
                        score=score,
                        best=standing.score,
                        best_fold_scores=standing.fold_scores,
                        is_last=ended and is_last,
                    )
                )
            if ended:
                break
        return best

    def _loss(self, score: float) -> float:
        return as_loss(score, self._task.direction or "minimize")


def _result(run: StageRun, best: _Epoch, epochs_before: list[int]) -> Best:
    """The weights and the predictions of every fold at the best epoch."""
    at_best = [run.predict(fold, state) for fold, state in enumerate(best.states)]
    for fold, (weights, predictions) in enumerate(at_best):
        _check_finite(fold, weights, predictions)
    return Best(
        score=best.score,
        fold_scores=best.fold_scores,
        epochs=[*epochs_before, best.number],
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
