"""Trains all folds in lockstep, so that the epoch can be chosen on their mean curve.

Choosing the best epoch of each fold by itself would fit the epoch to the validation part of that
fold and make the score too good; the mean over folds is one choice for all, and the number of
epochs it names is the one to train a final model for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError
from hpo.scoring.direction import as_loss
from hpo.task import Stage
from hpo.training import make_trainer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hpo.task import Params, Task
    from hpo.training import FoldArrays, Logs, State, Trainer

    Report = Callable[["EpochReport"], None]
    OnFold = Callable[[int, int], None]
    Weights = list[np.ndarray]


class TrialFailedError(HPOError):
    """A configuration that cannot be evaluated, with the reason."""


@dataclass(frozen=True)
class EpochReport:
    """How a trial stands after an epoch of all its folds.

    Attributes:
        epoch: The epoch, from 1, counted through all stages.
        score: The mean of the objective over the folds.
        best: The best such mean so far.
        best_fold_scores: The objective of every fold at that epoch.
        is_last: Whether the training ends with this epoch.
    """

    epoch: int
    score: float
    best: float
    best_fold_scores: list[float]
    is_last: bool = False


@dataclass(frozen=True, eq=False)
class Best:
    """Where the mean over the folds was best.

    Attributes:
        score: That mean.
        fold_scores: The objective of every fold there.
        epochs: Epochs trained in every stage up to there; 0 for one that made nothing better.
        weights: The weights of every fold there.
        predictions: What they predict for the fold's validation part, by output name.
    """

    score: float
    fold_scores: list[float]
    epochs: list[int]
    weights: list[Weights]
    predictions: list[dict[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Course:
    """How a training went.

    Attributes:
        best: Where the mean over the folds was best.
        curves: Every logged metric, shape (n_epochs, n_folds).
        path: Which way training ran: "fused", "fused-xla" or "fit".
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
        HPOError: The model does not log the objective.
    """
    first = Stage("", int(params.get("epochs", task.epochs)), lambda _model, _params: None)
    logs: list[list[Logs]] = []
    best: Best | None = None
    path = ""
    stages = (first, *task.stages)
    for place, stage in enumerate(stages):
        epochs = stage.epochs_for(params)
        if best is not None and epochs == 0:
            best = replace(best, epochs=[*best.epochs, 0])
            continue
        prepare(task, stage, model, params)
        run = _StageRun(task, model, folds, params, epochs, seed=seed, logs=logs, best=best)
        run.is_last = not any(later.epochs_for(params) for later in stages[place + 1 :])
        best = run.train(report, on_fold)
        path = run.trainer.path
        if best is None:
            break
    if best is None:
        raise HPOError(f"Task {task.name!r}: epochs=0 leaves nothing to train.")
    names = logs[0][0]
    curves = {
        name: np.array([[log.get(name, math.nan) for log in e] for e in logs]) for name in names
    }
    return Course(best, curves, path)


def total_epochs(task: Task, params: Params) -> int:
    """The most epochs that a configuration trains, in all stages."""
    return int(params.get("epochs", task.epochs)) + sum(
        stage.epochs_for(params) for stage in task.stages
    )


def prepare(task: Task, stage: Stage, model: Any, params: Params) -> None:
    """Prepare a model for a stage whose optimizer knows nothing of any fold.

    Raises:
        HPOError: The stage keeps the optimizer of the one before.
    """
    optimizer = model.optimizer
    stage.prepare(model, params)
    if stage in task.stages and model.optimizer is optimizer:
        raise HPOError(
            f"Task {task.name!r}: stage {stage.name!r} must compile the model anew, with an "
            "optimizer of its own: the old one holds what it learned from every fold."
        )


class _StageRun:
    """One stage of training: the folds' states, and the best of them so far."""

    def __init__(
        self,
        task: Task,
        model: Any,
        folds: Sequence[FoldArrays],
        params: Params,
        epochs: int,
        *,
        seed: int,
        logs: list[list[Logs]],
        best: Best | None,
    ) -> None:
        import keras

        self.task = task
        self.model = model
        self.folds = folds
        self.params = params
        self.epochs = epochs
        self.seed = seed
        self.logs = logs
        self.before = best
        self.is_last = True
        batch_size = int(params.get("batch_size", task.batch_size))
        callbacks = [list(task.callbacks(params)) if task.callbacks else [] for _fold in folds]
        self.trainer: Trainer = make_trainer(
            model, folds, batch_size=batch_size, epochs=epochs, callbacks=callbacks
        )
        self.callbacks = [
            keras.callbacks.CallbackList(
                of_fold,
                model=model,
                epochs=epochs,
                steps=math.ceil(len(fold.train) / batch_size),
                verbose=0,
            )
            for of_fold, fold in zip(callbacks, folds, strict=True)
        ]
        self.states = self._initial_states()

    def train(self, report: Report | None, on_fold: OnFold | None = None) -> Best | None:
        """Train until the epochs are had, patience runs out or every fold's callbacks stop."""
        patience = int(self.params.get("patience", self.task.patience))
        best_score = self.before.score if self.before else None
        best_fold_scores = self.before.fold_scores if self.before else []
        best_states, best_epoch = self.states, 0
        best_logs: list[Logs] = []
        for callbacks in self.callbacks:
            callbacks.on_train_begin()
        for epoch in range(1, self.epochs + 1):
            logs, stops = self._run_epoch(epoch, on_fold)
            self.logs.append(logs)
            score = self._mean_objective(logs)
            if best_score is None or self._loss(score) < self._loss(best_score):
                best_score, best_states = score, list(self.states)
                best_epoch, best_logs = epoch, logs
                best_fold_scores = [log[self.task.objective] for log in logs]
            ended = epoch == self.epochs or epoch - best_epoch >= patience or all(stops)
            if report is not None:
                report(
                    EpochReport(
                        epoch=len(self.logs),
                        score=score,
                        best=best_score,
                        best_fold_scores=best_fold_scores,
                        is_last=ended and self.is_last,
                    )
                )
            if ended:
                break
        for callbacks in self.callbacks:
            callbacks.on_train_end()
        if best_logs:
            return self._best(best_states, best_epoch, best_logs)
        return self.before and replace(self.before, epochs=[*self.before.epochs, 0])

    def _initial_states(self) -> list[State]:
        if self.before is None:
            return [self.trainer.save()] * len(self.folds)
        states = []
        for weights in self.before.weights:
            self.model.set_weights(weights)
            states.append(self.trainer.save())
        return states

    def _run_epoch(self, epoch: int, on_fold: OnFold | None) -> tuple[list[Logs], list[bool]]:
        logs, stops = [], []
        for fold, arrays in enumerate(self.folds):
            order = np.random.default_rng([self.seed, fold, len(self.logs)])
            self.trainer.load(self.states[fold])
            self.model.stop_training = False
            self.callbacks[fold].on_epoch_begin(epoch - 1)
            logs.append(self.trainer.run_epoch(fold, order.permutation(arrays.train)))
            self._check(logs[-1], fold, epoch)
            self.callbacks[fold].on_epoch_end(epoch - 1, logs[-1])
            self.states[fold] = self.trainer.save()
            stops.append(bool(self.model.stop_training))
            if on_fold is not None:
                on_fold(len(self.logs) + 1, fold)
        return logs, stops

    def _check(self, logs: Logs, fold: int, epoch: int) -> None:
        if self.task.objective not in logs:
            raise HPOError(
                f"Task {self.task.name!r}: the model does not log its objective "
                f"{self.task.objective!r}; it logs {', '.join(logs)}. "
                "Name the metric in compile(metrics=[...])."
            )
        for name in (self.task.objective, "loss"):
            if not math.isfinite(logs.get(name, 0.0)):
                raise TrialFailedError(
                    f"{name} became {logs[name]} in epoch {epoch} of fold {fold}"
                )

    def _mean_objective(self, logs: list[Logs]) -> float:
        return float(np.mean([log[self.task.objective] for log in logs]))

    def _loss(self, score: float) -> float:
        return as_loss(score, self.task.direction or "minimize")

    def _best(self, states: list[State], epoch: int, logs: list[Logs]) -> Best:
        weights, predictions = [], []
        for fold, state in enumerate(states):
            self.trainer.load(state)
            weights.append(self.model.get_weights())
            predictions.append(self.trainer.predict(fold))
        return Best(
            score=self._mean_objective(logs),
            fold_scores=[log[self.task.objective] for log in logs],
            epochs=[*(self.before.epochs if self.before else []), epoch],
            weights=weights,
            predictions=predictions,
        )
