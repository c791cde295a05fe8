"""How far the training of an ensemble's members has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class RefitProgress:
    """How far the training of an ensemble's members has come.

    Attributes:
        trial: The trial whose model is being trained.
        seed: The seed it is trained with.
        model: The number of models that are trained, with this one.
        models: Number of models.
        epochs: Number of epochs this model is trained.
        epochs_done: Epochs trained so far, of all models.
        epochs_wanted: Epochs to train in total; models that exist already do not count.
        seconds: How long this model took; None while it is being trained, 0 if it existed already.
    """

    trial: int
    seed: int
    model: int
    models: int
    epochs: int
    epochs_done: int
    epochs_wanted: int
    seconds: float | None = None


class Tally:
    """Counts models and their epochs, and reports the progress after each.

    Args:
        on_progress: Called after every epoch and every model.
        models: Number of models.
        epochs: Epochs to train in total.
    """

    def __init__(
        self, on_progress: Callable[[RefitProgress], None], models: int, epochs: int
    ) -> None:
        self._on_progress = on_progress
        self._models = models
        self._epochs = epochs
        self._model = 0
        self._epochs_done = 0

    def count_epoch(self, trial: int, seed: int, epochs: int) -> None:
        """Count an epoch of a model that is being trained.

        Args:
            trial: The trial whose model it is.
            seed: The seed it is trained with.
            epochs: Number of epochs it is trained.
        """
        self._epochs_done += 1
        self._report(trial, seed, epochs, None)

    def count_model(self, trial: int, seed: int, epochs: int, seconds: float = 0.0) -> None:
        """Count a model.

        Args:
            trial: The trial whose model it is.
            seed: The seed it is trained with.
            epochs: Number of epochs it is trained.
            seconds: How long it took; 0 if it existed already.
        """
        self._model += 1
        self._report(trial, seed, epochs, seconds)

    def _report(self, trial: int, seed: int, epochs: int, seconds: float | None) -> None:
        self._on_progress(
            RefitProgress(
                trial,
                seed,
                self._model + (seconds is None),
                self._models,
                epochs,
                self._epochs_done,
                self._epochs,
                seconds,
            )
        )
