"""Training through ``model.fit``, for every backend and every model that cannot be fused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from hpo.data.arrays import take
from hpo.training import variables
from hpo.training.fusing import BATCH_HOOKS
from hpo.training.trainer import VALIDATION_BATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.data.folds import FoldArrays
    from hpo.training.trainer import Logs


class FitTrainer:
    """Trains one model on several folds with one call of ``fit`` per epoch and fold.

    Args:
        model: A compiled Keras model, as ``variables.build`` leaves it.
        folds: The folds.
        batch_size: Samples per step.
        callbacks: The callbacks of every fold. Only their hooks on batches run here; whoever runs
            the epochs calls the hooks on epochs.
    """

    path = "fit"
    max_epochs = 1

    def __init__(
        self,
        model: Any,
        folds: Sequence[FoldArrays],
        *,
        batch_size: int,
        callbacks: Sequence[Sequence[Any]] = (),
    ) -> None:
        self._model = model
        self._folds = folds
        self._batch_size = batch_size
        self._callbacks = callbacks
        self._variables = variables.trained(model)
        if model.optimizer is not None:
            # What an optimizer does to the weights at the end of training (use_ema) must not
            # happen after every epoch.
            model.optimizer.finalize_variable_values = lambda _weights: None

    def save(self) -> list[np.ndarray]:
        """The current state of the model, as arrays in the order of its variables."""
        return [variable.numpy() for variable in self._variables]

    def load(self, state: list[np.ndarray]) -> None:
        """Put the model back into a state."""
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)

    def run_fold(
        self, fold: int, state: list[np.ndarray], orders: Sequence[np.ndarray]
    ) -> list[tuple[Logs, list[np.ndarray]]]:
        """Train a fold from a state, and evaluate it on its validation part, if any."""
        self.load(state)
        return [(self._run_epoch(fold, order), self.save()) for order in orders]

    def predict(self, fold: int) -> dict[str, np.ndarray]:
        """Predict the fold's validation part with the loaded state, by output name."""
        arrays = self._folds[fold]
        x = variables.model_inputs(take(arrays.x, arrays.validation))
        outputs = self._model.predict(x, batch_size=VALIDATION_BATCH, verbose=0)
        named = variables.by_output(self._model, outputs)
        return {name: np.asarray(value, "float32") for name, value in named.items()}

    def _run_epoch(self, fold: int, order: np.ndarray) -> Logs:
        arrays = self._folds[fold]
        callbacks = self._callbacks[fold] if self._callbacks else ()
        x, y, weight = _samples(arrays, order)
        validation = None
        if len(arrays.validation):
            validation = _samples(arrays, arrays.validation)[: 2 if weight is None else 3]
        history = self._model.fit(
            x,
            y,
            sample_weight=weight,
            batch_size=self._batch_size,
            epochs=1,
            shuffle=False,
            verbose=0,
            callbacks=[_BatchHooks(callback) for callback in callbacks],
            validation_data=validation,
            validation_batch_size=max(self._batch_size, VALIDATION_BATCH),
        )
        last = {name: values[-1] for name, values in history.history.items()}
        return {name: float(value) for name, value in last.items() if np.ndim(value) == 0}


class _BatchHooks(keras.callbacks.Callback):  # type: ignore[misc]
    """Passes on the hooks on batches, and no others."""

    def __init__(self, callback: Any) -> None:
        super().__init__()
        for hook in BATCH_HOOKS:
            setattr(self, hook, getattr(callback, hook))


def _samples(fold: FoldArrays, positions: np.ndarray) -> tuple[Any, Any, np.ndarray | None]:
    weight = None if fold.sample_weight is None else fold.sample_weight[positions]
    return variables.model_inputs(take(fold.x, positions)), take(fold.y, positions), weight
