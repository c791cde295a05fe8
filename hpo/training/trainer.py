"""What evaluation needs of a training loop, whichever backend runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

Logs = dict[str, float]
"""Metrics of one epoch by Keras's names; those of the validation part start with ``val_``."""

State = Any
"""All that training changes, as a value: a trainer's own business, except that it never changes
once saved, so that remembering the state of an epoch costs no copy."""


class Trainer(Protocol):
    """Trains one compiled model on several folds, of which each has a state of its own.

    A trainer belongs to one trial: the model is traced and compiled once, and the folds take
    turns in it.
    """

    path: str
    """Which way the training runs: "fused", "fused-xla" or "fit"."""

    def save(self) -> State:
        """The model's present state."""

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
