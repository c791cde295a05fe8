"""One stage of training: the folds take turns, each with a state and callbacks of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError
from hpo.training import make_trainer
from hpo.training.metric_names import as_first_compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hpo.plan import PlannedStage
    from hpo.task import Params, Task
    from hpo.training import FoldArrays, Logs, State, Trainer

    OnFold = Callable[[int, int], None]
    Weights = list[np.ndarray]


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
    """Trains the folds through one stage, an epoch of each at a time.

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
        self.stopped = False
        task, model, params = training.task, training.model, training.params
        batch_size = task.plan(params).batch_size
        own = [list(task.callbacks(params)) if task.callbacks else [] for _fold in training.folds]
        self._trainer: Trainer = make_trainer(
            model, training.folds, batch_size=batch_size, epochs=epochs, callbacks=own
        )
        self._callbacks = [
            _callback_list(of_fold, model, stage.epochs, math.ceil(len(fold.train) / batch_size))
            for of_fold, fold in zip(own, training.folds, strict=True)
        ]
        self.states = self._initial_states(weights)

    @property
    def path(self) -> str:
        """How the training runs: "fused", "fused-xla" or "fit"."""
        return self._trainer.path

    def run_epoch(self, on_fold: OnFold | None = None) -> list[Logs]:
        """Train every fold for one epoch and validate it, if it has a validation part.

        Args:
            on_fold: Called after every fold with the epoch, from 1 and through all stages, and the
                fold, from 0.

        Returns:
            The metrics of every fold.

        Raises:
            TrialFailedError: The loss or the objective became NaN or infinite.
            HPOError: The model does not log the objective.
        """
        model, logs, stops = self._training.model, [], []
        self._epoch += 1
        epochs_before = self._epochs_before + self._epoch - 1
        for fold, arrays in enumerate(self._training.folds):
            order = np.random.default_rng([self._training.seed, fold, epochs_before])
            self._trainer.load(self.states[fold])
            model.stop_training = False
            self._callbacks[fold].on_epoch_begin(self._epoch - 1)
            found = self._trainer.run_epoch(fold, order.permutation(arrays.train))
            logs.append(as_first_compiled(found, model, self._training.task.objective))
            self._check(logs[-1], fold)
            self._callbacks[fold].on_epoch_end(self._epoch - 1, logs[-1])
            self.states[fold] = self._trainer.save()
            stops.append(bool(model.stop_training))
            if on_fold is not None:
                on_fold(epochs_before + 1, fold)
        self.stopped = all(stops)
        return logs

    def end(self) -> None:
        """Let the callbacks know that the training ends.

        What they do to the weights now is not part of any state, since it was not validated.
        """
        for callbacks in self._callbacks:
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
        states = []
        for fold, callbacks in enumerate(self._callbacks):
            self._trainer.load(start)
            if weights:
                self._training.model.set_weights(weights[fold])
            callbacks.on_train_begin()
            states.append(self._trainer.save())
        return states

    def _check(self, logs: Logs, fold: int) -> None:
        objective = self._training.task.objective
        validates = len(self._training.folds[fold].validation) > 0
        if validates and objective not in logs:
            raise HPOError(
                f"Task {self._training.task.name!r}: the model does not log its objective "
                f"{objective!r}; it logs {', '.join(logs)}. "
                "Name the metric in compile(metrics=[...])."
            )
        for name in (objective, "loss"):
            if not math.isfinite(logs.get(name, 0.0)):
                of_fold = f" of fold {fold}" if validates else ""
                raise TrialFailedError(
                    f"{name} became {logs[name]} in epoch {self._epoch}{of_fold}"
                )


def _callback_list(callbacks: list[Any], model: Any, epochs: int, steps: int) -> Any:
    import keras

    return keras.callbacks.CallbackList(
        callbacks, model=model, epochs=epochs, steps=steps, verbose=0
    )
