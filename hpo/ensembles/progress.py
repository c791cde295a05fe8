"""How far the training of an ensemble's members has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpo.ensembles.members import Member


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
        study: The study of the trial if there are several, else "".
    """

    trial: int
    seed: int
    model: int
    models: int
    epochs: int
    epochs_done: int
    epochs_wanted: int
    seconds: float | None = None
    study: str = ""


class Tally:
    """Counts models and their epochs, and reports the progress after each.

    Args:
        on_progress: Called after every epoch and every model.
        models: Number of models.
        epochs: Epochs to train in total.
        several: Whether the models belong to several studies.
    """

    def __init__(
        self,
        on_progress: Callable[[RefitProgress], None],
        models: int,
        epochs: int,
        *,
        several: bool = False,
    ) -> None:
        self._on_progress = on_progress
        self._models = models
        self._epochs = epochs
        self._several = several
        self._model = 0
        self._epochs_done = 0

    def count_epoch(self, member: Member, seed: int, epochs: int) -> None:
        """Count an epoch of a model that is being trained.

        Args:
            member: The trial whose model it is.
            seed: The seed it is trained with.
            epochs: Number of epochs it is trained.
        """
        self._epochs_done += 1
        self._report(member, seed, epochs, None)

    def count_model(self, member: Member, seed: int, epochs: int, seconds: float = 0.0) -> None:
        """Count a model.

        Args:
            member: The trial whose model it is.
            seed: The seed it is trained with.
            epochs: Number of epochs it is trained.
            seconds: How long it took; 0 if it existed already.
        """
        self._model += 1
        self._report(member, seed, epochs, seconds)

    def _report(self, member: Member, seed: int, epochs: int, seconds: float | None) -> None:
        self._on_progress(
            RefitProgress(
                member.trial,
                seed,
                self._model + (seconds is None),
                self._models,
                epochs,
                self._epochs_done,
                self._epochs,
                seconds,
                member.study if self._several else "",
            )
        )
