"""How far the training of an ensemble's members has come."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class RefitProgress:
    """How far the training of an ensemble's members has come.

    Attributes:
        trial: The trial whose model is being trained.
        seed: The seed it is trained with.
        model: The position of this model among all models, from 1.
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

    @contextmanager
    def model(self, trial: int, seed: int, epochs: int) -> Iterator[Callable[[], None]]:
        """Count a model once the block ends.

        Args:
            trial: The trial whose model is trained in the block, if it does not exist yet.
            seed: The seed it is trained with.
            epochs: Number of epochs it is trained.

        Yields:
            A function to call after every epoch.
        """
        began, epochs_before = time.monotonic(), self._epochs_done
        self._model += 1
        progress = RefitProgress(
            trial, seed, self._model, self._models, epochs, epochs_before, self._epochs
        )

        def count_epoch() -> None:
            self._epochs_done += 1
            self._on_progress(replace(progress, epochs_done=self._epochs_done))

        yield count_epoch
        seconds = time.monotonic() - began if self._epochs_done > epochs_before else 0.0
        self._on_progress(replace(progress, epochs_done=self._epochs_done, seconds=seconds))
