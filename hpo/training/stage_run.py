"""One stage of training: every fold has a state and callbacks of its own."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError, suggestion
from hpo.training import make_trainer
from hpo.training.choice import EpochChoice, mean_of_all
from hpo.training.metric_names import as_first_compiled, logged_name
from hpo.training.trainer import run_stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from hpo.plan import PlannedStage
    from hpo.task import Params, Task
    from hpo.training import FoldArrays, Logs, State

    OnFold = Callable[[int, int], None]
    Weights = list[np.ndarray]


STRETCH_SECONDS = 1.0
"""How long a stretch takes: so prompt are interrupts, time limits and the display."""


class TrialFailedError(HPOError):
    """A configuration that cannot be evaluated, with the reason."""


@dataclass(frozen=True, eq=False)
class Training:
    """A model and what it is trained on.

    Attributes:
        task: The task: its objective and its callbacks.
        model: The compiled model.
        folds: The preprocessed folds.
        params: The configuration.
        seed: Seed of the order of the batches.
    """

    task: Task
    model: Any
    folds: Sequence[FoldArrays]
    params: Params
    seed: int


def prepare(training: Training, stage: PlannedStage) -> None:
    """Prepare the model for a stage, with an optimizer that has learned nothing from any fold.

    Raises:
        HPOError: The stage keeps the optimizer of the one before.
    """
    if stage.prepare is None:
        return
    optimizer = training.model.optimizer
    stage.prepare(training.model)
    if training.model.optimizer is optimizer:
        raise HPOError(
            f"Task {training.task.name!r}: stage {stage.name!r} must compile the model again, with "
            "a new optimizer: the old one holds what it learned from every fold."
        )


class StageRun:
    """Trains the folds through one stage, a stretch of epochs at a time.

    A stretch takes about :data:`STRETCH_SECONDS`, if the trainer can train several epochs in one
    call and no callback has to see every epoch.

    Args:
        training: The model, as :func:`prepare` leaves it, and its folds.
        stage: The stage; callbacks see its number of epochs.
        epochs: The most epochs that will be run, 1 or more.
        epochs_before: Epochs that were trained in the stages before.
        weights: The weights that every fold starts from; by default those of the model.

    Attributes:
        states: The state of every fold after its last epoch.
        stopped: Whether the callbacks of every fold asked to stop in the last epoch.
    """

    def __init__(
        self,
        training: Training,
        stage: PlannedStage,
        *,
        epochs: int,
        epochs_before: int,
        weights: Sequence[Weights] = (),
    ) -> None:
        self._training = training
        self._epochs_before = epochs_before
        self._epoch = 0
        self._stretch = 1
        self.stopped = False
        task, model, params = training.task, training.model, training.params
        batch_size = task.plan(params).batch_size
        own = [_callbacks(task, params) for _fold in training.folds]
        self._trainer = make_trainer(
            model,
            training.folds,
            batch_size=batch_size,
            epochs=epochs,
            callbacks=own,
            find_objective=self._find_objective,
        )
        self._callbacks = [
            _callback_list(of_fold, model, stage.epochs, math.ceil(len(fold.train) / batch_size))
            for of_fold, fold in zip(own, training.folds, strict=True)
        ]
        self._has_callbacks = any(own)
        self.states = self._initial_states(weights)

    @property
    def path(self) -> str:
        """How the training runs: "fused", "fused-xla", "fused-jax" or "fit"."""
        return self._trainer.path

    def choose(self, patience: int | None = None, least: float | None = None) -> EpochChoice:
        """A choice of the epoch with the best mean over all folds.

        Args:
            patience: Training ends after so many epochs without a better one; None for never.
            least: The best mean before this stage, as a loss.
        """
        n_folds = len(self.states)
        return EpochChoice(
            self._find_objective,
            self._training.task.direction or "minimize",
            [mean_of_all(n_folds)],
            patience=patience,
            least=None if least is None else np.full((1, n_folds), least),
        )

    def run(
        self, choice: EpochChoice, max_epochs: int, on_fold: OnFold | None = None
    ) -> list[list[Logs]]:
        """Train every fold for a stretch, and validate it after every epoch.

        Args:
            choice: Learns of every epoch, and ends the stretch.
            max_epochs: The most epochs of this stretch, 1 or more.
            on_fold: Called whenever a fold has trained an epoch by itself, with the epoch, from 1
                and through all stages, and the fold, from 0.

        Returns:
            The metrics by epoch and fold.

        Raises:
            TrialFailedError: The loss or the objective became NaN or infinite.
            HPOError: The model does not log the objective.
        """
        n_epochs = 1 if self._has_callbacks else min(max_epochs, self._stretch)
        began = time.monotonic()
        stretch = run_stretch(
            self._trainer,
            self._begin_epoch(),
            [self._orders(self._epochs_before + self._epoch + k) for k in range(n_epochs)],
            self.choose() if self._has_callbacks else choice,
            self._numbered(on_fold),
        )
        self._size_stretch((time.monotonic() - began) / len(stretch.logs))
        self.states, model, logs = list(stretch.states), self._training.model, []
        for of_epoch in stretch.logs:
            self._epoch += 1
            objective = self._training.task.objective
            logs.append([as_first_compiled(log, model, objective) for log in of_epoch])
            for fold, of_fold in enumerate(logs[-1]):
                self._check(of_fold, fold)
        if self._has_callbacks:
            self._end_epoch(logs[-1])
            choice.observe(stretch.logs[-1], self.states)
        return logs

    def end(self) -> None:
        """Let the callbacks know that the training ends.

        What they do to the weights now is not part of any state, since it was not validated.
        """
        for callbacks in self._callbacks if self._has_callbacks else ():
            callbacks.on_train_end()

    def load(self, state: State) -> None:
        """Put the model into the state of a fold."""
        self._trainer.load(state)

    def predict(self, fold: int, state: State) -> tuple[Weights, dict[str, np.ndarray]]:
        """The weights of a fold in a state, and its predictions there by output name."""
        self._trainer.load(state)
        return self._training.model.get_weights(), self._trainer.predict(fold)

    def _initial_states(self, weights: Sequence[Weights]) -> list[State]:
        start = self._trainer.save()
        if not weights and not self._has_callbacks:
            return [start] * len(self._callbacks)
        states = []
        for fold, callbacks in enumerate(self._callbacks):
            self._trainer.load(start)
            if weights:
                self._training.model.set_weights(weights[fold])
            callbacks.on_train_begin()
            states.append(self._trainer.save())
        return states

    def _orders(self, epoch: int) -> list[np.ndarray]:
        """The training positions of every fold in the order of an epoch, from 0."""
        seed = self._training.seed
        return [
            np.random.default_rng([seed, fold, epoch]).permutation(arrays.train)
            for fold, arrays in enumerate(self._training.folds)
        ]

    def _find_objective(self, names: Collection[str]) -> str | None:
        return logged_name(self._training.task.objective, names, self._training.model)

    def _numbered(self, on_fold: OnFold | None) -> OnFold | None:
        """Count epochs through all stages."""
        if on_fold is None:
            return None
        before = self._epochs_before + self._epoch
        return lambda _epoch, fold: on_fold(before + 1, fold)

    def _size_stretch(self, seconds: float) -> None:
        n_epochs = int(STRETCH_SECONDS / max(seconds, 1e-6))
        self._stretch = max(1, min(n_epochs, self._trainer.max_epochs))

    def _begin_epoch(self) -> list[State]:
        if not self._has_callbacks:
            return self.states
        states = []
        for state, callbacks in zip(self.states, self._callbacks, strict=True):
            self._trainer.load(state)
            callbacks.on_epoch_begin(self._epoch)
            states.append(self._trainer.save())
        return states

    def _end_epoch(self, logs: list[Logs]) -> None:
        model, stops = self._training.model, []
        for fold, callbacks in enumerate(self._callbacks):
            self._trainer.load(self.states[fold])
            model.stop_training = False
            callbacks.on_epoch_end(self._epoch - 1, logs[fold])
            self.states[fold] = self._trainer.save()
            stops.append(bool(model.stop_training))
        self.stopped = all(stops)

    def _check(self, logs: Logs, fold: int) -> None:
        objective = self._training.task.objective
        validates = len(self._training.folds[fold].validation) > 0
        if validates and objective not in logs:
            raise HPOError(
                f"Task {self._training.task.name!r}: the model does not log its objective "
                f"{objective!r}; it logs {', '.join(logs)}. {_nearest(objective, logs)}"
            )
        for name in (objective, "loss"):
            if not math.isfinite(logs.get(name, 0.0)):
                of_fold = f" of fold {fold}" if validates else ""
                raise TrialFailedError(
                    f"{name} became {logs[name]} in epoch {self._epoch}{of_fold}"
                )


def _callbacks(task: Task, params: Params) -> list[Any]:
    """Fresh callbacks for a fold."""
    made = task.callbacks(params) if task.callbacks else []
    if not isinstance(made, list | tuple):
        raise HPOError(
            f"Task {task.name!r}: callbacks(params) must return a list of Keras callbacks. "
            f"Received: {type(made).__name__}"
        )
    return list(made)


def _callback_list(callbacks: list[Any], model: Any, epochs: int, steps: int) -> Any:
    import keras

    return keras.callbacks.CallbackList(
        callbacks, model=model, epochs=epochs, steps=steps, verbose=0
    )


def _nearest(objective: str, logs: Logs) -> str:
    """The logged metric that was probably meant, or how to log the objective."""
    hint = suggestion(objective, [name for name in logs if name.startswith("val_")])
    return hint if hint.startswith("Did") else "Name the metric in compile(metrics=[...])."
