"""How a configuration is trained: its batch size, its patience, its stages with their epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

TRAINING_PARAMETERS = ("epochs", "batch_size", "patience")
"""What a task says of its training and a search space may tune; see :meth:`hpo.Task.plan`."""


@dataclass(frozen=True)
class PlannedStage:
    """A stage of training, for one configuration.

    Attributes:
        name: What the stage does; "" for the first.
        epochs: The most epochs it trains; 0 skips it.
        prepare: Unfreezes layers and compiles the model again; None for the first stage, which
            trains the model as it was built.
    """

    name: str
    epochs: int
    prepare: Callable[[Any], None] | None = None


@dataclass(frozen=True)
class Plan:
    """How a configuration is trained.

    Attributes:
        batch_size: Samples per step, 1 or more.
        patience: Epochs without a better mean over the folds after which a stage ends, 1 or more.
        stages: The stages in order, those that are skipped included; the first has 1 or more
            epochs.
    """

    batch_size: int
    patience: int
    stages: tuple[PlannedStage, ...]

    @property
    def epochs(self) -> int:
        """The most epochs of all stages together."""
        return sum(stage.epochs for stage in self.stages)
