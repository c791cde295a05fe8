"""What evaluation needs of a training loop, whichever backend runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from hpo.training.choice import EpochChoice

Logs = dict[str, float]
"""Metrics of one epoch by Keras's names; those of the validation part start with ``val_``."""

State = Any
"""Everything that training changes, as a value. Its contents are up to the trainer, but a saved
state never changes, so that remembering the state of an epoch needs no copy."""

VALIDATION_BATCH = 512
"""Samples per batch in validation and prediction, unless training batches are larger."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """Some epochs of all folds.

    Attributes:
        logs: What every fold logged in every epoch, by epoch and fold.
        states: The state of every fold after the last of these epochs.
    """

    logs: list[list[Logs]]
    states: list[State]


class Trainer(Protocol):
    """Trains one compiled model on several folds, each of which has its own state.

    A trainer belongs to one trial: the model is traced and compiled once.
    """

    path: str
    """How the training runs: "fused", "fused-xla", "fused-jax" or "fit"."""

    def save(self) -> State:
        """The current state of the model."""

    def load(self, state: State) -> None:
        """Put the model into a state."""

    def predict(self, fold: int) -> dict[str, np.ndarray]:
        """Predict the fold's validation part with the loaded state, by output name."""


@runtime_checkable
class EpochTrainer(Trainer, Protocol):
    """A trainer that trains one epoch of one fold in a call; the folds take turns in the model."""

    def run_epoch(self, fold: int, order: np.ndarray) -> Logs:
        """Train the loaded state for one epoch and evaluate it on the validation part, if any.

        Args:
            fold: Position of the fold among those the trainer was made with.
            order: The fold's training positions in the order to visit them, shape (n_train,).

        Returns:
            Metrics of the epoch.
        """


@runtime_checkable
class StretchTrainer(Trainer, Protocol):
    """A trainer that trains all folds for several epochs in a call."""

    max_epochs: int
    """The most epochs of one stretch."""

    def run_stretch(
        self,
        states: Sequence[State],
        orders: Sequence[Sequence[np.ndarray]],
        choice: EpochChoice,
    ) -> Stretch:
        """Train all folds until the orders are used up or the choice of the epoch ends it.

        Args:
            states: The state that every fold starts from.
            orders: The training positions of every fold in the order to visit them, by epoch and
                fold; at most ``max_epochs`` epochs.
            choice: Learns of every epoch.
        """


def max_epochs_of(trainer: Trainer) -> int:
    """The most epochs that a trainer takes in one stretch."""
    return trainer.max_epochs if isinstance(trainer, StretchTrainer) else 1


def run_stretch(
    trainer: EpochTrainer | StretchTrainer,
    states: Sequence[State],
    orders: Sequence[Sequence[np.ndarray]],
    choice: EpochChoice,
    on_fold: Callable[[int, int], None] | None = None,
) -> Stretch:
    """Train all folds for a stretch, with any trainer; see :class:`StretchTrainer`.

    Args:
        trainer: A trainer of either kind.
        states: The state that every fold starts from.
        orders: The training positions of every fold, by epoch and fold.
        choice: Learns of every epoch.
        on_fold: Called with the epoch, from 1 within the stage, and the fold, from 0, whenever a
            fold has trained an epoch by itself.
    """
    if isinstance(trainer, StretchTrainer):
        return trainer.run_stretch(states, orders, choice)
    states = list(states)
    logs: list[list[Logs]] = []
    for of_epoch in orders:
        logs.append([])
        for fold, order in enumerate(of_epoch):
            trainer.load(states[fold])
            logs[-1].append(trainer.run_epoch(fold, order))
            states[fold] = trainer.save()
            if on_fold is not None:
                on_fold(choice.n_epochs + 1, fold)
        choice.observe(logs[-1], list(states))
        if choice.has_ended:
            break
    return Stretch(logs, states)
