"""What evaluation needs of a training loop, whichever backend runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

Logs = dict[str, float]
"""Metrics of one epoch by Keras's names; those of the validation part start with ``val_``."""

State = Any
"""Everything that training changes, as a value. Its contents are up to the trainer, but a saved
state never changes, so that remembering the state of an epoch needs no copy."""

VALIDATION_BATCH = 512
"""Samples per batch in validation and prediction, unless training batches are larger."""


class Trainer(Protocol):
    """Trains one compiled model on several folds, each of which has its own state.

    A trainer belongs to one trial: the model is traced and compiled once, and the folds take
    turns in it.
    """

    path: str
    """How the training runs: "fused", "fused-xla" or "fit"."""

    def save(self) -> State:
        """The current state of the model."""

    def load(self, state: State) -> None:
        """Put the model back into a state."""

    def run_epoch(self, fold: int, order: np.ndarray) -> Logs:
        """Train the loaded state for one epoch and evaluate it on the validation part, if any.

        Args:
            fold: Position of the fold among those the trainer was made with.
            order: The fold's training positions in the order to visit them, shape (n_train,).

        Returns:
            Metrics of the epoch.
        """

    def predict(self, fold: int) -> dict[str, np.ndarray]:
        """Predict the fold's validation part with the loaded state, by output name."""
