"""Training through ``model.fit``, for every backend and every model that cannot be fused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from hpo.training import variables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.training.trainer import FoldArrays, Logs

VALIDATION_BATCH = 512


class FitTrainer:
    """Trains one model on several folds with one call of ``fit`` per epoch and fold.

    Args:
        model: A compiled Keras model.
        folds: The folds.
        batch_size: Samples per step.
        callbacks: The callbacks of every fold. Here only their hooks on batches run; those on
            epochs are called by whoever runs the epochs.
    """

    path = "fit"

    def __init__(
        self,
        model: Any,
        folds: Sequence[FoldArrays],
        *,
        batch_size: int,
        callbacks: Sequence[Sequence[Any]] = (),
    ) -> None:
        variables.build(model, folds[0])
        self._model = model
        self._folds = folds
        self._batch_size = batch_size
        self._callbacks = callbacks
        self._variables = variables.trained(model)

    def save(self) -> list[np.ndarray]:
        """The model's present state, as arrays in the order of its variables."""
        return [np.array(variable) for variable in self._variables]

    def load(self, state: list[np.ndarray]) -> None:
        """Put the model back into a state."""
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)

    def load_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Put weights into the model, in the order of ``model.weights``."""
        self._model.set_weights(weights)

    def run_epoch(self, fold: int, order: np.ndarray) -> Logs:
        """Train the loaded state for one epoch and evaluate it on the validation part."""
        arrays = self._folds[fold]
        callbacks = self._callbacks[fold] if self._callbacks else ()
        x, y, weight = _samples(arrays, order)
        validation = _samples(arrays, arrays.validation)
        history = self._model.fit(
            x,
            y,
            sample_weight=weight,
            batch_size=self._batch_size,
            epochs=1,
            shuffle=False,
            verbose=0,
            callbacks=[_BatchHooks(callback) for callback in callbacks],
            validation_data=validation if weight is not None else validation[:2],
            validation_batch_size=max(self._batch_size, VALIDATION_BATCH),
        )
        return {name: float(values[-1]) for name, values in history.history.items()}

    def predict(self, fold: int) -> dict[str, np.ndarray]:
        """Predict the fold's validation part with the loaded state, by output name."""
        arrays = self._folds[fold]
        x = variables.take(arrays.x, arrays.validation)
        outputs = self._model.predict(x, batch_size=VALIDATION_BATCH, verbose=0)
        named = variables.by_output(self._model, outputs)
        return {name: np.asarray(value, "float32") for name, value in named.items()}


class _BatchHooks(keras.callbacks.Callback):  # type: ignore[misc]
    """Passes on the hooks on batches, and no others."""

    def __init__(self, callback: Any) -> None:
        super().__init__()
        self.on_train_batch_begin = callback.on_train_batch_begin
        self.on_train_batch_end = callback.on_train_batch_end
        self.on_test_begin = callback.on_test_begin
        self.on_test_end = callback.on_test_end
        self.on_test_batch_begin = callback.on_test_batch_begin
        self.on_test_batch_end = callback.on_test_batch_end


def _samples(fold: FoldArrays, positions: np.ndarray) -> tuple[Any, Any, np.ndarray | None]:
    weight = None if fold.sample_weight is None else fold.sample_weight[positions]
    return variables.take(fold.x, positions), variables.take(fold.y, positions), weight
