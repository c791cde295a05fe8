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

    max_epochs: int
    """The most epochs of one call."""

    def save(self) -> State:
        """The current state of the model."""

    def load(self, state: State) -> None:
        """Put the model into a state."""

    def predict(self, fold: int) -> dict[str, np.ndarray]:
        """Predict the fold's validation part with the loaded state, by output name."""


@runtime_checkable
class FoldTrainer(Trainer, Protocol):
    """A trainer that trains one fold in a call; the folds take turns in the model."""

    def run_fold(
        self, fold: int, state: State, orders: Sequence[np.ndarray]
    ) -> list[tuple[Logs, State]]:
        """Train a fold from a state, and evaluate it on its validation part, if any.

        Args:
            fold: Position of the fold among those the trainer was made with.
            state: The state that it starts from.
            orders: The fold's training positions in the order to visit them, by epoch; at most
                ``max_epochs`` epochs, each of shape (n_train,).

        Returns:
            The metrics of every epoch and the state after it.
        """


@runtime_checkable
class StretchTrainer(Trainer, Protocol):
    """A trainer that trains all folds in a call."""

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


def run_stretch(
    trainer: FoldTrainer | StretchTrainer,
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
        on_fold: Called whenever a fold has been trained by itself, with the last of its epochs,
            from 1 within the stage, and the fold, from 0.
    """
    if isinstance(trainer, StretchTrainer):
        return trainer.run_stretch(states, orders, choice)
    logs: list[list[Logs]] = []
    while len(logs) < len(orders) and not choice.has_ended:
        # No fold is trained beyond the epoch with which patience may end.
        part = orders[len(logs) : len(logs) + min(trainer.max_epochs, choice.n_certain)]
        by_fold = []
        for fold, state in enumerate(states):
            by_fold.append(trainer.run_fold(fold, state, [of_epoch[fold] for of_epoch in part]))
            if on_fold is not None:
                on_fold(choice.n_epochs + len(part), fold)
        for of_epoch in zip(*by_fold, strict=True):
            logs.append([log for log, _state in of_epoch])
            states = [state for _log, state in of_epoch]
            choice.observe(logs[-1], states)
            if choice.is_broken:
                break
    return Stretch(logs, list(states))
